#include "codegen/common/intrinsics.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

namespace cudapy::codegen {

using namespace llvm;
using ir::Intrinsic;

namespace {

namespace id = llvm::Intrinsic;

Value* to_int32(IRBuilderBase& builder, Value* count) {
  return builder.CreateZExtOrTrunc(count, count->getType()->getWithNewBitWidth(32));
}

// The place of the lowest set bit, counted from 1; 0 if there is none.
Value* emit_ffs(IRBuilderBase& builder, Value* value) {
  Type* type = value->getType();
  Value* zeros = builder.CreateBinaryIntrinsic(id::cttz, value, builder.getFalse());
  Value* place = builder.CreateAdd(zeros, ConstantInt::get(type, 1));
  Value* none = builder.CreateICmpEQ(value, Constant::getNullValue(type));
  return builder.CreateSelect(none, Constant::getNullValue(type), place);
}

// Byte i of the result is the byte of y:x that bits 4i .. 4i + 2 of the selector name.
Value* emit_byte_perm(IRBuilderBase& builder, Value* x, Value* y, Value* selector) {
  Type* narrow = x->getType();
  Type* wide = narrow->getWithNewBitWidth(64);
  const auto constant = [&](uint64_t value) { return ConstantInt::get(wide, value); };
  Value* bytes = builder.CreateOr(builder.CreateShl(builder.CreateZExt(y, wide), constant(32)),
                                  builder.CreateZExt(x, wide));
  Value* select = builder.CreateZExt(selector, wide);
  Value* result = nullptr;
  for (uint64_t i = 0; i < 4; ++i) {
    Value* number = builder.CreateAnd(builder.CreateLShr(select, constant(4 * i)), constant(7));
    Value* shifted = builder.CreateLShr(bytes, builder.CreateShl(number, constant(3)));
    Value* byte = builder.CreateShl(builder.CreateAnd(shifted, constant(0xFF)), constant(8 * i));
    result = result ? builder.CreateOr(result, byte) : byte;
  }
  return builder.CreateTrunc(result, narrow);
}

// Four products of 32 bits: vectors have no wider ones.
Value* emit_unsigned_high64(IRBuilderBase& builder, Value* a, Value* b) {
  Type* type = a->getType();
  Constant* half = ConstantInt::get(type, 32);
  Constant* mask = ConstantInt::get(type, 0xFFFFFFFF);
  const auto low = [&](Value* value) { return builder.CreateAnd(value, mask); };
  const auto high = [&](Value* value) { return builder.CreateLShr(value, half); };
  Value* cross = builder.CreateMul(high(a), low(b));
  Value* other = builder.CreateMul(low(a), high(b));
  Value* carry = high(builder.CreateMul(low(a), low(b)));
  carry = builder.CreateAdd(builder.CreateAdd(carry, low(cross)), low(other));
  Value* top = builder.CreateMul(high(a), high(b));
  top = builder.CreateAdd(builder.CreateAdd(top, high(cross)), high(other));
  return builder.CreateAdd(top, high(carry));
}

Value* emit_high64(IRBuilderBase& builder, Value* a, Value* b, bool is_signed) {
  Value* result = emit_unsigned_high64(builder, a, b);
  if (!is_signed) return result;
  // A negative factor counts 2**64 too much.
  const auto if_negative = [&](Value* factor, Value* other) {
    return builder.CreateAnd(builder.CreateAShr(factor, ConstantInt::get(factor->getType(), 63)),
                             other);
  };
  result = builder.CreateSub(result, if_negative(a, b));
  return builder.CreateSub(result, if_negative(b, a));
}

Value* emit_mul_high(IRBuilderBase& builder, Value* a, Value* b, bool is_signed) {
  Type* type = a->getType();
  const unsigned bits = type->getScalarSizeInBits();
  if (bits == 64 && type->isVectorTy()) return emit_high64(builder, a, b, is_signed);
  Type* wide = type->getWithNewBitWidth(2 * bits);
  const auto widen = [&](Value* value) {
    return is_signed ? builder.CreateSExt(value, wide) : builder.CreateZExt(value, wide);
  };
  Value* product = builder.CreateMul(widen(a), widen(b));
  return builder.CreateTrunc(builder.CreateLShr(product, ConstantInt::get(wide, bits)), type);
}

// Cycles on x86; elsewhere a counter of constant frequency, as the one of cycles may be closed to
// programs.
Value* emit_clock(IRBuilderBase& builder) {
  const Triple& triple = builder.GetInsertBlock()->getModule()->getTargetTriple();
  const id::ID counter = triple.isX86() ? id::readcyclecounter : id::readsteadycounter;
  return builder.CreateIntrinsic(counter, ArrayRef<Type*>(), ArrayRef<Value*>());
}

// For the threads of a block, for all of the device, or for the host and other devices as well. On
// the CPU a block's threads run on one core, and all others see one memory.
Value* emit_fence(IRBuilderBase& builder, Intrinsic fence) {
  LLVMContext& context = builder.getContext();
  const bool is_of_block = fence == Intrinsic::FenceBlock;
  SyncScope::ID scope = SyncScope::System;
  if (builder.GetInsertBlock()->getModule()->getTargetTriple().isNVPTX()) {
    if (is_of_block) scope = context.getOrInsertSyncScopeID("block");
    if (fence == Intrinsic::Fence) scope = context.getOrInsertSyncScopeID("device");
  } else if (is_of_block) {
    scope = SyncScope::SingleThread;
  }
  builder.CreateFence(AtomicOrdering::SequentiallyConsistent, scope);
  return nullptr;
}

}  // namespace

Value* emit_intrinsic(IRBuilderBase& builder, Intrinsic intrinsic, ArrayRef<Value*> operands,
                      bool is_signed) {
  switch (intrinsic) {
    case Intrinsic::Popc:
      return to_int32(builder, builder.CreateUnaryIntrinsic(id::ctpop, operands[0]));
    case Intrinsic::Clz:
      return to_int32(builder,
                      builder.CreateBinaryIntrinsic(id::ctlz, operands[0], builder.getFalse()));
    case Intrinsic::Ffs:
      return to_int32(builder, emit_ffs(builder, operands[0]));
    case Intrinsic::Brev:
      return builder.CreateUnaryIntrinsic(id::bitreverse, operands[0]);
    case Intrinsic::BytePerm:
      return emit_byte_perm(builder, operands[0], operands[1], operands[2]);
    case Intrinsic::MulHigh:
      return emit_mul_high(builder, operands[0], operands[1], is_signed);
    case Intrinsic::Clock:
      return emit_clock(builder);
    case Intrinsic::Fence:
    case Intrinsic::FenceBlock:
    case Intrinsic::FenceSystem:
      return emit_fence(builder, intrinsic);
    case Intrinsic::Philox0:
    case Intrinsic::Philox1:
    case Intrinsic::Philox2:
    case Intrinsic::Philox3:
      return emit_philox(builder, operands[0], operands[1], operands[2],
                         static_cast<int>(intrinsic) - static_cast<int>(Intrinsic::Philox0));
    default:
      llvm_unreachable("not an intrinsic of the typed tree");
  }
}

}  // namespace cudapy::codegen
