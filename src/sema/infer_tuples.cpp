// The types of tuples and of what is done with them.
#include <algorithm>

#include "sema/inference.h"

namespace cudapy::sema {

using ir::Expr;
using ir::Type;

namespace {

std::string elements(size_t count) {
  return std::to_string(count) + (count == 1 ? " element" : " elements");
}

size_t length_of(const Type& tuple) {
  return tuple.aggregate->elements.size();
}

bool has_order(const Type& type) {
  if (!ir::is_tuple(type)) return !ir::is_struct(type) && !ir::is_complex(type);
  const std::vector<Type>& elements = type.aggregate->elements;
  return std::all_of(elements.begin(), elements.end(), has_order);
}

bool is_element(const Type& type) {
  return type.is_scalar() || type.is_aggregate();
}

}  // namespace

// Elements stay weak; an integer that needs more than 32 bits has the type that it has alone.
Type Inference::make_tuple(Expr& expr) {
  if (!expr.name.empty()) return replaced_fields(expr);
  if (ir::is_struct(expr.type)) return make_struct(expr);
  std::vector<Type> types;
  bool erroneous = false;
  bool unknown = false;
  for (const ir::ExprPtr& operand : expr.operands) {
    Type type = infer(*operand);
    if (type.is_unknown()) {
      erroneous = erroneous || is_erroneous(type);
      unknown = true;
      continue;
    }
    if (!is_element(type) && !is_value(*operand, "a tuple")) erroneous = true;
    if (type == Type::weak_int()) {
      const Type alone_type = alone(*operand, instance_, instances_);
      if (alone_type != kInt32) type = alone_type;
    }
    types.push_back(type);
  }
  if (erroneous) return kErroneous;
  if (unknown) return Type::unknown();
  return refuses_leaves(expr, types) ? kErroneous : Type::tuple(std::move(types));
}

// Each number of a tuple becomes a variable of its own.
bool Inference::refuses_leaves(const Expr& expr, const std::vector<Type>& types) {
  constexpr size_t kMostLeaves = 1024;
  std::vector<Type> leaves;
  for (const Type& type : types) ir::append_leaves(type, leaves);
  if (leaves.size() <= kMostLeaves) return false;
  wrong("tuple-size", expr.span,
        "this tuple has " + std::to_string(leaves.size()) +
            " numbers, those of the tuples inside " + "it included, and " +
            std::to_string(kMostLeaves) + " are possible",
        "keep that many in an array: `values = local(n, float)`");
  return true;
}

// What `a, b = value` gives to one of its variables.
Type Inference::field(Expr& expr) {
  const Type whole = infer(*expr.operands[0]);
  if (whole.is_unknown()) return whole;
  if (whole.is_array() && name_array_property(expr)) return infer(expr);
  if (!expr.name.empty()) return named_field(*expr.operands[0], whole, expr.name, expr.span);
  if (expr.unpack_count < 0) return starred_field(expr, whole);
  const auto wanted = static_cast<size_t>(expr.unpack_count);
  if (whole.is_array()) return unpacked(*expr.operands[0], wanted, expr.span);
  if (!whole.is_aggregate()) {
    const std::string what =
        whole.is_void() ? "the function returns nothing" : "this is " + describe(whole);
    return wrong("unpack-value", expr.span,
                 what + ", which can't be unpacked into " + std::to_string(wanted) + " variables",
                 "write as many values as variables: `a, b = x, y`");
  }
  if (length_of(whole) != wanted) {
    return wrong("unpack-count", expr.span,
                 "a tuple of " + elements(length_of(whole)) + " is unpacked into " +
                     std::to_string(wanted) + (wanted == 1 ? " variable" : " variables"),
                 "write as many variables as the tuple has elements");
  }
  return whole.aggregate->elements[static_cast<size_t>(expr.field)];
}

// An element, or a row, of an array whose length is `wanted`; where the kernel itself says how long
// the array is, that is found out here.
Type Inference::unpacked(const Expr& array, size_t wanted, Span span) {
  const std::optional<int64_t> length = known_length(array);
  if (!length || *length == static_cast<int64_t>(wanted)) return array.type.indexed(1);
  return wrong("unpack-count", span,
               "an array of " + elements(static_cast<size_t>(*length)) + " is unpacked into " +
                   std::to_string(wanted) + (wanted == 1 ? " variable" : " variables"),
               "write as many variables as the array has elements");
}

// Of an array that the kernel declares, or that is a constant; or of a row of one.
std::optional<int64_t> Inference::known_length(const Expr& array) const {
  if (array.kind == ir::ExprKind::Load) {
    const Expr& whole = *array.operands[0];
    if (whole.kind != ir::ExprKind::Local) return std::nullopt;
    for (const ir::ExprPtr& operand : array.operands) {
      if (operand->kind == ir::ExprKind::Slice) return std::nullopt;
    }
    const std::vector<int64_t>& extents = instance_.local(whole.local).extents;
    const size_t axis = array.operands.size() - 1;
    return axis < extents.size() && extents[axis] > 0 ? std::optional(extents[axis]) : std::nullopt;
  }
  if (array.kind != ir::ExprKind::Local) return std::nullopt;
  const std::vector<int64_t>& extents = instance_.local(array.local).extents;
  if (!extents.empty()) return extents[0] > 0 ? std::optional(extents[0]) : std::nullopt;
  const ir::Stmt* single = instance_.flow.locals[static_cast<size_t>(array.local)].single;
  return single != nullptr && single->value ? known_length(*single->value) : std::nullopt;
}

// What the elements of a tuple have in common: what an index that is known at run time leads to.
Type Inference::common_element(const Type& tuple, const Expr& index) {
  Type common = Type::unknown();
  for (const Type& element : tuple.aggregate->elements)
    common = join(common, element, default_float());
  if (!is_erroneous(common)) return settled(common, default_float());
  return wrong("tuple-index", index.span,
               "the elements of " + describe(tuple) +
                   " have no type in common, so its index must be a constant",
               "choose: `t[0] if i == 0 else t[1]`");
}

// t[0], t[-1], t[1][0], t[i]
Type Inference::tuple_element(const Expr& expr) {
  Type type = expr.operands[0]->type;
  for (size_t i = 1; i < expr.operands.size(); ++i) {
    const Expr& index = *expr.operands[i];
    if (index.type.is_unknown()) return index.type;
    if (index.kind == ir::ExprKind::Slice) {
      if (is_erroneous(index.type)) return kErroneous;
      type = sliced_tuple(expr, type, index);
      if (is_erroneous(type)) return type;
      continue;
    }
    if (!type.is_aggregate()) {
      return wrong("not-an-array", expr.span,
                   "this is " + describe(type) + " and can't be indexed");
    }
    const WeakResult known = constant_of(index, instance_);
    if (!known.number) {
      if (reporting()) check_index(index, *expr.operands[0]);
      type = common_element(type, index);
      if (type.is_unknown()) return type;
      continue;
    }
    if (known.number->kind != WeakNumber::Kind::Integer)
      return wrong("tuple-index", index.span, "the index of a tuple must be an integer");
    const auto count = static_cast<int64_t>(length_of(type));
    if (known.number->integer < -count || known.number->integer >= count) {
      return wrong("tuple-index", index.span,
                   "index " + to_string(*known.number) + " is outside of a tuple of " +
                       elements(length_of(type)));
    }
    const auto at = static_cast<int64_t>(known.number->integer);
    type = type.aggregate->elements[static_cast<size_t>(at < 0 ? at + count : at)];
  }
  return type;
}

Type Inference::select_tuple(const Expr& expr) {
  const Type& condition = expr.operands[0]->type;
  if (condition.is_unknown()) return condition;
  if (!is_value(*expr.operands[0], "a condition")) return kErroneous;
  const Expr& a = *expr.operands[1];
  const Expr& b = *expr.operands[2];
  const Type common = join(a.type, b.type, default_float());
  if (!is_erroneous(common)) return common;
  return wrong("tuple-length", expr.span,
               "one branch is " + describe(a.type) + ", the other " + describe(b.type),
               "both must have the same number of elements, of types that go together");
}

// min(t, u), or min of a tuple of tuples; nullopt: it is one of numbers, or wrong as such.
std::optional<Type> Inference::extreme_tuple(const Expr& expr) {
  std::vector<Type> types;
  types.reserve(expr.operands.size());
  for (const ir::ExprPtr& operand : expr.operands) types.push_back(operand->type);
  const bool is_one = types.size() == 1 && ir::is_tuple(types[0]);
  if (is_one) types = types[0].aggregate->elements;
  const auto is_aggregate = [](const Type& type) { return type.is_aggregate(); };
  if (types.empty() || !std::all_of(types.begin(), types.end(), is_aggregate) ||
      (types.size() == 1 && !is_one))
    return std::nullopt;
  if (!std::all_of(types.begin(), types.end(), has_order)) {
    return wrong("tuple-order", expr.span, "structs and complex numbers have no order",
                 "compare the field that is meant: `p if p.x < q.x else q`");
  }
  Type common = types[0];
  for (const Type& type : types) {
    const Type joined = join(common, type, default_float());
    if (is_erroneous(joined)) {
      return wrong("tuple-length", expr.span,
                   "this chooses between " + describe(common) + " and " + describe(type),
                   "both must have the same number of elements, of types that go together");
    }
    common = joined;
  }
  return common;
}

// Of one length; structs, and tuples of what has no order, with == and != only.
bool Inference::is_comparable(const Expr& expr) {
  const Type& a = expr.operands[0]->type;
  const Type& b = expr.operands[1]->type;
  const bool in_order =
      expr.compare_op != ir::CompareOp::Equal && expr.compare_op != ir::CompareOp::NotEqual;
  if (in_order && !(has_order(a) && has_order(b))) {
    wrong("tuple-order", expr.span,
          "structs and complex numbers can be compared with `==` and `!=` alone",
          "compare field by field: `a.x < b.x or (a.x == b.x and a.y < b.y)`");
    return false;
  }
  if (!is_erroneous(join(a, b, default_float()))) return true;
  wrong("tuple-length", expr.span,
        "this compares " + describe(a) + " with " + describe(b) + ", which are never equal",
        "compare tuples with the same number of elements");
  return false;
}

}  // namespace cudapy::sema
