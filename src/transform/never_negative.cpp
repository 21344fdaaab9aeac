#include "transform/never_negative.h"

#include <algorithm>

namespace cudapy::transform {

namespace {

using namespace ir;

class Judge {
 public:
  Judge(const SingleAssignments& assignments, const std::set<LocalId>& counters)
      : assignments_(assignments), counters_(counters) {}

  bool never_negative(const Expr& expr) const {
    if (!is_integer(expr.type)) return expr.type.scalar == Scalar::Bool;
    if (is_unsigned(expr.type.scalar)) return true;
    switch (expr.kind) {
      case ExprKind::Constant:
        return expr.constant.integer >= 0;
      case ExprKind::ThreadIndex:
      case ExprKind::Len:
        return true;
      case ExprKind::Local:
        if (counters_.contains(expr.local)) return true;
        if (const Expr* value = assignments_.value_of(expr.local)) return never_negative(*value);
        return false;
      case ExprKind::Cast:
        return cast(expr);
      case ExprKind::Select:
        return never_negative(*expr.operands[1]) && never_negative(*expr.operands[2]);
      case ExprKind::Intrinsic:
        return expr.intrinsic == Intrinsic::Popc || expr.intrinsic == Intrinsic::Clz ||
               expr.intrinsic == Intrinsic::LaneId || expr.intrinsic == Intrinsic::WarpId;
      case ExprKind::Binary:
        return binary(expr);
      default:
        return false;
    }
  }

 private:
  // To a signed type. An unsigned value of the same width may turn negative.
  bool cast(const Expr& expr) const {
    const Expr& from = *expr.operands[0];
    if (from.type.scalar == Scalar::Bool) return true;
    if (!is_integer(from.type)) return false;
    const int have = size_of(from.type.scalar);
    const int want = size_of(expr.type.scalar);
    if (have > want) return clipped(from);
    if (have == want && is_unsigned(from.type.scalar)) return clipped(from);
    return never_negative(from);
  }

  // The least of it and a small constant that is not negative fits any type. Counts of shifts are
  // also kept above -2.
  bool clipped(const Expr& expr) const {
    if (expr.kind == ExprKind::Binary && expr.binary_op == BinaryOp::Maximum)
      return std::ranges::any_of(expr.operands,
                                 [&](const ExprPtr& operand) { return clipped(*operand); });
    if (expr.kind != ExprKind::Binary || expr.binary_op != BinaryOp::Minimum) return false;
    return std::ranges::any_of(expr.operands,
                               [](const ExprPtr& operand) {
                                 return operand->kind == ExprKind::Constant &&
                                        operand->constant.integer >= 0 &&
                                        operand->constant.integer < 128;
                               }) &&
           never_negative(expr);
  }

  bool binary(const Expr& expr) const {
    const bool first = never_negative(*expr.operands[0]);
    const bool second = never_negative(*expr.operands[1]);
    switch (expr.binary_op) {
      case BinaryOp::BitAnd:
      case BinaryOp::Maximum:
        return first || second;
      case BinaryOp::Minimum:
      case BinaryOp::BitOr:
      case BinaryOp::BitXor:
      case BinaryOp::FloorDivide:
        return first && second;
      case BinaryOp::Modulo:  // has the divisor's sign
        return second;
      case BinaryOp::ShiftRight:
        return first;
      default:
        return false;
    }
  }

  const SingleAssignments& assignments_;
  const std::set<LocalId>& counters_;
};

}  // namespace

bool is_never_negative(const Expr& expr, const SingleAssignments& assignments,
                       const std::set<LocalId>& counters) {
  return Judge(assignments, counters).never_negative(expr);
}

}  // namespace cudapy::transform
