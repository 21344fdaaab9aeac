// Typed complex numbers: their parts, sizes and powers.
#include <cmath>

#include "sema/builder.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Builtin;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

ExprPtr Builder::complex_builtin(ExprPtr expr, Type type) {
  if (expr->builtin == Builtin::Complex) return make_complex(std::move(expr), type);
  const Span span = expr->span;
  const Builtin builtin = expr->builtin;
  if (!ir::is_complex(expr->operands[0]->type)) {
    if (builtin != Builtin::Imag) return as(std::move(expr->operands[0]), type);
    return number(weak_integer(0), type, span);
  }
  ExprPtr value = natural(std::move(expr->operands[0]));
  if (builtin != Builtin::Conjugate)
    return convert(field_node(std::move(value), builtin == Builtin::Real ? 0 : 1), type);
  const Type whole = value->type;
  return convert(with_temporary(std::move(value),
                                [&](auto z) {
                                  ExprPtr negated =
                                      node(ExprKind::Unary, ir::elements_of(whole)[1], span);
                                  negated->unary_op = ir::UnaryOp::Negate;
                                  negated->operands.push_back(field_node(z(), 1));
                                  ExprPtr made = node(ExprKind::MakeAggregate, whole, span);
                                  made->operands.push_back(field_node(z(), 0));
                                  made->operands.push_back(std::move(negated));
                                  return made;
                                }),
                 type);
}

ExprPtr Builder::make_complex(ExprPtr expr, Type type) {
  if (expr->operands.size() == 1) return as(std::move(expr->operands[0]), type);
  const Type part = Type::of(ir::part_of(type.scalar));
  ExprPtr made = node(ExprKind::MakeAggregate, type, expr->span);
  for (ExprPtr& operand : expr->operands) made->operands.push_back(as(std::move(operand), part));
  return made;
}

// hypot neither overflows nor vanishes on the way.
ExprPtr Builder::complex_size(ExprPtr value) {
  return with_temporary(std::move(value), [&](auto z) {
    ExprPtr size = math_node(ir::MathFunction::Hypot, field_node(z(), 0));
    size->operands.push_back(field_node(z(), 1));
    return size;
  });
}

// By squaring: z ** 5 is z * (z ** 2) ** 2; a negative power is the reciprocal of the positive one.
ExprPtr Builder::complex_power(ExprPtr expr, Type type) {
  const Span span = expr->span;
  const auto exponent =
      static_cast<int>(constant_of(*expr->operands[1], instance_).number->integer);
  ExprPtr base = as(std::move(expr->operands[0]), type);
  const auto one = [&] { return number(weak_integer(1), type, span); };
  const auto positive = [&](auto&& self, ExprPtr z, int n) -> ExprPtr {
    if (n == 1) return z;
    return with_temporary(std::move(z), [&](auto value) {
      ExprPtr square = binary_node(BinaryOp::Multiply, value(), value());
      ExprPtr power = self(self, std::move(square), n / 2);
      return n % 2 == 0 ? std::move(power)
                        : binary_node(BinaryOp::Multiply, value(), std::move(power));
    });
  };
  if (exponent == 0) {
    return with_temporary(std::move(base), [&](auto) { return one(); });
  }
  ExprPtr power = positive(positive, std::move(base), std::abs(exponent));
  return exponent > 0 ? std::move(power) : binary_node(BinaryOp::Divide, one(), std::move(power));
}

}  // namespace cudapy::sema
