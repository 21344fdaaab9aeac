// What a user is told when a thread of a kernel has faulted.
#pragma once

#include <cstddef>

#include "binding/kernel_body.h"
#include "runtime/compile_driver.h"
#include "runtime/cpu/kernel_abi.h"

namespace cudapy::binding {

// Raises IndexError or ZeroDivisionError for a launch whose record is claimed: with file, line, the
// expression, index and length, the thread, and its block where blocks are the user's: `block` is
// their shape then, else null.
std::nullptr_t raise_fault(const runtime::FaultRecord& fault, const runtime::CompiledKernel& code,
                           const KernelBody& body, const int64_t* block);

// The same by its parts.
std::nullptr_t raise_fault(const runtime::FaultRecord& fault,
                           const std::vector<ir::FaultSite>& sites, const std::string& kernel,
                           const std::vector<SourceText>& sources, const int64_t* block = nullptr);

}  // namespace cudapy::binding
