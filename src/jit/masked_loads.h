// Keeps InstCombine of LLVM 22 from folding `select(mask, masked.load(p, mask), other)` into a load
// at the select, behind stores that stand between the two (llvm/llvm-project#215453).
#pragma once

#include <llvm/IR/PassManager.h>

namespace cudapy::jit {

// Puts a freeze behind each masked load, which the fold does not look through.
struct HoldMaskedLoads : llvm::PassInfoMixin<HoldMaskedLoads> {
  static llvm::PreservedAnalyses run(llvm::Function& function,
                                     llvm::FunctionAnalysisManager& analyses);
};

// Takes them away again.
struct ReleaseMaskedLoads : llvm::PassInfoMixin<ReleaseMaskedLoads> {
  static llvm::PreservedAnalyses run(llvm::Function& function,
                                     llvm::FunctionAnalysisManager& analyses);
};

}  // namespace cudapy::jit
