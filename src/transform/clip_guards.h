// The guard `if 0 < idx < len(X):` around a whole kernel, or `if idy >= n: return` at its head,
// becomes a bound of the loops over threads (Function::clips): no thread outside of it starts, and
// the gangs inside need no mask for it.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

void clip_guards(ir::Function& function);

}  // namespace cudapy::transform
