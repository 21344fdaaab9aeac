// Large copies between ordinary memory of the host and a GPU, through pinned memory that the GPU
// reaches itself: all cores of the pool fill or empty one piece while the GPU copies the next.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "runtime/cuda/driver.h"

namespace cudapy::runtime::cuda {

// Of one context, which is current wherever a function is called. Thread safe. Copies are in the
// order of the default stream and done when they return.
class Staging {
 public:
  Staging() = default;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Whether it is faster than the driver's own copy: of large pieces, of memory that is not pinned
  // already, where there are threads to share the work.
  static bool pays(const void* host, size_t bytes);

  // False, and nothing is done, if there is no pinned memory.
  bool copy_from_host(Address to, const void* from, size_t bytes);
  bool copy_to_host(void* to, Address from, size_t bytes);

 private:
  static constexpr size_t kSlots = 3;
  struct Slot {
    char* memory = nullptr;
    EventHandle copied = nullptr;  // the GPU's last copy from or to it
  };
  bool open();

  std::mutex mutex_;
  std::array<Slot, kSlots> slots_;
  bool is_open_ = false;
};

}  // namespace cudapy::runtime::cuda
