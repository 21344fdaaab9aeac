// Prices of European options in plain C++: the functions of <cmath>, one option after the other.
#include <cmath>
#include <cstdint>

#include "parallel.h"

namespace {

// How much of the normal distribution lies below `x`.
float below(float x) {
  return 0.5f * std::erfc(-0.70710678f * x);
}

}  // namespace

extern "C" void black_scholes(const float* price, const float* strike, const float* years,
                              float rate, float sigma, float* call, float* put, int64_t n,
                              int32_t threads) {
  baselines::parallel_static(n, threads, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float spread = sigma * std::sqrt(years[i]);
      const float d1 =
          (std::log(price[i] / strike[i]) + (rate + 0.5f * sigma * sigma) * years[i]) / spread;
      const float now = strike[i] * std::exp(-rate * years[i]);
      const float value = price[i] * below(d1) - now * below(d1 - spread);
      call[i] = value;
      put[i] = value - price[i] + now;
    }
  });
}
