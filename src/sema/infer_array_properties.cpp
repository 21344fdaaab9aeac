// What `.name` of an array means: A.T, A.T.shape, A.itemsize. Only here is it known that A is an
// array, and no struct with a field of that name.
#include <algorithm>
#include <string_view>

#include "sema/inference.h"

namespace cudapy::sema {

using ir::Builtin;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

namespace {

struct Property {
  std::string_view name;
  Builtin builtin;
};

constexpr Property kProperties[] = {{"T", Builtin::Transpose},
                                    {"shape", Builtin::Shape},
                                    {"ndim", Builtin::Ndim},
                                    {"size", Builtin::Size}};

void make_constant(Expr& expr, int64_t value) {
  expr.kind = ExprKind::Constant;
  expr.type = Type::unknown();
  expr.constant.kind = ir::ConstantValue::Kind::Integer;
  expr.constant.integer = value;
  expr.operands.clear();
  expr.name.clear();
}

ExprPtr node_at(const Expr& place, ExprKind kind) {
  auto made = std::make_unique<Expr>();
  made->kind = kind;
  made->span = place.span;
  return made;
}

// int64(A.size) * itemsize
void make_nbytes(Expr& expr, int64_t itemsize) {
  ExprPtr size = node_at(expr, ExprKind::CallBuiltin);
  size->builtin = Builtin::Size;
  size->operands = std::move(expr.operands);
  ExprPtr wide = node_at(expr, ExprKind::Cast);
  wide->type = kInt64;
  wide->operands.push_back(std::move(size));
  ExprPtr bytes = node_at(expr, ExprKind::Constant);
  make_constant(*bytes, itemsize);
  expr.kind = ExprKind::Binary;
  expr.binary_op = ir::BinaryOp::Multiply;
  expr.name.clear();
  expr.operands.clear();
  expr.operands.push_back(std::move(wide));
  expr.operands.push_back(std::move(bytes));
}

}  // namespace

// Turns the Field of an array into what it means; false: it is none of these.
bool Inference::name_array_property(Expr& expr) {
  const int64_t itemsize = ir::item_size(expr.operands[0]->type);
  if (expr.name == "itemsize") {
    make_constant(expr, itemsize);
    return true;
  }
  if (expr.name == "nbytes") {
    make_nbytes(expr, itemsize);
    return true;
  }
  const Property* const found =
      std::find_if(std::begin(kProperties), std::end(kProperties),
                   [&](const Property& property) { return property.name == expr.name; });
  if (found == std::end(kProperties)) return false;
  expr.kind = ExprKind::CallBuiltin;
  expr.builtin = found->builtin;
  expr.name.clear();
  return true;
}

}  // namespace cudapy::sema
