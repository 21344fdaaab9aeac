// Y = alpha X + Y in plain C++, and the same many times over for arrays that stay in the cache.
#include <cstdint>

#include "parallel.h"

namespace {

void saxpy_range(float alpha, const float* __restrict x, float* __restrict y, int64_t begin,
                 int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = alpha * x[i] + y[i];
}

}  // namespace

extern "C" void saxpy(float alpha, const float* x, float* y, int64_t n, int32_t threads) {
  baselines::parallel_static(
      n, threads, [=](int64_t begin, int64_t end) { saxpy_range(alpha, x, y, begin, end); });
}

// `times` passes on one thread: what the loop costs without a call from Python.
extern "C" void saxpy_repeated(float alpha, const float* x, float* y, int64_t n, int32_t times) {
  for (int32_t i = 0; i < times; ++i) {
    saxpy_range(alpha, x, y, 0, n);
    asm volatile("" ::: "memory");  // each pass is done, none merged with the next
  }
}
