// Finds stores that PTX makes of the low parts of registers. See keep_float_bits.h.
#include "codegen/nvptx/keep_float_bits.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>

#include <string>

namespace cudapy::codegen::nvptx {

using namespace llvm;

namespace {

// A copy that neither LLVM nor the assembler looks through, and that costs no instruction:
//   mov.b32 %r2, %r1;
Value* copy_of_bits(IRBuilderBase& builder, Value* bits) {
  Type* type = bits->getType();
  const unsigned width = type->getIntegerBitWidth();
  const auto copy = InlineAsm::get(FunctionType::get(type, {type}, /*isVarArg=*/false),
                                   "mov.b" + std::to_string(width) + " $0, $1;",
                                   width == 64   ? "=l,l"
                                   : width == 32 ? "=r,r"
                                                 : "=h,h",
                                   /*hasSideEffects=*/false);
  return builder.CreateCall(copy, {bits});
}

// A float stored where it is not aligned: PTX does it byte by byte. A half is its bits already.
bool is_split(const StoreInst& store) {
  Type* type = store.getValueOperand()->getType();
  const bool may_be_float =
      type->isFloatTy() || type->isDoubleTy() || type->is16bitFPTy() || type->isIntegerTy(16);
  return may_be_float && store.getAlign().value() < type->getScalarSizeInBits() / 8;
}

// The number whose low part is stored; null: there is none.
Value* narrowed(const StoreInst& store) {
  auto* cut = dyn_cast<TruncInst>(store.getValueOperand());
  if (cut == nullptr) return nullptr;
  Value* whole = cut->getOperand(0);
  return whole->getType()->isIntegerTy(32) || whole->getType()->isIntegerTy(64) ? whole : nullptr;
}

void mend(StoreInst& store) {
  IRBuilder<> builder(&store);
  if (is_split(store)) {
    Value* value = store.getValueOperand();
    Type* bits = builder.getIntNTy(value->getType()->getScalarSizeInBits());
    store.setOperand(0, copy_of_bits(builder, builder.CreateBitCast(value, bits)));
  } else if (Value* whole = narrowed(store)) {
    Type* part = store.getValueOperand()->getType();
    store.setOperand(0, builder.CreateTrunc(copy_of_bits(builder, whole), part));
  }
}

}  // namespace

void keep_float_bits(Module& module) {
  for (Function& function : module) {
    for (Instruction& instruction : instructions(function)) {
      if (auto* store = dyn_cast<StoreInst>(&instruction)) mend(*store);
    }
  }
}

}  // namespace cudapy::codegen::nvptx
