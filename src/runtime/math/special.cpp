// Special functions beyond C's library, in long double. Where long double is no wider than double
// (not on x86-64 or AArch64 Linux) they would lose their last bits.
#include "runtime/math/special.h"

#include <boost/math/special_functions/bessel.hpp>
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

}  // namespace

long double bessel_i(int order, long double x) {
  if (std::isnan(x)) return x;
  // Beyond, e^|x| is infinite in double.
  if (std::fabs(x) > 750) return order == 1 && x < 0 ? -kInfinity : kInfinity;
  return boost::math::cyl_bessel_i(order, x, Quiet());
}

}  // namespace cudapy::runtime
