// The error function, its inverse and the normal distribution. Away from 0 they go by
//
//   erfc(a) = e^(-a^2) q(t) / (a + p),  t = (a - p) / (a + p) = 1 - 2 p / (a + p),  a >= 0
//   erfcinv(c) = w r(t),  t = (w - p) / (w + p),  w = sqrt(-log c),  c <= 1/2
//
// whose q varies by a factor of four at most over all a that matter, and r by a factor of two.
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"

#include <limits>

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// t = (a - p) / (a + p) of a double as a pair, and 1 / (a + p).
struct Mapped {
  Pair t;
  Pair inverse;
};

Mapped map_around(Pair a, double pole) {
  Real one = a.hi.same(1.0);
  Pair sum = two_sum(a.hi, one * pole);
  Real inverse = 1.0 / sum.hi;
  Pair back = two_prod(inverse, sum.hi);
  Real rest = ((1.0 - back.hi) - back.lo) - inverse * (sum.lo + a.lo);
  Real inverse_lo = rest * inverse;
  Pair part = two_prod(inverse, one * (2.0 * pole));
  Pair t = fast_two_sum(one, -part.hi);
  t.lo = mad(inverse_lo, -2.0 * pole, t.lo - part.lo);
  return {t, {inverse, inverse_lo}};
}

// e^(a^2) erfc(a) for a double a in 0..28; relative error 2^-54 before its one rounding.
Pair scaled_erfc(Pair a) {
  Mapped mapped = map_around(a, 2.5);
  return poly_of_pair(mapped.t, kErfc64, kErfc64Low) * mapped.inverse;
}

// erfc(a) for a double a in 0..28 given as a pair together with -a^2.
Real erfc_of_pair(Pair a, Pair minus_square) {
  return exp_of_pair_times(minus_square, scaled_erfc(a));
}

// For doubles about to be rounded to float, a up to 10.2: relative error 2^-31.
Real scaled_erfc_medium(Real a) {
  Real inverse = 1.0 / (a + 4.0);
  Real t = mad(inverse, -8.0, a.same(1.0));
  return poly(t, kErfcMedium) * inverse;
}

// erfc(a) = e^minus_square ...
Real erfc_medium(Real a, Real minus_square) {
  return exp_medium(minus_square) * scaled_erfc_medium(a);
}

// Up to here erf is a polynomial.
double near_zero(Real x) {
  return x.is_double() ? 1.0 : 1.16;
}

// x (c0 + z (c1 + z p(z))) with z = x^2. The two outer steps nearly cancel at the end and so keep
// their rounding errors.
Pair odd_series(Real x, std::span<const double> c, const double* low) {
  Pair z = two_prod(x, x);
  Pair inner = fast_two_sum(x.same(c[1]), z.hi * poly(z.hi, c.subspan(2)));
  Pair product = two_prod(inner.hi, z.hi);
  Real product_lo = mad(inner.hi, z.lo, mad(inner.lo + low[1], z.hi, product.lo));
  Pair outer = fast_two_sum(x.same(c[0]), product.hi);
  Real outer_lo = outer.lo + (product_lo + low[0]);
  Pair y = two_prod(x, outer.hi);
  return {y.hi, mad(x, outer_lo, y.lo)};
}

// The same rounded; of x, which is `bounded` where that is as large as it may be.
Real round_odd_series(Real x, Real bounded, std::span<const double> c, const double* low) {
  bool wide = x.is_double();
  Pair y = odd_series(bounded, c, low);
  // The errors of products this small would be lost.
  Real scaled = x * (wide ? 0x1p200 : 0x1p60);
  Pair linear = two_prod(scaled, x.same(c[0]));
  Real tiny = (linear.hi + mad(scaled, low[0], linear.lo)) * (wide ? 0x1p-200 : 0x1p-60);
  return select(abs(x) < (wide ? 0x1p-900 : 0x1p-90), tiny, y.hi + y.lo);
}

// erf(x) for 0 <= x <= near_zero.
Real erf_near_zero(Real x) {
  Real bounded = min(x.same(near_zero(x)), x);
  if (x.is_double()) return round_odd_series(x, bounded, kErf64, kErf64Low);
  return round_odd_series(x, bounded, kErf32, kErf32Low);
}

// Below it erfinv is a polynomial.
constexpr double kNearHalf = 0.5;

