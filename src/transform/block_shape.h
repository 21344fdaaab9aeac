// Code for blocks of one shape alone: what asks for the shape becomes a constant, and threadIdx
// along a dimension of one thread 0.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// `function.block` says which shape; nothing changes where it is not known.
void fix_block_shape(ir::Function& function);

}  // namespace cudapy::transform
