// Conversions by LLVM's own fpext and fptrunc where they are instructions, else bit by bit. See
// halves.h.
#include "codegen/common/halves.h"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include <vector>

#include "codegen/common/arithmetic.h"

namespace cudapy::codegen {

using namespace llvm;
using ir::Scalar;

namespace {

// The type of `value`, with other elements.
Type* like(const Value* value, Type* element) {
  return value->getType()->getWithNewType(element);
}

// The bits of a float32 in 32-bit integers.
class Bits {
 public:
  Bits(IRBuilderBase& builder, Type* type)
      : builder_(builder), type_(type->getWithNewType(builder.getInt32Ty())) {}

  Value* number(uint32_t value) { return ConstantInt::get(type_, value); }
  Value* of(Value* real) { return builder_.CreateBitCast(real, type_); }
  Value* as_real(Value* bits) {
    return builder_.CreateBitCast(bits, type_->getWithNewType(builder_.getFloatTy()));
  }
  Value* real(double value) {
    return ConstantFP::get(type_->getWithNewType(builder_.getFloatTy()), value);
  }
  Value* widened(Value* half) { return builder_.CreateZExt(half, type_); }
  Value* narrowed(Value* bits) {
    return builder_.CreateTrunc(bits, type_->getWithNewType(builder_.getInt16Ty()));
  }
  // bits >> count, to the nearest, halfway to even.
  Value* rounded(Value* bits, uint32_t count) {
    Value* odd = builder_.CreateAnd(builder_.CreateLShr(bits, number(count)), number(1));
    Value* half = builder_.CreateAdd(odd, number((1U << (count - 1)) - 1));
    return builder_.CreateLShr(builder_.CreateAdd(bits, half), number(count));
  }

