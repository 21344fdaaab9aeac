// Formulas over LLVM values that read like mathematics.
//
//   Real r = mad(k, -kLn2High, x);       k and x any <N x float>, <N x double> or a scalar
//   Real y = select(x > 1.0, poly(r, kCoefficients), r);
//
// A value knows its builder, so operators need no context. Constants are broadcast and rounded to
// the element type of what they meet. No fast-math flag is ever set: the error-free
// transformations below depend on every rounding.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <cstdint>
#include <span>

namespace cudapy::codegen::math {

// What formulas are emitted with: the builder, the shape of the values and what the target can do.
struct Context {
  llvm::IRBuilderBase& builder;
  unsigned lanes;  // 0 for plain scalars
  bool has_fma;
  bool fast;

  llvm::Type* shaped(llvm::Type* element) const;
  llvm::Constant* splat(llvm::Constant* element) const;
};

struct Bool {
  const Context* context;
  llvm::Value* value;
};

// Integers, one a lane; signed unless an operation says otherwise. Constants take its width.
struct Int {
  const Context* context;
  llvm::Value* value;

  unsigned width() const;
  Int same(std::int64_t constant) const;
};

// float or double, one a lane.
struct Real {
  const Context* context;
  llvm::Value* value;

  bool is_double() const;
  Real same(double constant) const;
  Int same_int(std::int64_t constant) const;  // of the integer type as wide as this one
};

Bool operator&(Bool a, Bool b);
Bool operator|(Bool a, Bool b);
Bool operator^(Bool a, Bool b);
Bool operator!(Bool a);

Int operator+(Int a, Int b);
Int operator-(Int a, Int b);
Int operator*(Int a, Int b);
Int operator&(Int a, Int b);
Int operator|(Int a, Int b);
Int operator^(Int a, Int b);
Int operator<<(Int a, int count);
Int operator>>(Int a, int count);  // arithmetic
Int shift_right_logical(Int a, int count);
Bool operator<(Int a, Int b);
Bool operator>(Int a, Int b);
Bool operator==(Int a, Int b);
Bool operator!=(Int a, Int b);
inline Int operator+(Int a, std::int64_t b) {
  return a + a.same(b);
}
inline Int operator-(Int a, std::int64_t b) {
  return a - a.same(b);
}
inline Int operator*(Int a, std::int64_t b) {
  return a * a.same(b);
}
inline Int operator&(Int a, std::int64_t b) {
  return a & a.same(b);
}
inline Int operator|(Int a, std::int64_t b) {
  return a | a.same(b);
}
inline Bool operator<(Int a, std::int64_t b) {
  return a < a.same(b);
}
inline Bool operator>(Int a, std::int64_t b) {
  return a > a.same(b);
}
inline Bool operator==(Int a, std::int64_t b) {
  return a == a.same(b);
}
inline Bool operator!=(Int a, std::int64_t b) {
  return a != a.same(b);
}
Int select(Bool condition, Int a, Int b);
Int min(Int a, Int b);
Int max(Int a, Int b);
Int resize(Int a, unsigned width);  // sign-extends or truncates

Real operator+(Real a, Real b);
Real operator-(Real a, Real b);
Real operator*(Real a, Real b);
Real operator/(Real a, Real b);
Real operator-(Real a);
inline Real operator+(Real a, double b) {
  return a + a.same(b);
}
inline Real operator-(Real a, double b) {
  return a - a.same(b);
}
inline Real operator*(Real a, double b) {
  return a * a.same(b);
}
inline Real operator/(Real a, double b) {
  return a / a.same(b);
}
inline Real operator+(double a, Real b) {
  return b.same(a) + b;
}
inline Real operator-(double a, Real b) {
  return b.same(a) - b;
}
inline Real operator*(double a, Real b) {
  return b.same(a) * b;
}
inline Real operator/(double a, Real b) {
  return b.same(a) / b;
}

// Comparisons are false where an operand is nan.
Bool operator<(Real a, Real b);
Bool operator<=(Real a, Real b);
Bool operator>(Real a, Real b);
Bool operator>=(Real a, Real b);
Bool operator==(Real a, Real b);
inline Bool operator<(Real a, double b) {
  return a < a.same(b);
}
inline Bool operator<=(Real a, double b) {
  return a <= a.same(b);
}
inline Bool operator>(Real a, double b) {
  return a > a.same(b);
}
inline Bool operator>=(Real a, double b) {
  return a >= a.same(b);
}
inline Bool operator==(Real a, double b) {
  return a == a.same(b);
}
Bool is_nan(Real a);
Bool is_inf(Real a);
Bool is_negative(Real a);  // the sign bit, also of -0 and nan

Real select(Bool condition, Real a, Real b);
inline Real select(Bool condition, Real a, double b) {
  return select(condition, a, a.same(b));
}
inline Real select(Bool condition, double a, Real b) {
  return select(condition, b.same(a), b);
}
inline Int select(Bool condition, Int a, std::int64_t b) {
  return select(condition, a, a.same(b));
}

// The smaller, the larger; b where either is nan: one instruction on x86.
Real min(Real a, Real b);
Real max(Real a, Real b);
inline Real min(Real a, double b) {
  return min(a, a.same(b));
}
inline Real max(Real a, double b) {
  return max(a, a.same(b));
}
// x forced into low..high; nan stays nan.
Real clamp(Real x, double low, double high);

Real abs(Real a);
Real copy_sign(Real magnitude, Real sign);
Real flip_sign(Real a, Real sign);  // a * (sign bit set ? -1 : 1)
Real sqrt(Real a);
Real floor(Real a);
Real ceil(Real a);
Real trunc(Real a);
Real round_even(Real a);

// a * b + c, rounded once where the target can, else twice.
Real mad(Real a, Real b, Real c);
inline Real mad(Real a, double b, Real c) {
  return mad(a, a.same(b), c);
}
inline Real mad(Real a, Real b, double c) {
  return mad(a, b, a.same(c));
}
inline Real mad(Real a, double b, double c) {
  return mad(a, a.same(b), a.same(c));
}

// The bits of a float, and back.
Int bits(Real a);
Real from_bits(Int a);               // 32 bits give float, 64 double
Int to_int(Real a, unsigned width);  // towards zero; the value must fit
Real to_real(Int a, bool is_double);
Real widen(Real a);   // float to double
Real narrow(Real a);  // double to float, rounding

// 2**k for an integer k that gives a normal number.
Real exp2_int(Int k, bool is_double);

// c0 + c1 x + c2 x^2 ...: Horner's scheme, in two interleaved halves when long, which halves the
// latency for one more multiplication.
Real poly(Real x, std::span<const double> coefficients);

// An unevaluated sum hi + lo, |lo| at most half an ulp of hi when normalised: twice the precision.
struct Pair {
  Real hi;
  Real lo;
};

Pair two_sum(Real a, Real b);       // exact, any a and b
Pair fast_two_sum(Real a, Real b);  // exact if |a| >= |b| or a = 0
Pair two_prod(Real a, Real b);      // exact; Dekker's splitting without an fma
Pair constant_pair(Real like, double hi, double lo);
Pair operator+(Pair a, Pair b);
Pair operator+(Pair a, Real b);
Pair operator*(Pair a, Pair b);
Pair operator*(Pair a, Real b);
Pair operator/(Pair a, Pair b);  // 1 / b must be a normal number
Pair sqrt(Pair a);
Pair select(Bool condition, Pair a, Pair b);
Pair scale(Pair a, double power_of_two);
// c0 + c1 x + ..., whose last steps, one for each of `low`, keep their rounding errors; `low` is
// what the first coefficients lack. |c0| must be at least the rest's magnitude.
Pair poly_of_pair(Pair x, std::span<const double> coefficients, std::span<const double> low);

}  // namespace cudapy::codegen::math
