#include "runtime/cpu/interruption.h"

#include <time.h>

namespace cudapy::runtime {
namespace {

constexpr uint32_t kPollsPerClock = 8;             // reading the clock costs more than a poll
constexpr int64_t kCheckNanoseconds = 50'000'000;  // between two checks

int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

bool Interruption::is_due() {
  if (++polls_ % kPollsPerClock != 1) return false;
  const int64_t time = now();
  if (last_check_ == 0) last_check_ = time;  // a small launch does not read the clock at its start
  return time - last_check_ >= kCheckNanoseconds;
}

bool Interruption::check_now() {
  if (stopped()) return true;
  if (check_.interrupted == nullptr) return false;
  if (check_.interrupted(check_.context)) stopped_.store(true, std::memory_order_relaxed);
  last_check_ = now();
  return stopped();
}

}  // namespace cudapy::runtime

bool cudapy_poll(cudapy::runtime::Interruption* interruption) noexcept {
  return interruption != nullptr && interruption->poll();
}
