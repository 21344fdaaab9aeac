// The pool of threads that CPU launches run on.
//
// The launching thread takes part in its own launch, so a launch makes progress whether or not a
// worker is free, and launches from several threads at once cannot wait for each other. Workers are
// started by the first launch that wants them, block all signals, run with the default
// floating-point environment, spin for a moment after their last work and then sleep. They hold no
// locks while they sleep or work, so the process may exit or fork at any time: in the child of a
// fork the pool starts anew.
#pragma once

#include <cstdint>

namespace cudapy::runtime {

// The blocks [begin, end), to be run by calls of `run` with disjoint ranges that cover them. `run`
// must not throw.
struct PoolWork {
  void (*run)(const void* context, int64_t begin, int64_t end) = nullptr;
  const void* context = nullptr;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t grain = 1;     // blocks that are always run together, the smallest piece handed out
  bool is_long = false;  // known to be worth waking workers for; else they are woken if it turns
                         // out to take long
};

// Asked by the launching thread about every 50 ms of a launch, between grains: true stops it. The
// pool cuts no grain short; kernels do it themselves (interruption.h).
struct InterruptCheck {
  bool (*interrupted)(void* context) = nullptr;
  void* context = nullptr;
};

enum class PoolOutcome {
  kDone,
  kInterrupted,  // some blocks have not run
  kForked,  // the process forked inside InterruptCheck; this is the child, and some blocks have not
            // run
};

// Runs all of `work` and returns when no thread is inside it any more. Thread safe. Not to be
// called from inside a kernel.
PoolOutcome pool_run(const PoolWork& work, const InterruptCheck& check);

// Threads that a launch is spread over, the launching one included: default_thread_count() until it
// is set.
int pool_thread_count();

// `count` is clamped to 1 ... kMaxThreads. Launches that are running keep the threads they have.
void set_pool_thread_count(int count);

// Workers that have been started and live in this process.
int pool_worker_count();

// Gives the calling thread the floating-point environment that kernels are compiled for (round to
// nearest, subnormals kept, no traps) and restores the caller's own at the end.
class KernelFloatEnvironment {
 public:
  KernelFloatEnvironment();
  ~KernelFloatEnvironment();
  KernelFloatEnvironment(const KernelFloatEnvironment&) = delete;
  KernelFloatEnvironment& operator=(const KernelFloatEnvironment&) = delete;

 private:
  uint64_t saved_;
};

}  // namespace cudapy::runtime
