// What makes a kernel slow that its writer may not see: found on the tree that code generation
// gets, said in terms of the source.
#pragma once

#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::transform {

// `lowered`: after transform::lower. One remark a place, each with what to write instead.
Diagnostics performance_notes(const ir::Function& lowered);

}  // namespace cudapy::transform
