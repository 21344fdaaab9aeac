#include "runtime/cpu/print_buffer.h"

#include <algorithm>
#include <bit>
#include <new>
#include <tuple>

namespace cudapy::runtime {

void PrintBuffer::add(const Record& record, const uint64_t* values, int32_t stride) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<size_t>(record.count);
  if (records_.size() >= kMostRecords || values_.size() + count > kMostValues) {
    ++dropped_;
    return;
  }
  try {
    if (values_.capacity() < values_.size() + count) values_.reserve(2 * (values_.size() + count));
    records_.push_back(record);
  } catch (const std::bad_alloc&) {
    ++dropped_;
    return;
  }
  records_.back().first = values_.size();
  for (size_t i = 0; i < count; ++i) values_.push_back(values[i * static_cast<size_t>(stride)]);
}

void PrintBuffer::sort() {
  std::ranges::stable_sort(records_, {}, [](const Record& record) {
    return std::tuple(record.thread[2], record.thread[1], record.thread[0]);
  });
}

}  // namespace cudapy::runtime

void cudapy_print(cudapy::runtime::PrintBuffer* prints, int32_t site, uint64_t lanes, int64_t x,
                  int64_t y, int64_t z, const uint64_t* values, int32_t count,
                  int32_t width) noexcept {
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = std::countr_zero(lanes);
    prints->add({{x + lane, y, z}, site, count, 0}, values + lane, width);
  }
}
