// A typed 1-D array in the CPU's memory or a GPU's, which kernels use in place.
#pragma once

#include <cstdint>
#include <memory>

#include "ir/type.h"

namespace cudapy::runtime {

namespace cuda {
class Device;
}  // namespace cuda

inline constexpr int kHostDevice = -1;  // the CPU; GPUs count from 0

// Its memory starts at a cache line, is zero at first and never moves. On the CPU an empty array
// has a valid address, too; on a GPU the address is of no use here, and the memory is freed in the
// order of what was launched.
class HostArray {
 public:
  static constexpr int64_t kAlignment = 64;

  // Throws std::bad_alloc if there is not enough memory. `length` is not negative.
  HostArray(int64_t length, ir::Scalar scalar);

  // On a GPU, and not set to anything yet. Throws cuda::CudaFailure.
  HostArray(int64_t length, ir::Scalar scalar, cuda::Device& device);

  // Copies, done when they return.
  HostArray copied_to_host() const;
  HostArray copied_to(cuda::Device& device) const;

  int device() const { return device_; }
  bool is_on_gpu() const { return device_ != kHostDevice; }
  void* data() { return data_; }
  const void* data() const { return data_; }
  int64_t length() const { return length_; }
  ir::Scalar scalar() const { return scalar_; }
  int64_t bytes() const { return length_ * ir::size_of(scalar_); }

 private:
  std::shared_ptr<void> memory_;
  void* data_ = nullptr;
  int64_t length_ = 0;
  ir::Scalar scalar_ = ir::Scalar::F32;
  int device_ = kHostDevice;
};

}  // namespace cudapy::runtime
