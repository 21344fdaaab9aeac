// The Bessel functions of the first and second kind and of orders 0 and 1. From 2 on
//
//   J + iY = m(s) sqrt(2 / (pi x)) e^(i (x - pi/4 - order pi/2 + p(s) / x)),  s = 1/2 - 4 / (x + 2)
//
// and below power series; Y's has a logarithm, and Y1's a pole.
#include "codegen/math/bessel.h"

#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"
#include "codegen/math/special_coefficients.h"

#include <limits>

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// From here on modulus and phase are used.
constexpr double kFarFrom = 2.0;

// A polynomial for float64 results, what its first coefficients lack, and one for float32.
struct Series {
  std::span<const double> wide;
  std::span<const double> low;
  std::span<const double> medium;

  Pair of(Pair x) const { return poly_of_pair(x, wide, low); }
  Real of_medium(Real x) const { return poly(x, medium); }
};

// What the four functions differ in.
struct Kind {
  int order;
  bool second;  // Y
  Series modulus;
  Series phase;
  Series series_of_j;
  Series series_of_y;
  // The function is the sine of x - pi/4 + p(s) / x plus so many quarter turns.
  int quarter_turns;
};

constexpr Series kModulus[] = {{kJ0Modulus64, kJ0Modulus64Low, kJ0ModulusMedium},
                               {kJ1Modulus64, kJ1Modulus64Low, kJ1ModulusMedium}};
constexpr Series kPhase[] = {{kJ0Phase64, kJ0Phase64Low, kJ0PhaseMedium},
                             {kJ1Phase64, kJ1Phase64Low, kJ1PhaseMedium}};
constexpr Series kSeriesOfJ[] = {{kJ0Series64, kJ0Series64Low, kJ0SeriesMedium},
                                 {kJ1Series64, kJ1Series64Low, kJ1SeriesMedium}};
constexpr Series kSeriesOfY[] = {{kY0Series64, kY0Series64Low, kY0SeriesMedium},
                                 {kY1Series64, kY1Series64Low, kY1SeriesMedium}};

Kind kind_of(int order, bool second) {
  const int quarter_turns = second ? -order : 1 - order;
  return {
      order,        second, kModulus[order], kPhase[order], kSeriesOfJ[order], kSeriesOfY[order],
      quarter_turns};
}

// Beyond, sin and cos of x come from the scalar functions.
constexpr double kReducedUpTo = 0x1p20;

// sin(x - pi/4 + phase + quarter_turns pi/2) for large x, whose phase is below 2^-21:
//
//   sin(x - pi/4 + phase) = ((s - c) cos(phase) + (s + c) sin(phase)) / sqrt 2
Pair wave_of_large(Real x, Real phase, int quarter_turns, Bool rare) {
  Real sine = with_rare_lanes(x, rare, ir::MathFunction::Sin, x.value);
  Real cosine = with_rare_lanes(x, rare, ir::MathFunction::Cos, x.value);
  bool of_cosine = (quarter_turns & 1) != 0;
  Pair main = two_sum(sine, of_cosine ? cosine : -cosine);
  Real other = of_cosine ? cosine - sine : sine + cosine;
  Real rest = mad(phase, other, phase * phase * (main.hi * -0.5));
  double sign = (quarter_turns & 2) != 0 ? -1.0 : 1.0;
  Pair factor = constant_pair(x, sign * kRootHalf[0], sign * kRootHalf[1]);
  return (main + rest) * factor;
}

// x - pi/4 + phase within -pi/4..pi/4 of a multiple of pi/2.
Reduced turn_back(Reduced x, Pair phase) {
  Pair angle = x.angle + phase;
  Bool negative = angle.hi < 0.0;
  Pair quarter = constant_pair(angle.hi, kQuarterPiParts64[0], kQuarterPiParts64[1]);
  Pair back = select(negative, quarter, Pair{-quarter.hi, -quarter.lo});
  Int one = x.quadrant.same(1);
  return {angle + back, x.quadrant - select(negative, one, 0)};
}

// For a from 2 on.
Pair bessel_far(Real a, const Kind& kind) {
  Real zero = a.same(0.0);
  Real s = mad(1.0 / (a + 2.0), -4.0, a.same(0.5));
  Pair modulus = kind.modulus.of({s, zero});
  Pair phase = kind.phase.of({s, zero}) / Pair{min(a, 0x1p500), zero};
  Bool rare = a > kReducedUpTo;
  Reduced angle = turn_back(reduce_angle(min(a, kReducedUpTo)), phase);
  Pair wave = sin_pair_of_angle(angle.angle, angle.quadrant + kind.quarter_turns);
  wave = select(rare, wave_of_large(a, phase.hi, kind.quarter_turns, rare), wave);
  // The square root's argument must be a normal number.
  Bool huge = a > 0x1p500;
  Pair scaled{select(huge, a * 0x1p-400, a), zero};
  Pair root = sqrt(constant_pair(a, kTwoOverPiPair[0], kTwoOverPiPair[1]) / scaled);
  Pair y = wave * (root * modulus);
  Real back = select(huge, a.same(0x1p-200), 1.0);
  return {y.hi * back, y.lo * back};
}

