// Threads for the baselines: as a C++ programmer without a library would start them, once a call.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace baselines {

// Runs `work(thread)` on `threads` threads, the caller's among them, and waits for all.
template <typename Work>
void on_threads(int threads, Work work) {
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& other : others) other.join();
}

// Hands out [0, count) in grains to whichever thread is free: for work that is uneven.
template <typename Body>
void parallel_dynamic(int64_t count, int64_t grain, int threads, Body body) {
  std::atomic<int64_t> next{0};
  on_threads(threads, [&](int) {
    for (;;) {
      const int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= count) return;
      body(begin, std::min(begin + grain, count));
    }
  });
}

// Cuts [0, count) into one contiguous piece a thread: for work that is even.
template <typename Body>
void parallel_static(int64_t count, int threads, Body body) {
  on_threads(threads, [&](int t) { body(count * t / threads, count * (t + 1) / threads); });
}

}  // namespace baselines
