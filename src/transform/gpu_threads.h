// How the threads of a kernel lie on those of a GPU. Runtime and code generation ask this one
// place.
#pragma once

#include <vector>

#include "ir/tree.h"
#include "transform/neighbour_gangs.h"
#include "transform/row_limits.h"

namespace cudapy::transform {

struct GpuThreads {
  // Threads of a block wait for each other: whole blocks run.
  bool is_cooperative = false;
  // Looking at all row accesses before a thread's work is worth a second body without their checks:
  // they stand in loops, or there are several and the threads do not wait for each other. One by
  // itself is as well checked where it stands.
  bool looks_ahead = false;
  // Where they are known, launches look instead, once for all threads.
  RowLimits limits;
  // 1: threads see neither idy, idz nor their block, which has one row then, however many were
  // asked for; 2: neither idz nor their block, which has one plane; else 3.
  int rank = 3;
  // How many neighbours along x one thread of the GPU stands for, where every array begins at 16
  // bytes and the numbers are multiples of it: as many as make 16 bytes of the largest element,
  // though no more than 4 (transform::neighbour_gangs) in kernels that do more than take elements
  // `[idx]` of arrays to elements `[idx]`. Else 1.
  int per_thread = 1;
  std::vector<LaunchNumber> multiples;
  // Threads loop: they stand for neighbours only in launches that fill the device all the same.
  bool has_loops = false;
  // Other kernels may write what it reads while it runs, for it orders its accesses by fences.
  bool has_fences = false;
};

// Of a function that went through all passes.
GpuThreads gpu_threads(const ir::Function& function);

}  // namespace cudapy::transform
