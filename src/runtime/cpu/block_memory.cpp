#include "runtime/cpu/block_memory.h"

#include <cstdlib>

#include "runtime/cpu/fault.h"

namespace {

constexpr int64_t kAlignment = 64;

struct Memory {
  void* data = nullptr;
  int64_t bytes = 0;
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { std::free(data); }
};

thread_local Memory memories[2];

}  // namespace

void* cudapy_block_memory(cudapy::runtime::FaultRecord* record, int32_t which,
                          int64_t bytes) noexcept {
  Memory& memory = memories[which];
  if (bytes <= memory.bytes) return memory.data;
  const int64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = std::aligned_alloc(kAlignment, static_cast<size_t>(rounded));
  if (data == nullptr) {
    cudapy_record_fault(record, cudapy::runtime::kNoMemorySite, bytes, 0, 0, 0, 0);
    return nullptr;
  }
  std::free(memory.data);
  memory.data = data;
  memory.bytes = rounded;
  return data;
}
