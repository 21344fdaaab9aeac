// Values that are known before the first thread of a launch runs.
#pragma once

#include "ir/tree.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

// A copy of `expr` in terms of parameters alone; null where it is not the same for all threads or
// may fault.
ir::ExprPtr launch_constant(const ir::Expr& expr, const SingleAssignments& assignments);

// Whether to compute `expr` can have no effect and no fault. A load counts as an effect: threads
// that would have read out of bounds must not go unnoticed.
bool is_pure(const ir::Expr& expr);

}  // namespace cudapy::transform
