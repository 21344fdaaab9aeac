// Circular functions and their inverses.
//
// sin, cos and tan subtract the nearest multiple of pi/2, held in three parts, and keep the
// remainder as a pair; beyond 2^17 (float) or 2^20 (double) a lane goes to the scalar function.
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"

#include <cmath>
#include <limits>

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// With an fma the first product is exact, and so is the difference: both are multiples of the
// smaller one's ulp and the result is below 1.
Pair subtract_half_pis(Real x, Real k) {
  const double* parts = x.is_double() ? kHalfPiParts64 : kHalfPiParts32;
  Real first = mad(k, -parts[0], x);
  Pair product = two_prod(k, k.same(parts[1]));
  Pair second = two_sum(first, -product.hi);
  return fast_two_sum(second.hi, mad(k, -parts[2], second.lo - product.lo));
}

// Without one the parts are so short that products with k < 2^20 are exact.
Pair subtract_half_pis_short(Real x, Real k) {
  Real first = x - k * kHalfPiShort[0];
  Pair second = two_sum(first, -(k * kHalfPiShort[1]));
  Pair third = two_sum(second.hi, -(k * kHalfPiShort[2]));
  return fast_two_sum(third.hi, (third.lo + second.lo) - k * kHalfPiShort[3]);
}

}  // namespace

Reduced reduce_angle(Real x) {
  double magic = x.is_double() ? 0x1.8p52 : 0x1.8p23;
  Real sum = mad(x, kTwoOverPi[0], x.same(magic));
  Real k = sum - magic;
  if (x.context->has_fma) return {subtract_half_pis(x, k), bits(sum)};
  if (x.is_double()) return {subtract_half_pis_short(x, k), bits(sum)};
  Pair wide = subtract_half_pis_short(widen(x), widen(k));
  Real hi = narrow(wide.hi);
  return {{hi, narrow(wide.hi - widen(hi))}, bits(sum)};
}

namespace {

// sin and cos of a small pair as unevaluated sums.
Pair sin_to_pair(Pair a) {
  Real z = a.hi * a.hi;
  Real p = z.is_double() ? poly(z, kSin64) : poly(z, kSin32);
  Real lo = mad(z * a.lo, -0.5, a.lo);
  return {a.hi, mad(a.hi * z, p, lo)};
}

Pair cos_to_pair(Pair a) {
  Real z = a.hi * a.hi;
  Real half = z * 0.5;
  Real p = z.is_double() ? poly(z, kCos64) : poly(z, kCos32);
  Pair head = fast_two_sum(z.same(1.0), -half);
  return {head.hi, head.lo + mad(z * z, p, -(a.hi * a.lo))};
}

Real sum_of(Pair a) {
  return a.hi + a.lo;
}

// sin(angle + (quadrant + shift) pi/2).
Real sin_in_quadrant(Reduced reduced, int shift) {
  Real s = sum_of(sin_to_pair(reduced.angle));
  Real c = sum_of(cos_to_pair(reduced.angle));
  Int quadrant = reduced.quadrant + shift;
  Real y = select((quadrant & 1) != 0, c, s);
  Int sign = (quadrant & 2) << (y.is_double() ? 62 : 30);
  return from_bits(bits(y) ^ sign);
}

Bool too_large(Real x) {
  return !(abs(x) <= (x.is_double() ? 0x1p20 : 0x1p17));
}

}  // namespace

Real sin(Real x) {
  // The remainder of -0 is 0.
  Real y = select(x == 0.0, x, sin_in_quadrant(reduce_angle(x), 0));
  return with_rare_lanes(y, too_large(x), ir::MathFunction::Sin, x.value);
}

Real cos(Real x) {
  Real y = sin_in_quadrant(reduce_angle(x), 1);
  return with_rare_lanes(y, too_large(x), ir::MathFunction::Cos, x.value);
}

namespace {

Real tan_in_quadrant(Reduced reduced) {
  Pair s = sin_to_pair(reduced.angle);
  Pair c = cos_to_pair(reduced.angle);
  // The quotient has no room for the error of cos's square.
  Pair square = two_prod(reduced.angle.hi, reduced.angle.hi);
  c.lo = mad(square.lo, -0.5, c.lo);
  s = fast_two_sum(s.hi, s.lo);
  c = fast_two_sum(c.hi, c.lo);
  Bool odd = (reduced.quadrant & 1) != 0;
  Pair top = select(odd, c, s);
  Pair bottom = select(odd, Pair{-s.hi, -s.lo}, c);
  return sum_of(top / bottom);
}

}  // namespace

