// Y += X: next to nothing to compute, so that a call from Python is all that is timed.
#include <cstdint>

extern "C" void add(const float* __restrict x, float* __restrict y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] + y[i];
}
