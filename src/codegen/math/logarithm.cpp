// Logarithms and the inverse hyperbolic functions. All write x = 2^e (1 + f) with 1 + f between
// sqrt(1/2) and sqrt(2); log(1 + f) = f - f^2/2 + f^3 p(f), its first two terms kept as a pair.
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"

#include <bit>
#include <limits>

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct Decomposed {
  Real mantissa;  // sqrt(1/2) to sqrt(2)
  Real exponent;
};

// For positive finite x, subnormals included unless fast.
Decomposed decompose(Real x) {
  bool wide = x.is_double();
  bool fast = x.context->fast;
  Bool small = x < (wide ? 0x1p-1022 : 0x1p-126);
  Real normal = fast ? x : select(small, x * (wide ? 0x1p54 : 0x1p25), x);
  std::int64_t root = wide ? std::bit_cast<std::int64_t>(0x1.6a09e667f3bcdp-1)
                           : std::bit_cast<std::int32_t>(0x1.6a09e6p-1f);
  std::int64_t one = wide ? std::bit_cast<std::int64_t>(1.0) : std::bit_cast<std::int32_t>(1.0f);
  int mantissa = wide ? 52 : 23;
  int bias = wide ? 1023 : 127;
  double power = wide ? 0x1p52 : 0x1p23;
  Int shifted = bits(normal) + (one - root);
  Int integer = shift_right_logical(shifted, mantissa) | bits(x.same(power));
  Real offset = x.same(power + bias);
  if (!fast) offset = select(small, x.same(power + bias + (wide ? 54 : 25)), offset);
  Int fraction = (shifted & ((std::int64_t{1} << mantissa) - 1)) + root;
  return {from_bits(fraction), from_bits(integer) - offset};
}

// log(1 + f) as an unevaluated sum, |lo| below an eighth of |hi|.
Pair log_reduced(Real f) {
  Real p = f.is_double() ? poly(f, kLog64) : poly(f, kLog32);
  Real square = f * f;
  Real hi = mad(square, -0.5, f);
  if (f.context->fast) return {hi, (square * f) * p};
  Real rounding = mad(square, -0.5, f - hi);
  return {hi, mad(square * f, p, rounding)};
}

// The same for a pair.
Pair log_reduced(Pair f) {
  Pair y = log_reduced(f.hi);
  return {y.hi, y.lo + mad(-f.lo, f.hi, f.lo)};
}

// hi + lo + e * (parts[0] + parts[1]), whose first product is exact.
Real add_exponent(Pair logarithm, Real e, double high, double low) {
  if (e.context->fast) return mad(e, high + low, logarithm.hi + logarithm.lo);
  Real hi = mad(e, high, logarithm.hi);
  Real rounding = mad(e, high, -hi) + logarithm.hi;
  return hi + mad(e, low, rounding + logarithm.lo);
}

// The logarithm's value where the formula has none: 0, infinity, nan and negative numbers.
Real special_cases(Real x, Real y) {
  if (x.context->fast) return select(x == 0.0, x.same(-kInfinity), y);
  Real otherwise = select(x == 0.0, x.same(-kInfinity), select(x > 0.0, x, x.same(kNan)));
  return select((x > 0.0) & (x < kInfinity), y, otherwise);
}

// A pair times a constant given in two parts.
Pair times(Pair a, double high, double low) {
  if (a.hi.context->fast) return {a.hi * high, a.lo * high};
  Pair product = two_prod(a.hi, a.hi.same(high));
  return {product.hi, product.lo + mad(a.hi, low, a.lo * high)};
}

}  // namespace

Real log(Real x) {
  Decomposed d = decompose(x);
  Pair y = log_reduced(d.mantissa - 1.0);
  bool wide = x.is_double();
  return special_cases(x, add_exponent(y, d.exponent, wide ? kLn2Parts64[0] : kLn2Parts32[0],
                                       wide ? kLn2Parts64[1] : kLn2Parts32[1]));
}

Real log2(Real x) {
  Decomposed d = decompose(x);
  Pair y = log_reduced(d.mantissa - 1.0);
  const double* scale = x.is_double() ? kLog2EParts64 : kLog2EParts32;
  Pair scaled = times(y, scale[0], scale[1]);
  return special_cases(x, add_exponent(scaled, d.exponent, 1.0, 0.0));
}

Real log10(Real x) {
  Decomposed d = decompose(x);
  bool wide = x.is_double();
  Pair y = log_reduced(d.mantissa - 1.0);
  const double* scale = wide ? kLog10EParts64 : kLog10EParts32;
  const double* step = wide ? kLog10Of2Parts64 : kLog10Of2Parts32;
  Pair scaled = times(y, scale[0], scale[1]);
  return special_cases(x, add_exponent(scaled, d.exponent, step[0], step[1]));
}

namespace {

// log(1 + u) + extra log 2 for a pair u > -1; extra an integer, 0 if u is small.
Real log1p_of_pair(Pair u, Real extra) {
  bool wide = u.hi.is_double();
  Pair v = two_sum(u.hi, u.hi.same(1.0));
  Decomposed d = decompose(v.hi);
  // 2^-e; what it scales is negligible for large e.
  Real near = clamp(d.exponent, -60.0, 60.0);
  Int e = to_int(near, 32);
  Real power = exp2_int(e.same(0) - e, wide);
  Real small_part = select(abs(d.exponent) < 60.0, (v.lo + u.lo) * power, 0.0);
  Bool unscaled = d.exponent == 0.0;
  Pair f = select(unscaled, u, Pair{d.mantissa - 1.0, small_part});
  Pair y = log_reduced(f);
  const double* ln2 = wide ? kLn2Parts64 : kLn2Parts32;
  return add_exponent(y, d.exponent + extra, ln2[0], ln2[1]);
}

}  // namespace

