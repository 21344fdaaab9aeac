// The guard `if idx < len(X):` around a whole kernel, or `if idx >= n: return` at its head, becomes
// a bound on the loop over threads (Function::clip_x): no thread past it starts, and the gangs
// before it need no mask for it.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

void clip_guards(ir::Function& function);

}  // namespace cudapy::transform
