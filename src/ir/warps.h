// Where a tree has operations of warps, and how warps lie in blocks.
#pragma once

#include "ir/tree.h"

namespace cudapy::ir {

bool has_warp_operation(const Expr& expr);
bool has_warp_operation(const Block& block);

// Whether a warp may have threads of several rows of its block.
bool warps_cross_rows(const Function& function);

}  // namespace cudapy::ir
