#include "runtime/host_array.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

#include "runtime/cuda/device.h"
#include "support/address.h"

namespace cudapy::runtime {

namespace {

cuda::Address address_of(const void* data, int64_t offset) {
  return reinterpret_cast<cuda::Address>(data) + static_cast<cuda::Address>(offset);
}

int size_of(const ir::Type& element) {
  return element.aggregate ? element.aggregate->size : ir::size_of(element.scalar);
}

int64_t bytes_of(const ArrayLayout& layout, const ir::Type& element) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(layout.size(), int64_t{size_of(element)}, &bytes) ||
      bytes > INT64_MAX - HostArray::kAlignment) {
    throw std::bad_alloc();
  }
  return bytes;
}

}  // namespace

HostArray::HostArray(std::span<const int64_t> shape, const ir::Type& element)
    : scalar_(element.scalar),
      structure_(element.aggregate),
      is_vector_(shape.size() == 1),
      layout_(ArrayLayout::contiguous(shape, size_of(element))) {
  const int64_t bytes = bytes_of(layout_, element);
  length_ = layout_.size();
  // calloc gets large blocks from the system as zero pages that cost nothing until they are
  // touched.
  void* memory = std::calloc(static_cast<size_t>(bytes + kAlignment), 1);
  if (memory == nullptr) throw std::bad_alloc();
  memory_ = std::shared_ptr<void>(memory, std::free);
  const auto address = reinterpret_cast<uintptr_t>(memory_.get());
  data_ = static_cast<char*>(memory_.get()) + (kAlignment - address % kAlignment) % kAlignment;
}

HostArray::HostArray(std::span<const int64_t> shape, const ir::Type& element, cuda::Device& device)
    : scalar_(element.scalar),
      structure_(element.aggregate),
      is_vector_(shape.size() == 1),
      device_(device.ordinal()),
      layout_(ArrayLayout::contiguous(shape, size_of(element))) {
  const int64_t bytes = bytes_of(layout_, element);
  length_ = layout_.size();
  data_ = pointer_to(device.allocate(static_cast<size_t>(bytes)));
  memory_ = std::shared_ptr<void>(
      data_, [&device](void* memory) { device.free(reinterpret_cast<cuda::Address>(memory)); });
}

HostArray HostArray::view(int64_t offset, const ArrayLayout& layout) const {
  HostArray view = *this;
  view.data_ = pointer_to(reinterpret_cast<uint64_t>(data_) + static_cast<uint64_t>(offset));
  view.layout_ = layout;
  view.length_ = layout.size();
  view.is_contiguous_ = layout.is_contiguous(item_size());
  view.is_vector_ = layout.rank == 1 && view.is_contiguous_;
  return view;
}

HostArray HostArray::part(int64_t offset, const ir::Type& element) const {
  HostArray part = *this;
  part.scalar_ = element.scalar;
  part.structure_ = element.aggregate;
  return part.view(offset, layout_);
}

HostArray::Reach HostArray::reach() const {
  if (length_ == 0) return {};
  Reach reach{0, item_size()};
  for (size_t i = 0; i < static_cast<size_t>(layout_.rank); ++i) {
    const int64_t span = (layout_.shape[i] - 1) * layout_.strides[i];
    if (span < 0) reach.begin += span;
    reach.bytes += std::abs(span);
  }
  return reach;
}

HostArray HostArray::same_layout(const HostArray& memory, const Reach& reach) const {
  HostArray same = memory.part(0, element());
  return same.view(-reach.begin, layout_);
}

HostArray HostArray::copied_to_host() const {
  const Reach from = reach();
  HostArray copy(std::array{from.bytes}, ir::Scalar::U8);
  if (is_on_gpu()) {
    cuda::Device::get(device_).copy_to_host(copy.data(), address_of(data_, from.begin),
                                            static_cast<size_t>(from.bytes));
  } else {
    std::memcpy(copy.data(), static_cast<char*>(data_) + from.begin,
                static_cast<size_t>(from.bytes));
  }
  return same_layout(copy, from);
}

HostArray HostArray::copied_to(cuda::Device& device) const {
  const Reach from = reach();
  HostArray copy(std::array{from.bytes}, ir::Type::of(ir::Scalar::U8), device);
  const auto bytes = static_cast<size_t>(from.bytes);
  if (is_on_gpu() && device_ != device.ordinal()) {
    device.copy_from_device(address_of(copy.data(), 0), cuda::Device::get(device_),
                            address_of(data_, from.begin), bytes);
  } else if (is_on_gpu()) {
    device.copy_within(address_of(copy.data(), 0), address_of(data_, from.begin), bytes);
  } else {
    device.copy_from_host(address_of(copy.data(), 0), static_cast<char*>(data_) + from.begin,
                          bytes);
  }
  return same_layout(copy, from);
}

void HostArray::copy_from_host(const HostArray& host) {
  const Reach to = reach();
  const char* from = static_cast<const char*>(host.data()) + to.begin;
  cuda::Device::get(device_).copy_from_host(address_of(data_, to.begin), from,
                                            static_cast<size_t>(to.bytes));
}

}  // namespace cudapy::runtime