Real bessel_far_medium(Real a, const Kind& kind) {
  Real s = mad(1.0 / (a + 2.0), -4.0, a.same(0.5));
  Real phase = kind.phase.of_medium(s) / a;
  Bool rare = a > kReducedUpTo;
  Reduced angle = turn_back(reduce_angle(min(a, kReducedUpTo)), {phase, a.same(0.0)});
  Real wave = sin_of_angle(angle.angle, angle.quadrant + kind.quarter_turns);
  wave = select(rare, wave_of_large(a, phase, kind.quarter_turns, rare).hi, wave);
  return wave * (sqrt(kTwoOverPiPair[0] / a) * kind.modulus.of_medium(s));
}

// For 0 < a <= 2.
Pair bessel_j_near(Real a, const Kind& kind) {
  Pair j = kind.series_of_j.of(two_prod(a, a));
  return kind.order == 0 ? j : j * a;
}

// Y0 = 2/pi log(x/2) J0 + p(x^2),  Y1 = 2/pi log(x/2) J1 - 2 / (pi x) + x p(x^2)
Pair bessel_y_near(Real a, const Kind& kind) {
  Pair square = two_prod(a, a);
  Pair two_over_pi = constant_pair(a, kTwoOverPiPair[0], kTwoOverPiPair[1]);
  Pair logarithm = log_to_pair(a) + constant_pair(a, -kLn2Full64[0], -kLn2Full64[1]);
  Pair factor = kind.series_of_j.of(square) * (logarithm * two_over_pi);
  Pair y = factor + kind.series_of_y.of(square);
  if (kind.order == 0) return y;
  Pair pole = two_over_pi / Pair{a, a.same(0.0)};
  return y * a + Pair{-pole.hi, -pole.lo};
}

// Orders 1 of tiny a, whose products' errors would be lost or overflow.
Real bessel_of_tiny(Real a, const Kind& kind) {
  if (!kind.second) return a * 0.5;
  Pair two_over_pi = constant_pair(a, kTwoOverPiPair[0], kTwoOverPiPair[1]);
  Pair pole = two_over_pi / Pair{a * 0x1p600, a.same(0.0)};
  return -(pole.hi + pole.lo) * 0x1p600;
}

Real bessel_near_medium(Real a, const Kind& kind) {
  Real square = a * a;
  Real y = kind.series_of_j.of_medium(square);
  if (kind.second) {
    Real logarithm = log_medium(a) - kLn2Full64[0];
    y = mad(y, logarithm * kTwoOverPiPair[0], kind.series_of_y.of_medium(square));
  }
  if (kind.order == 0) return y;
  return kind.second ? mad(y, a, -(kTwoOverPiPair[0] / a)) : y * a;
}

Pair bessel_pair(Real a, const Kind& kind) {
  Real near = min(a, kFarFrom);
  Real far = max(a, kFarFrom);
  Pair below = kind.second ? bessel_y_near(near, kind) : bessel_j_near(near, kind);
  return select(a <= kFarFrom, below, bessel_far(far, kind));
}

Real bessel_of_magnitude(Real a, const Kind& kind) {
  Pair y = bessel_pair(a, kind);
  if (kind.order == 0) return y.hi + y.lo;
  return select(a < 0x1p-40, bessel_of_tiny(a, kind), y.hi + y.lo);
}

Real bessel_of_magnitude_medium(Real a, const Kind& kind) {
  Real near = bessel_near_medium(min(a, kFarFrom), kind);
  return select(a <= kFarFrom, near, bessel_far_medium(max(a, kFarFrom), kind));
}

Real bessel(Real x, const Kind& kind) {
  Real a = abs(x);
  Real y = x.is_double() ? bessel_of_magnitude(a, kind)
                         : narrow(bessel_of_magnitude_medium(widen(a), kind));
  y = select(a == kInfinity, x.same(0.0), y);
  if (kind.second) y = select(x == 0.0, x.same(-kInfinity), select(x < 0.0, x.same(kNan), y));
  if (!kind.second && kind.order == 1) y = flip_sign(y, x);
  return select(is_nan(x), x, y);
}

}  // namespace

Pair bessel_to_pair(Real a, int order, bool second) {
  return bessel_pair(a, kind_of(order, second));
}

Real bessel_medium(Real a, int order, bool second) {
  return bessel_of_magnitude_medium(a, kind_of(order, second));
}

Real j0(Real x) {
  return bessel(x, kind_of(0, false));
}
Real j1(Real x) {
  return bessel(x, kind_of(1, false));
}
Real y0(Real x) {
  return bessel(x, kind_of(0, true));
}
Real y1(Real x) {
  return bessel(x, kind_of(1, true));
}

}  // namespace cudapy::codegen::math
