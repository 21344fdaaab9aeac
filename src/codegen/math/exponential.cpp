// exp and what is made of it. All share one reduction, x = k ln 2 + r with |r| <= ln 2 / 2, and one
// polynomial for e^r.
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"

namespace cudapy::codegen::math {
namespace {

// Adding it leaves the nearest integer in the low bits of the sum.
double rounding_magic(Real like) {
  return like.is_double() ? 0x1.8p52 : 0x1.8p23;
}

// x rounded to an integer twice: as a number and as the bits of number + magic.
struct Rounded {
  Real number;
  Int bits;
};

Rounded round_product(Real x, double factor) {
  double magic = rounding_magic(x);
  Real sum = mad(x, factor, x.same(magic));
  return {sum - magic, bits(sum)};
}

struct Limits {
  double low;        // below it the result is 0
  double high;       // above it infinity
  double subnormal;  // below it the result may be subnormal
};

// y * 2^k, which may overflow or be subnormal; k in the bits of a Rounded. One factor 2^(k-1)
// doubled is as far as the exponent range allows; where the result is small, 2^(k+96) and a second
// factor, which rounds.
Real scale_result(Real y, Int k, Bool small) {
  bool wide = y.is_double();
  int bias = wide ? 1023 : 127;
  Int offset = select(small, k.same(bias + 96), k.same(bias - 1));
  Real power = from_bits((k + offset) << (wide ? 52 : 23));
  return (y * power) * select(small, y.same(0x1p-96), y.same(2.0));
}

std::span<const double> exp_coefficients(Real like) {
  return like.is_double() ? std::span<const double>(kExp64) : std::span<const double>(kExp32);
}

Limits exp_limits(Real like) {
  return like.is_double() ? Limits{-746.0, 710.0, -707.0} : Limits{-104.0, 89.0, -86.0};
}

// r = x - k ln 2 as a pair: the first product is exact, the second's error is kept.
Pair subtract_multiple(Real x, Real k, std::span<const double> parts) {
  Real first = mad(k, -parts[0], x);
  Real hi = mad(k, -parts[1], first);
  if (x.context->fast) return {hi, x.same(0.0)};
  return {hi, mad(k, -parts[1], first - hi)};
}

std::span<const double> ln2_parts(Real like) {
  return like.is_double() ? std::span<const double>(kLn2Parts64)
                          : std::span<const double>(kLn2Parts32);
}

// e^r - 1 for a reduced r, as a pair.
Pair expm1_reduced(Pair r) {
  // r + r^2 / 2 first, without rounding: the rest is below a fiftieth of it.
  Pair square = two_prod(r.hi, r.hi);
  Pair head = fast_two_sum(r.hi, square.hi * 0.5);
  Real cubic = (square.hi * r.hi) * poly(r.hi, exp_coefficients(r.hi).subspan(1));
  Real rest = mad(square.lo, 0.5, mad(r.lo, r.hi, r.lo));
  return fast_two_sum(head.hi, head.lo + (cubic + rest));
}

}  // namespace

namespace {

// 2^k e^r for a reduced r, x the function's argument.
Real exp_reduced(Pair r, Int k, Bool small) {
  std::span<const double> coefficients = exp_coefficients(r.hi);
  if (r.hi.context->fast)
    return scale_result(1.0 + mad(r.hi * r.hi, poly(r.hi, coefficients), r.hi), k, small);
  Real tail = mad(r.hi * r.hi, poly(r.hi, coefficients), r.lo);
  return scale_result(1.0 + (r.hi + tail), k, small);
}

// The same, without rounding 1 + r.
Real exp_reduced_closely(Pair r, Int k, Bool small) {
  Real tail = mad(r.hi * r.hi, poly(r.hi, exp_coefficients(r.hi)), r.lo);
  Pair sum = fast_two_sum(r.hi.same(1.0), r.hi);
  return scale_result(sum.hi + (sum.lo + tail), k, small);
}

Pair times(Pair a, std::span<const double> parts) {
  Pair product = two_prod(a.hi, a.hi.same(parts[0]));
  return {product.hi, mad(a.hi, parts[1], mad(a.lo, parts[0], product.lo))};
}

}  // namespace

Real exp(Real x) {
  Limits limits = exp_limits(x);
  Real bounded = clamp(x, limits.low, limits.high);
  Rounded k = round_product(bounded, kLog2EParts64[0]);
  Pair r = subtract_multiple(bounded, k.number, ln2_parts(x));
  return exp_reduced(r, k.bits, bounded < limits.subnormal);
}

namespace {

struct ScaledExp {
  Pair mantissa;
  Int k;
  Bool small;
};

// e^(hi + lo) as mantissa * 2^k, for a product with a factor above 2^-10, whose logarithm is above
// -7.
ScaledExp scaled_exp(Pair x) {
  Limits limits = exp_limits(x.hi);
  Real bounded = clamp(x.hi, limits.low, limits.high);
  Rounded k = round_product(bounded, kLog2EParts64[0]);
  Pair r = subtract_multiple(bounded, k.number, ln2_parts(x.hi));
  // What is clamped is so far out that lo cannot matter.
  Real lo = select(bounded == x.hi, x.lo, 0.0);
  Pair p = expm1_reduced(fast_two_sum(r.hi, r.lo + lo));
  Pair sum = fast_two_sum(x.hi.same(1.0), p.hi);
  return {{sum.hi, sum.lo + p.lo}, k.bits, bounded < limits.subnormal + 7.0};
}

}  // namespace

Real exp_of_pair(Pair x) {
  Limits limits = exp_limits(x.hi);
  Real bounded = clamp(x.hi, limits.low, limits.high);
  Rounded k = round_product(bounded, kLog2EParts64[0]);
  Pair r = subtract_multiple(bounded, k.number, ln2_parts(x.hi));
  Real lo = select(bounded == x.hi, x.lo, 0.0);
  r = fast_two_sum(r.hi, r.lo + lo);
  return exp_reduced_closely(r, k.bits, bounded < limits.subnormal);
}

Real exp_of_pair_times(Pair x, Pair factor) {
  ScaledExp y = scaled_exp(x);
  Pair product = two_prod(y.mantissa.hi, factor.hi);
  Real rest = mad(y.mantissa.hi, factor.lo, mad(y.mantissa.lo, factor.hi, product.lo));
  return scale_result(product.hi + rest, y.k, y.small);
}

Real exp2(Real x) {
  bool wide = x.is_double();
  Real bounded = wide ? clamp(x, -1080.0, 1024.0) : clamp(x, -155.0, 128.0);
  Rounded k = round_product(bounded, 1.0);
  std::span<const double> ln2 =
      wide ? std::span<const double>(kLn2Full64) : std::span<const double>(kLn2Full32);
  Pair r = times({bounded - k.number, x.same(0.0)}, ln2);
  return exp_reduced(r, k.bits, bounded < (wide ? -1020.0 : -125.0));
}

Real exp10(Real x) {
  bool wide = x.is_double();
  Real bounded = wide ? clamp(x, -325.0, 308.26) : clamp(x, -46.0, 38.54);
  Rounded k = round_product(bounded, kLog2Of10[0]);
  std::span<const double> step =
      wide ? std::span<const double>(kLog10Of2Parts64) : std::span<const double>(kLog10Of2Parts32);
  std::span<const double> ln10 =
      wide ? std::span<const double>(kLn10Full64) : std::span<const double>(kLn10Full32);
  Pair r = times(subtract_multiple(bounded, k.number, step), ln10);
  // The factor ln 10 has used up the room for a rounding of r + tail.
  return exp_reduced_closely(r, k.bits, bounded < (wide ? -307.0 : -37.0));
}

Real expm1(Real x) {
  bool wide = x.is_double();
  Limits limits = exp_limits(x);
  Real bounded = clamp(x, wide ? -40.0 : -20.0, limits.high);
  Rounded k = round_product(bounded, kLog2EParts64[0]);
  Pair r = subtract_multiple(bounded, k.number, ln2_parts(x));
  Pair p = expm1_reduced(r);
  // 2^(k-1) (p + 1) - 1/2, doubled: k reaches 1024.
  int bias = wide ? 1023 : 127;
  Real power = from_bits((k.bits + (bias - 1)) << (wide ? 52 : 23));
  Pair head = two_sum(power, power.same(-0.5));
  Pair sum = two_sum(head.hi, p.hi * power);
  Real y = (sum.hi + mad(p.lo, power, sum.lo + head.lo)) * 2.0;
  // For k = 0 the sum above is exact but loses the sign of -0 and rounds subnormals.
  return select(abs(x) < (wide ? 0x1p-54 : 0x1p-25), x, y);
}

Pair exp_to_pair(Pair x) {
  Rounded k = round_product(x.hi, kLog2EParts64[0]);
  Pair r = subtract_multiple(x.hi, k.number, ln2_parts(x.hi));
  Pair p = expm1_reduced(fast_two_sum(r.hi, r.lo + x.lo));
  Pair sum = fast_two_sum(x.hi.same(1.0), p.hi);
  bool wide = x.hi.is_double();
  Real power = from_bits((k.bits + (wide ? 1023 : 127)) << (wide ? 52 : 23));
  Pair y = fast_two_sum(sum.hi, sum.lo + p.lo);
  return {y.hi * power, y.lo * power};
}

Real exp_medium(Real x) {
  Rounded k = round_product(x, kLog2EParts64[0]);
  Real r = mad(k.number, -kLn2Parts64[1], mad(k.number, -kLn2Parts64[0], x));
  Real power = from_bits((k.bits + 1023) << 52);
  return mad(r, poly(r, kExpMedium), 1.0) * power;
}

namespace {

// e^|x| / 2 as a pair, for |x| so large that it may overflow although e^|x| / 2 would not.
Pair half_exp(Real magnitude) {
  Limits limits = exp_limits(magnitude);
  Real bounded = clamp(magnitude, 0.0, limits.high + 1.0);
  Rounded k = round_product(bounded, kLog2EParts64[0]);
  Pair r = subtract_multiple(bounded, k.number, ln2_parts(magnitude));
  Pair p = expm1_reduced(r);
  Pair sum = fast_two_sum(magnitude.same(1.0), p.hi);
  Pair y = fast_two_sum(sum.hi, sum.lo + p.lo);
  bool wide = magnitude.is_double();
  // k - 1 in two factors: k reaches 1025.
  Real power = from_bits((k.bits + (wide ? 1023 - 3 : 127 - 3)) << (wide ? 52 : 23));
  return {(y.hi * power) * 4.0, (y.lo * power) * 4.0};
}

}  // namespace

Real sinh(Real x) {
  bool wide = x.is_double();
  Real magnitude = abs(x);
  Pair half = half_exp(magnitude);
  Pair difference = fast_two_sum(half.hi, -(0.25 / half.hi));
  Real large = difference.hi + (difference.lo + half.lo);
  large = select(is_inf(half.hi), half.hi, large);
  Real square = min(x * x, 1.0);
  Real small =
      mad(magnitude * square, wide ? poly(square, kSinh64) : poly(square, kSinh32), magnitude);
  return copy_sign(select(magnitude < 1.0, small, large), x);
}

Real cosh(Real x) {
  Pair half = half_exp(abs(x));
  Real inverse = 0.25 / half.hi;
  Pair sum = fast_two_sum(half.hi, inverse);
  // 1/(4 hi) moves by lo times -1/(4 hi^2).
  Real y = sum.hi + (sum.lo + mad(half.lo, inverse * inverse * -4.0, half.lo));
  return select(is_inf(half.hi), half.hi, y);
}

Real tanh(Real x) {
  bool wide = x.is_double();
  Real magnitude = abs(x);
  Real bounded = min(x.same(wide ? 22.0 : 10.0), magnitude);
  Pair power = exp_to_pair({bounded + bounded, x.same(0.0)});
  Pair below = fast_two_sum(power.hi, x.same(1.0));
  Real quotient = 2.0 / below.hi;
  Pair back = two_prod(quotient, below.hi);
  Real rest = ((2.0 - back.hi) - back.lo) - quotient * (below.lo + power.lo);
  Pair head = fast_two_sum(x.same(1.0), -quotient);
  Real large = head.hi + mad(rest, quotient * -0.5, head.lo);
  Real square = min(x * x, 0.36);
  Real small =
      mad(magnitude * square, wide ? poly(square, kTanh64) : poly(square, kTanh32), magnitude);
  return copy_sign(select(magnitude < 0.6, small, large), x);
}

}  // namespace cudapy::codegen::math