// erfcinv(c) for a double c in 0..1/2.
Pair erfc_inverse_tail(Real c) {
  Pair logarithm = log_to_pair(c);
  Pair w = sqrt(Pair{-logarithm.hi, -logarithm.lo});
  return poly_of_pair(map_around(w, 3.0).t, kErfcInverse64, kErfcInverse64Low) * w;
}

// The same for doubles about to be rounded to float.
Real erfc_inverse_medium(Real c) {
  Real w = sqrt(-log_medium(c));
  Real t = mad(1.0 / (w + 2.0), -4.0, w.same(1.0));
  return w * poly(t, kErfcInverseMedium);
}

Real erf_inverse_near_zero_medium(Real x) {
  return x * poly(x * x, kErfInverseMedium);
}

// erfcinv(c) of a double c in 0..2, for which u = 1 - c is exact where it is at most a half. c is
// the smaller of c and 2 - c, u at least 0; a pair.
Pair erfc_inverse_of(Real c, Real u) {
  Bool is_near = u <= kNearHalf;
  Pair near = odd_series(min(u, kNearHalf), kErfInverse64, kErfInverse64Low);
  return select(is_near, near, erfc_inverse_tail(select(is_near, kNearHalf, c)));
}

// The same for doubles about to be rounded to float.
Real erfc_inverse_of_medium(Real c, Real u) {
  Bool is_near = u <= kNearHalf;
  return select(is_near, erf_inverse_near_zero_medium(u),
                erfc_inverse_medium(select(is_near, kNearHalf, c)));
}

// e^(a^2) erfc(a) for a from 26 on: (1 - h + 3 h^2 - 15 h^3 ...) / (a sqrt pi), h = 1 / (2 a^2).
Real scaled_erfc_far(Real a) {
  Bool huge = a > 0x1p500;
  Real scaled = select(huge, a * 0x1p-200, a);
  Pair quotient =
      constant_pair(a, kInverseRootPi[0], kInverseRootPi[1]) / Pair{scaled, a.same(0.0)};
  constexpr double kSeries[] = {-1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0, 2027025.0};
  Real h = 0.5 / (scaled * scaled);
  Real y = quotient.hi + mad(quotient.hi, h * poly(h, kSeries), quotient.lo);
  return select(a < kInfinity, select(huge, y * 0x1p-200, y), 0.0);
}

Real scaled_erfc_far_medium(Real a) {
  constexpr double kSeries[] = {1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0};
  return kInverseRootPi[0] / a * poly(0.5 / (a * a), kSeries);
}

}  // namespace

Real erf(Real x) {
  Real magnitude = abs(x);
  Real bounded = min(x.same(x.is_double() ? 6.0 : 4.0), magnitude);
  Real complement = x;
  if (x.is_double()) {
    Pair square = two_prod(bounded, bounded);
    complement = erfc_of_pair({bounded, x.same(0.0)}, {-square.hi, -square.lo});
  } else {
    // The logarithm's last rounding would be an error of the exponential.
    Real slope = poly(bounded, std::span<const double>(kLogErfc32).subspan(1));
    Real logarithm = mad(bounded, slope, kLogErfc32[0]);
    Real rounding = mad(bounded, slope, kLogErfc32[0] - logarithm);
    Real power = exp(logarithm);
    complement = mad(power, rounding, power);
  }
  Real large = select(is_nan(x), x, 1.0 - complement);
  return copy_sign(select(magnitude < near_zero(x), erf_near_zero(magnitude), large), x);
}

Real erfc(Real x) {
  Real magnitude = abs(x);
  Real positive = x;
  if (x.is_double()) {
    Real a = min(x.same(28.0), magnitude);
    Pair square = two_prod(a, a);
    positive = erfc_of_pair({a, a.same(0.0)}, {-square.hi, -square.lo});
    return select(x < 0.0, 2.0 - positive, positive);
  }
  Real a = widen(min(x.same(10.25), magnitude));
  positive = erfc_medium(a, -(a * a));
  return narrow(select(widen(x) < 0.0, 2.0 - positive, positive));
}

// normcdf(x) = erfc(-x / sqrt 2) / 2.
Real normcdf(Real x) {
  Real magnitude = abs(x);
  if (x.is_double()) {
    Real bounded = min(x.same(39.0), magnitude);
    Pair a = two_prod(bounded, x.same(kRootHalf[0]));
    a.lo = mad(bounded, kRootHalf[1], a.lo);
    Pair square = two_prod(bounded, bounded);
    Real half = erfc_of_pair(a, {square.hi * -0.5, square.lo * -0.5}) * 0.5;
    return select(x > 0.0, 1.0 - half, half);
  }
  Real wide = widen(min(x.same(14.5), magnitude));
  Real half = erfc_medium(wide * kRootHalf[0], wide * wide * -0.5) * 0.5;
  return narrow(select(widen(x) > 0.0, 1.0 - half, half));
}

