// Whether threads one above the other read the same, again and again.
#pragma once

#include "ir/tree.h"

namespace cudapy::codegen::cpu {

// Whether a loop of the kernel reads elements that depend on where a thread is along x, and not on
// where it is along y: B[k, idx] of a product of matrices, as against A[k, idy, idx].
bool shares_columns(const ir::Function& kernel);

}  // namespace cudapy::codegen::cpu
