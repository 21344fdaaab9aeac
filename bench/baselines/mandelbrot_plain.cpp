// The Mandelbrot set as plain C++: one point at a time, rows handed out dynamically.
#include <cstdint>

#include "parallel.h"

namespace {

int32_t iterations(float cr, float ci, int32_t limit) {
  float zr = 0.0f;
  float zi = 0.0f;
  int32_t n = 0;
  while (n < limit && zr * zr + zi * zi <= 4.0f) {
    const float next = zr * zr - zi * zi + cr;
    zi = 2.0f * zr * zi + ci;
    zr = next;
    ++n;
  }
  return n;
}

}  // namespace

extern "C" void mandelbrot_plain(int32_t width, int32_t height, int32_t limit, float left,
                                 float top, float step, int32_t* counts, int32_t threads) {
  baselines::parallel_dynamic(height, 1, threads, [=](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      for (int32_t x = 0; x < width; ++x) {
        counts[y * width + x] = iterations(left + static_cast<float>(x) * step,
                                           top + static_cast<float>(y) * step, limit);
      }
    }
  });
}
