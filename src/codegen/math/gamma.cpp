// The gamma function and the logarithm of its magnitude. With S(a) = gamma(a) e^a a^(1/2 - a),
// which is a polynomial in 1/a from 3 on, and gamma(a) = gamma(a + 3) / (a (a + 1) (a + 2)) below,
//
//   gamma(a) = e^((a - 1/2) log a - a) S(a)
//   gamma(-a) = pi / (a |sin(pi a)| gamma(a)), up to the sign
//
// lgamma has zeros at 1 and 2 and goes by (a - 1) (a - 2) p(a) about them.
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"
#include "codegen/math/special_coefficients.h"

#include <limits>

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// From here on Stirling's series is used.
constexpr double kStirlingFrom = 3.0;

// How far a is from the nearest integer, and whether that one is odd.
struct FromInteger {
  Real rest;
  Bool odd;
};

FromInteger from_integer(Real a) {
  Real nearest = round_even(a);
  Real half = nearest * 0.5;
  return {a - nearest, !(round_even(half) == half)};
}

// |sin(pi r)| for |r| <= 1/2.
Pair sine_of_rest(Real r) {
  Real magnitude = abs(r);
  return poly_of_pair(two_prod(r, r), kSinPi64, kSinPi64Low) * magnitude;
}

Real sine_of_rest_medium(Real r) {
  return abs(r) * poly(r * r, kSinPiMedium);
}

// Numerator and denominator of what e^E is to be multiplied by: S, or pi / S where x is negative,
// over the product that shifts a below 3 up by 3.
//
//            a < 3                             else
//   x > 0    S / (a (a + 1) (a + 2))           S
//   x < 0    pi (a + 1) (a + 2) / (s S)        pi / (a s S)      s = |sin(pi a)|
struct Quotient {
  Pair top;
  Pair bottom;
};

Quotient gamma_quotient(Real a, Pair s, Pair sine, Bool negative) {
  Real one = a.same(1.0);
  Pair simple{one, a.same(0.0)};
  Pair plain_a{a, a.same(0.0)};
  Bool small = a < kStirlingFrom;
  Real bounded = min(a, kStirlingFrom);
  Pair shift = two_sum(bounded, one) * two_sum(bounded, one + one);
  Pair pi = constant_pair(a, kPiParts64[0], kPiParts64[1]);
  Pair reflected_top = pi * select(small, shift, simple);
  Pair reflected_bottom = sine * s * select(small, simple, plain_a);
  Pair direct_bottom = select(small, shift * bounded, simple);
  return {select(negative, reflected_top, s), select(negative, reflected_bottom, direct_bottom)};
}

// gamma's sign for negative x and its value at the integers and where it has none.
Real finish_gamma(Real x, Real magnitude, FromInteger place) {
  Bool negative = x < 0.0;
  Real below = flip_sign(select(place.odd, magnitude, -magnitude), place.rest);
  Real y = select(negative, below, magnitude);
  y = select(negative & (trunc(x) == x), y.same(kNan), y);
  y = select(x == 0.0, 1.0 / x, y);
  return select(is_nan(x), x, y);
}

Real tgamma_wide(Real x) {
  Bool negative = x < 0.0;
  FromInteger place = from_integer(abs(x));
  // Beyond, the result is infinite or 0.
  Real a = min(x.same(185.0), abs(x));
  Bool small = a < kStirlingFrom;
  Pair b = two_sum(a, select(small, x.same(kStirlingFrom), 0.0));
  Real inverse = 1.0 / b.hi;
  Pair s = poly_of_pair({inverse, x.same(0.0)}, kStirling64, kStirling64Low);
  Quotient factor = gamma_quotient(a, s, sine_of_rest(place.rest), negative);
  // E = (b - 1/2) log b - b, whose derivative log b - 1 / (2 b) takes care of b's low part; the
  // last term is S's derivative over S.
  Pair logarithm = log_to_pair(b.hi);
  Real slope = mad(inverse, mad(inverse, -1.0 / 12.0, -0.5), logarithm.hi);
  Pair exponent = logarithm * (b.hi - 0.5) + -b.hi;
  exponent.lo = mad(b.lo, slope, exponent.lo);
  // Its half: e^E itself may be beyond what the exponential gives.
  Real half = select(negative, x.same(-0.5), x.same(0.5));
  Pair root = exp_to_pair({exponent.hi * half, exponent.lo * half});
  Real down = select(negative, x.same(0x1p200), x.same(0x1p-200));
  Real up = select(negative, x.same(0x1p-200), x.same(0x1p200));
  Pair product = factor.top / factor.bottom * root * Pair{root.hi * down, root.lo * down};
  Real y = (product.hi + product.lo) * up;
  // Near 0 it is 1 / x.
  y = finish_gamma(x, y, place);
  return select(abs(x) < 0x1p-60, 1.0 / x, y);
}

