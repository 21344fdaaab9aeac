// The middle-end pipeline: from the code that codegen emits to the code that instruction selection
// gets.
#pragma once

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace cudapy::jit {

enum class Pipeline {
  // What kernels get: a short list for code that is vectors already. No loop or SLP vectoriser, no
  // rewriting of loops to memory calls.
  kKernel,
  // LLVM's own, for comparison.
  kLlvmO1,
  kLlvmO2,
  kLlvmO3,
};

void optimise(llvm::Module& module, llvm::TargetMachine& machine,
              Pipeline pipeline = Pipeline::kKernel);

}  // namespace cudapy::jit
