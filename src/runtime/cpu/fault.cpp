#include "runtime/cpu/fault.h"

#include <algorithm>

namespace {

bool claim(cudapy::runtime::FaultRecord* record) {
  int32_t unclaimed = 0;
  return record->claimed.compare_exchange_strong(unclaimed, 1, std::memory_order_relaxed);
}

void fill(cudapy::runtime::FaultRecord* record, int32_t site, int64_t x, int64_t y, int64_t z) {
  record->site = site;
  record->thread[0] = x;
  record->thread[1] = y;
  record->thread[2] = z;
}

}  // namespace

void cudapy_record_fault(cudapy::runtime::FaultRecord* record, int32_t site, int64_t index,
                         int64_t length, int64_t x, int64_t y, int64_t z) noexcept {
  if (!claim(record)) return;
  fill(record, site, x, y, z);
  record->index = index;
  record->length = length;
}

void cudapy_record_raise(cudapy::runtime::FaultRecord* record, int32_t site, const uint64_t* values,
                         int32_t count, int64_t x, int64_t y, int64_t z) noexcept {
  if (!claim(record)) return;
  fill(record, site, x, y, z);
  std::copy_n(values, count, record->values);
}
