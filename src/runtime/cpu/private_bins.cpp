#include "runtime/cpu/private_bins.h"

#include <cstdlib>

namespace {

template <typename Count>
void close_bins(void* bins, void* array, int64_t length) {
  if (bins == nullptr) return;
  const auto* counted = static_cast<const Count*>(bins);
  auto* target = static_cast<Count*>(array);
  for (int64_t i = 0; i < length; ++i) {
    Count sum = 0;
    for (int64_t copy = 0; copy < cudapy::runtime::kBinCopies; ++copy)
      sum += counted[copy * length + i];
    if (sum != 0) __atomic_fetch_add(target + i, sum, __ATOMIC_RELAXED);
  }
  std::free(bins);
}

}  // namespace

void* cudapy_open_bins(int64_t bytes) noexcept {
  return std::calloc(static_cast<size_t>(bytes), 1);
}

void cudapy_close_bins32(void* bins, void* array, int64_t length) noexcept {
  close_bins<uint32_t>(bins, array, length);
}

void cudapy_close_bins64(void* bins, void* array, int64_t length) noexcept {
  close_bins<uint64_t>(bins, array, length);
}
