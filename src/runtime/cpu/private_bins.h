// Memory that a call of a kernel counts in on its own (codegen/cpu/private_bins.h).
#pragma once

#include <cstdint>

namespace cudapy::runtime {

// The memory holds the bins as often as this, one copy after the other.
inline constexpr int kBinCopies = 4;

}  // namespace cudapy::runtime

extern "C" {

// Zeros, for all copies; null if there is no memory, and the kernel then uses the array itself.
void* cudapy_open_bins(int64_t bytes) noexcept;

// Adds what was counted to the array, atomically, and frees the memory. Null: there is none.
void cudapy_close_bins32(void* bins, void* array, int64_t length) noexcept;
void cudapy_close_bins64(void* bins, void* array, int64_t length) noexcept;
}
