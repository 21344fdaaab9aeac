// Machine code from an optimised module: an ELF object, or assembly to read.
#pragma once

#include <string>

#include <llvm/ADT/SmallVector.h>

namespace llvm {
class Module;
class TargetMachine;
}  // namespace llvm

namespace cudapy::jit {

// Instruction selection rewrites the module: afterwards it is only good for destruction. An empty
// object, with the reason in `error`, on failure.
llvm::SmallVector<char, 0> emit_object(llvm::Module& module, llvm::TargetMachine& machine,
                                       std::string& error);

// The same as text.
std::string emit_last_assembly(llvm::Module& module, llvm::TargetMachine& machine,
                               std::string& error);

// Works on a copy of the module.
std::string emit_assembly(const llvm::Module& module, llvm::TargetMachine& machine,
                          std::string& error);

}  // namespace cudapy::jit
