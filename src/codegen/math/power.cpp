// Powers, roots and norms.
#include <limits>

#include "codegen/math/coefficients.h"
#include "codegen/math/fast_flags.h"
#include "codegen/math/formulas.h"

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// |x|^y for finite x other than 0 and bounded y.
Real power_of_magnitude(Real magnitude, Real y) {
  if (!y.is_double()) {
    // 2^-37 of log x grows to 2^-29 of the result.
    Real exponent = widen(y) * log_medium(widen(magnitude));
    return narrow(exp_medium(clamp(exponent, -160.0, 160.0)));
  }
  Bool small = magnitude < 0x1p-1022;
  Pair logarithm = log_to_pair(select(small, magnitude * 0x1p54, magnitude));
  Pair shift = constant_pair(y, -54.0 * kLn2Pair64[0], -54.0 * kLn2Pair64[1]);
  logarithm = select(small, logarithm + shift, logarithm);
  return exp_of_pair(logarithm * y);
}

}  // namespace

Real pow(Real x, Real y) {
  bool wide = x.is_double();
  Real magnitude = abs(x);
  // Beyond this any x but 1 gives 0 or infinity.
  double most = wide ? 0x1p65 : 0x1p35;
  Real result = power_of_magnitude(magnitude, clamp(y, -most, most));
  Bool negative_power = y < 0.0;
  Bool zero = x == 0.0;
  Bool extreme = zero | (magnitude == kInfinity);
  Real limit = select(zero ^ negative_power, y.same(0.0), y.same(kInfinity));
  result = select(extreme, limit, result);
  // y is an integer, and an odd one.
  Bool integer = round_even(y) == y;
  Real half = y * 0.5;
  Bool odd = integer & !(round_even(half) == half);
  result = select(odd, flip_sign(result, x), result);
  Bool invalid = (x < 0.0) & !integer & (magnitude < kInfinity);
  result = select(invalid, x.same(kNan), result);
  Bool infinite = is_inf(y);
  Real to_infinity =
      select(magnitude == 1.0, x.same(1.0),
             select((magnitude > 1.0) ^ negative_power, y.same(kInfinity), y.same(0.0)));
  result = select(infinite, to_infinity, result);
  result = select(is_nan(x) | is_nan(y), x + y, result);
  return select((x == 1.0) | (y == 0.0), x.same(1.0), result);
}

Real rsqrt(Real x) {
  if (x.context->fast) {
    llvm::IRBuilderBase& builder = x.context->builder;
    llvm::IRBuilderBase::FastMathFlagGuard guard(builder);
    builder.setFastMathFlags(fast_flags());
    return 1.0 / sqrt(x);
  }
  if (!x.is_double() && !x.context->has_fma) return narrow(1.0 / sqrt(widen(x)));
  // Splitting needs room at both ends of the exponent range.
  bool has_room = x.context->has_fma;
  Bool small = x < 0x1p-900;
  Bool large = x > 0x1p900;
  Real argument = x;
  Real factor = x.same(1.0);
  if (!has_room) {
    x = x * select(small, x.same(0x1p200), select(large, x.same(0x1p-200), factor));
    factor = select(small, x.same(0x1p100), select(large, x.same(0x1p-100), factor));
  }
  // One Newton step with an exact residual: y + y (1 - x y^2) / 2.
  Real y = 1.0 / sqrt(x);
  Pair product = two_prod(x, y);
  Pair square = two_prod(product.hi, y);
  Real rest = ((1.0 - square.hi) - square.lo) - product.lo * y;
  Real better = mad(y * 0.5, rest, y);
  return select((argument > 0.0) & (argument < kInfinity), better * factor, y);
}

namespace {

// About |x|^(-1/3) for a normal double: the exponent divided by -3 in integer arithmetic, relative
// error 3.5 %.
Real inverse_cube_root_guess(Real magnitude) {
  Int high = shift_right_logical(bits(magnitude), 32);
  // high / 3 as high * 0x55555556 >> 32.
  Int third = shift_right_logical(high * 0x55555556, 32);
  return from_bits((high.same(0x553ee800) - third) << 32);
}

// y with h = 1 - x y^3 brought to about h^4: y (1 - h)^(-1/3).
Real refine_inverse_cube_root(Real x, Real y) {
  Real h = mad(x * y, -(y * y), x.same(1.0));
  Real series = mad(mad(h, 14.0 / 81.0, 2.0 / 9.0), h, 1.0 / 3.0);
  return mad(y * h, series, y);
}

struct CubeRoot {
  Real magnitude;  // |x| or 2^54 |x|
  Real inverse;    // magnitude^(-1/3), a few ulp off
  Bool small;
  Bool usual;  // neither 0, infinite nor nan
};

CubeRoot start_cube_root(Real x) {
  Real magnitude = abs(x);
  Bool small = magnitude < 0x1p-900;
  Bool large = magnitude > 0x1p900;
  Bool usual = (magnitude > 0.0) & (magnitude < kInfinity);
  Real factor = select(small, x.same(0x1p81), select(large, x.same(0x1p-81), x.same(1.0)));
  magnitude = magnitude * factor;
  Real y = inverse_cube_root_guess(magnitude);
  y = refine_inverse_cube_root(magnitude, y);
  return {magnitude, refine_inverse_cube_root(magnitude, y), small, usual};
}

Real undo_scale(Real x, Real y, double up, double down) {
  Real magnitude = abs(x);
  Real factor = select(magnitude < 0x1p-900, x.same(down),
                       select(magnitude > 0x1p900, x.same(up), x.same(1.0)));
  return y * factor;
}

}  // namespace