// For doubles about to be rounded to float.
Real tgamma_medium(Real x) {
  Bool negative = x < 0.0;
  FromInteger place = from_integer(abs(x));
  Real a = min(x.same(50.0), abs(x));
  Bool small = a < kStirlingFrom;
  Real b = a + select(small, x.same(kStirlingFrom), 0.0);
  Real s = poly(1.0 / b, kStirlingMedium);
  Real shift = (a + 1.0) * (a + 2.0);
  Real sine = sine_of_rest_medium(place.rest);
  Real top = select(negative, kPiParts64[0] * select(small, shift, 1.0), s);
  Real bottom =
      select(negative, sine * s * select(small, x.same(1.0), a), select(small, shift * a, 1.0));
  Real exponent = mad(b - 0.5, log_medium(b), -b);
  Real power = exp_medium(select(negative, -exponent, exponent));
  return finish_gamma(x, top / bottom * power, place);
}

// lgamma at the non-positive integers, the infinities and nan.
Real finish_log_gamma(Real x, Real y) {
  Bool pole = (x <= 0.0) & (trunc(x) == x);
  y = select(pole | is_inf(x), y.same(kInfinity), y);
  return select(is_nan(x), x, y);
}

// (v^2 - 1/4) p(v) = lgamma(3/2 + v) of the u = v + 1/2 in 0..1 that a is at below 3.
Real place_in_unit(Real a) {
  return select(a < 1.0, a, select(a < 2.0, a - 1.0, a - 2.0));
}

// Beyond, lgamma is a (log a - 1) and its products may overflow.
constexpr double kHuge = 0x1p200;

// lgamma(a) for a > 0; a < 1 leaves out -log a, and a huge one gives 2^-200 times the value.
// `logarithm` is that of a - 1 from 2 to 3 and else of a.
Pair log_gamma_of_magnitude(Real a, Pair logarithm) {
  Real u = clamp(place_in_unit(a), 0.0, 1.0);
  Pair v = two_sum(u, a.same(-0.5));
  Pair near = two_sum(u, a.same(-1.0)) * u * poly_of_pair(v, kLogGamma64, kLogGamma64Low);
  near = select((a >= 2.0) & (a < kStirlingFrom), near + logarithm, near);
  // (a - 1/2) (log a - 1) + log(2 pi) / 2 - 1/2 + p(1 / a^2) / a
  Bool huge = a > kHuge;
  Pair length = select(huge, Pair{a * 0x1p-200, a.same(0.0)}, two_sum(a, a.same(-0.5)));
  Pair far = (logarithm + a.same(-1.0)) * length;
  Real inverse = 1.0 / a;
  Real series = inverse * poly(inverse * inverse, kLogStirling64);
  Pair rest = constant_pair(a, kHalfLog2Pi[0], kHalfLog2Pi[1]) + series;
  return select(a < kStirlingFrom, near, select(huge, far, far + rest));
}

Real lgamma_wide(Real x) {
  Real a = abs(x);
  Pair none = constant_pair(x, 0.0, 0.0);
  Bool below_one = a < 1.0;
  Bool shifted = (a >= 2.0) & (a < kStirlingFrom);
  Pair logarithm = log_to_pair(select(shifted, a - 1.0, a));
  Pair base = log_gamma_of_magnitude(a, logarithm);
  Pair inverted = select(below_one, Pair{-logarithm.hi, -logarithm.lo}, none);
  Pair positive = base + inverted;
  // log pi - log(a |sin(pi a)|) - lgamma(a), from which log a drops out below 1.
  Pair w = sine_of_rest(from_integer(a).rest) * select(below_one, x.same(1.0), a);
  Pair sine_part = log_to_pair(w.hi) + w.lo / w.hi;
  Pair sum = sine_part + base;
  Pair negative = constant_pair(x, kLogPi[0], kLogPi[1]) + Pair{-sum.hi, -sum.lo};
  Pair y = select(x < 0.0, negative, positive);
  Real sum_of_parts = (y.hi + y.lo) * select(a > kHuge, x.same(0x1p200), x.same(1.0));
  return finish_log_gamma(x, select(a < 0x1p-60, -logarithm.hi, sum_of_parts));
}

// The same for doubles about to be rounded to float.
Real lgamma_medium(Real x) {
  Real a = abs(x);
  Bool small = a < kStirlingFrom;
  Bool below_one = a < 1.0;
  Bool shifted = (a >= 2.0) & small;
  Real logarithm = log_medium(select(shifted, a - 1.0, a));
  Real u = clamp(place_in_unit(a), 0.0, 1.0);
  Real near = (u * (u - 1.0)) * poly(u - 0.5, kLogGammaMedium);
  near = near + select(shifted, logarithm, 0.0);
  Real inverse = 1.0 / a;
  Real series = mad(inverse, poly(inverse * inverse, kLogStirlingMedium), kHalfLog2Pi[0]);
  Real far = mad(a - 0.5, logarithm - 1.0, series);
  Real base = select(small, near, far);
  Real w = sine_of_rest_medium(from_integer(a).rest) * select(below_one, x.same(1.0), a);
  Real negative = kLogPi[0] - (log_medium(w) + base);
  Real positive = base - select(below_one, logarithm, 0.0);
  return finish_log_gamma(x, select(x < 0.0, negative, positive));
}

}  // namespace

Real tgamma(Real x) {
  return x.is_double() ? tgamma_wide(x) : narrow(tgamma_medium(widen(x)));
}

Real lgamma(Real x) {
  return x.is_double() ? lgamma_wide(x) : narrow(lgamma_medium(widen(x)));
}

}  // namespace cudapy::codegen::math
