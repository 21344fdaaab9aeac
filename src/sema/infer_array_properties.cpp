// What `.name` of an array means, A.T, A.T.shape, A.itemsize, and of what type it and len(A) are.
// Only here is it known that A is an array, and no struct with a field of that name.
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
                                    {"strides", Builtin::Strides},
                                    {"ndim", Builtin::Ndim},
                                    {"size", Builtin::Size}};

std::string_view name_of_property(Builtin builtin) {
  return std::ranges::find(kProperties, builtin, &Property::builtin)->name;
}

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

Type Inference::length(const Expr& expr) {
  if (expr.operands.size() != 1)
    return wrong("argument-count", expr.span, "`len` takes 1 argument");
  const Expr& array = *expr.operands[0];
  if (array.type.is_unknown()) return array.type;
  if (array.type.is_aggregate()) return Type::weak_int();
  if (!array.type.is_array()) {
    // A loop over an array asks for its length without a word of the user's.
    const bool of_loop = expr.span.column == array.span.column && expr.span.line == array.span.line;
    if (of_loop) {
      return wrong("not-iterable", array.span,
                   "a loop runs over a range or an array, and " + name_of(array) + " is " +
                       describe(array.type),
                   ir::is_integer(array.type) ? "write `range(...)` to count" : "");
    }
    return wrong("not-an-array", array.span,
                 "`len` needs an array, and " + name_of(array) + " is " + describe(array.type));
  }
  return instances_.index_type();
}

// A.dtype, where a type is meant.
Type Inference::element_type(const Expr& expr) {
  const Type& type = expr.operands[0]->type;
  if (type.is_unknown()) return type;
  if (type.is_array()) return type.element();
  return wrong("unknown-attribute", expr.span,
               name_of(*expr.operands[0]) + " is " + describe(type) +
                   ", and in a kernel only arrays have a `dtype`",
               type.is_scalar()
                   ? "name the type: `" + cast_name(settled(type, default_float()).scalar) + "`"
                   : "name the array that it is of");
}

Type Inference::refuse_struct_dtype(const Expr& dtype, const std::string& what) {
  return wrong(
      "struct-dtype", dtype.span,
      "this is the type of structs, " + describe(dtype.type) + ", and " + what + " gives a number",
      "name the type of a field, or call the struct's class: `Point(x, y)`");
}

// A.shape[k], A.strides, A.ndim, A.size
Type Inference::array_property(const Expr& expr) {
  const Expr& array = *expr.operands[0];
  if (array.type.is_unknown()) return array.type;
  if (!array.type.is_array()) {
    return wrong("unknown-attribute", expr.span,
                 name_of(array) + " is " + describe(array.type) + ", which has no " +
                     quoted(name_of_property(expr.builtin)) + " in a kernel");
  }
  if (expr.builtin == Builtin::Ndim) return Type::weak_int();
  if (expr.builtin == Builtin::Size) return instances_.index_type();
  if (expr.builtin == Builtin::Strides)
    return Type::tuple(std::vector<Type>(array.type.rank, kInt64));
  if (expr.operands.size() == 1)
    return Type::tuple(std::vector<Type>(array.type.rank, instances_.index_type()));
  const Expr& index = *expr.operands[1];
  const WeakResult axis = constant_of(index, instance_);
  if (!axis.number) {
    if (reporting()) check_index(index, array);
    return index.type.is_unknown() ? index.type : instances_.index_type();
  }
  if (axis.number->kind != WeakNumber::Kind::Integer) {
    return wrong("shape-index", index.span, "the dimension of a shape must be an integer",
                 "write `A.shape[0]` or `A.shape[1]`");
  }
  const int64_t rank = array.type.rank;
  if (axis.number->integer < -rank || axis.number->integer >= rank) {
    return wrong("shape-index", expr.operands[1]->span,
                 name_of(array) + " has " + std::to_string(rank) +
                     (rank == 1 ? " dimension" : " dimensions") + ", and dimension " +
                     to_string(*axis.number) + " is none of them");
  }
  return instances_.index_type();
}

}  // namespace cudapy::sema
