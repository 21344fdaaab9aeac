// A kernel as masked vector code for the CPU: the entry that runs a range of blocks, a gang of
// threads at a time.
//
// Takes a typed, inlined function annotated by sema::annotate_shapes and leaves a verified LLVM
// function of the type runtime::KernelEntry. Lanes are vector elements; control flow that differs
// among them is masks, what is the same for all of them stays scalar. A gang width of 1 gives plain
// scalar code with real branches.
#pragma once

#include <string>

#include "codegen/cpu/target_info.h"
#include "ir/tree.h"

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::codegen::cpu {

struct CodegenOptions {
  int gang_width = 0;  // a power of two; 0 to choose
  bool fastmath = false;
};

struct EmittedKernel {
  std::string entry;  // the function's name in the module
  int gang_width = 1;
};

EmittedKernel emit_kernel(const ir::Function& kernel, const TargetInfo& target,
                          const CodegenOptions& options, llvm::Module& module);

// Whether the threads of a block wait for each other or share arrays, so that the kernel is run
// block by block, region by region.
bool runs_whole_blocks(const ir::Function& kernel);

// How many threads make a gang: native vectors of the kernel's widest varying type, two of them so
// that one's latency hides behind the other's.
int choose_gang_width(const ir::Function& kernel, const TargetInfo& target);

// Whether lanes hold elements of one or two bytes. If not, AVX-512 code is better without the byte
// and word instructions (BW): with them LLVM keeps the masks of two vectors in one register, and
// packs and unpacks it at every use.
bool has_small_lanes(const ir::Function& kernel);

}  // namespace cudapy::codegen::cpu
