// Lowering of the types of arrays where a program means a type: `shared(256, X.dtype)`,
// `local(9, X.dtype)`, `X.dtype(0)` and `x.view(X.dtype)`. What the type is only sema knows, once a
// call has said what X is.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

// The X of `X.dtype`, or of `X.dtype.type`, which is how NumPy spells what converts numbers; null
// if it is something else.
const syntax::Expr* FunctionLowering::dtype_base(const syntax::Expr& expr) {
  const syntax::Expr* named = &expr;
  const bool is_class = named->kind == ExprKind::Attribute && named->text == "type";
  if (is_class) named = &named->operands[0];
  if (named->kind != ExprKind::Attribute || named->text != "dtype") return nullptr;
  const syntax::Expr& base = named->operands[0];
  if (is_value(base)) return &base;
  const auto path = path_of(base);
  const Resolved found = resolve(*path);
  const bool is_table = found.kind == Resolved::Kind::Table && found.consumed + 1 == path->size();
  return is_table ? &base : nullptr;
}

// The type of X's elements, as sema finds it; null if the expression is no `X.dtype`.
ir::ExprPtr FunctionLowering::lower_dtype(const syntax::Expr& expr) {
  const syntax::Expr* const base = dtype_base(expr);
  if (base == nullptr) return nullptr;
  std::vector<ir::ExprPtr> operands;
  operands.push_back(lower(*base));
  return make_builtin(ir::Builtin::Dtype, expr.span, std::move(operands));
}

// The type that `float`, `cp.uint8` or the name of a struct's class stands for.
FunctionLowering::NamedType FunctionLowering::named_type(const syntax::Expr& expr) {
  const auto path = path_of(expr);
  if (!path || is_variable(path->front())) return {};
  const Resolved found = resolve(*path);
  if (found.kind == Resolved::Kind::Failed) return {.failed = true};
  if (found.consumed + 1 != path->size()) return {};
  if (found.kind == Resolved::Kind::Special && found.special == SpecialForm::Complex)
    return {.type = ir::Type::of(ir::Scalar::C64)};
  const bool is_type =
      found.kind == Resolved::Kind::Cast && (found.type.is_scalar() || ir::is_struct(found.type));
  if (!is_type) return {};
  return {.type = found.type};
}

// X.dtype(value)
ir::ExprPtr FunctionLowering::call_dtype(const syntax::Expr& expr) {
  ir::ExprPtr wanted = lower_dtype(expr.operands[0]);
  ir::ExprPtr result = call_cast(expr, ir::Type::unknown());
  if (result->kind == ir::ExprKind::Cast) result->operands.push_back(std::move(wanted));
  return result;
}

}  // namespace cudapy::frontend