Real log1p(Real x) {
  Real y = log1p_of_pair({x, x.same(0.0)}, x.same(0.0));
  Real otherwise = select(x == -1.0, x.same(-kInfinity), select(x > -1.0, x, x.same(kNan)));
  Real tiny = x.is_double() ? x.same(0x1p-54) : x.same(0x1p-25);
  return select(abs(x) < tiny, x, select((x > -1.0) & (x < kInfinity), y, otherwise));
}

namespace {

// A double with few bits to spare over float32: f times 1 + f p(f).
Real log_medium_of(Real f, Real e) {
  Real y = mad(f * f, poly(f, kLogMedium), f);
  return mad(e, kLn2Parts64[0], y);
}

}  // namespace

Real log_medium(Real x) {
  Decomposed d = decompose(x);
  return log_medium_of(d.mantissa - 1.0, d.exponent);
}

Real log1p_medium(Real x) {
  Decomposed d = decompose(x + 1.0);
  return log_medium_of(select(d.exponent == 0.0, x, d.mantissa - 1.0), d.exponent);
}

// log m = s (2 + z (2/3 + z p(z))) with s = (m - 1) / (m + 1), z = s^2, each sum and product with
// its rounding error; no pair on the way is normalised that need not be.
Pair log_to_pair(Real x) {
  Decomposed d = decompose(x);
  Real one = x.same(1.0);
  Pair s = Pair{d.mantissa - 1.0, x.same(0.0)} / two_sum(d.mantissa, one);
  Pair z = two_prod(s.hi, s.hi);
  z.lo = mad(s.hi + s.hi, s.lo, z.lo);
  Pair inner = fast_two_sum(x.same(0x1.5555555555555p-1), z.hi * poly(z.hi, kLogOdd64));
  inner.lo = inner.lo + 0x1.5555555555555p-55;
  Pair series = two_prod(inner.hi, z.hi);
  series.lo = mad(inner.hi, z.lo, mad(inner.lo, z.hi, series.lo));
  Pair factor = fast_two_sum(one + one, series.hi);
  factor.lo = factor.lo + series.lo;
  Pair y = two_prod(s.hi, factor.hi);
  y.lo = mad(s.hi, factor.lo, mad(s.lo, factor.hi, y.lo));
  Pair sum = fast_two_sum(d.exponent * kLn2Pair64[0], y.hi);
  return fast_two_sum(sum.hi, mad(d.exponent, kLn2Pair64[1], sum.lo + y.lo));
}

// The inverse hyperbolic functions go by log1p, which is exact for small arguments:
//   asinh(x) = log1p(x + x^2 / (1 + sqrt(1 + x^2)))
//   acosh(x) = log1p(t + sqrt(2 t + t^2)), t = x - 1
//   atanh(x) = log1p(2 x / (1 - x)) / 2
// float32 in plain double precision, float64 in pairs.
Real asinh(Real x) {
  Real magnitude = abs(x);
  if (!x.is_double()) {
    Real a = widen(magnitude);
    Real square = a * a;
    Real y = log1p_medium(a + square / (1.0 + sqrt(1.0 + square)));
    y = select(a < kInfinity, y, a);
    return copy_sign(narrow(select(a < 0x1p-20, a, y)), x);
  }
  // asinh(x) = log(2x) where the square would overflow.
  Bool large = magnitude > 0x1p300;
  Real a = select(large, x.same(1.0), select(magnitude < 0x1p-200, x.same(0.0), magnitude));
  Pair square = two_prod(a, a);
  // The square root's rounding moves u by a sixth of an ulp at most.
  Pair root = two_sum(sqrt(square.hi + 1.0), a.same(1.0));
  Pair u = square / root + a;
  u = select(large, Pair{magnitude, x.same(0.0)}, u);
  Real y = log1p_of_pair(u, select(large, x.same(1.0), x.same(0.0)));
  y = select(magnitude < 0x1p-28, magnitude, y);
  return copy_sign(select(magnitude < kInfinity, y, magnitude), x);
}

Real acosh(Real x) {
  Real result = x;
  if (!x.is_double()) {
    Real t = widen(x) - 1.0;
    Real y = log1p_medium(t + sqrt(t * (t + 2.0)));
    result = narrow(select(t < kInfinity, y, t));
  } else {
    Bool large = x > 0x1p300;
    Pair t = two_sum(select(large, x.same(2.0), x), x.same(-1.0));
    Pair u = t + sqrt(t * (t + x.same(2.0)));
    u = select(t.hi == 0.0, Pair{t.hi, t.lo}, u);
    u = select(large, Pair{x, x.same(0.0)}, u);
    Real y = log1p_of_pair(u, select(large, x.same(1.0), x.same(0.0)));
    result = select(x < kInfinity, y, x);
  }
  return select(x >= 1.0, result, select(is_nan(x), x, x.same(kNan)));
}

Real atanh(Real x) {
  Real magnitude = abs(x);
  Real y = x;
  if (!x.is_double()) {
    Real a = widen(magnitude);
    y = narrow(log1p_medium((a + a) / (1.0 - a)) * 0.5);
  } else {
    Real a =
        select(magnitude < 0x1p-200, x.same(0.0), min(x.same(0x1.fffffffffffffp-1), magnitude));
    Pair u = Pair{a + a, x.same(0.0)} / two_sum(x.same(1.0), -a);
    y = log1p_of_pair(u, x.same(0.0)) * 0.5;
    y = select(magnitude < 0x1p-28, magnitude, y);
  }
  Real outside = select(magnitude == 1.0, x.same(kInfinity), x.same(kNan));
  return copy_sign(select(magnitude < 1.0, y, select(is_nan(x), x, outside)), x);
}

}  // namespace cudapy::codegen::math
