// Gives every `for` a counter of its own, apart from the user's variable. The counter is dead after
// the loop, so it stays one scalar however the lanes leave; the user's variable is assigned from it
// only where it is read later or reassigned.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

void split_loop_counters(ir::Function& function);

}  // namespace cudapy::transform
