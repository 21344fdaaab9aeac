#include "runtime/cpu/fault.h"

void cudapy_record_fault(cudapy::runtime::FaultRecord* record, int32_t site, int64_t index,
                         int64_t length, int64_t x, int64_t y, int64_t z) noexcept {
  int32_t unclaimed = 0;
  if (!record->claimed.compare_exchange_strong(unclaimed, 1, std::memory_order_relaxed)) return;
  record->site = site;
  record->index = index;
  record->length = length;
  record->thread[0] = x;
  record->thread[1] = y;
  record->thread[2] = z;
}
