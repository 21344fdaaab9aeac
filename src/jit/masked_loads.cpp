#include "jit/masked_loads.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicInst.h>

namespace cudapy::jit {

using namespace llvm;

namespace {

bool is_masked_load(const Value* value) {
  const auto* call = dyn_cast<IntrinsicInst>(value);
  return call != nullptr && call->getIntrinsicID() == Intrinsic::masked_load;
}

PreservedAnalyses all_but_values(bool changed) {
  if (!changed) return PreservedAnalyses::all();
  PreservedAnalyses kept;
  kept.preserveSet<CFGAnalyses>();
  return kept;
}

}  // namespace

PreservedAnalyses HoldMaskedLoads::run(Function& function, FunctionAnalysisManager& /*analyses*/) {
  bool changed = false;
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    if (!is_masked_load(&instruction)) continue;
    auto* held = new FreezeInst(&instruction, "", std::next(instruction.getIterator()));
    instruction.replaceUsesWithIf(held, [&](const Use& use) { return use.getUser() != held; });
    changed = true;
  }
  return all_but_values(changed);
}

PreservedAnalyses ReleaseMaskedLoads::run(Function& function,
                                          FunctionAnalysisManager& /*analyses*/) {
  bool changed = false;
  for (Instruction& instruction : make_early_inc_range(instructions(function))) {
    auto* held = dyn_cast<FreezeInst>(&instruction);
    if (held == nullptr || !is_masked_load(held->getOperand(0))) continue;
    held->replaceAllUsesWith(held->getOperand(0));
    held->eraseFromParent();
    changed = true;
  }
  return all_but_values(changed);
}

}  // namespace cudapy::jit
