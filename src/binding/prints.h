// Writing what a launch printed to Python's standard output.
#pragma once

#include "runtime/compile_driver.h"
#include "runtime/cpu/print_buffer.h"

namespace cudapy::binding {

// With the GIL; an exception that is set stays set. False with an exception set if writing fails.
bool write_prints(runtime::PrintBuffer& prints, const std::vector<ir::FaultSite>& sites);

}  // namespace cudapy::binding
