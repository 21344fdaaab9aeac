// See deep_stack.h.
#include "support/deep_stack.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace cudapy {
namespace {

constexpr auto kSlice = std::chrono::milliseconds(50);

// Address space; only what is touched becomes memory. The smaller ones are for processes that are
// short of it.
constexpr size_t kStackBytes[] = {size_t{512} << 20U, size_t{64} << 20U, size_t{16} << 20U};

struct Work {
  std::function<void()> run;
  std::exception_ptr failure;
  std::mutex mutex;
  std::condition_variable finished;
  bool is_done = false;
  bool is_abandoned = false;
};

std::atomic<int>& abandoned_count() {
  static std::atomic<int> count = [] {
    pthread_atfork(nullptr, nullptr, [] { abandoned_count() = 0; });  // a child has no threads
    return 0;
  }();
  return count;
}

void* run_work(void* argument) {
  const std::unique_ptr<std::shared_ptr<Work>> holder(
      static_cast<std::shared_ptr<Work>*>(argument));
  Work& work = **holder;
  try {
    work.run();
  } catch (...) {
    work.failure = std::current_exception();
  }
  bool is_abandoned = false;
  {
    const std::lock_guard lock(work.mutex);
    work.is_done = true;
    is_abandoned = work.is_abandoned;
    work.finished.notify_all();
  }
  if (!is_abandoned) return nullptr;
  work.run = nullptr;  // what it owns goes before the process may end
  --abandoned_count();
  return nullptr;
}

bool start_thread(const std::shared_ptr<Work>& work, size_t stack_bytes) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  auto holder = std::make_unique<std::shared_ptr<Work>>(work);
  pthread_t thread{};
  const bool is_started = pthread_attr_setstacksize(&attributes, stack_bytes) == 0 &&
                          pthread_create(&thread, &attributes, run_work, holder.get()) == 0;
  pthread_attr_destroy(&attributes);
  if (is_started) {
    [[maybe_unused]] const auto* owned_by_the_thread = holder.release();
  }
  return is_started;
}

// Signals are for the threads that the process had before.
bool start_thread(const std::shared_ptr<Work>& work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  bool is_started = false;
  for (const size_t bytes : kStackBytes) {
    is_started = is_started || start_thread(work, bytes);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return is_started;
}

// True once the work is done; false after a slice of time.
bool wait_a_slice(Work& work) {
  std::unique_lock lock(work.mutex);
  // The system's clock, since sanitisers of g++ 12 do not know waits by the steady one.
  return work.finished.wait_until(lock, std::chrono::system_clock::now() + kSlice,
                                  [&] { return work.is_done; });
}

// Of the calling thread; the highest address there is where it is not known. For the main thread
// the system is asked for a list of all memory.
size_t find_stack_end() {
#if defined(__APPLE__)
  const auto top = reinterpret_cast<size_t>(pthread_get_stackaddr_np(pthread_self()));
  return top - pthread_get_stacksize_np(pthread_self());
#else
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return SIZE_MAX;
  void* lowest = nullptr;
  size_t size = 0;
  const bool found = pthread_attr_getstack(&attributes, &lowest, &size) == 0;
  pthread_attr_destroy(&attributes);
  return found ? reinterpret_cast<size_t>(lowest) : SIZE_MAX;
#endif
}

// False: the work is done all the same.
bool abandon(Work& work) {
  const std::lock_guard lock(work.mutex);
  if (work.is_done) return false;
  work.is_abandoned = true;
  ++abandoned_count();
  return true;
}

}  // namespace

bool run_deep(const std::function<void()>& work, const std::function<bool()>& is_stopped) {
  auto shared = std::make_shared<Work>();
  shared->run = work;
  if (!start_thread(shared)) {
    work();
    return true;
  }
  if (is_stopped) {
    const pid_t process = getpid();
    while (!wait_a_slice(*shared)) {
      const bool stopped = is_stopped();
      if (getpid() != process) return !stopped && run_deep(work, is_stopped);
      if (stopped && abandon(*shared)) return false;
    }
  } else {
    std::unique_lock lock(shared->mutex);
    shared->finished.wait(lock, [&] { return shared->is_done; });
  }
  if (shared->failure) std::rethrow_exception(shared->failure);
  return true;
}

size_t stack_left() {
  thread_local const size_t end = find_stack_end();
  const char here = 0;
  const auto address = reinterpret_cast<size_t>(&here);
  return address > end ? address - end : 0;
}

void wait_for_abandoned_work() {
  constexpr timespec kPause{0, 2'000'000};
  while (abandoned_count() > 0) nanosleep(&kPause, nullptr);
}

}  // namespace cudapy
