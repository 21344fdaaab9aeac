// Loops over the grid's width, around the whole of a kernel:
//
//     for i in range(idx, n, blockDim.x * gridDim.x):      # only where idx < n
//         Y[i] = a * X[i]                              ->  # again for idx + the launch's width
//                                                          Y[idx] = a * X[idx]
// or the same as a while loop, along x, y, z, or several of them, one loop inside the other. What
// is left is the kernel without the loop, and all that is known of those holds: guards, checks once
// a row, the free choice of blocks. The launch runs it turn after turn, in each turn all threads
// of a block; a gang that did all its turns before the next one began would go through memory in
// strides of the grid's width.
//
// Nothing may come from one turn to the next but the index. The turns of a thread keep their order,
// so what it leaves in memory for its own later turns is there.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// For kernels whose threads do not wait for each other; after split_loop_counters.
void interchange_turns(ir::Function& function);

}  // namespace cudapy::transform
