#include "codegen/cpu/widen_masks.h"

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/PostOrderIterator.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/Transforms/Utils/Local.h>

#include <algorithm>

namespace cudapy::codegen::cpu {

namespace {

using namespace llvm;

bool is_mask(const Value* value) {
  auto* type = dyn_cast<FixedVectorType>(value->getType());
  return type && type->getElementType()->isIntegerTy(1);
}

class MaskWidener {
 public:
  explicit MaskWidener(Function& function) : function_(function), builder_(function.getContext()) {}

  void run() {
    bits_ = widest_comparison();
    if (bits_ == 0) return;
    std::vector<Instruction*> order;
    for (BasicBlock* block : ReversePostOrderTraversal<Function*>(&function_)) {
      for (Instruction& instruction : *block) order.push_back(&instruction);
    }
    for (Instruction* instruction : order) {
      if (is_mask(instruction)) widen(*instruction);
    }
    for (auto& [narrow, wide] : phis_) {
      for (unsigned i = 0; i < narrow->getNumIncomingValues(); ++i) {
        BasicBlock* from = narrow->getIncomingBlock(i);
        builder_.SetInsertPoint(from->getTerminator());
        wide->addIncoming(wide_of(narrow->getIncomingValue(i)), from);
      }
    }
    for (Instruction* instruction : order) replace_uses(*instruction);
    delete_dead(order);
  }

 private:
  unsigned widest_comparison() {
    unsigned bits = 0;
    for (BasicBlock& block : function_) {
      for (Instruction& instruction : block) {
        if (!isa<CmpInst>(instruction) || !is_mask(&instruction)) continue;
        bits = std::max(bits, instruction.getOperand(0)->getType()->getScalarSizeInBits());
      }
    }
    return bits == 1 ? 0 : bits;
  }

  Type* wide_type(const Value* mask) { return mask->getType()->getWithNewBitWidth(bits_); }

  // The wide form; made where the builder stands for what has none of its own: constants and
  // arguments.
  Value* wide_of(Value* mask) {
    auto found = wide_.find(mask);
    return found != wide_.end() ? found->second : builder_.CreateSExt(mask, wide_type(mask));
  }

  void widen(Instruction& mask) {
    if (auto* phi = dyn_cast<PHINode>(&mask)) {
      builder_.SetInsertPoint(phi);
      PHINode* wide = builder_.CreatePHI(wide_type(phi), phi->getNumIncomingValues());
      phis_.emplace_back(phi, wide);
      wide_[phi] = wide;
      return;
    }
    builder_.SetInsertPoint(&mask);
    if (auto* logic = dyn_cast<BinaryOperator>(&mask)) {
      wide_[&mask] = builder_.CreateBinOp(logic->getOpcode(), wide_of(logic->getOperand(0)),
                                          wide_of(logic->getOperand(1)));
    } else if (auto* select = dyn_cast<SelectInst>(&mask)) {
      wide_[&mask] =
          builder_.CreateSelect(narrowed(select->getCondition()), wide_of(select->getTrueValue()),
                                wide_of(select->getFalseValue()));
    } else if (auto* freeze = dyn_cast<FreezeInst>(&mask)) {
      wide_[&mask] = builder_.CreateFreeze(wide_of(freeze->getOperand(0)));
    } else {
      builder_.SetInsertPoint(mask.getNextNode());
      wide_[&mask] = builder_.CreateSExt(&mask, wide_type(&mask));
    }
  }

  // A mask as <W x i1>, from its wide form if that is where it is kept.
  Value* narrowed(Value* mask) {
    if (!is_mask(mask) || !kept_wide(mask)) return mask;
    Value* wide = wide_.at(mask);
    return builder_.CreateICmpSLT(wide, Constant::getNullValue(wide->getType()));
  }

  bool kept_wide(Value* mask) const {
    return wide_.contains(mask) && (isa<PHINode>(mask) || isa<BinaryOperator>(mask) ||
                                    isa<SelectInst>(mask) || isa<FreezeInst>(mask));
  }

  // Of what takes masks and gives something else.
  void replace_uses(Instruction& user) {
    if (is_mask(&user) && kept_wide(&user)) return;
    builder_.SetInsertPoint(&user);
    if (replace_any(user) || replace_extension(user)) return;
    if (isa<PHINode>(user)) return;
    for (Use& use : user.operands()) {
      if (is_mask(use.get())) use.set(narrowed(use.get()));
    }
  }

  //   icmp ne (bitcast %mask to iW), 0
  bool replace_any(Instruction& user) {
    using namespace PatternMatch;
    Value* mask = nullptr;
    CmpPredicate predicate;
    if (!match(&user, m_ICmp(predicate, m_BitCast(m_Value(mask)), m_ZeroInt())) || !is_mask(mask))
      return false;
    if (!CmpInst::isEquality(predicate)) return false;
    Value* any = builder_.CreateOrReduce(wide_of(mask));
    user.replaceAllUsesWith(
        builder_.CreateICmp(predicate, any, Constant::getNullValue(any->getType())));
    return true;
  }

  // Lanes of ones or zeros are what a sign extension gives, and minus what a zero extension gives.
  bool replace_extension(Instruction& user) {
    auto* extension = dyn_cast<CastInst>(&user);
    if (!extension || !is_mask(extension->getOperand(0)) || !kept_wide(extension->getOperand(0)))
      return false;
    if (extension->getType() != wide_type(extension->getOperand(0))) return false;
    Value* wide = wide_.at(extension->getOperand(0));
    if (isa<ZExtInst>(extension)) {
      wide = builder_.CreateNeg(wide);
    } else if (!isa<SExtInst>(extension)) {
      return false;
    }
    user.replaceAllUsesWith(wide);
    return true;
  }

  static void delete_dead(const std::vector<Instruction*>& order) {
    SmallVector<WeakTrackingVH, 32> handles(order.begin(), order.end());
    for (WeakTrackingVH& handle : handles) {
      auto* instruction = dyn_cast_or_null<Instruction>(handle);
      if (!instruction) continue;
      if (auto* phi = dyn_cast<PHINode>(instruction))
        RecursivelyDeleteDeadPHINode(phi);
      else
        RecursivelyDeleteTriviallyDeadInstructions(instruction);
    }
  }

  Function& function_;
  IRBuilder<> builder_;
  unsigned bits_ = 0;
  DenseMap<Value*, Value*> wide_;
  std::vector<std::pair<PHINode*, PHINode*>> phis_;
};

}  // namespace

void widen_masks(Module& module) {
  for (Function& function : module) {
    if (!function.isDeclaration()) MaskWidener(function).run();
  }
}

}  // namespace cudapy::codegen::cpu
