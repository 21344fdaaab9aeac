#include "runtime/host_array.h"

#include <cstdlib>
#include <new>

namespace cudapy::runtime {

void HostArray::Free::operator()(void* memory) const {
  std::free(memory);
}

HostArray::HostArray(int64_t length, ir::Scalar scalar) : length_(length), scalar_(scalar) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(length, int64_t{ir::size_of(scalar)}, &bytes) ||
      bytes > INT64_MAX - kAlignment) {
    throw std::bad_alloc();
  }
  // calloc gets large blocks from the system as zero pages that cost nothing until they are
  // touched.
  memory_.reset(std::calloc(static_cast<size_t>(bytes + kAlignment), 1));
  if (memory_ == nullptr) throw std::bad_alloc();
  const auto address = reinterpret_cast<uintptr_t>(memory_.get());
  data_ = static_cast<char*>(memory_.get()) + (kAlignment - address % kAlignment) % kAlignment;
}

}  // namespace cudapy::runtime
