// The modified Bessel functions I0 and I1: their power series up to 10, e^x p(1/x) / sqrt(x) above.
#include "codegen/math/formulas.h"
#include "codegen/math/special_coefficients.h"

namespace cudapy::codegen::math {
namespace {

// From here on the second formula is used.
constexpr double kFarFrom = 10.0;

// What I0 and I1 differ in.
struct Order {
  bool odd;
  std::span<const double> series;
  std::span<const double> series_low;
  std::span<const double> far;
  std::span<const double> far_low;
  std::span<const double> series_medium;
  std::span<const double> far_medium;
};

const Order kOrder0{false,       kI0Series64,     kI0Series64Low, kI0Far64,
                    kI0Far64Low, kI0SeriesMedium, kI0FarMedium};
const Order kOrder1{true,        kI1Series64,     kI1Series64Low, kI1Far64,
                    kI1Far64Low, kI1SeriesMedium, kI1FarMedium};

// For a = |x|.
Real bessel_i_wide(Real a, const Order& order) {
  Real small = min(a, kFarFrom);
  Pair near = poly_of_pair(two_prod(small, small), order.series, order.series_low);
  if (order.odd) near = near * small;
  // e^(a/2) twice: e^a is infinite before its product is.
  Real large = max(min(a.same(720.0), a), kFarFrom);
  Real zero = a.same(0.0);
  Pair root = exp_to_pair({large * 0.5, zero});
  Pair series = poly_of_pair({1.0 / large, zero}, order.far, order.far_low);
  Pair far = series / sqrt(Pair{large, zero}) * root * scale(root, 0x1p-100);
  Real y = select(a <= kFarFrom, near.hi + near.lo, (far.hi + far.lo) * 0x1p100);
  // The errors of products this small would be lost.
  return order.odd ? select(a < 0x1p-30, a * 0.5, y) : y;
}

// The same for doubles about to be rounded to float.
Real bessel_i_medium(Real a, const Order& order) {
  Real small = min(a, kFarFrom);
  Real near = poly(small * small, order.series_medium);
  if (order.odd) near = near * small;
  Real large = max(min(a.same(100.0), a), kFarFrom);
  Real far = poly(1.0 / large, order.far_medium) / sqrt(large) * exp_medium(large);
  return select(a <= kFarFrom, near, far);
}

Real bessel_i(Real x, const Order& order) {
  Real a = abs(x);
  Real y = x.is_double() ? bessel_i_wide(a, order) : narrow(bessel_i_medium(widen(a), order));
  if (order.odd) y = copy_sign(y, x);
  return select(is_nan(x), x, y);
}

}  // namespace

Real cyl_bessel_i0(Real x) {
  return bessel_i(x, kOrder0);
}

Real cyl_bessel_i1(Real x) {
  return bessel_i(x, kOrder1);
}

}  // namespace cudapy::codegen::math
