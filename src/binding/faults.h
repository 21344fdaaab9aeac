// What a user is told when a thread of a kernel has faulted.
#pragma once

#include <cstddef>

#include "binding/kernel_body.h"
#include "runtime/compile_driver.h"
#include "runtime/cpu/kernel_abi.h"

namespace cudapy::binding {

// Raises IndexError or ZeroDivisionError for a launch whose record is claimed: with file, line, the
// expression, index and length, and the thread.
std::nullptr_t raise_fault(const runtime::FaultRecord& fault, const runtime::CompiledKernel& code,
                           const KernelBody& body);

// The same by its parts.
std::nullptr_t raise_fault(const runtime::FaultRecord& fault,
                           const std::vector<ir::FaultSite>& sites, const std::string& kernel,
                           const std::vector<SourceText>& sources);

}  // namespace cudapy::binding
