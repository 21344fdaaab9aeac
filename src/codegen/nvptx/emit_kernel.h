// A kernel for an NVIDIA GPU: one thread of the launch is one thread of the device; in another
// entry, where there is one, several neighbours along x are.
//
// Takes what codegen/cpu takes, a typed, inlined function, and leaves an LLVM module with an entry
// of the calling convention `ptx_kernel` whose parameters runtime/cuda/kernel_abi.h states. The
// body is the CPU's at a gang width of 1: plain scalar code with real branches, the same arithmetic
// and the same formulas, so that answers agree.
#pragma once

#include <string>
#include <vector>

#include "ir/tree.h"

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::codegen::nvptx {

// Kernels are called so in front of their names until the module is done: nothing that it holds
// beside them begins so.
inline constexpr const char* kEntryPrefix = "entry.";

// What the code calls to report a fault: site, index, length, idx, idy, idz.
inline constexpr const char* kRecordFault = "cudapy_record_fault";

// Of entries whose threads stand for several neighbours.
inline constexpr const char* kGangAttribute = "cudapy-gang";

struct KernelOptions {
  bool fastmath = false;
  // Launches look at their arrays first: none that the kernel only reads lies in memory that it
  // writes, and all keep transform::row_limits.
  bool vetted_arrays = false;
  // The files of the program's sources, where the code says which lines it comes from.
  std::vector<std::string> line_files = {};
};

// Returns the entry's name.
std::string emit_kernel(const ir::Function& kernel, const KernelOptions& options,
                        llvm::Module& module);

// Defines what the emitted code calls and the device has to have: the recorder of faults, and the
// functions that math formulas turn to for rare arguments. Returns the name of a function that is
// called and that no device code exists for; empty if there is none.
std::string define_runtime(llvm::Module& module);

}  // namespace cudapy::codegen::nvptx
