// C[n, m] = A[n, k] B[k, m] in plain C++, row-major: an element at a time as a CUDA programmer
// writes it first, and with the loops in the order that a compiler can vectorise.
#include <cstdint>

#include "parallel.h"

extern "C" void matmul_by_element(int32_t n, int32_t k, int32_t m, const float* a, const float* b,
                                  float* c, int32_t threads) {
  baselines::parallel_static(n, threads, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < m; ++j) {
        float sum = 0.0f;
        for (int64_t p = 0; p < k; ++p) sum += a[i * k + p] * b[p * m + j];
        c[i * m + j] = sum;
      }
    }
  });
}

extern "C" void matmul_by_row(int32_t n, int32_t k, int32_t m, const float* a, const float* b,
                              float* c, int32_t threads) {
  baselines::parallel_static(n, threads, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* __restrict row = c + i * m;
      for (int64_t j = 0; j < m; ++j) row[j] = 0.0f;
      for (int64_t p = 0; p < k; ++p) {
        const float factor = a[i * k + p];
        const float* __restrict other = b + p * m;
        for (int64_t j = 0; j < m; ++j) row[j] += factor * other[j];
      }
    }
  });
}
