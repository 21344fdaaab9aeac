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

// x.view(T), x.view(dtype=T)
ir::ExprPtr FunctionLowering::view_bits(const syntax::Expr& expr) {
  const bool is_known = expr.keywords.empty() || expr.keywords[0] == "dtype";
  if (expr.operands.size() != 2 || !is_known || is_starred_value(expr.operands[1])) {
    return error("argument-count", expr.span, "`view` takes one type and nothing else",
                 "write one of cudapy's or NumPy's, `x.view(cp.int32)`");
  }
  ir::ExprPtr value = lower(expr.operands[0].operands[0]);
  ir::ExprPtr wanted = lower_dtype(expr.operands[1]);
  if (!wanted) {
    const NamedType named = named_type(expr.operands[1]);
    if (!named.type || !named.type->is_scalar()) {
      return error("view-type", expr.operands[1].span, "`view` takes a type",
                   "write one of cudapy's or NumPy's, `x.view(cp.int32)`, or an array's: "
                   "`x.view(A.dtype)`");
    }
    wanted = make_integer(0, expr.operands[1].span);
    wanted->type = *named.type;
    if (ir::is_float(*named.type)) wanted->constant.kind = ir::ConstantValue::Kind::Float;
  }
  ir::ExprPtr result =
      make_expr(ir::ExprKind::Intrinsic, expr.span, std::move(value), std::move(wanted));
  result->intrinsic = ir::Intrinsic::View;
  return result;
}

namespace {

// A[i], A[i].mass, A[i].at.x. Whether it lies in memory is found out by sema.
bool is_place(const syntax::Expr& expr) {
  return expr.kind == syntax::ExprKind::Subscript || expr.kind == syntax::ExprKind::Attribute;
}

// The first two arguments of atomic.add(A, i, v), or of atomic.add(A, (i, j), v), as A[i], A[i, j].
syntax::Expr subscript_of(const syntax::Expr& call) {
  syntax::Expr place;
  place.kind = syntax::ExprKind::Subscript;
  place.span = call.operands[1].span;
  place.span.end_line = call.operands[2].span.end_line;
  place.span.end_column = call.operands[2].span.end_column;
  place.operands.push_back(call.operands[1]);
  const syntax::Expr& index = call.operands[2];
  if (index.kind == syntax::ExprKind::Tuple) {
    for (const syntax::Expr& part : index.operands) place.operands.push_back(part);
  } else {
    place.operands.push_back(index);
  }
  return place;
}

}  // namespace

// atomic.add(A, i, v), or atomic.add(A[i].mass, v): the place is lowered as it is written.
ir::ExprPtr FunctionLowering::call_atomic(const syntax::Expr& expr, ir::AtomicOp op) {
  const auto values = static_cast<size_t>(ir::value_count(op));
  const bool names_place = expr.operands.size() == 2 + values && is_place(expr.operands[1]);
  const size_t count = (names_place ? 1 : 2) + values;
  if (!check_positional(expr, count, count)) {
    lower_arguments_for_errors(expr);
    return make_integer(0, expr.span);
  }
  const size_t errors_before = diagnostics_.errors().size();
  ir::ExprPtr place = names_place ? lower_place(expr.operands[1]) : lower(subscript_of(expr));
  ir::ExprPtr result = make_expr(ir::ExprKind::Atomic, expr.span, std::move(place));
  result->atomic_op = op;
  for (size_t i = 1 + count - values; i < expr.operands.size(); ++i)
    result->operands.push_back(lower(expr.operands[i]));
  if (diagnostics_.errors().size() != errors_before) return make_integer(0, expr.span);
  return result;
}

ir::ExprPtr FunctionLowering::lower_place(const syntax::Expr& expr) {
  if (expr.kind != syntax::ExprKind::Attribute) return lower(expr);
  ir::ExprPtr field = make_expr(ir::ExprKind::Field, expr.span, lower_place(expr.operands[0]));
  field->name = expr.text;
  return field;
}

}  // namespace cudapy::frontend
