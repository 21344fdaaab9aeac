// Integers are computed in 128 bits and wrapped, floats in their own C++ type.
#include "transform/typed_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/half.h"

namespace cudapy::transform {

using ir::BinaryOp;
using ir::Scalar;

namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// Of an integer.
int bits_of(Scalar type) {
  return std::min(8 * ir::size_of(type), 64);
}

Wide wide(const Value& value) {
  return value.exceeds_int64 ? static_cast<Wide>(static_cast<uint64_t>(value.integer))
                             : value.integer;
}

Value integer(Wide number, Scalar type) {
  const int bits = bits_of(type);
  const UnsignedWide mask = (UnsignedWide{1} << bits) - 1;
  UnsignedWide low = static_cast<UnsignedWide>(number) & mask;
  const bool negative = ir::is_signed(type) && ((low >> (bits - 1)) & 1) != 0;
  if (negative) low |= ~mask;
  Value value;
  value.kind = Value::Kind::Integer;
  value.integer = static_cast<int64_t>(static_cast<uint64_t>(low));
  value.exceeds_int64 = type == Scalar::U64 && value.integer < 0;
  return value;
}

Value real(double number) {
  Value value;
  value.kind = Value::Kind::Float;
  value.real = number;
  return value;
}

Value boolean(bool truth) {
  Value value;
  value.kind = Value::Kind::Bool;
  value.integer = truth ? 1 : 0;
  return value;
}

Wide floor_divide(Wide a, Wide b) {
  const Wide quotient = a / b;
  return a % b != 0 && ((a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

// Wraps on the way, as the machine does: what is lost above 64 bits never comes back.
Wide power(Wide base, Wide exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  auto factor = static_cast<UnsignedWide>(base);
  UnsignedWide result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<Wide>(result);
}

std::optional<Value> integer_binary(BinaryOp op, Scalar type, Wide a, Wide b) {
  const int bits = bits_of(type);
  switch (op) {
    case BinaryOp::Add:
      return integer(a + b, type);
    case BinaryOp::Subtract:
      return integer(a - b, type);
    case BinaryOp::Multiply:
      return integer(static_cast<Wide>(static_cast<UnsignedWide>(a) * static_cast<UnsignedWide>(b)),
                     type);
    case BinaryOp::FloorDivide:
      if (b == 0) return std::nullopt;
      return integer(floor_divide(a, b), type);
    case BinaryOp::Modulo:
      if (b == 0) return std::nullopt;
      return integer(a - floor_divide(a, b) * b, type);
    case BinaryOp::Power:
      return integer(power(a, b), type);
    case BinaryOp::ShiftLeft:
      if (b < 0) return std::nullopt;
      return integer(b >= bits ? 0 : static_cast<Wide>(static_cast<UnsignedWide>(a) << b), type);
    case BinaryOp::ShiftRight:
      if (b < 0) return std::nullopt;
      return integer(b >= bits ? (a < 0 ? -1 : 0) : a >> b, type);
    case BinaryOp::BitAnd:
      return integer(a & b, type);
    case BinaryOp::BitOr:
      return integer(a | b, type);
    case BinaryOp::BitXor:
      return integer(a ^ b, type);
    case BinaryOp::Minimum:
      return integer(b < a ? b : a, type);
    case BinaryOp::Maximum:
      return integer(b > a ? b : a, type);
    case BinaryOp::Divide:
      break;
  }
  return std::nullopt;
}

template <typename T>
std::optional<Value> float_binary(BinaryOp op, T a, T b) {
  switch (op) {
    case BinaryOp::Add:
      return real(a + b);
    case BinaryOp::Subtract:
      return real(a - b);
    case BinaryOp::Multiply:
      return real(a * b);
    case BinaryOp::Divide:
      return real(a / b);
    case BinaryOp::Minimum:
      return real(b < a ? b : a);
    case BinaryOp::Maximum:
      return real(b > a ? b : a);
    default:
      return std::nullopt;
  }
}

template <typename T>
bool compare(ir::CompareOp op, T a, T b) {
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

// Truncates; saturates where the type ends; nan is 0.
Value float_to_integer(double number, Scalar to) {
  if (std::isnan(number)) return integer(0, to);
  const int bits = bits_of(to);
  const bool has_sign = ir::is_signed(to);
  const Wide one = 1;
  const Wide highest = has_sign ? (one << (bits - 1)) - 1 : (one << bits) - 1;
  const Wide lowest = has_sign ? -(one << (bits - 1)) : 0;
  const double whole = std::trunc(number);
  if (whole >= std::ldexp(1.0, has_sign ? bits - 1 : bits)) return integer(highest, to);
  if (whole <= static_cast<double>(lowest)) return integer(lowest, to);
  return integer(static_cast<Wide>(whole), to);
}

template <typename T>
std::optional<Value> exact_function(ir::MathFunction function, T a) {
  switch (function) {
    case ir::MathFunction::Fabs:
      return real(std::fabs(a));
    case ir::MathFunction::Floor:
      return real(std::floor(a));
    case ir::MathFunction::Ceil:
      return real(std::ceil(a));
    case ir::MathFunction::Trunc:
      return real(std::trunc(a));
    case ir::MathFunction::Rint:
      return real(std::nearbyint(a));
    case ir::MathFunction::Sqrt:
      return real(std::sqrt(a));
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<Value> evaluate(BinaryOp op, Scalar type, const Value& a, const Value& b) {
  if (type == Scalar::F32)
    return float_binary(op, static_cast<float>(a.real), static_cast<float>(b.real));
  if (type == Scalar::F64) return float_binary(op, a.real, b.real);
  if (type != Scalar::Bool) return integer_binary(op, type, wide(a), wide(b));
  switch (op) {
    case BinaryOp::BitAnd:
      return boolean((a.integer & b.integer) != 0);
    case BinaryOp::BitOr:
      return boolean((a.integer | b.integer) != 0);
    case BinaryOp::BitXor:
      return boolean(a.integer != b.integer);
    default:
      return std::nullopt;
  }
}

std::optional<Value> evaluate(ir::UnaryOp op, Scalar type, const Value& a) {
  switch (op) {
    case ir::UnaryOp::Not:
      return boolean(a.integer == 0);
    case ir::UnaryOp::Negate:
      return ir::is_float(type) ? real(-a.real) : integer(-wide(a), type);
    case ir::UnaryOp::Invert:
      return integer(~wide(a), type);
    case ir::UnaryOp::Plus:
      return a;
  }
  return std::nullopt;
}

std::optional<Value> evaluate(ir::MathFunction function, Scalar type, const Value& a) {
  if (type == Scalar::F32) return exact_function(function, static_cast<float>(a.real));
  return exact_function(function, a.real);
}

bool evaluate(ir::CompareOp op, Scalar type, const Value& a, const Value& b) {
  return ir::is_float(type) ? compare(op, a.real, b.real) : compare(op, wide(a), wide(b));
}

Value convert(Scalar from, Scalar to, const Value& a) {
  if (to == Scalar::Bool) return boolean(ir::is_float(from) ? a.real != 0.0 : a.integer != 0);
  if (ir::is_float(to)) {
    if (to == Scalar::F64) return real(ir::is_float(from) ? a.real : static_cast<double>(wide(a)));
    if (ir::is_float(from)) return real(ir::rounded(to, a.real));
    return real(ir::rounded(to, static_cast<float>(wide(a))));
  }
  return ir::is_float(from) ? float_to_integer(a.real, to) : integer(wide(a), to);
}

bool is_integer_value(const Value& value, Scalar type, int64_t number) {
  return ir::is_integer(type) && !value.exceeds_int64 && value.integer == number;
}

bool is_float_value(const Value& value, Scalar type, double number) {
  return ir::is_float(type) && value.real == number &&
         std::signbit(value.real) == std::signbit(number);
}

}  // namespace cudapy::transform
