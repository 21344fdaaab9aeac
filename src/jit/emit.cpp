// Runs LLVM's code generator. See emit.h.
#include "jit/emit.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>

namespace cudapy::jit {
namespace {

llvm::SmallVector<char, 0> emit(llvm::Module& module, llvm::TargetMachine& machine,
                                llvm::CodeGenFileType type, std::string& error) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true)) {
    error = "LLVM cannot emit code for " + machine.getTargetTriple().str();
    return {};
  }
  passes.run(module);
  return bytes;
}

}  // namespace

llvm::SmallVector<char, 0> emit_object(llvm::Module& module, llvm::TargetMachine& machine,
                                       std::string& error) {
  return emit(module, machine, llvm::CodeGenFileType::ObjectFile, error);
}

std::string emit_last_assembly(llvm::Module& module, llvm::TargetMachine& machine,
                               std::string& error) {
  const auto bytes = emit(module, machine, llvm::CodeGenFileType::AssemblyFile, error);
  return {bytes.begin(), bytes.end()};
}

std::string emit_assembly(const llvm::Module& module, llvm::TargetMachine& machine,
                          std::string& error) {
  return emit_last_assembly(*llvm::CloneModule(module), machine, error);
}

}  // namespace cudapy::jit