Real cbrt(Real x) {
  if (!x.is_double()) return narrow(cbrt(widen(x)));
  CubeRoot root = start_cube_root(x);
  Real c = root.magnitude * (root.inverse * root.inverse);
  // One Newton step on c^3 = x with the residual in twice the precision.
  Pair square = two_prod(c, c);
  Pair cube = two_prod(square.hi, c);
  Real rest = ((root.magnitude - cube.hi) - cube.lo) - square.lo * c;
  c = mad(rest * (1.0 / 3.0), root.inverse * root.inverse, c);
  Real y = undo_scale(x, c, 0x1p27, 0x1p-27);
  return select(root.usual, copy_sign(y, x), x + x);
}

Real rcbrt(Real x) {
  if (!x.is_double()) return narrow(rcbrt(widen(x)));
  CubeRoot root = start_cube_root(x);
  Real r = root.inverse;
  Pair square = two_prod(r, r);
  Pair product = two_prod(root.magnitude, r);
  Pair cube = two_prod(product.hi, square.hi);
  Real rest = ((1.0 - cube.hi) - cube.lo) - mad(product.lo, square.hi, product.hi * square.lo);
  r = mad(rest * (1.0 / 3.0), r, r);
  Real y = undo_scale(x, r, 0x1p-27, 0x1p27);
  return select(root.usual, copy_sign(y, x), 1.0 / x);
}

namespace {

// A power of two and its inverse which bring the largest of some magnitudes near 1.
struct NormScale {
  Real factor;
  Real inverse;
};

NormScale norm_scale(Real largest) {
  Bool small = largest < 0x1p-400;
  Bool large = largest > 0x1p400;
  auto pick = [&](double a, double b) {
    return select(small, largest.same(a), select(large, largest.same(b), largest.same(1.0)));
  };
  return {pick(0x1p600, 0x1p-600), pick(0x1p-600, 0x1p600)};
}

struct Norm {
  Pair root;  // of the sum of the scaled squares
  NormScale scale;
  Bool infinite;
};

Norm scaled_norm(std::span<const Real> x) {
  Real largest = abs(x[0]);
  Bool infinite = is_inf(x[0]);
  for (const Real& element : x.subspan(1)) {
    largest = max(abs(element), largest);
    infinite = infinite | is_inf(element);
  }
  NormScale scale = norm_scale(largest);
  Pair sum = constant_pair(largest, 0.0, 0.0);
  for (const Real& element : x) {
    Real scaled = element * scale.factor;
    // What is too small to matter would only spoil the exact products.
    Pair square = two_prod(scaled, scaled);
    sum = sum + select(abs(scaled) < 0x1p-480, constant_pair(largest, 0.0, 0.0), square);
  }
  Pair root = sqrt(sum);
  return {select(sum.hi > 0.0, root, sum), scale, infinite};
}

// The plain sum of squares: exact enough for a float32 result, and no square overflows.
Real sum_of_squares_wide(std::span<const Real> x) {
  Real first = widen(x[0]);
  Real sum = first * first;
  for (const Real& element : x.subspan(1)) {
    Real wide = widen(element);
    sum = mad(wide, wide, sum);
  }
  return sum;
}

Bool any_infinite(std::span<const Real> x) {
  Bool infinite = is_inf(x[0]);
  for (const Real& element : x.subspan(1)) infinite = infinite | is_inf(element);
  return infinite;
}

}  // namespace

Real norm(std::span<const Real> x) {
  if (!x[0].is_double()) {
    Real root = narrow(sqrt(sum_of_squares_wide(x)));
    return select(any_infinite(x), root.same(kInfinity), root);
  }
  Norm n = scaled_norm(x);
  return select(n.infinite, x[0].same(kInfinity), (n.root.hi + n.root.lo) * n.scale.inverse);
}

Real hypot(Real x, Real y) {
  Real both[] = {x, y};
  return norm(both);
}

Real reciprocal_norm(std::span<const Real> x) {
  if (!x[0].is_double()) {
    Real y = narrow(1.0 / sqrt(sum_of_squares_wide(x)));
    return select(any_infinite(x), y.same(0.0), y);
  }
  Norm n = scaled_norm(x);
  Real inverse = 1.0 / n.root.hi;
  Pair back = two_prod(inverse, n.root.hi);
  Real rest = ((1.0 - back.hi) - back.lo) - inverse * n.root.lo;
  Real y = select(n.root.hi == 0.0, inverse, mad(inverse, rest, inverse)) * n.scale.factor;
  return select(n.infinite, x[0].same(0.0), y);
}

}  // namespace cudapy::codegen::math
