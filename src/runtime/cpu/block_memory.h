// Memory of the block that a thread of the pool is running: shared arrays, and what its threads
// keep over a barrier.
#pragma once

#include <cstdint>

#include "runtime/cpu/kernel_abi.h"

// At least `bytes`, aligned to a cache line and not cleared; the same memory at the next call with
// the same `which` (0 or 1), unless more is asked for. It belongs to the calling thread and lives
// as long. Null, with the fault recorded, where there is none.
extern "C" void* cudapy_block_memory(cudapy::runtime::FaultRecord* record, int32_t which,
                                     int64_t bytes) noexcept;
