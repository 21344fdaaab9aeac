// Texts of what kernels print and raise, put together by Python itself.
#pragma once

#include <functional>

#include "binding/py_ref.h"
#include "runtime/compile_driver.h"
#include "runtime/cpu/print_buffer.h"

namespace cudapy::binding {

// (format, (type, value), ...) for printing.py: what a site's text is made of. `bits_of` gives the
// bits of a value by its number. Null with an exception set if it fails.
PyRef text_parts(const ir::FaultSite& site, const std::function<uint64_t(size_t)>& bits_of);

// Writes what a launch printed to Python's standard output.
// With the GIL; an exception that is set stays set. False with an exception set if writing fails.
bool write_prints(runtime::PrintBuffer& prints, const std::vector<ir::FaultSite>& sites);

}  // namespace cudapy::binding
