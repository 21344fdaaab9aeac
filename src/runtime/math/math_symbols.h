// The scalar math functions that compiled kernels call by name, a lane at a time: what vector code
// is not emitted for, and arguments too rare to be worth it.
//
// Each is extern "C" under cudapy_math_<name> for double and cudapy_math_<name>f for float, never
// throws, leaves errno unspecified, and may be called from any thread.
#pragma once

#include <span>

namespace cudapy::runtime {

struct MathSymbol {
  const char* name;
  const void* address;
};

// Every such function, sorted by name. Lives as long as the process.
std::span<const MathSymbol> math_symbols();

}  // namespace cudapy::runtime
