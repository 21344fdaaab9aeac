// The error function and the normal distribution. Away from 0 they go by
//
//   erfc(a) = e^(-a^2) q(t) / (a + p),  t = (a - p) / (a + p) = 1 - 2 p / (a + p),  a >= 0
//
// whose q varies by a factor of four at most over all a that matter.
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"

namespace cudapy::codegen::math {
namespace {

// erfc(a) for a double a in 0..28 given as a pair together with -a^2; relative error 2^-54 before
// its one rounding. The polynomial's last three steps keep their rounding errors.
Real erfc_of_pair(Pair a, Pair minus_square) {
  Real one = a.hi.same(1.0);
  Pair sum = two_sum(a.hi, one * 2.5);
  Real inverse = 1.0 / sum.hi;
  Pair back = two_prod(inverse, sum.hi);
  Real rest = ((1.0 - back.hi) - back.lo) - inverse * (sum.lo + a.lo);
  Real inverse_lo = rest * inverse;
  Pair five = two_prod(inverse, one * 5.0);
  Pair t = fast_two_sum(one, -five.hi);
  t.lo = mad(inverse_lo, -5.0, t.lo - five.lo);
  Real tail = poly(t.hi, std::span<const double>(kErfc64).subspan(3));
  Pair q = fast_two_sum(one * kErfc64[2], t.hi * tail);
  q.lo = q.lo + kErfc64Low[2];
  for (int i = 1; i >= 0; --i) {
    Pair product = two_prod(q.hi, t.hi);
    Real product_lo = mad(q.hi, t.lo, mad(q.lo, t.hi, product.lo));
    q = two_sum(one * kErfc64[i], product.hi);
    q.lo = q.lo + (product_lo + kErfc64Low[i]);
  }
  return exp_of_pair_times(minus_square, q * Pair{inverse, inverse_lo});
}

// erfc(a) = e^minus_square ... for doubles about to be rounded to float: relative error 2^-31.
Real erfc_medium(Real a, Real minus_square) {
  Real inverse = 1.0 / (a + 4.0);
  Real t = mad(inverse, -8.0, a.same(1.0));
  return exp_medium(minus_square) * (poly(t, kErfcMedium) * inverse);
}

// Up to here erf is a polynomial.
double near_zero(Real x) {
  return x.is_double() ? 1.0 : 1.16;
}

// erf(x) for 0 <= x <= near_zero: x (c0 + z (c1 + z p(z))) with z = x^2. The two outer steps nearly
// cancel at the end and so keep their rounding errors.
Real erf_near_zero(Real x) {
  bool wide = x.is_double();
  std::span<const double> c =
      wide ? std::span<const double>(kErf64) : std::span<const double>(kErf32);
  const double* low = wide ? kErf64Low : kErf32Low;
  Real bounded = min(x.same(near_zero(x)), x);
  Pair z = two_prod(bounded, bounded);
  Pair inner = fast_two_sum(x.same(c[1]), z.hi * poly(z.hi, c.subspan(2)));
  Pair product = two_prod(inner.hi, z.hi);
  Real product_lo = mad(inner.hi, z.lo, mad(inner.lo + low[1], z.hi, product.lo));
  Pair outer = fast_two_sum(x.same(c[0]), product.hi);
  Real outer_lo = outer.lo + (product_lo + low[0]);
  Pair y = two_prod(bounded, outer.hi);
  Real result = y.hi + mad(bounded, outer_lo, y.lo);
  // The errors of products this small would be lost.
  Real scaled = x * (wide ? 0x1p200 : 0x1p60);
  Pair linear = two_prod(scaled, x.same(c[0]));
  Real tiny = (linear.hi + mad(scaled, low[0], linear.lo)) * (wide ? 0x1p-200 : 0x1p-60);
  return select(abs(x) < (wide ? 0x1p-900 : 0x1p-90), tiny, result);
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

}  // namespace cudapy::codegen::math
