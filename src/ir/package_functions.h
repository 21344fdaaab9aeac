// The package's own functions in the kernel language: math's, cmath's, NumPy's and
// Python's that are no instruction or formula. What is wrong in a call of one is shown where the
// user calls it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "ir/tree.h"

namespace cudapy::ir {

inline bool is_of_package(const Program& program, const Function& function) {
  constexpr std::array<std::string_view, 4> kFiles = {
      "cudapy/_impl/complex_functions.py", "cudapy/_impl/library_of_math.py",
      "cudapy/_impl/library_of_numpy.py", "cudapy/_impl/library_of_python.py"};
  const size_t source = function.span.source;
  if (function.span.line <= 0 || source >= program.sources.size()) return false;
  const std::string_view file = program.sources[source].filename;
  return std::ranges::any_of(kFiles, [&](std::string_view own) { return file.ends_with(own); });
}

}  // namespace cudapy::ir