// erfcx(x) = e^(x^2) erfc(x), of negative x 2 e^(x^2) - erfcx(-x).
Real erfcx(Real x) {
  Real magnitude = abs(x);
  if (!x.is_double()) {
    Real a = widen(magnitude);
    Real positive = select(a < 10.0, scaled_erfc_medium(min(a, 10.0)), scaled_erfc_far_medium(a));
    Real bounded = min(a, 10.0);
    Real negative = 2.0 * exp_medium(bounded * bounded) - positive;
    Real y = narrow(select(widen(x) < 0.0, negative, positive));
    return select(is_nan(x), x, y);
  }
  Real bounded = min(magnitude, 27.0);
  Pair near = scaled_erfc({bounded, x.same(0.0)});
  Real positive = select(magnitude < 27.0, near.hi + near.lo, scaled_erfc_far(magnitude));
  // e^(x^2) as the square of its root: it may be beyond what the exponential gives.
  Pair square = two_prod(bounded, bounded);
  Pair root = exp_to_pair({square.hi * 0.5, square.lo * 0.5});
  Pair power = scale(root, 0x1p-100) * root;
  Pair difference = power + Pair{near.hi * -0x1p-101, near.lo * -0x1p-101};
  Real negative = (difference.hi + difference.lo) * 0x1p101;
  return select(is_nan(x), x, select(x < 0.0, negative, positive));
}

Real erfinv(Real x) {
  Real y = x;
  Real magnitude = abs(x);
  if (!x.is_double()) {
    Real u = widen(min(magnitude, 0x1.fffffep-1));
    y = narrow(erfc_inverse_of_medium(1.0 - u, u));
  } else {
    Real u = min(magnitude, 0x1.fffffffffffffp-1);
    Pair tail = erfc_inverse_of(1.0 - u, u);
    Real bounded = min(magnitude, kNearHalf);
    y = select(magnitude <= kNearHalf,
               round_odd_series(magnitude, bounded, kErfInverse64, kErfInverse64Low),
               tail.hi + tail.lo);
  }
  Real outside = select(magnitude == 1.0, x.same(kInfinity), x.same(kNan));
  return copy_sign(select(magnitude < 1.0, y, select(is_nan(x), x, outside)), x);
}

namespace {

// y > 0 of a c in 0..2, from which 1 comes out as 0, with the sign of 1 - c, and what lies beyond.
Real finish_erfc_inverse(Real c, Real y) {
  Real signed_y = copy_sign(y, 1.0 - c);
  Real outside =
      select(c == 0.0, c.same(kInfinity), select(c == 2.0, c.same(-kInfinity), c.same(kNan)));
  return select((c > 0.0) & (c < 2.0), signed_y, select(is_nan(c), c, outside));
}

}  // namespace

Real erfcinv(Real x) {
  Real c = x.is_double() ? x : widen(x);
  Real bounded = max(min(c, 0x1.fffffffffffffp+0), 0x1p-1074);
  Real tail = min(bounded, 2.0 - bounded);
  Real u = abs(1.0 - bounded);
  if (!x.is_double()) return narrow(finish_erfc_inverse(c, erfc_inverse_of_medium(tail, u)));
  Pair y = erfc_inverse_of(tail, u);
  return finish_erfc_inverse(c, y.hi + y.lo);
}

// -sqrt(2) erfcinv(2 p)
Real normcdfinv(Real x) {
  Real p = x.is_double() ? x : widen(x);
  Real c = p + p;
  Real bounded = max(min(c, 0x1.fffffffffffffp+0), 0x1p-1074);
  Real tail = min(bounded, 2.0 - bounded);
  Real u = abs(1.0 - bounded);
  Real y = u;
  if (x.is_double()) {
    Pair exact = erfc_inverse_of(tail, u) * constant_pair(x, kRootTwo[0], kRootTwo[1]);
    y = exact.hi + exact.lo;
  } else {
    y = erfc_inverse_of_medium(tail, u) * kRootTwo[0];
  }
  Real result = finish_erfc_inverse(c, y);
  result = select(c == 1.0, x.is_double() ? x.same(0.0) : widen(x.same(0.0)), -result);
  return x.is_double() ? result : narrow(result);
}

}  // namespace cudapy::codegen::math
