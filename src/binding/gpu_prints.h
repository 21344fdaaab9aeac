// Writing what kernels printed on a GPU to Python's standard output.
#pragma once

#include "runtime/cuda/device.h"

namespace cudapy::binding {

// What the launches so far printed, launch by launch and sorted by thread. Waits for all of them.
// With the GIL; an exception that is set stays set. False with an exception set if writing fails.
bool write_gpu_prints(runtime::cuda::Device& gpu);

}  // namespace cudapy::binding
