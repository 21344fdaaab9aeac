// Vectors go through memory of the stack, from which a loop takes one lane after the other:
//     bits = mask
//     while bits != 0: lane = count of trailing zeros; copy that element; bits &= bits - 1
#include "codegen/cpu/single_lanes.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

constexpr const char* kName = "single_lanes";
constexpr uint64_t kAlignment = 64;

// One for each type of a function: nothing is kept there.
AllocaInst* stack_of(IRBuilderBase& builder, Type* vector) {
  BasicBlock& entry = builder.GetInsertBlock()->getParent()->getEntryBlock();
  for (Instruction& instruction : entry) {
    auto* known = dyn_cast<AllocaInst>(&instruction);
    if (known == nullptr) break;
    if (known->getAllocatedType() == vector && known->getName().starts_with(kName)) return known;
  }
  IRBuilder<> first(&entry, entry.begin());
  AllocaInst* made = first.CreateAlloca(vector, nullptr, kName);
  made->setAlignment(Align(kAlignment));
  return made;
}

template <class Copy>
void for_each_lane(IRBuilderBase& builder, Value* mask, Copy copy) {
  const unsigned width = cast<FixedVectorType>(mask->getType())->getNumElements();
  LLVMContext& context = builder.getContext();
  Function* function = builder.GetInsertBlock()->getParent();
  Type* i64 = builder.getInt64Ty();
  Value* all = builder.CreateZExt(builder.CreateBitCast(mask, builder.getIntNTy(width)), i64);
  BasicBlock* before = builder.GetInsertBlock();
  BasicBlock* loop = BasicBlock::Create(context, "single_lane", function);
  BasicBlock* done = BasicBlock::Create(context, "single_lanes_done", function);
  Value* zero = builder.getInt64(0);
  builder.CreateCondBr(builder.CreateICmpNE(all, zero), loop, done);
  builder.SetInsertPoint(loop);
  PHINode* bits = builder.CreatePHI(i64, 2);
  bits->addIncoming(all, before);
  copy(builder.CreateBinaryIntrinsic(Intrinsic::cttz, bits, builder.getTrue()));
  Value* rest = builder.CreateAnd(bits, builder.CreateSub(bits, builder.getInt64(1)));
  bits->addIncoming(rest, builder.GetInsertBlock());
  builder.CreateCondBr(builder.CreateICmpNE(rest, zero), loop, done);
  builder.SetInsertPoint(done);
}

AddressOfLane from_vector(IRBuilderBase& builder, Value* addresses) {
  Value* stack = stack_of(builder, addresses->getType());
  builder.CreateAlignedStore(addresses, stack, Align(kAlignment));
  Type* pointer = builder.getPtrTy();
  return [&builder, stack, pointer](Value* lane) {
    return builder.CreateLoad(pointer, builder.CreateGEP(pointer, stack, lane));
  };
}

}  // namespace

Value* load_single_lanes(IRBuilderBase& builder, Value* mask, Type* vector,
                         const AddressOfLane& address) {
  Value* stack = stack_of(builder, vector);
  Type* element = vector->getScalarType();
  builder.CreateAlignedStore(Constant::getNullValue(vector), stack, Align(kAlignment));
  for_each_lane(builder, mask, [&](Value* lane) {
    Value* loaded = builder.CreateAlignedLoad(element, address(lane), Align(1));
    builder.CreateStore(loaded, builder.CreateGEP(element, stack, lane));
  });
  return builder.CreateAlignedLoad(vector, stack, Align(kAlignment));
}

void store_single_lanes(IRBuilderBase& builder, Value* mask, Value* value,
                        const AddressOfLane& address) {
  Value* stack = stack_of(builder, value->getType());
  Type* element = value->getType()->getScalarType();
  builder.CreateAlignedStore(value, stack, Align(kAlignment));
  for_each_lane(builder, mask, [&](Value* lane) {
    Value* stored = builder.CreateLoad(element, builder.CreateGEP(element, stack, lane));
    builder.CreateAlignedStore(stored, address(lane), Align(1));
  });
}

Value* gather_single_lanes(IRBuilderBase& builder, Value* mask, Type* vector, Value* addresses) {
  return load_single_lanes(builder, mask, vector, from_vector(builder, addresses));
}

void scatter_single_lanes(IRBuilderBase& builder, Value* mask, Value* value, Value* addresses) {
  store_single_lanes(builder, mask, value, from_vector(builder, addresses));
}

}  // namespace cudapy::codegen::cpu
