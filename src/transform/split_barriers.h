// Takes a kernel apart at its barriers.
//
// What stands between two barriers becomes a Region, which the gangs of a block run one after the
// other. An if or a loop around a barrier, and an if that leaves such a loop, is done by the
// threads of a block together (`block_level`): its arms and its body are taken apart in turn.
//
//     for k in range(n):              for k in range(n):        # block level
//         tile[i] = A[k]                  gangs:
//         syncthreads()           ->          tile[i] = A[k]
//         s += tile[j]                    syncthreads()
//                                         gangs:
//                                             s = s + tile[j]
//
// A kernel without barriers that has arrays of a block becomes one Region. Nothing else changes but
// that parameters which are assigned give way to variables.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// Inside expressions there is none: sema::check_barriers refuses them.
bool has_barrier(const ir::Block& block);

bool has_block_arrays(const ir::Function& function);

// The first barrier inside a statement, or null.
const ir::Stmt* first_barrier(const ir::Stmt& stmt);

void split_barriers(ir::Function& function);

// For a device whose threads run each by itself: only says which branches and loops all threads of
// a block do together, `block_level`.
void mark_barriers(ir::Function& function);

}  // namespace cudapy::transform
