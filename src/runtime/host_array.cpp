#include "runtime/host_array.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "runtime/cuda/device.h"

namespace cudapy::runtime {

namespace {

cuda::Address address_of(const HostArray& array) {
  return reinterpret_cast<cuda::Address>(array.data());
}

}  // namespace

HostArray::HostArray(int64_t length, ir::Scalar scalar) : length_(length), scalar_(scalar) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(length, int64_t{ir::size_of(scalar)}, &bytes) ||
      bytes > INT64_MAX - kAlignment) {
    throw std::bad_alloc();
  }
  // calloc gets large blocks from the system as zero pages that cost nothing until they are
  // touched.
  void* memory = std::calloc(static_cast<size_t>(bytes + kAlignment), 1);
  if (memory == nullptr) throw std::bad_alloc();
  memory_ = std::shared_ptr<void>(memory, std::free);
  const auto address = reinterpret_cast<uintptr_t>(memory_.get());
  data_ = static_cast<char*>(memory_.get()) + (kAlignment - address % kAlignment) % kAlignment;
}

HostArray::HostArray(int64_t length, ir::Scalar scalar, cuda::Device& device)
    : length_(length), scalar_(scalar), device_(device.ordinal()) {
  int64_t size = 0;
  if (__builtin_mul_overflow(length, int64_t{ir::size_of(scalar)}, &size)) throw std::bad_alloc();
  const cuda::Address address = device.allocate(static_cast<size_t>(size));
  data_ = reinterpret_cast<void*>(address);
  memory_ = std::shared_ptr<void>(
      data_, [&device](void* memory) { device.free(reinterpret_cast<cuda::Address>(memory)); });
}

HostArray HostArray::copied_to_host() const {
  HostArray copy(length_, scalar_);
  if (is_on_gpu()) {
    cuda::Device::get(device_).copy_to_host(copy.data(), address_of(*this),
                                            static_cast<size_t>(bytes()));
  } else {
    std::memcpy(copy.data(), data_, static_cast<size_t>(bytes()));
  }
  return copy;
}

HostArray HostArray::copied_to(cuda::Device& device) const {
  if (is_on_gpu() && device_ != device.ordinal()) return copied_to_host().copied_to(device);
  HostArray copy(length_, scalar_, device);
  if (is_on_gpu()) {
    device.copy_within(address_of(copy), address_of(*this), static_cast<size_t>(bytes()));
  } else {
    device.copy_from_host(address_of(copy), data_, static_cast<size_t>(bytes()));
  }
  return copy;
}

}  // namespace cudapy::runtime
