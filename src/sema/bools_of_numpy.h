// NumPy's functions that are arithmetic to numbers, and to bools something else or nothing at all:
// `np.add(True, True)` is True there, where Python's `+`, which stands for it in kernels, says 2.
#pragma once

#include <string>
#include <string_view>

namespace cudapy::sema {

// What to write in place of such a function of bools; empty: it means the same in a kernel.
std::string instead_of_bools(std::string_view function);

}  // namespace cudapy::sema
