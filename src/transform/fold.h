// Evaluates what is known before the launch and drops what can never run. Only rewrites that give
// the same bits: integers wrap at their width, floats are computed in their own format, and nothing
// is reassociated.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

void fold(ir::Function& function);

}  // namespace cudapy::transform
