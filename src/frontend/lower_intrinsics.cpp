// Lowering of calls of CUDA's device functions: bits, random numbers, fences, and the operations of
// `atomic`.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

ir::ExprPtr FunctionLowering::call_intrinsic(const syntax::Expr& expr, ir::Intrinsic intrinsic) {
  if (ir::is_warp_operation(intrinsic) || intrinsic == ir::Intrinsic::LaneId ||
      intrinsic == ir::Intrinsic::WarpId)
    return call_warp_operation(expr, intrinsic);
  const ir::IntrinsicInfo& info = ir::info(intrinsic);
  auto arguments = positional(expr, info.least, info.most);
  if (!arguments) return make_integer(0, expr.span);
  ir::ExprPtr result = make_expr(ir::ExprKind::Intrinsic, expr.span);
  result->intrinsic = intrinsic;
  result->operands = std::move(*arguments);
  return result;
}

// atomic.add(A, i, v): the place is lowered as `A[i]`, and atomic.add(A, (i, j), v)'s as `A[i, j]`.
ir::ExprPtr FunctionLowering::call_atomic(const syntax::Expr& expr, ir::AtomicOp op) {
  const size_t count = size_t{2} + static_cast<size_t>(ir::value_count(op));
  if (!check_positional(expr, count, count)) {
    lower_arguments_for_errors(expr);
    return make_integer(0, expr.span);
  }
  const size_t errors_before = diagnostics_.errors().size();
  syntax::Expr place;
  place.kind = syntax::ExprKind::Subscript;
  place.span = expr.operands[1].span;
  place.span.end_line = expr.operands[2].span.end_line;
  place.span.end_column = expr.operands[2].span.end_column;
  place.operands.push_back(expr.operands[1]);
  const syntax::Expr& index = expr.operands[2];
  if (index.kind == syntax::ExprKind::Tuple) {
    for (const syntax::Expr& part : index.operands) place.operands.push_back(part);
  } else {
    place.operands.push_back(index);
  }
  ir::ExprPtr result = make_expr(ir::ExprKind::Atomic, expr.span, lower(place));
  result->atomic_op = op;
  for (size_t i = 3; i < expr.operands.size(); ++i)
    result->operands.push_back(lower(expr.operands[i]));
  if (diagnostics_.errors().size() != errors_before) return make_integer(0, expr.span);
  return result;
}

}  // namespace cudapy::frontend
