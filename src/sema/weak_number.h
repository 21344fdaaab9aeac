// Arithmetic on numbers that are known when a kernel is compiled and whose type is still weak: as
// Python would do it. Integers have 128 bits here, so that `2**64 - 1` has its value on the way;
// only a result must fit a type.
#pragma once

#include <optional>
#include <string>

#include "ir/tree.h"

namespace cudapy::sema {

struct WeakNumber {
  enum class Kind : uint8_t { Bool, Integer, Float };
  Kind kind = Kind::Integer;
  __extension__ __int128 integer = 0;  // Bool: 0 or 1
  double real = 0.0;

  [[nodiscard]] bool is_float() const { return kind == Kind::Float; }
  [[nodiscard]] double as_float() const { return is_float() ? real : static_cast<double>(integer); }
  [[nodiscard]] bool truth() const { return is_float() ? real != 0.0 : integer != 0; }
};

// A number, nothing (not known, or not to be folded), or what Python would say: "division by zero".
struct WeakResult {
  std::optional<WeakNumber> number;
  const char* error = nullptr;
};

WeakNumber weak_bool(bool value);
__extension__ WeakNumber weak_integer(__int128 value);
WeakNumber weak_float(double value);

// A constant as the frontend made it. Nothing for typed ones, which are no weak numbers.
std::optional<WeakNumber> weak_number(const ir::Expr& constant);

WeakResult evaluate(ir::UnaryOp op, const WeakNumber& a);
WeakResult evaluate(ir::BinaryOp op, const WeakNumber& a, const WeakNumber& b);
WeakNumber evaluate(ir::CompareOp op, const WeakNumber& a, const WeakNumber& b);
// Floor, Ceil, Trunc, Abs and Round of one number.
WeakResult evaluate(ir::Builtin builtin, const WeakNumber& a);

// Does an integer's value fit the type? Any fits a float.
bool fits(const WeakNumber& number, ir::Scalar scalar);

// The integer type of an integer alone: int32, int64, uint64, the first that it fits; nothing if
// none.
std::optional<ir::Scalar> integer_type_of(const WeakNumber& number);

// As a constant of a type. An integer that does not fit keeps its lowest bits; a float is not made
// an integer here.
ir::ConstantValue to_constant(const WeakNumber& number, ir::Scalar scalar);

std::string to_string(const WeakNumber& number);

}  // namespace cudapy::sema
