// The types of what makes tuples of tuples, `t[1:]`, `a + b`, `2 * t`, `a, *rest = t`, and of what
// looks at all of their elements: `min(t)`, `any(t)`.
#include <algorithm>

#include "sema/inference.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Expr;
using ir::Type;

namespace {

const std::vector<Type>& parts_of(const Type& tuple) {
  return tuple.aggregate->elements;
}

// Of a bound of a slice that may lie outside of the tuple.
int64_t clamped(const WeakNumber& bound, int64_t length, int64_t least, int64_t most) {
  using Wide = decltype(bound.integer);
  const Wide at = bound.integer < 0 ? bound.integer + length : bound.integer;
  return static_cast<int64_t>(std::clamp<Wide>(at, least, most));
}

}  // namespace

std::optional<std::vector<size_t>> sliced(const Expr& slice, size_t length,
                                          const Instance& instance) {
  std::optional<WeakNumber> parts[3];
  size_t next = 0;
  for (int part = 0; part < 3; ++part) {
    if ((slice.field & (1 << part)) == 0) continue;
    parts[part] = constant_of(*slice.operands[next++], instance).number;
    if (!parts[part] || parts[part]->is_float()) return std::nullopt;
  }
  const int64_t step = parts[2] ? static_cast<int64_t>(parts[2]->integer) : 1;
  const auto count = static_cast<int64_t>(length);
  const int64_t least = step > 0 ? 0 : -1;
  const int64_t most = step > 0 ? count : count - 1;
  const int64_t start =
      parts[0] ? clamped(*parts[0], count, least, most) : (step > 0 ? least : most);
  const int64_t stop =
      parts[1] ? clamped(*parts[1], count, least, most) : (step > 0 ? most : least);
  std::vector<size_t> taken;
  for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step)
    taken.push_back(static_cast<size_t>(i));
  return taken;
}

// t[1:], t[::-1]; of a struct, the tuple of its fields.
Type Inference::sliced_tuple(const Expr& load, const Type& tuple, const Expr& slice) {
  const auto taken = sliced(slice, parts_of(tuple).size(), instance_);
  if (!taken) {
    return wrong("tuple-slice", slice.span, "the bounds of a tuple's slice must be constants",
                 "so that its length is known: write numbers, or names that stand for them");
  }
  if (taken->empty()) {
    const bool is_rest = load.unpack_count < 0;
    return wrong("tuple-value", load.span,
                 is_rest ? "nothing is left of " + describe(tuple) +
                               " for the variable with a star, and a tuple in a kernel has at "
                               "least one element"
                         : "this slice of " + describe(tuple) +
                               " is empty, and a tuple in a kernel has at least one element",
                 is_rest ? "leave the variable out" : "leave the empty tuple out");
  }
  std::vector<Type> types;
  for (const size_t i : *taken) types.push_back(parts_of(tuple)[i]);
  return Type::tuple(std::move(types));
}

// What `a, *rest = value` gives to `a`, or to what comes behind the star.
Type Inference::starred_field(const Expr& expr, const Type& whole) {
  const auto least = static_cast<size_t>(-expr.unpack_count);
  if (!whole.is_aggregate()) {
    return wrong("unpack-value", expr.span,
                 "this is " + describe(whole) + ", and only a tuple is unpacked with a star",
                 whole.is_array() ? "read what is needed one by one, and take a slice of the rest: "
                                    "`rest = A[1:]`"
                                  : "write as many values as variables: `a, b = x, y`");
  }
  const std::vector<Type>& elements = parts_of(whole);
  if (elements.size() < least) {
    return wrong("unpack-count", expr.span,
                 "a tuple of " + std::to_string(elements.size()) +
                     (elements.size() == 1 ? " element" : " elements") + " is unpacked into " +
                     std::to_string(least) + " variables and one with a star",
                 "write fewer variables");
  }
  const int64_t at = expr.field < 0 ? static_cast<int64_t>(elements.size()) + expr.field
                                    : static_cast<int64_t>(expr.field);
  return elements[static_cast<size_t>(at)];
}

// a + b, t * 2 and 2 * t, where one of the operands is a tuple; nullopt: it is arithmetic, or wrong
// as such.
std::optional<Type> Inference::tuple_operation(const Expr& expr) {
  const Expr& a = *expr.operands[0];
  const Expr& b = *expr.operands[1];
  if (!ir::is_tuple(a.type) && !ir::is_tuple(b.type)) return std::nullopt;
  if (is_erroneous(a.type) || is_erroneous(b.type)) return kErroneous;
  if (a.type.is_unknown() || b.type.is_unknown()) return Type::unknown();
  std::vector<Type> types;
  if (expr.binary_op == BinaryOp::Add && ir::is_tuple(a.type) && ir::is_tuple(b.type)) {
    types = parts_of(a.type);
    types.insert(types.end(), parts_of(b.type).begin(), parts_of(b.type).end());
  } else if (expr.binary_op == BinaryOp::Multiply &&
             (ir::is_integer(a.type) || ir::is_integer(b.type))) {
    const Expr& tuple = ir::is_tuple(a.type) ? a : b;
    const Expr& number = ir::is_tuple(a.type) ? b : a;
    const WeakResult count = constant_of(number, instance_);
    if (!count.number) {
      return wrong("tuple-repetition", number.span,
                   "how often a tuple is repeated must be a constant",
                   "to multiply its elements, unpack it: `a, b = t`");
    }
    if (count.number->integer < 1) {
      return wrong("tuple-value", expr.span,
                   "this is an empty tuple, and a tuple in a kernel has at least one element",
                   "leave the empty tuple out");
    }
    const auto length = static_cast<int64_t>(parts_of(tuple.type).size());
    constexpr int64_t kMost = 4096;  // more is refused in any case
    const auto copies = static_cast<int64_t>(
        std::min(count.number->integer, decltype(count.number->integer){kMost}));
    for (int64_t i = 0; i < copies * length; ++i)
      types.push_back(parts_of(tuple.type)[static_cast<size_t>(i % length)]);
  } else {
    return std::nullopt;
  }
  return refuses_leaves(expr, types) ? kErroneous : Type::tuple(std::move(types));
}

// What all elements of a tuple have in common, which are numbers.
Type Inference::common_number(const Expr& tuple, const std::string& what) {
  Type common = Type::unknown();
  for (const Type& element : parts_of(tuple.type)) {
    const bool fits = element.is_scalar() && !ir::is_complex(element);
    common = fits ? join(common, element, default_float()) : kErroneous;
    if (!is_erroneous(common)) continue;
    return wrong(
        "tuple-elements", tuple.span,
        what + " needs a tuple of numbers that can be ordered, and this is " + describe(tuple.type),
        "name the elements that are meant");
  }
  return common;
}

}  // namespace cudapy::sema
