#include "sema/bools_of_numpy.h"

#include <array>

#include "sema/instance.h"

namespace cudapy::sema {

namespace {

constexpr std::string_view kFile = "library_of_numpy.py";

struct Instead {
  std::string_view function;
  std::string_view help;
};

constexpr std::array kInstead = {
    Instead{"add", "write `a | b`, a bool as NumPy's, or `a + b`, which counts: 0, 1 or 2"},
    Instead{"multiply", "write `a & b`, a bool as NumPy's, or `a * b`, which is 0 or 1"},
    Instead{"subtract", "NumPy refuses it, too: write `a ^ b`, or `a - b`, which is -1, 0 or 1"},
    Instead{"invert", "write `not x`, a bool as NumPy's; Python's `~x` is -1 or -2"},
    Instead{"negative", "NumPy refuses it, too: write `not x`, or `-x`, which is 0 or -1"},
    Instead{"positive", "NumPy refuses it, too: write `x`, or `+x`, which is 0 or 1"},
    Instead{"sign", "NumPy refuses it, too: write `x`, or `int(x)`, which is 0 or 1"},
};

}  // namespace

std::string instead_of_bools(std::string_view function) {
  for (const Instead& instead : kInstead) {
    if (instead.function == function) return std::string(instead.help);
  }
  return {};
}

bool Instances::is_of_numpy(const ir::Function& function) const {
  const size_t source = function.span.source;
  return function.span.line > 0 && source < untyped_.sources.size() &&
         untyped_.sources[source].filename.ends_with(kFile);
}

}  // namespace cudapy::sema
