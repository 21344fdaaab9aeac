// Typed complex numbers: their parts, sizes and powers.
#include <cmath>

#include "sema/builder.h"
#include "sema/inference.h"

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

// A call of the package's function, whose arguments have the type `type`.
ExprPtr Builder::complex_function(ExprPtr expr, Type type) {
  ExprPtr made = node(ExprKind::Call, type, expr->span);
  for (ExprPtr& operand : expr->operands) made->operands.push_back(as(std::move(operand), type));
  made->callee = expr->callee;
  return call(std::move(made));
}

// By squaring, in Python's order: z ** 7 is (z * z ** 2) * z ** 4; a negative power is the
// reciprocal of the positive one.
ExprPtr Builder::complex_power(ExprPtr expr, Type type) {
  const WeakResult known = constant_of(*expr->operands[1], instance_);
  const bool is_small = known.number && known.number->kind == WeakNumber::Kind::Integer &&
                        known.number->integer >= -kLargestPower &&
                        known.number->integer <= kLargestPower;
  if (!is_small) return complex_function(std::move(expr), type);
  const Span span = expr->span;
  const auto exponent = static_cast<int>(known.number->integer);
  ExprPtr base = as(std::move(expr->operands[0]), type);
  const auto one = [&] { return number(weak_integer(1), type, span); };
  if (exponent == 0) {
    return with_temporary(std::move(base), [&](auto) { return one(); });
  }
  if (exponent > 0) return product_of_powers(std::move(base), exponent);
  return with_temporary(std::move(base), [&](auto z) {
    ExprPtr power = product_of_powers(z(), -exponent);
    ExprPtr inverse = binary_node(BinaryOp::Divide, one(), std::move(power));
    ExprPtr checked = node(ExprKind::Sequence, inverse->type, span);
    checked->body.push_back(
        raise_if(compare_with(ir::CompareOp::Equal, *z(), 0),
                 raise("ZeroDivisionError", "0.0 to a negative or complex power", checked->span)));
    checked->operands.push_back(std::move(inverse));
    return checked;
  });
}

// base ** exponent, of which a part `so_far` may have been made already.
ExprPtr Builder::product_of_powers(ExprPtr base, int exponent, ExprPtr so_far) {
  return with_temporary(std::move(base), [&](auto power) {
    ExprPtr product = std::move(so_far);
    if (exponent % 2 != 0) {
      product = product ? binary_node(BinaryOp::Multiply, std::move(product), power()) : power();
    }
    if (exponent == 1) return product;
    const auto square = [&] { return binary_node(BinaryOp::Multiply, power(), power()); };
    return product_of_powers(square(), exponent / 2, std::move(product));
  });
}

}  // namespace cudapy::sema
