// Finds the floats that are chosen by comparing them. See keep_zero_signs.h.
#include "codegen/nvptx/keep_zero_signs.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PatternMatch.h>

namespace cudapy::codegen::nvptx {

using namespace llvm;
using PatternMatch::m_AnyZeroFP;
using PatternMatch::m_NegZeroFP;
using PatternMatch::m_PosZeroFP;
using PatternMatch::match;

namespace {

bool are_same(const Value* compared, const Value* chosen) {
  return compared == chosen || (match(compared, m_AnyZeroFP()) && match(chosen, m_AnyZeroFP()));
}

bool is_constant_but_zero(const Value* value) {
  return isa<ConstantFP>(value) && !match(value, m_AnyZeroFP());
}

// `x > 0.0 ? x : 0.0` and `x < -0.0 ? x : -0.0`, which `max` and `min` compute to the last bit.
bool is_exact(CmpInst::Predicate order, const Value* otherwise) {
  return (order == CmpInst::FCMP_OGT && match(otherwise, m_PosZeroFP())) ||
         (order == CmpInst::FCMP_OLT && match(otherwise, m_NegZeroFP()));
}

// Whether LLVM may take the choice for the smaller or the larger of two floats, and be wrong.
bool is_mistakable(const SelectInst& choice) {
  const auto* comparison = dyn_cast<FCmpInst>(choice.getCondition());
  if (comparison == nullptr || !choice.getType()->isFloatingPointTy()) return false;
  const Value* left = comparison->getOperand(0);
  const Value* right = comparison->getOperand(1);
  const Value* then = choice.getTrueValue();
  const Value* otherwise = choice.getFalseValue();
  const bool is_straight = are_same(left, then) && are_same(right, otherwise);
  if (!is_straight && !(are_same(left, otherwise) && are_same(right, then))) return false;
  if (is_constant_but_zero(then) || is_constant_but_zero(otherwise)) return false;
  return !is_straight || !is_exact(comparison->getPredicate(), otherwise);
}

void choose_bits(SelectInst& choice) {
  IRBuilder<> builder(&choice);
  Type* bits = builder.getIntNTy(choice.getType()->getScalarSizeInBits());
  Value* chosen = builder.CreateSelect(choice.getCondition(),
                                       builder.CreateBitCast(choice.getTrueValue(), bits),
                                       builder.CreateBitCast(choice.getFalseValue(), bits));
  choice.replaceAllUsesWith(builder.CreateBitCast(chosen, choice.getType()));
  choice.eraseFromParent();
}

}  // namespace

void keep_zero_signs(Module& module) {
  for (Function& function : module) {
    for (Instruction& instruction : make_early_inc_range(instructions(function))) {
      auto* choice = dyn_cast<SelectInst>(&instruction);
      if (choice != nullptr && !choice->hasNoSignedZeros() && is_mistakable(*choice))
        choose_bits(*choice);
    }
  }
}

}  // namespace cudapy::codegen::nvptx
