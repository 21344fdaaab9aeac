// The middle-end pipeline: from the code that codegen emits to the code that instruction selection
// gets.
#pragma once

#include <atomic>

#include "jit/target.h"

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::jit {

enum class Pipeline {
  // What kernels get: a short list for code that is vectors already and comes clean from codegen.
  // No
  // loop or SLP vectoriser, no rewriting of loops to memory calls. On Mandelbrot, SAXPY and matrix
  // multiply it takes 0.8 to 1.4 ms where LLVM's -O2 takes 6 to 11, and the code is as fast (but
  // for what unrolling gives: 13 % of matrix multiply).
  kKernel,
  // The linear part of it, for modules so large that the rest, or LLVM's code generator with its
  // optimisations on, would take seconds: both grow with the square of the number of blocks.
  kLongKernel,
  // What kernels for GPUs get: the same idea for code of one lane, whose assembler optimises once
  // more. Half of LLVM's -O3 in time for the same machine code, a few instructions aside.
  kGpuKernel,
  // LLVM's own, for comparison.
  kLlvmO1,
  kLlvmO2,
  kLlvmO3,
};

// Once `is_abandoned` (null: never) is set, the passes that are left are skipped.
void optimise(llvm::Module& module, const Target& target, Pipeline pipeline = Pipeline::kKernel,
              const std::atomic<bool>* is_abandoned = nullptr);

}  // namespace cudapy::jit
