// Which integers are never negative, as far as the tree says it without a run.
#pragma once

#include <set>

#include "ir/tree.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

// `counters`: loop variables known to start at 0 or more and to count up. Signed integers only need
// ask; a value that may have wrapped is not known.
bool is_never_negative(const ir::Expr& expr, const SingleAssignments& assignments,
                       const std::set<ir::LocalId>& counters);

}  // namespace cudapy::transform