 private:
  IRBuilderBase& builder_;
  Type* type_;
};

// As a float32 of the same bits, a float16 is 2**112 times too small.
//   wide = float(bits(h & 0x7FFF) << 13) * 0x1p112, its exponent all ones where that of h is
Value* expanded_float16(IRBuilderBase& builder, Value* half) {
  Bits bits(builder, half->getType());
  Value* wide = bits.widened(half);
  Value* rest = builder.CreateAnd(wide, bits.number(0x7FFF));
  Value* small = bits.as_real(builder.CreateShl(rest, bits.number(13)));
  Value* scaled = bits.of(builder.CreateFMul(small, bits.real(0x1p112)));
  Value* is_special = builder.CreateICmpUGE(rest, bits.number(0x7C00));
  Value* special = builder.CreateSelect(is_special, bits.number(0x7F800000), bits.number(0));
  Value* sign = builder.CreateShl(builder.CreateAnd(wide, bits.number(0x8000)), bits.number(16));
  return bits.as_real(builder.CreateOr(builder.CreateOr(scaled, special), sign));
}

// Normal numbers are rounded as integers; adding 0.5 rounds the denormal ones, whose last place is
// that of numbers from 0.5 on.
Value* truncated_float16(IRBuilderBase& builder, Value* real) {
  Bits bits(builder, real->getType());
  Value* all = bits.of(real);
  Value* sign = builder.CreateAnd(all, bits.number(0x80000000));
  Value* size = builder.CreateXor(all, sign);
  Value* normal = bits.rounded(builder.CreateSub(size, bits.number(112U << 23)), 13);
  Value* half = ConstantFP::get(real->getType(), 0.5);
  Value* tiny = builder.CreateSub(bits.of(builder.CreateFAdd(bits.as_real(size), half)),
                                  bits.number(0x3F000000));
  Value* finite =
      builder.CreateSelect(builder.CreateICmpULT(size, bits.number(113U << 23)), tiny, normal);
  Value* is_nan = builder.CreateICmpUGT(size, bits.number(0x7F800000));
  Value* special = builder.CreateSelect(is_nan, bits.number(0x7E00), bits.number(0x7C00));
  Value* chosen =
      builder.CreateSelect(builder.CreateICmpULT(size, bits.number(143U << 23)), finite, special);
  return bits.narrowed(builder.CreateOr(chosen, builder.CreateLShr(sign, bits.number(16))));
}

Value* truncated_bfloat16(IRBuilderBase& builder, Value* real) {
  Bits bits(builder, real->getType());
  Value* all = bits.of(real);
  Value* quiet = builder.CreateOr(builder.CreateLShr(all, bits.number(16)), bits.number(0x40));
  Value* is_nan = builder.CreateFCmpUNO(real, real);
  return bits.narrowed(builder.CreateSelect(is_nan, quiet, bits.rounded(all, 16)));
}

// To the next float32 towards zero, whose last bit is set where something was cut off: rounding it
// again is rounding once.
Value* rounded_to_odd(IRBuilderBase& builder, Value* real) {
  Value* near = builder.CreateFPTrunc(real, like(real, builder.getFloatTy()));
  Bits bits(builder, real->getType());
  Value* back = builder.CreateFPExt(near, real->getType());
  Value* is_inexact = builder.CreateFCmpONE(back, real);
  Value* is_beyond = builder.CreateFCmpOGT(builder.CreateUnaryIntrinsic(Intrinsic::fabs, back),
                                           builder.CreateUnaryIntrinsic(Intrinsic::fabs, real));
  Value* near_bits = bits.of(near);
  Value* below =
      builder.CreateSelect(is_beyond, builder.CreateSub(near_bits, bits.number(1)), near_bits);
  Value* odd = builder.CreateOr(below, builder.CreateZExt(is_inexact, near_bits->getType()));
  return bits.as_real(odd);
}

}  // namespace

Value* from_half(IRBuilderBase& builder, Value* value, Scalar from) {
  if (from == Scalar::F16) {
    Value* half = builder.CreateBitCast(value, like(value, builder.getHalfTy()));
    return builder.CreateFPExt(half, like(value, builder.getFloatTy()));
  }
  Bits bits(builder, value->getType());
  return bits.as_real(builder.CreateShl(bits.widened(value), bits.number(16)));
}

Value* to_half(IRBuilderBase& builder, Value* value, Scalar from, Scalar to) {
  // Under fast-math flags LLVM may leave out a rounding.
  const IRBuilderBase::FastMathFlagGuard guard(builder);
  builder.clearFastMathFlags();
  Value* real = from == Scalar::F64 ? rounded_to_odd(builder, value)
                                    : emit_cast(builder, value, from, Scalar::F32);
  Type* half = to == Scalar::F16 ? builder.getHalfTy() : builder.getBFloatTy();
  return builder.CreateBitCast(builder.CreateFPTrunc(real, like(real, half)),
                               like(real, builder.getInt16Ty()));
}

namespace {

// Null: it stays.
Value* expansion_of(Instruction& instruction, bool has_float16) {
  IRBuilder<> builder(&instruction);
  if (auto* extension = dyn_cast<FPExtInst>(&instruction)) {
    Value* half = extension->getOperand(0);
    if (has_float16 || !half->getType()->getScalarType()->isHalfTy()) return nullptr;
    return expanded_float16(builder, builder.CreateBitCast(half, like(half, builder.getInt16Ty())));
  }
  auto* truncation = dyn_cast<FPTruncInst>(&instruction);
  if (truncation == nullptr) return nullptr;
  Type* type = truncation->getType();
  Value* real = truncation->getOperand(0);
  if (type->getScalarType()->isBFloatTy())
    return builder.CreateBitCast(truncated_bfloat16(builder, real), type);
  if (has_float16 || !type->getScalarType()->isHalfTy()) return nullptr;
  return builder.CreateBitCast(truncated_float16(builder, real), type);
}

}  // namespace

void expand_half_conversions(Module& module, bool has_float16) {
  std::vector<Instruction*> replaced;
  for (Function& function : module) {
    for (Instruction& instruction : instructions(function)) {
      Value* expansion = expansion_of(instruction, has_float16);
      if (expansion == nullptr) continue;
      instruction.replaceAllUsesWith(expansion);
      replaced.push_back(&instruction);
    }
  }
  for (Instruction* instruction : replaced) instruction->eraseFromParent();
}

}  // namespace cudapy::codegen
