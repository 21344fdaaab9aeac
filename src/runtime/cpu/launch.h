// One launch of a compiled kernel on the CPU: chooses the block shape and the grains, runs small
// launches in the calling thread and spreads the others over the pool.
#pragma once

#include <cstdint>

#include "runtime/cpu/interruption.h"
#include "runtime/cpu/kernel_abi.h"
#include "runtime/cpu/pool.h"

namespace cudapy::runtime {

// Compiled code that can be launched. The owner keeps the code alive while a launch is inside it.
struct CpuKernel {
  KernelEntry entry = nullptr;
  KernelMetadata metadata;
};

// What the user asked for; checked by the caller: threads are not negative and their product is at
// most kMaxLaunchThreads.
struct LaunchRequest {
  int64_t threads[3] = {0, 1, 1};
  int64_t block[3] = {0, 0, 0};  // all zero: the runtime chooses
};

inline constexpr int64_t kMaxLaunchThreads = int64_t{1} << 62;
inline constexpr int64_t kMaxBlockThreads = 1024;

// Threads of a launch; empty dimensions give 0. -1 if there are more than kMaxLaunchThreads.
int64_t launch_thread_count(const int64_t threads[3]);

// How a launch will run.
struct LaunchPlan {
  Launch launch;
  int64_t blocks = 0;
  int64_t grain = 1;  // blocks handed out together
  bool is_tiny =
      false;  // not worth a clock reading, nor releasing the interpreter's lock: run_inline
  bool is_long = false;  // worth waking workers at once
};

// The shape of the blocks of a launch, where threads see it.
void visible_block(const LaunchRequest& request, int64_t block[3]);

LaunchPlan plan_launch(const KernelMetadata& metadata, const LaunchRequest& request);

// Runs all blocks in the calling thread. `check` is asked by the kernel itself, if its loops turn
// out long.
PoolOutcome run_inline(const CpuKernel& kernel, const void* arguments, LaunchPlan& plan,
                       FaultRecord& fault, const InterruptCheck& check);

// Runs all blocks; over the pool where it pays. Returns when no thread is in the kernel any more.
PoolOutcome run_launch(const CpuKernel& kernel, const void* arguments, LaunchPlan& plan,
                       FaultRecord& fault, const InterruptCheck& check);

}  // namespace cudapy::runtime
