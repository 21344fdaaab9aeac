// How a launch is stopped from outside while its threads compute. Kernels call cudapy_poll at the
// back edges of loops that may be long, every few thousand turns (codegen/cpu/polls.cpp), and leave
// at once if it says so.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "runtime/cpu/pool.h"

namespace cudapy::runtime {

// Belongs to one launch and is made in its launching thread, the only one that asks `check`. What
// that finds stops the other threads of the launch as well.
class Interruption {
 public:
  explicit Interruption(const InterruptCheck& check) : check_(check) {}

  // Any thread: whether to leave the kernel.
  bool poll() {
    if (stopped()) return true;
    return is_launching_thread() && is_due() && check_now();
  }

  // The launching thread only: asks, whatever the time.
  bool check_now();

  [[nodiscard]] bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool is_launching_thread() const {
    return check_.interrupted != nullptr && pthread_equal(pthread_self(), launching_thread_) != 0;
  }
  bool is_due();

  InterruptCheck check_;
  const pthread_t launching_thread_ = pthread_self();
  std::atomic<bool> stopped_{false};
  uint32_t polls_ = 0;
  int64_t last_check_ = 0;  // 0: the clock has not been read yet
};

}  // namespace cudapy::runtime

// Null: a launch that cannot be interrupted.
extern "C" bool cudapy_poll(cudapy::runtime::Interruption* interruption) noexcept;
