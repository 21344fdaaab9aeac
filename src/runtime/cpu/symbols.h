// The runtime symbols that compiled kernels may import.
#pragma once

#include <string_view>

namespace cudapy::runtime {

// The address of a scalar math function (math_symbols.h) or of one of the C library functions that
// LLVM itself calls: memory functions, and arithmetic that a level lacks instructions for (fma on
// SSE4). Null for anything else. A SymbolResolver; thread safe.
const void* resolve_runtime_symbol(std::string_view name);

}  // namespace cudapy::runtime
