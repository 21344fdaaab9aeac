// The special functions that C's library has not, in extended precision: a result rounded from
// there to double is within one ulp. None of them throws.
#pragma once

namespace cudapy::runtime {

long double erfcx(long double x);
long double erf_inverse(long double x);
long double erfc_inverse(long double x);
long double normal_quantile(long double p);
long double bessel_i(int order, long double x);

}  // namespace cudapy::runtime
