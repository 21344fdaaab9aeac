// A typed 1-D array in the CPU's memory, which kernels use in place.
#pragma once

#include <cstdint>
#include <memory>

#include "ir/type.h"

namespace cudapy::runtime {

// Its memory starts at a cache line, is zero at first and never moves. An empty array has a valid
// address, too.
class HostArray {
 public:
  static constexpr int64_t kAlignment = 64;

  // Throws std::bad_alloc if there is not enough memory. `length` is not negative.
  HostArray(int64_t length, ir::Scalar scalar);

  void* data() { return data_; }
  const void* data() const { return data_; }
  int64_t length() const { return length_; }
  ir::Scalar scalar() const { return scalar_; }
  int64_t bytes() const { return length_ * ir::size_of(scalar_); }

 private:
  struct Free {
    void operator()(void* memory) const;
  };

  std::unique_ptr<void, Free> memory_;
  void* data_ = nullptr;
  int64_t length_ = 0;
  ir::Scalar scalar_ = ir::Scalar::F32;
};

}  // namespace cudapy::runtime
