// Special functions beyond C's library, in long double. Where long double is no wider than double
// (not on x86-64 or AArch64 Linux) they would lose their last bits.
#include "runtime/math/special.h"

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>

namespace cudapy::runtime {
namespace {

namespace policies = boost::math::policies;

// Errors show as nan or infinity in the result, as C's functions do.
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::pole_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::underflow_error<policies::ignore_error>,
                               policies::denorm_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>,
                               policies::rounding_error<policies::ignore_error>>;

constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
constexpr long double kNan = std::numeric_limits<long double>::quiet_NaN();

// erfcx(x) ~ (1 / (x sqrt(pi))) (1 - 1/(2x^2) + 3/(4x^4) - 15/(8x^6) ...), for x above 50 where the
// sixth term is below 2^-64.
long double erfcx_asymptotic(long double x) {
  constexpr long double kInverseRootPi = 0.56418958354775628694807945156077259L;
  long double half_inverse_square = 0.5L / x / x;
  long double sum = 1;
  for (int k = 15; k > 0; k -= 2) sum = 1 - static_cast<long double>(k) * half_inverse_square * sum;
  return kInverseRootPi / x * sum;
}

}  // namespace

long double erfcx(long double x) {
  if (x > 50) return erfcx_asymptotic(x);
  if (x < -27) return kInfinity;
  // The rounding error of x^2 would be magnified by the exponential.
  long double square = x * x;
  long double rest = std::fma(x, x, -square);
  return std::exp(square) * std::erfc(x) * (1 + rest);
}

long double erf_inverse(long double x) {
  if (!(std::fabs(x) <= 1)) return kNan;
  if (std::fabs(x) == 1) return std::copysign(kInfinity, x);
  if (x == 0) return x;
  return boost::math::erf_inv(x, Quiet());
}

long double erfc_inverse(long double x) {
  if (!(x >= 0 && x <= 2)) return kNan;
  if (x == 0) return kInfinity;
  if (x == 2) return -kInfinity;
  return boost::math::erfc_inv(x, Quiet());
}

long double normal_quantile(long double p) {
  if (!(p >= 0 && p <= 1)) return kNan;
  constexpr long double kRootTwo = 1.41421356237309504880168872420969808L;
  return -kRootTwo * erfc_inverse(2 * p);
}

long double bessel_i(int order, long double x) {
  if (std::isnan(x)) return x;
  // Beyond, e^|x| is infinite in double.
  if (std::fabs(x) > 750) return order == 1 && x < 0 ? -kInfinity : kInfinity;
  return boost::math::cyl_bessel_i(order, x, Quiet());
}

}  // namespace cudapy::runtime
