// A typed array of 1 to 8 dimensions in the CPU's memory or a GPU's, of numbers or structs, which
// kernels use in place.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "ir/type.h"
#include "runtime/array_layout.h"

namespace cudapy::runtime {

namespace cuda {
class Device;
}  // namespace cuda

inline constexpr int kHostDevice = -1;  // the CPU; GPUs count from 0

// A new array lies row by row. Its memory starts at a cache line, is zero at first and never moves;
// views of it share it, and the last of them frees it. On the CPU an empty array has a valid
// address, too; on a GPU the address is of no use here, and the memory is freed in the order of
// what was launched.
class HostArray {
 public:
  static constexpr int64_t kAlignment = 64;

  // Throws std::bad_alloc if there is not enough memory. No length is negative.
  HostArray(std::span<const int64_t> shape, const ir::Type& element);
  HostArray(std::span<const int64_t> shape, ir::Scalar scalar)
      : HostArray(shape, ir::Type::of(scalar)) {}

  // On a GPU, and not set to anything yet. Throws cuda::CudaFailure.
  HostArray(std::span<const int64_t> shape, const ir::Type& element, cuda::Device& device);

  // An array in this one's memory, which starts `offset` bytes behind its first element.
  HostArray view(int64_t offset, const ArrayLayout& layout) const;

  // A field of each element, `offset` bytes behind the element's start.
  HostArray part(int64_t offset, const ir::Type& element) const;

  // In the same memory: the bits of floats of 16 bits.
  HostArray bits() const {
    HostArray same = *this;
    same.scalar_ = ir::Scalar::U16;
    return same;
  }

  // Copies of the same layout, done when they return.
  HostArray copied_to_host() const;
  HostArray copied_to(cuda::Device& device) const;
  // All elements, from an array on the CPU that a copied_to_host() gave.
  void copy_from_host(const HostArray& host);

  int device() const { return device_; }
  bool is_on_gpu() const { return device_ != kHostDevice; }
  void* data() { return data_; }
  const void* data() const { return data_; }
  int64_t length() const { return length_; }  // elements, over all dimensions
  ir::Scalar scalar() const { return scalar_; }
  // What the elements are if they are no numbers; else null.
  const ir::Aggregate* structure() const { return structure_; }
  ir::Type element() const {
    return {structure_ ? ir::Type::Kind::Aggregate : ir::Type::Kind::Scalar, scalar_, 0, false,
            structure_};
  }
  int item_size() const { return structure_ ? structure_->size : ir::size_of(scalar_); }
  int64_t bytes() const { return length_ * item_size(); }
  // Whether the first element lies where the kernels' instructions may reach it.
  bool is_aligned() const {
    const int size = structure_ ? structure_->alignment : item_size();
    return reinterpret_cast<uintptr_t>(data_) % static_cast<uintptr_t>(size) == 0;
  }
  const ArrayLayout& layout() const { return layout_; }
  std::span<const int64_t> shape() const {
    return {layout_.shape.data(), static_cast<size_t>(layout_.rank)};
  }
  bool is_contiguous() const { return is_contiguous_; }
  // One dimension whose elements are neighbours.
  bool is_vector() const { return is_vector_; }

 private:
  // The memory between the first byte of an element and the last.
  struct Reach {
    int64_t begin = 0;  // from data_; not positive
    int64_t bytes = 0;
  };
  Reach reach() const;
  HostArray same_layout(const HostArray& memory, const Reach& reach) const;

  std::shared_ptr<void> memory_;
  void* data_ = nullptr;
  int64_t length_ = 0;
  ir::Scalar scalar_ = ir::Scalar::F32;
  const ir::Aggregate* structure_ = nullptr;
  bool is_contiguous_ = true;
  bool is_vector_ = true;
  int device_ = kHostDevice;
  ArrayLayout layout_;
};

}  // namespace cudapy::runtime
