// The pull of n bodies on each other in plain C++: body after body, and sixteen bodies side by
// side, which compilers make vectors of.
#include <cmath>
#include <cstdint>

#include "parallel.h"

namespace {

constexpr int64_t kSide = 16;

// `count` bodies from `first` on; a constant, so that the inner loops are unrolled.
template <int64_t count>
void pull(int64_t first, const float* __restrict bodies, float* __restrict pulls, int64_t n) {
  const float *x = bodies, *y = x + n, *z = y + n, *mass = z + n;
  float sx[count] = {}, sy[count] = {}, sz[count] = {};
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < count; ++i) {
      const float dx = x[j] - x[first + i];
      const float dy = y[j] - y[first + i];
      const float dz = z[j] - z[first + i];
      const float near = 1.0f / std::sqrt(dx * dx + dy * dy + dz * dz + 1e-3f);
      const float strength = mass[j] * near * near * near;
      sx[i] += strength * dx;
      sy[i] += strength * dy;
      sz[i] += strength * dz;
    }
  }
  for (int64_t i = 0; i < count; ++i) {
    pulls[first + i] = sx[i];
    pulls[n + first + i] = sy[i];
    pulls[2 * n + first + i] = sz[i];
  }
}

}  // namespace

// `bodies`: x, y, z and mass of each, 4 x n; `pulls`: along x, y and z, 3 x n.
extern "C" void nbody(const float* bodies, float* pulls, int64_t n, int32_t threads) {
  baselines::parallel_static(n, threads, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) pull<1>(i, bodies, pulls, n);
  });
}

extern "C" void nbody_side_by_side(const float* bodies, float* pulls, int64_t n, int32_t threads) {
  baselines::parallel_static(n / kSide, threads, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) pull<kSide>(i * kSide, bodies, pulls, n);
  });
  for (int64_t i = n / kSide * kSide; i < n; ++i) pull<1>(i, bodies, pulls, n);
}
