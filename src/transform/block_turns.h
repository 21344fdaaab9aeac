// Loops over the grid's width whose threads carry something from one turn to the next:
//
//     total = 0.0                                      total = 0.0
//     for i in range(idx, n, blockDim.x * gridDim.x):  for base in range(0, n, blockDim.x *
//     gridDim.x):
//         total += X[i]                            ->      i = idx + base             # all gangs
//     atomic.add(sum, 0, total)                            if 0 <= i and i < n:
//                                                              total += X[i]
//                                                      atomic.add(sum, 0, total)
// All gangs of a block, as far as they have an i below n, take a turn before any takes the next: a
// block goes through memory in its order, and what a gang carries lies in memory beside that of the
// others. That is worth it where the arrays are larger than near caches; so the kernel is there
// twice, and its first statement chooses:
//     if n > some_hundred_thousand: the kernel with such turns
//     else: the kernel as it was
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// For kernels whose threads do not wait for each other, and that interchange_turns left alone.
// `always`: however few turns there are, as tests want it.
void take_turns_by_block(ir::Function& function, bool always);

// The `if` between the kernel with such turns and the one that it was; null: it is as it was.
const ir::Stmt* choice_of_turns(const ir::Function& function);

// Whether there is one. The launch of such a kernel is cut into blocks that are not those which
// blockDim and gridDim tell of.
inline bool takes_turns(const ir::Function& function) {
  return choice_of_turns(function) != nullptr;
}

// Whether `stmt` is the `if` of a turn. Gangs with no thread for which it is true need not run in
// that turn, nor those threads of the others.
inline bool is_guard_of_turn(const ir::Stmt& stmt) {
  return stmt.kind == ir::StmtKind::If && stmt.row_axes != 0;
}

}  // namespace cudapy::transform
