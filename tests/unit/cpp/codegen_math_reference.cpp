// References from C's long double functions and, where their argument has to be exact beyond that,
// libquadmath. See codegen_math_reference.h.
#include "codegen_math_reference.h"

#include <quadmath.h>

#include <boost/math/special_functions/erf.hpp>
#include <climits>
#include <cmath>
#include <limits>

namespace cudapy::tests {
namespace {

using ir::MathFunction;
using Real = long double;
constexpr Real kNan = std::numeric_limits<Real>::quiet_NaN();
const __float128 kPi = acosq(-1);
const __float128 kRootTwo = sqrtq(2);
constexpr Real kInfinity = std::numeric_limits<Real>::infinity();

Real exp10_exact(Real x) {
  return ::exp10l(x);
}

// sin(pi x) and cos(pi x): the reduction is exact.
Real sin_pi(Real x) {
  if (!std::isfinite(x)) return kNan;
  Real r = std::remainder(x, 2.0L);
  if (r == std::trunc(r)) return std::copysign(0.0L, x);
  if (r > 0.5L) r = 1 - r;
  if (r < -0.5L) r = -1 - r;
  return std::fabs(r) > 0.25L ? std::copysign(std::cos((0.5L - std::fabs(r)) * M_PIl), r)
                              : std::sin(r * M_PIl);
}

Real cos_pi(Real x) {
  if (!std::isfinite(x)) return kNan;
  const Real r = std::fabs(std::remainder(x, 2.0L));
  if (r == 0.5L) return 0;
  return r < 0.25L ? std::cos(r * M_PIl) : sin_pi(0.5L - r);
}

Real inverse_erf(Real x) {
  if (!(std::fabs(x) <= 1)) return kNan;
  if (std::fabs(x) == 1) return std::copysign(kInfinity, x);
  // Two steps of Newton's method in quad precision from an approximation.
  __float128 target = x;
  __float128 y = boost::math::erf_inv(x);
  for (int i = 0; i < 2; ++i) y -= (erfq(y) - target) * expq(y * y) * sqrtq(kPi) / 2;
  return x == 0 ? x : static_cast<Real>(y);
}

Real inverse_erfc(__float128 p) {
  if (!(p >= 0 && p <= 2)) return kNan;
  if (p == 0) return kInfinity;
  if (p == 2) return -kInfinity;
  if (p == 1) return 0;
  __float128 y = boost::math::erfc_inv(static_cast<Real>(p));
  for (int i = 0; i < 2; ++i) y += (erfcq(y) - p) * expq(y * y) * sqrtq(kPi) / 2;
  return static_cast<Real>(y);
}

Real normal_quantile(Real p) {
  return p == 0.5L ? 0 : -M_SQRT2l * inverse_erfc(2 * static_cast<__float128>(p));
}

Real scaled_erfc(Real x) {
  if (std::isnan(x)) return x;
  if (std::isinf(x)) return x > 0 ? 0 : kInfinity;
  // (1 - h + 3 h^2 ...) / (x sqrt pi), h = 1 / (2 x^2); the fifth term is below 2^-80.
  if (x > 100) {
    const __float128 h = static_cast<__float128>(0.5) / x / x;
    return static_cast<Real>((1 - h * (1 - 3 * h * (1 - 5 * h * (1 - 7 * h)))) / x / sqrtq(kPi));
  }
  if (x < -30) return kInfinity;
  const __float128 wide = x;
  return static_cast<Real>(expq(wide * wide) * erfcq(wide));
}

Real normal_cdf(Real x) {
  if (std::isinf(x)) return x > 0 ? 1 : 0;
  return static_cast<Real>(erfcq(-static_cast<__float128>(x) / kRootTwo) / 2);
}

// The power series of I0 and I1, all terms positive.
Real bessel_i(int order, Real x) {
  if (std::isnan(x)) return x;
  if (std::fabs(x) > 720) return order == 1 && x < 0 ? -kInfinity : kInfinity;
  const __float128 half = static_cast<__float128>(x) / 2;
  __float128 term = order == 0 ? static_cast<__float128>(1) : half;
  __float128 sum = term;
  for (int k = 1; k < 2000; ++k) {
    term *= half * half / (static_cast<__float128>(k) * (k + order));
    sum += term;
    if (fabsq(term) < fabsq(sum) * 1e-30) break;
  }
  return static_cast<Real>(sum);
}

Real norm(std::initializer_list<Real> x) {
  __float128 sum = 0;
  bool infinite = false;
  for (Real value : x) {
    infinite = infinite || std::isinf(value);
    sum += static_cast<__float128>(value) * value;
  }
  return infinite ? kInfinity : static_cast<Real>(sqrtq(sum));
}

// The number next to x towards y in the type's own format.
Real next(Real x, Real y, bool is_double) {
  if (is_double) return std::nextafter(static_cast<double>(x), static_cast<double>(y));
  return std::nextafter(static_cast<float>(x), static_cast<float>(y));
}

// To an integer of 64 bits, clamped; nan gives the smallest.
Real to_int64(Real rounded) {
  if (std::isnan(rounded) || rounded < -0x1p63L) return -0x1p63L;
  return std::min(rounded, 0x1p63L - 1);
}

Real exponent_of(Real x) {
  if (x == 0 || std::isnan(x)) return INT_MIN;
  return std::isinf(x) ? static_cast<Real>(INT_MAX) : std::logb(x);
}

Real saturate(Real x) {
  return std::isnan(x) ? 0 : std::fmin(std::fmax(x, 0.0L), 1.0L) + 0.0L;
}

// C leaves open which of +0 and -0 is the larger.
bool of_two_zeros(double x, long double exact) {
  return x == 0 && exact == 0;
}

// Half of what J0, J1, Y0 and Y1 oscillate between, e = sqrt(2 / (pi x)); 2 e where they go by sin
// x and cos x.
double scale_of_bessel(double x, double = 0) {
  const double envelope = std::sqrt(M_2_PI / std::fabs(x));
  return std::isnan(x) ? 0 : std::fabs(x) > 0x1p20 ? 2 * envelope : std::min(envelope / 2, 0.25);
}

// J and Y of order n have their zeros beyond n.
double scale_of_orders(double n, double x) {
  return std::fabs(x) > std::fabs(n) ? scale_of_bessel(x) : 0;
}

// Between lgamma's poles; at its zeros 1 and 2 it is as exact as anywhere.
double scale_of_lgamma(double x, double) {
  return x < 0 ? 0.125 : 0;
}

#define EXACT(expression)                                 \
  [](Real x, Real y, Real z, Real w, bool wide) -> Real { \
    (void)x, (void)y, (void)z, (void)w, (void)wide;       \
    return expression;                                    \
  }

using Boxes = std::vector<std::vector<Range>>;
const Boxes kUnit = {{{-1, 1}}, {{-0.001, 0.001}}};
const Boxes kAngles = {{{-1, 1}}, {{-10, 10}}, {{-1000, 1000}}, {{-2e5, 2e5}}, {{-3e6, 3e6}}};
const Boxes kExponents = {{{-1, 1}}, {{-20, 20}}, {{-110, 110}}, {{-750, 720}}};
const Boxes kPositive = {{{0.5, 2}}, {{0, 10}}, {{0, 1e6}}};
const Boxes kPlain = {{{-4, 4}}, {{-1000, 1000}}, {{-1e10, 1e10}}};
const Boxes kErrors = {{{-1, 1}}, {{-6, 6}}, {{-4, 12}}, {{-40, 40}}};

std::vector<Reference> make_references() {
  using enum MathFunction;
  return {
      {Acos, EXACT(std::acos(x)), kUnit},
      {Acosh, EXACT(std::acosh(x)), {{{1, 2}}, {{1, 1.001}}, {{1, 100}}, {{1, 1e10}}}},
      {Asin, EXACT(std::asin(x)), kUnit},
      {Asinh, EXACT(std::asinh(x)), kPlain},
      {Atan, EXACT(std::atan(x)), {{{-1, 1}}, {{-4, 4}}, {{-1000, 1000}}}},
      {Atan2, EXACT(std::atan2(x, y)), {{{-1, 1}}, {{-4, 4}, {-1, 1}}, {{-1, 1}, {-1e4, 1e4}}}},
      {Atanh, EXACT(std::atanh(x)), kUnit},
      {Cbrt, EXACT(std::cbrt(x)), kPlain},
      {Ceil, EXACT(std::ceil(x)), kPlain},
      {Copysign, EXACT(std::copysign(x, y)), kPlain},
      {Cos, EXACT(std::cos(x)), kAngles},
      {Cosh, EXACT(std::cosh(x)), kExponents},
      {Cospi, EXACT(cos_pi(x)), kAngles},
      {CylBesselI0, EXACT(bessel_i(0, x)), {{{-10, 10}}, {{-80, 80}}, {{-720, 720}}}},
      {CylBesselI1, EXACT(bessel_i(1, x)), {{{-10, 10}}, {{-80, 80}}, {{-720, 720}}}},
      {Degrees, EXACT(x * (180 / M_PIl)), kPlain},
      {Erf, EXACT(std::erf(x)), kErrors},
      {Erfc, EXACT(std::erfc(x)), kErrors},
      {Erfcinv, EXACT(inverse_erfc(x)), {{{0, 2}}, {{0, 1e-3}}, {{0, 1e-30}}}},
      {Erfcx, EXACT(scaled_erfc(x)), {{{-3, 3}}, {{-10, 30}}, {{-26, 200}}}},
      {Erfinv, EXACT(inverse_erf(x)), kUnit},
      {Exp, EXACT(std::exp(x)), kExponents},
      {Exp10, EXACT(exp10_exact(x)), {{{-1, 1}}, {{-46, 39}}, {{-325, 310}}}},
      {Exp2, EXACT(std::exp2(x)), {{{-1, 1}}, {{-150, 130}}, {{-1080, 1030}}}},
      {Expm1, EXACT(std::expm1(x)), kExponents},
      {Fabs, EXACT(std::fabs(x)), kPlain},
      {Fdim, EXACT(std::fdim(x, y)), kPlain},
      {Fdivide, EXACT(x / y), kPlain},
      {Floor, EXACT(std::floor(x)), kPlain},
      {Fma, EXACT(static_cast<Real>(fmaq(x, y, z))), kPlain},
      {Fmax, EXACT(std::fmax(x, y)), kPlain, true, of_two_zeros},
      {Fmin, EXACT(std::fmin(x, y)), kPlain, true, of_two_zeros},
      {Fmod, EXACT(std::fmod(x, y)), {{{-4, 4}}, {{-1e4, 1e4}, {-3, 3}}, {{-1e9, 1e9}, {-7, 7}}}},
      {Hypot, EXACT(norm({x, y})), kPlain},
      {Ilogb, EXACT(exponent_of(x)), kPlain},
      {Isfinite, EXACT(std::isfinite(x)), kPlain},
      {Isinf, EXACT(std::isinf(x)), kPlain},
      {Isnan, EXACT(std::isnan(x)), kPlain},
      {J0, EXACT(::j0l(x)), {{{0, 5}}, {{-100, 100}}, {{0, 3e6}}}, false, nullptr, scale_of_bessel},
      {J1, EXACT(::j1l(x)), {{{0, 5}}, {{-100, 100}}, {{0, 3e6}}}, false, nullptr, scale_of_bessel},
      {Jn,
       EXACT(::jnl(static_cast<int>(x), y)),
       {{{-6, 6}, {-100, 100}}, {{-60, 60}, {-40, 40}}, {{-300, 300}, {0, 2000}}},
       false,
       nullptr,
       scale_of_orders},
      {Ldexp,
       EXACT(std::ldexp(x, static_cast<int>(y))),
       {{{-4, 4}, {-1100, 1100}}, {{-4, 4}, {-160, 160}}}},
      {Lgamma,
       EXACT(std::lgamma(x)),
       {{{0, 5}}, {{0.9, 2.1}}, {{0, 100}}, {{-20, 0}}, {{-4, -2}}},
       true,
       nullptr,
       scale_of_lgamma},
      {Llrint, EXACT(to_int64(std::rint(x))), kPlain},
      {Llround, EXACT(to_int64(std::round(x))), kPlain},
      {Log, EXACT(std::log(x)), kPositive},
      {Log10, EXACT(std::log10(x)), kPositive},
      {Log1p, EXACT(std::log1p(x)), {{{-1, 1}}, {{-0.01, 0.01}}, {{0, 1e6}}}},
      {Log2, EXACT(std::log2(x)), kPositive},
      {Logb, EXACT(std::logb(x)), kPlain},
      {Lrint, EXACT(to_int64(std::rint(x))), kPlain},
      {Lround, EXACT(to_int64(std::round(x))), kPlain},
      {Nearbyint, EXACT(std::nearbyint(x)), kPlain},
      {Nextafter, EXACT(next(x, y, wide)), kPlain},
      {Norm3d, EXACT(norm({x, y, z})), kPlain},
      {Norm4d, EXACT(norm({x, y, z, w})), kPlain},
      {Normcdf, EXACT(normal_cdf(x)), kErrors},
      {Normcdfinv, EXACT(normal_quantile(x)), {{{0, 1}}, {{0, 1e-3}}}},
      {Pow,
       EXACT(std::pow(x, y)),
       {{{0, 3}, {-20, 20}},
        {{0.9, 1.1}, {-500, 500}},
        {{0, 1e6}, {-3, 3}},
        {{0, 2}, {-900, 900}}}},
      {Radians, EXACT(x * (M_PIl / 180)), kPlain},
      {Rcbrt, EXACT(1 / std::cbrt(x)), kPlain},
      {Remainder,
       EXACT(std::remainder(x, y)),
       {{{-4, 4}}, {{-1e4, 1e4}, {-3, 3}}, {{-1e9, 1e9}, {-7, 7}}}},
      {Rhypot, EXACT(1 / norm({x, y})), kPlain},
      {Rint, EXACT(std::rint(x)), kPlain},
      {Rnorm3d, EXACT(1 / norm({x, y, z})), kPlain},
      {Rnorm4d, EXACT(1 / norm({x, y, z, w})), kPlain},
      {Round, EXACT(std::round(x)), kPlain},
      {Rsqrt, EXACT(1 / std::sqrt(x)), kPositive},
      {Saturate, EXACT(saturate(x)), {{{-1, 2}}}},
      {Scalbln,
       EXACT(std::scalbln(x, static_cast<long>(y))),
       {{{-4, 4}, {-1100, 1100}}, {{-4, 4}, {-160, 160}}}},
      {Scalbn,
       EXACT(std::scalbn(x, static_cast<int>(y))),
       {{{-4, 4}, {-1100, 1100}}, {{-4, 4}, {-160, 160}}}},
      {Signbit, EXACT(std::signbit(x)), kPlain},
      {Sin, EXACT(std::sin(x)), kAngles},
      {Sinh, EXACT(std::sinh(x)), kExponents},
      {Sinpi, EXACT(sin_pi(x)), kAngles},
      {Sqrt, EXACT(std::sqrt(x)), kPositive},
      {Tan, EXACT(std::tan(x)), kAngles},
      {Tanh, EXACT(std::tanh(x)), {{{-1, 1}}, {{-20, 20}}}},
      {Tgamma, EXACT(std::tgamma(x)), {{{0, 5}}, {{-10, 35}}, {{-180, 171}}}},
      {Trunc, EXACT(std::trunc(x)), kPlain},
      {Y0, EXACT(::y0l(x)), {{{0, 5}}, {{0, 100}}, {{0, 3e6}}}, false, nullptr, scale_of_bessel},
      {Y1, EXACT(::y1l(x)), {{{0, 5}}, {{0, 100}}, {{0, 3e6}}}, false, nullptr, scale_of_bessel},
      {Yn,
       EXACT(::ynl(static_cast<int>(x), y)),
       {{{-6, 6}, {0, 100}}, {{-60, 60}, {0, 40}}, {{-300, 300}, {0, 2000}}},
       false,
       nullptr,
       scale_of_orders},
  };
}

}  // namespace

const Reference* find_reference(MathFunction function) {
  static const std::vector<Reference> kReferences = make_references();
  for (const Reference& reference : kReferences)
    if (reference.function == function) return &reference;
  return nullptr;
}

}  // namespace cudapy::tests
