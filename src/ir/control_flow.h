// Where control goes that a tree's statements say without being looked into further.
#pragma once

#include "ir/tree.h"

namespace cudapy::ir {

// Whether what follows `stmt` in its block is never reached: it is a return, break, continue or
// raise, or an `if` both of whose branches end in such a statement.
bool always_leaves(const Stmt& stmt);

}  // namespace cudapy::ir
