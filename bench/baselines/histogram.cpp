// How often each grey level occurs, in plain C++: every thread counts by itself, then they are
// added.
#include <array>
#include <cstdint>
#include <mutex>

#include "parallel.h"

extern "C" void histogram(const uint8_t* image, int32_t* bins, int64_t n, int32_t threads) {
  std::mutex adding;
  baselines::parallel_static(n, threads, [&](int64_t begin, int64_t end) {
    std::array<int32_t, 256> own{};
    for (int64_t i = begin; i < end; ++i) ++own[image[i]];
    const std::scoped_lock lock(adding);
    for (int level = 0; level < 256; ++level) bins[level] += own[level];
  });
}
