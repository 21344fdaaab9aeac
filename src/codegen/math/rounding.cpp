// Rounding, remainders, and what works on a number's exponent and bits.
#include <limits>

#include "codegen/math/formulas.h"

namespace cudapy::codegen::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The parts of an IEEE type that formulas need.
struct Format {
  int mantissa;
  int bias;
  double smallest_normal;
  double huge_power;  // makes any subnormal normal
  int huge_exponent;
};

Format format_of(Real x) {
  return x.is_double() ? Format{52, 1023, 0x1p-1022, 0x1p54, 54}
                       : Format{23, 127, 0x1p-126, 0x1p25, 25};
}

struct Scaled {
  Real mantissa;  // 1 to 2, x's sign
  Int exponent;
};

// For finite x other than 0.
Scaled split_exponent(Real x) {
  Format format = format_of(x);
  Bool small = abs(x) < format.smallest_normal;
  Int raw = bits(select(small, x * format.huge_power, x));
  Int field = shift_right_logical(raw << 1, format.mantissa + 1);
  std::int64_t kept = x.is_double() ? INT64_MIN : static_cast<std::int64_t>(INT32_MIN);
  kept |= (std::int64_t{1} << format.mantissa) - 1;
  Int one = bits(x.same(1.0));
  Int offset = select(small, raw.same(format.bias + format.huge_exponent), format.bias);
  return {from_bits((raw & kept) | one), field - offset};
}

}  // namespace

Real round_away(Real x) {
  Real whole = trunc(x);
  Real up = whole + copy_sign(x.same(1.0), x);
  return copy_sign(select(abs(x - whole) >= 0.5, up, whole), x);
}

Real fmin(Real x, Real y) {
  return select(is_nan(y), x, min(x, y));
}
Real fmax(Real x, Real y) {
  return select(is_nan(y), x, max(x, y));
}

Real fdim(Real x, Real y) {
  return select(x <= y, x.same(0.0), x - y);
}

Real saturate(Real x) {
  // max gives its second operand, 0, for nan.
  return min(max(x, 0.0), 1.0);
}

namespace {

// fmod of magnitudes whose quotient is below 2^precision: the truncated quotient may be one too
// large, which shows in the remainder's sign; x - q y is exact in one fma or as a pair.
Real small_fmod(Real x, Real y) {
  Real quotient = trunc(x / y);
  Pair product = two_prod(quotient, y);
  Real rest = x.context->has_fma ? mad(-quotient, y, x) : (x - product.hi) - product.lo;
  rest = select(rest < 0.0, rest + y, rest);
  return select(rest >= y, rest - y, rest);
}

// Where the quotient may be too large, or the exact product without an fma out of range.
Bool needs_long_division(Real x, Real y) {
  bool wide = x.is_double();
  Bool large = !(x < y * (wide ? 0x1p52 : 0x1p23));
  Bool finite = (x < kInfinity) & (y > 0.0) & (y < kInfinity);
  if (!x.context->has_fma) {
    Bool small = x < (wide ? 0x1p-900 : 0x1p-90);
    Bool huge = x > (wide ? 0x1p990 : 0x1p110);
    large = large | ((small | huge) & (x >= y));
  }
  return large & finite;
}

}  // namespace

Real fmod(Real x, Real y) {
  Real ax = abs(x);
  Real ay = abs(y);
  Real rest = select(ax < ay, ax, small_fmod(ax, ay));
  Real fast = copy_sign(rest, x);
  Bool invalid = (!(ax < kInfinity)) | (y == 0.0) | is_nan(y);
  fast = select(invalid, x.same(kNan), fast);
  return with_rare_lanes(fast, needs_long_division(ax, ay), ir::MathFunction::Fmod,
                         {x.value, y.value});
}

Real remainder(Real x, Real y) {
  Real ax = abs(x);
  Real ay = abs(y);
  // Below 2 y first; then at most two subtractions of y, each exact.
  Real twice = ay + ay;
  Real rest = select(ax < twice, ax, small_fmod(ax, twice));
  Real half = ay * 0.5;
  Real once = rest - ay;
  Real reduced = select(rest > half, select(once >= half, once - ay, once), rest);
  Real fast = flip_sign(select(reduced == 0.0, x.same(0.0), reduced), x);
  Bool invalid = (!(ax < kInfinity)) | (y == 0.0) | is_nan(y);
  fast = select(invalid, x.same(kNan), fast);
  bool wide = x.is_double();
  Bool ends = (ay < (wide ? 0x1p-1020 : 0x1p-124)) | (twice == kInfinity);
  Bool rare = needs_long_division(ax, twice) | (ends & (ay > 0.0));
  return with_rare_lanes(fast, rare & (ax < kInfinity), ir::MathFunction::Remainder,
                         {x.value, y.value});
}

Real ldexp(Real x, Int n) {
  Format format = format_of(x);
  Scaled parts = split_exponent(x);
  // Clamped so that no sum wraps: beyond, the result is 0 or infinity anyway.
  std::int64_t reach = x.is_double() ? 2200 : 300;
  Int bounded = min(max(n, n.same(-reach)), n.same(reach));
  Int total = parts.exponent + resize(bounded, parts.exponent.width());
  int lowest = 1 - format.bias;
  total = max(total, total.same(lowest - format.mantissa - 2));
  total = min(total, total.same(format.bias + 1));
  // The first factor gives a normal number exactly; the second rounds once.
  Int first = min(max(total, total.same(lowest)), total.same(format.bias));
  Int second = total - first;
  Real y = (parts.mantissa * exp2_int(first, x.is_double())) * exp2_int(second, x.is_double());
  return select((abs(x) < kInfinity) & !(x == 0.0), y, x + x);
}

Int ilogb(Real x) {
  Int exponent = resize(split_exponent(x).exponent, 32);
  Bool infinite = abs(x) == kInfinity;
  // C's FP_ILOGB0 and FP_ILOGBNAN as CUDA has them.
  exponent = select(infinite, exponent.same(INT32_MAX), exponent);
  return select((x == 0.0) | is_nan(x), exponent.same(INT32_MIN), exponent);
}

Real logb(Real x) {
  Real y = to_real(resize(split_exponent(x).exponent, 32), x.is_double());
  y = select(abs(x) < kInfinity, y, x * x);
  return select(x == 0.0, x.same(-kInfinity), y);
}

Real nextafter(Real x, Real y) {
  Int raw = bits(x);
  // Away from 0 is one more in the magnitude's bits.
  Bool away = (x < y) ^ is_negative(x);
  Real moved = from_bits(select(away, raw + 1, raw - 1));
  Real from_zero = from_bits(bits(copy_sign(x.same(0.0), y)) | 1);
  Real next = select(x == 0.0, from_zero, moved);
  return select(is_nan(x) | is_nan(y), x + y, select(x == y, y, next));
}

Int to_int64(Real x) {
  llvm::IRBuilderBase& builder = x.context->builder;
  llvm::Type* type = x.context->shaped(builder.getInt64Ty());
  Int whole{x.context, builder.CreateIntrinsic(llvm::Intrinsic::fptosi_sat,
                                               {type, x.value->getType()}, {x.value})};
  return select(is_nan(x), whole.same(INT64_MIN), whole);
}

}  // namespace cudapy::codegen::math
