// The special functions that neither C's library nor codegen/math has, in extended precision: a
// result rounded from there to double is within one ulp. None of them throws.
#pragma once

namespace cudapy::runtime {

long double bessel_i(int order, long double x);

}  // namespace cudapy::runtime
