// The types of what is done with complex numbers alone.
#include "sema/inference.h"

namespace cudapy::sema {

using ir::Builtin;
using ir::Expr;
using ir::Type;

// Reports an operand that is complex where only real numbers will do.
bool Inference::refuses_complex(const Expr& expr, const std::string& what) {
  for (const ir::ExprPtr& operand : expr.operands) {
    if (!ir::is_complex(operand->type)) continue;
    wrong("complex-operand", operand->span,
          what + " needs real numbers, and " + name_of(*operand) + " is " + describe(operand->type),
          "say which part: `.real`, `.imag`, or `abs(...)`");
    return true;
  }
  return false;
}

// A small whole constant is a product of z's; else a function of the package's says what it is.
Type Inference::complex_power(const Expr& expr) {
  const WeakResult exponent = constant_of(*expr.operands[1], instance_);
  const bool whole = exponent.number && exponent.number->kind == WeakNumber::Kind::Integer &&
                     exponent.number->integer >= -kLargestPower &&
                     exponent.number->integer <= kLargestPower;
  if (whole || expr.callee >= 0) return meet(*expr.operands[0], *expr.operands[1]);
  return wrong("complex-power", expr.operands[1]->span,
               "the exponent of a complex power must be an integer constant from -" +
                   std::to_string(kLargestPower) + " to " + std::to_string(kLargestPower),
               "write out the polar form: `r = abs(z) ** p`, with the angle "
               "`p * math.atan2(z.imag, z.real)`");
}

// np.sqrt(z)
Type Inference::complex_function(const Expr& expr) {
  if (ir::info(expr.math).result == ir::MathKind::Bool) return kBool;
  return settled(expr.operands[0]->type, default_float());
}

// z.real, z.imag, z.conjugate(), complex(a), complex(a, b)
Type Inference::complex_part(Expr& expr) {
  const Type known = operands_of(expr, "a complex number");
  if (known.is_unknown()) return known;
  const Type& type = expr.operands[0]->type;
  if (expr.builtin == Builtin::Complex) {
    if (expr.operands.size() > 1 && refuses_complex(expr, "`complex` of two numbers"))
      return kErroneous;
    Type common = type;
    for (const ir::ExprPtr& operand : expr.operands)
      common = join(common, operand->type, default_float());
    return join(common, Type::weak_complex(), default_float());
  }
  const bool part = expr.builtin != Builtin::Conjugate;
  if (!ir::is_complex(type)) {
    // A real number is its own real part.
    return type == kBool ? kInt32 : type;
  }
  if (!part) return type;
  return type.weak ? Type::weak_float() : Type::of(ir::part_of(type.scalar));
}

}  // namespace cudapy::sema
