// How many threads this process may run at once: what the scheduler allows and what the control
// group pays for.
#pragma once

#include <optional>
#include <string>

namespace cudapy::runtime {

// CPUs that the calling thread may be scheduled on (sched_getaffinity); at least 1.
int affinity_cpu_count();

// The tightest CPU bandwidth limit of this process's control groups (version 1 or 2, every ancestor
// counts), in CPUs; empty if there is none. `root` is put before the absolute paths that are read,
// so that tests can give a tree of their own.
std::optional<double> cgroup_cpu_limit(const std::string& root = "");

// The default size of the thread pool: affinity, limited by the control group (rounded up), at
// least 1.
int usable_cpu_count();

// CUDAPY_NUM_THREADS if it holds a number from 1 to kMaxThreads, else usable_cpu_count().
int default_thread_count();

inline constexpr int kMaxThreads = 1024;

}  // namespace cudapy::runtime