Real tan(Real x) {
  Real y = select(x == 0.0, x, tan_in_quadrant(reduce_angle(x)));
  return with_rare_lanes(y, too_large(x), ir::MathFunction::Tan, x.value);
}

Real sin_of_angle(Pair angle, Int quadrant) {
  return sin_in_quadrant({angle, quadrant}, 0);
}

Real tan_of_angle(Pair angle, Int quadrant) {
  return tan_in_quadrant({angle, quadrant});
}

Pair sin_pair_of_angle(Pair angle, Int quadrant) {
  Pair s = sin_to_pair(angle);
  Pair c = cos_to_pair(angle);
  c.lo = mad(two_prod(angle.hi, angle.hi).lo, -0.5, c.lo);
  Pair y = select((quadrant & 1) != 0, c, s);
  Int sign = (quadrant & 2) << (angle.hi.is_double() ? 62 : 30);
  y = fast_two_sum(y.hi, y.lo);
  return {from_bits(bits(y.hi) ^ sign), from_bits(bits(y.lo) ^ sign)};
}

namespace {

// x = k/2 + r exactly, then r pi as a pair. k even beyond the precision's reach.
Reduced reduce_pi(Real x) {
  double magic = x.is_double() ? 0x1.8p52 : 0x1.8p23;
  Real near = mad(round_even(x * 0.5), -2.0, x);
  Real sum = (near + near) + magic;
  Real r = mad(sum - magic, -0.5, near);
  const double* pi = x.is_double() ? kPiParts64 : kPiParts32;
  Pair angle = two_prod(r, r.same(pi[0]));
  return {fast_two_sum(angle.hi, mad(r, pi[1], angle.lo)), bits(sum)};
}

}  // namespace

Real sinpi(Real x) {
  Real y = sin_in_quadrant(reduce_pi(x), 0);
  // At integers the result is 0 with x's sign; tiny arguments are beyond the products' exactness.
  Real integer = copy_sign(x.same(0.0), x);
  Real tiny = x * kPiParts64[0];
  y = select(trunc(x) == x, integer, y);
  y = select(abs(x) < (x.is_double() ? 0x1p-900 : 0x1p-90), tiny, y);
  return select(abs(x) < kInfinity, y, x - x);
}

Real cospi(Real x) {
  // 0 is added for the sign: at halves of odd numbers the result is +0.
  Real y = sin_in_quadrant(reduce_pi(x), 1) + 0.0;
  return select(abs(x) < kInfinity, y, x - x);
}

namespace {

// For |x| <= 1/2: asin(x) = x + x^3 p(x^2). Beyond, with s = sqrt((1 - |x|) / 2) as a pair:
// asin(|x|) = pi/2 - 2 asin(s).
struct ArcSine {
  Bool large;
  Real base;  // |x| or s
  Real rest;  // asin(base) = base + rest
};

ArcSine arc_sine(Real x) {
  bool wide = x.is_double();
  Real magnitude = abs(x);
  Bool large = magnitude > 0.5;
  Real square = select(large, mad(magnitude, -0.5, 0.5), magnitude * magnitude);
  Real root = sqrt(square);
  Pair back = two_prod(root, root);
  Real tiny = x.same(wide ? 0x1p-200 : 0x1p-60);
  Real root_rest = ((square - back.hi) - back.lo) / ((root + root) + tiny);
  Real base = select(large, root, magnitude);
  Real p = wide ? poly(square, kAsin64) : poly(square, kAsin32);
  return {large, base, mad(base * square, p, select(large, root_rest, 0.0))};
}

const double* quarter_pi(Real like) {
  return like.is_double() ? kQuarterPiParts64 : kQuarterPiParts32;
}

}  // namespace

Real asin(Real x) {
  ArcSine a = arc_sine(x);
  const double* quarter = quarter_pi(x);
  Pair head = fast_two_sum(x.same(quarter[0] * 2), a.base * -2.0);
  Real large = head.hi + (head.lo + mad(a.rest, -2.0, x.same(quarter[1] * 2)));
  return copy_sign(select(a.large, large, a.base + a.rest), x);
}

