// Addresses that are kept as numbers: those of a GPU's memory, and those that are added to where
// C++ knows of no array.
#pragma once

#include <cstdint>

namespace cudapy {

inline void* pointer_to(uint64_t address) {
  return reinterpret_cast<void*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace cudapy
