#include "transform/launch_constants.h"

#include <algorithm>

namespace cudapy::transform {

using namespace ir;

ExprPtr launch_constant(const Expr& expr, const SingleAssignments& assignments) {
  switch (expr.kind) {
    case ExprKind::Local:
      if (assignments.is_argument(expr.local)) return clone(expr);
      if (const Expr* value = assignments.value_of(expr.local))
        return launch_constant(*value, assignments);
      return nullptr;
    case ExprKind::Binary:
      if (expr.binary_op != BinaryOp::Add && expr.binary_op != BinaryOp::Subtract &&
          expr.binary_op != BinaryOp::Multiply) {
        return nullptr;
      }
      break;
    case ExprKind::Constant:
    case ExprKind::Cast:
    case ExprKind::Len:
    case ExprKind::Stride:
      break;
    default:
      return nullptr;
  }
  ExprPtr copy = clone(expr);
  for (ExprPtr& operand : copy->operands) {
    operand = launch_constant(*operand, assignments);
    if (!operand) return nullptr;
  }
  return copy;
}

bool is_pure(const Expr& expr) {
  if (expr.kind == ExprKind::Sequence || expr.kind == ExprKind::Call ||
      expr.kind == ExprKind::Load || expr.kind == ExprKind::Bound ||
      (expr.kind == ExprKind::Intrinsic && info(expr.intrinsic).has_effect))
    return false;
  return std::ranges::all_of(expr.operands,
                             [](const ExprPtr& operand) { return is_pure(*operand); });
}

}  // namespace cudapy::transform
