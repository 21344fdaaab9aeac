// Python's arithmetic in 128 bits and doubles. What would leave 128 bits is an error here: no type
// could hold it anyway.
#include "sema/weak_number.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "ir/half.h"

namespace cudapy::sema {

using ir::Scalar;

__extension__ using Integer = __int128;

namespace {

constexpr const char* kTooLarge = "the number is too large for any type";
constexpr const char* kDivision = "division by zero";

constexpr Integer kInt64Min = std::numeric_limits<int64_t>::min();
constexpr Integer kInt64Max = std::numeric_limits<int64_t>::max();

WeakResult value(Integer integer) {
  return {weak_integer(integer), nullptr};
}
WeakResult value(double real) {
  return {weak_float(real), nullptr};
}
WeakResult error(const char* message) {
  return {std::nullopt, message};
}

Integer floor_divide(Integer a, Integer b) {
  const Integer quotient = a / b;
  return a % b != 0 && ((a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

// Python's float modulo: the remainder takes the divisor's sign.
double modulo(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder != 0.0) {
    if ((remainder < 0.0) != (b < 0.0)) remainder += b;
  } else {
    remainder = std::copysign(0.0, b);
  }
  return remainder;
}

double floor_divide(double a, double b) {
  const double remainder = std::fmod(a, b);
  double quotient = (a - remainder) / b;
  if (remainder != 0.0 && (b < 0.0) != (remainder < 0.0)) quotient -= 1.0;
  if (quotient == 0.0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1.0 : floored;
}

WeakResult integer_power(Integer base, Integer exponent) {
  Integer result = 1;
  while (exponent > 0) {
    if (exponent & 1) {
      if (__builtin_mul_overflow(result, base, &result)) return error(kTooLarge);
    }
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return error(kTooLarge);
  }
  return value(result);
}

WeakResult shift(ir::BinaryOp op, Integer a, Integer count) {
  if (count < 0) return error("a shift by a negative count");
  if (op == ir::BinaryOp::ShiftRight)
    return value(count > 126 ? (a < 0 ? Integer(-1) : Integer(0)) : a >> count);
  if (a == 0) return value(Integer(0));
  if (count > 126) return error(kTooLarge);
  Integer result = 0;
  if (__builtin_mul_overflow(a, Integer(1) << count, &result)) return error(kTooLarge);
  return value(result);
}

WeakResult integer_binary(ir::BinaryOp op, Integer a, Integer b) {
  using ir::BinaryOp;
  Integer result = 0;
  switch (op) {
    case BinaryOp::Add:
      return __builtin_add_overflow(a, b, &result) ? error(kTooLarge) : value(result);
    case BinaryOp::Subtract:
      return __builtin_sub_overflow(a, b, &result) ? error(kTooLarge) : value(result);
    case BinaryOp::Multiply:
      return __builtin_mul_overflow(a, b, &result) ? error(kTooLarge) : value(result);
    case BinaryOp::Divide:
      return b == 0 ? error(kDivision) : value(static_cast<double>(a) / static_cast<double>(b));
    case BinaryOp::FloorDivide:
      return b == 0 ? error(kDivision) : value(floor_divide(a, b));
    case BinaryOp::Modulo:
      return b == 0 ? error(kDivision) : value(a - floor_divide(a, b) * b);
    case BinaryOp::Power:
      if (b >= 0) return integer_power(a, b);
      return a == 0 ? error(kDivision)
                    : value(std::pow(static_cast<double>(a), static_cast<double>(b)));
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight:
      return shift(op, a, b);
    case BinaryOp::BitAnd:
      return value(a & b);
    case BinaryOp::BitOr:
      return value(a | b);
    case BinaryOp::BitXor:
      return value(a ^ b);
    case BinaryOp::Minimum:
      return value(b < a ? b : a);
    case BinaryOp::Maximum:
      return value(b > a ? b : a);
  }
  return {};
}

WeakResult float_binary(ir::BinaryOp op, double a, double b) {
  using ir::BinaryOp;
  switch (op) {
    case BinaryOp::Add:
      return value(a + b);
    case BinaryOp::Subtract:
      return value(a - b);
    case BinaryOp::Multiply:
      return value(a * b);
    case BinaryOp::Divide:
      return b == 0.0 ? error(kDivision) : value(a / b);
    case BinaryOp::FloorDivide:
      return b == 0.0 ? error(kDivision) : value(floor_divide(a, b));
    case BinaryOp::Modulo:
      return b == 0.0 ? error(kDivision) : value(modulo(a, b));
    case BinaryOp::Power:
      return a == 0.0 && b < 0.0 ? error(kDivision) : value(std::pow(a, b));
    default:
      return {};  // bit operations on floats: the type checker's business
  }
}

template <typename T>
bool compare(ir::CompareOp op, const T& a, const T& b) {
  switch (op) {
    case ir::CompareOp::Equal:
      return a == b;
    case ir::CompareOp::NotEqual:
      return a != b;
    case ir::CompareOp::Less:
      return a < b;
    case ir::CompareOp::LessEqual:
      return a <= b;
    case ir::CompareOp::Greater:
      return a > b;
    case ir::CompareOp::GreaterEqual:
      return a >= b;
  }
  return false;
}

// The lowest bits, extended as the type's sign has it.
int64_t wrapped(Integer integer, Scalar scalar) {
  const int unused = 64 - 8 * ir::size_of(scalar);
  const auto bits = static_cast<uint64_t>(integer) << unused;
  return ir::is_signed(scalar) ? static_cast<int64_t>(bits) >> unused
                               : static_cast<int64_t>(bits >> unused);
}

}  // namespace

WeakNumber weak_bool(bool value) {
  return {WeakNumber::Kind::Bool, value ? 1 : 0, 0.0};
}
WeakNumber weak_integer(Integer value) {
  return {WeakNumber::Kind::Integer, value, 0.0};
}
WeakNumber weak_float(double value) {
  return {WeakNumber::Kind::Float, 0, value};
}

std::optional<WeakNumber> weak_number(const ir::Expr& constant) {
  if (constant.kind != ir::ExprKind::Constant) return std::nullopt;
  const ir::ConstantValue& value = constant.constant;
  if (value.kind == ir::ConstantValue::Kind::Bool) return weak_bool(value.integer != 0);
  if (constant.type.is_scalar() && !constant.type.weak) return std::nullopt;
  if (value.kind == ir::ConstantValue::Kind::Complex) return std::nullopt;
  if (value.kind == ir::ConstantValue::Kind::Float) return weak_float(value.real);
  return weak_integer(value.exceeds_int64
                          ? static_cast<Integer>(static_cast<uint64_t>(value.integer))
                          : value.integer);
}

WeakResult evaluate(ir::UnaryOp op, const WeakNumber& a) {
  if (op == ir::UnaryOp::Not) return {weak_bool(!a.truth()), nullptr};
  if (a.kind == WeakNumber::Kind::Bool) return {};
  switch (op) {
    case ir::UnaryOp::Plus:
      return {a, nullptr};
    case ir::UnaryOp::Negate:
      return a.is_float() ? value(-a.real) : integer_binary(ir::BinaryOp::Subtract, 0, a.integer);
    case ir::UnaryOp::Invert:
      return a.is_float() ? WeakResult{} : value(~a.integer);
    case ir::UnaryOp::Not:
      break;
  }
  return {};
}

WeakResult evaluate(ir::BinaryOp op, const WeakNumber& a, const WeakNumber& b) {
  const bool a_is_bool = a.kind == WeakNumber::Kind::Bool;
  const bool b_is_bool = b.kind == WeakNumber::Kind::Bool;
  if (a_is_bool || b_is_bool) {
    if (!a_is_bool || !b_is_bool) return {};
    switch (op) {
      case ir::BinaryOp::BitAnd:
        return {weak_bool(a.truth() && b.truth()), nullptr};
      case ir::BinaryOp::BitOr:
        return {weak_bool(a.truth() || b.truth()), nullptr};
      case ir::BinaryOp::BitXor:
        return {weak_bool(a.truth() != b.truth()), nullptr};
      default:
        return {};
    }
  }
  if (!a.is_float() && !b.is_float()) return integer_binary(op, a.integer, b.integer);
  if (op == ir::BinaryOp::Minimum)
    return {evaluate(ir::CompareOp::Less, b, a).truth() ? b : a, nullptr};
  if (op == ir::BinaryOp::Maximum)
    return {evaluate(ir::CompareOp::Greater, b, a).truth() ? b : a, nullptr};
  return float_binary(op, a.as_float(), b.as_float());
}

WeakNumber evaluate(ir::CompareOp op, const WeakNumber& a, const WeakNumber& b) {
  if (!a.is_float() && !b.is_float()) return weak_bool(compare(op, a.integer, b.integer));
  return weak_bool(compare(op, a.as_float(), b.as_float()));
}

WeakResult evaluate(ir::Builtin builtin, const WeakNumber& a) {
  if (a.kind == WeakNumber::Kind::Bool) return {};
  if (builtin == ir::Builtin::Abs) {
    if (a.is_float()) return value(std::fabs(a.real));
    return a.integer < 0 ? evaluate(ir::UnaryOp::Negate, a) : WeakResult{a, nullptr};
  }
  if (!a.is_float()) return {a, nullptr};
  double whole = 0.0;
  switch (builtin) {
    case ir::Builtin::Floor:
      whole = std::floor(a.real);
      break;
    case ir::Builtin::Ceil:
      whole = std::ceil(a.real);
      break;
    case ir::Builtin::Trunc:
      whole = std::trunc(a.real);
      break;
    case ir::Builtin::Round:
      whole = std::nearbyint(a.real);
      break;
    default:
      return {};
  }
  if (!(std::fabs(whole) < 0x1p63)) return error("the number has no integer value");
  return value(static_cast<Integer>(whole));
}

bool fits(const WeakNumber& number, Scalar scalar) {
  if (number.is_float() || !ir::is_integer(scalar)) return true;
  const int bits = 8 * ir::size_of(scalar);
  const Integer one = 1;
  if (ir::is_unsigned(scalar)) return number.integer >= 0 && number.integer < (one << bits);
  return number.integer >= -(one << (bits - 1)) && number.integer < (one << (bits - 1));
}

std::optional<Scalar> integer_type_of(const WeakNumber& number) {
  for (const Scalar scalar : {Scalar::I32, Scalar::I64, Scalar::U64}) {
    if (fits(number, scalar)) return scalar;
  }
  return std::nullopt;
}

ir::ConstantValue to_constant(const WeakNumber& number, Scalar scalar) {
  ir::ConstantValue constant;
  if (scalar == Scalar::Bool) {
    constant.kind = ir::ConstantValue::Kind::Bool;
    constant.integer = number.truth() ? 1 : 0;
  } else if (ir::is_complex(scalar)) {
    constant.kind = ir::ConstantValue::Kind::Complex;
    constant.real = number.as_float();
  } else if (ir::is_float(scalar)) {
    constant.kind = ir::ConstantValue::Kind::Float;
    constant.real = number.as_float();
    constant.real = ir::rounded(scalar, constant.real);
  } else {
    constant.kind = ir::ConstantValue::Kind::Integer;
    constant.integer = wrapped(number.integer, scalar);
    constant.exceeds_int64 = scalar == Scalar::U64 && constant.integer < 0;
  }
  return constant;
}

std::string to_string(const WeakNumber& number) {
  if (number.kind == WeakNumber::Kind::Bool) return number.integer ? "True" : "False";
  char buffer[48];
  if (number.is_float()) {
    std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, number.real).ptr);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  if (number.integer >= kInt64Min && number.integer <= kInt64Max)
    return std::to_string(static_cast<int64_t>(number.integer));
  std::string digits;
  for (Integer rest = number.integer; rest != 0; rest /= 10) {
    const auto digit = static_cast<int>(rest % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  return number.integer < 0 ? "-" + digits : digits;
}

}  // namespace cudapy::sema