Real acos(Real x) {
  ArcSine a = arc_sine(x);
  const double* quarter = quarter_pi(x);
  Bool negative = is_negative(x);
  // Multiples of pi/4: 0 for large x, 4 for large negative x, else 2.
  Real multiple = select(a.large, select(negative, x.same(4.0), x.same(0.0)), x.same(2.0));
  Real scale = select(a.large, x.same(2.0), x.same(-1.0));
  scale = flip_sign(scale, x);
  Pair head = fast_two_sum(multiple * quarter[0], a.base * scale);
  return head.hi + (head.lo + mad(multiple, quarter[1], a.rest * scale));
}

namespace {

// atan of y / x for 0 <= y <= x, x neither 0 nor infinite nor near the ends of the exponent range,
// plus or minus which is added to steps * pi/4.
//
// t = y/x or, above tan(pi/8), (y - x)/(y + x) with pi/4 more, as a pair; atan(t) = t + t^3 p(t^2).
Real atan_of_ratio(Real y, Real x, Real steps, Bool subtracted) {
  Bool middle = y > x * 0.41421356;
  Pair top = select(middle, fast_two_sum(-x, y), Pair{y, y.same(0.0)});
  Pair bottom = select(middle, fast_two_sum(x, y), Pair{x, x.same(0.0)});
  // Not by the reciprocal: where the quotient is subnormal it must be rounded once.
  Real quotient = top.hi / bottom.hi;
  Pair back = two_prod(quotient, bottom.hi);
  Real error = ((top.hi - back.hi) - back.lo) + (top.lo - quotient * bottom.lo);
  Pair t = fast_two_sum(quotient, error / bottom.hi);
  Real z = t.hi * t.hi;
  Real p = z.is_double() ? poly(z, kAtan64) : poly(z, kAtan32);
  Real rest = mad(t.hi * z, p, t.lo);
  Real sign = select(subtracted, t.hi.same(-1.0), t.hi.same(1.0));
  Real multiple = steps + select(middle, sign, 0.0);
  const double* quarter = quarter_pi(z);
  Pair head = fast_two_sum(multiple * quarter[0], t.hi * sign);
  return head.hi + (head.lo + mad(multiple, quarter[1], rest * sign));
}

}  // namespace

Real atan(Real x) {
  Real magnitude = abs(x);
  Real bounded = min(x.same(x.is_double() ? 0x1p60 : 0x1p30), magnitude);
  Bool swapped = bounded > 1.0;
  Real top = select(swapped, x.same(1.0), bounded);
  Real bottom = select(swapped, bounded, x.same(1.0));
  Real y = atan_of_ratio(top, bottom, select(swapped, x.same(2.0), x.same(0.0)), swapped);
  // Nothing is gained for tiny arguments, and without an fma their products underflow.
  y = select(magnitude < (x.is_double() ? 0x1p-30 : 0x1p-14), magnitude, y);
  return copy_sign(y, x);
}

Real atan2(Real y, Real x) {
  bool wide = x.is_double();
  Real ay = abs(y);
  Real ax = abs(x);
  Bool swapped = ay > ax;
  Real top = select(swapped, ax, ay);
  Real bottom = select(swapped, ay, ax);
  Bool unordered = is_nan(x) | is_nan(y);
  // Moved away from both ends of the exponent range; 0/0 is 0/1 and inf/inf 1/1.
  Real up = x.same(wide ? 0x1p200 : 0x1p40);
  Real down = x.same(wide ? 0x1p-200 : 0x1p-40);
  Real factor = select(bottom < (wide ? 0x1p-500 : 0x1p-60), up,
                       select(bottom > (wide ? 0x1p500 : 0x1p60), down, x.same(1.0)));
  Bool infinite = bottom == kInfinity;
  Real one = x.same(1.0);
  top = select(infinite, select(top == kInfinity, one, x.same(0.0)), top * factor);
  bottom = select(infinite | (bottom == 0.0), one, bottom * factor);
  Bool negative = is_negative(x);
  Real steps = select(swapped, x.same(2.0), select(negative, x.same(4.0), x.same(0.0)));
  Real angle = atan_of_ratio(top, bottom, steps, swapped ^ negative);
  if (!x.context->has_fma) {
    // The exact products of a tiny ratio would underflow; its arc tangent is itself.
    Real ratio = top / bottom;
    angle = select((ratio < (wide ? 0x1p-30 : 0x1p-14)) & (steps == 0.0), ratio, angle);
  }
  return copy_sign(select(unordered, x + y, angle), y);
}

}  // namespace cudapy::codegen::math
