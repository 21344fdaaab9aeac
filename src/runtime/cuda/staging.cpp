#include "runtime/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "runtime/cpu/pool.h"
#include "runtime/cuda/context_scope.h"
#include "support/address.h"

namespace cudapy::runtime::cuda {
namespace {

constexpr size_t kSlotBytes = size_t{8} << 20U;
constexpr size_t kSmallest = size_t{4} << 20U;  // the driver's copy of less is as fast
constexpr size_t kGrain = size_t{256} << 10U;   // what one thread copies at a time
constexpr int kFewestThreads = 3;
constexpr StreamHandle kStream = nullptr;  // the legacy default stream
constexpr unsigned kPortable = 1;          // CU_MEMHOSTALLOC_PORTABLE
constexpr unsigned kWithoutTime = 2;       // CU_EVENT_DISABLE_TIMING
constexpr int kMemoryType = 2;             // CU_POINTER_ATTRIBUTE_MEMORY_TYPE

struct Copy {
  char* to;
  const char* from;
  size_t bytes;
};

void copy_grains(const void* context, int64_t begin, int64_t end) {
  const Copy& copy = *static_cast<const Copy*>(context);
  const size_t first = static_cast<size_t>(begin) * kGrain;
  const size_t last = std::min(static_cast<size_t>(end) * kGrain, copy.bytes);
  std::memcpy(copy.to + first, copy.from + first, last - first);
}

// By all threads of the pool.
void copy_on_host(const Copy& copy) {
  PoolWork work;
  work.run = copy_grains;
  work.context = &copy;
  work.end = static_cast<int64_t>((copy.bytes + kGrain - 1) / kGrain);
  work.is_long = true;
  pool_run(work, {[](void*) { return false; }, nullptr});
}

}  // namespace

bool Staging::pays(const void* host, size_t bytes) {
  if (bytes < kSmallest || pool_thread_count() < kFewestThreads) return false;
  unsigned type = 0;
  // The driver knows nothing of ordinary memory.
  return driver().cuPointerGetAttribute(&type, kMemoryType, reinterpret_cast<Address>(host)) != 0;
}

bool Staging::open() {
  if (is_open_) return true;
  for (Slot& slot : slots_) {
    void* memory = slot.memory;
    if (memory == nullptr && driver().cuMemHostAlloc(&memory, kSlotBytes, kPortable) != 0)
      return false;
    slot.memory = static_cast<char*>(memory);
    if (slot.copied == nullptr) CUDAPY_CALL(cuEventCreate, &slot.copied, kWithoutTime);
  }
  return is_open_ = true;
}

bool Staging::copy_from_host(Address to, const void* from, size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!open()) return false;
  size_t number = 0;
  for (size_t at = 0; at < bytes; at += kSlotBytes, ++number) {
    const Slot& slot = slots_[number % kSlots];
    const size_t size = std::min(kSlotBytes, bytes - at);
    CUDAPY_CALL(cuEventSynchronize, slot.copied);
    copy_on_host({slot.memory, static_cast<const char*>(from) + at, size});
    CUDAPY_CALL(cuMemcpyHtoDAsync, to + at, slot.memory, size, kStream);
    CUDAPY_CALL(cuEventRecord, slot.copied, kStream);
  }
  CUDAPY_CALL(cuEventSynchronize, slots_[(number - 1) % kSlots].copied);
  return true;
}

bool Staging::copy_to_host(void* to, Address from, size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!open()) return false;
  const size_t pieces = (bytes + kSlotBytes - 1) / kSlotBytes;
  const auto size_of = [&](size_t piece) {
    return std::min(kSlotBytes, bytes - piece * kSlotBytes);
  };
  const auto fetch = [&](size_t piece) {
    if (piece >= pieces) return;
    const Slot& slot = slots_[piece % kSlots];
    CUDAPY_CALL(cuMemcpyDtoHAsync, slot.memory, from + piece * kSlotBytes, size_of(piece), kStream);
    CUDAPY_CALL(cuEventRecord, slot.copied, kStream);
  };
  for (size_t piece = 0; piece + 1 < kSlots; ++piece) fetch(piece);
  for (size_t piece = 0; piece < pieces; ++piece) {
    fetch(piece + kSlots - 1);
    const Slot& slot = slots_[piece % kSlots];
    CUDAPY_CALL(cuEventSynchronize, slot.copied);
    copy_on_host({static_cast<char*>(to) + piece * kSlotBytes, slot.memory, size_of(piece)});
  }
  return true;
}

}  // namespace cudapy::runtime::cuda
