// Where barriers may stand: a kernel is taken apart at them, so a helper with a barrier is called
// on a line of its own, and does not return from inside a loop.
#pragma once

#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::sema {

void check_barriers(const ir::Program& typed, Diagnostics& diagnostics);

}  // namespace cudapy::sema
