#include "codegen/common/arithmetic.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include <cmath>

#include "codegen/common/halves.h"
#include "codegen/math/integer.h"
#include "ir/half.h"

namespace cudapy::codegen {

using namespace llvm;
using ir::BinaryOp;
using ir::CompareOp;
using ir::Scalar;

llvm::Type* value_type(LLVMContext& context, Scalar scalar) {
  switch (scalar) {
    case Scalar::Bool:
      return Type::getInt1Ty(context);
    case Scalar::F32:
      return Type::getFloatTy(context);
    case Scalar::F64:
      return Type::getDoubleTy(context);
    default:
      return Type::getIntNTy(context, 8 * static_cast<unsigned>(ir::size_of(scalar)));
  }
}

llvm::Type* memory_type(LLVMContext& context, Scalar scalar) {
  return scalar == Scalar::Bool ? Type::getInt8Ty(context) : value_type(context, scalar);
}

Constant* emit_constant(LLVMContext& context, Scalar scalar, const ir::ConstantValue& value) {
  llvm::Type* type = value_type(context, scalar);
  bool real = value.kind == ir::ConstantValue::Kind::Float;
  if (ir::is_half(scalar)) return ConstantInt::get(type, ir::half_bits(scalar, value.real));
  if (ir::is_float(scalar)) {
    return ConstantFP::get(type, real ? value.real : static_cast<double>(value.integer));
  }
  return ConstantInt::get(type, static_cast<uint64_t>(value.integer), /*isSigned=*/false,
                          /*ImplicitTrunc=*/true);
}

Value* emit_unary(IRBuilderBase& builder, ir::UnaryOp op, Scalar type, Value* operand) {
  switch (op) {
    case ir::UnaryOp::Negate:
      return ir::is_float(type) ? builder.CreateFNeg(operand) : builder.CreateNeg(operand);
    case ir::UnaryOp::Invert:
    case ir::UnaryOp::Not:
      return builder.CreateNot(operand);
    case ir::UnaryOp::Plus:
      break;
  }
  return operand;
}

namespace {

// PTX shifts by 32-bit counts, and gives 0 for large ones. LLVM's back end for it (22.1) therefore
// takes `count <= last ? x << count : 0` for the plain shift, also where the count has 64 bits, of
// which it drops the upper half: counts of 2^32 would shift by 0. It does not know this form.
Value* safe_shift_count(IRBuilderBase& builder, Value* in_range, Value* count, Constant* last) {
  const bool is_ptx = builder.GetInsertBlock()->getModule()->getTargetTriple().isNVPTX();
  if (is_ptx && count->getType()->getScalarSizeInBits() > 32)
    return builder.CreateBinaryIntrinsic(Intrinsic::umin, count, last);
  return builder.CreateSelect(in_range, count, Constant::getNullValue(count->getType()));
}

// The kernel language defines counts of the width and more; LLVM's shifts don't.
Value* emit_shift(IRBuilderBase& builder, BinaryOp op, Scalar type, Value* a, Value* count) {
  unsigned width = a->getType()->getScalarSizeInBits();
  Constant* last = ConstantInt::get(a->getType(), width - 1);
  if (op == BinaryOp::ShiftRight && ir::is_signed(type)) {
    return builder.CreateAShr(a, builder.CreateBinaryIntrinsic(Intrinsic::umin, count, last));
  }
  Value* in_range = builder.CreateICmpULE(count, last);
  Value* safe_count = safe_shift_count(builder, in_range, count, last);
  Value* shifted = op == BinaryOp::ShiftLeft ? builder.CreateShl(a, safe_count)
                                             : builder.CreateLShr(a, safe_count);
  return builder.CreateSelect(in_range, shifted, Constant::getNullValue(a->getType()));
}

// A negative exponent gives what is left of 1 / base ** -exponent in integers: 0, but for the bases
// 1 and -1, which the exponent's lowest bits decide as ever.
Value* emit_integer_power(IRBuilderBase& builder, Scalar type, Value* base, Value* exponent) {
  Value* power = emit_int_pow(builder, base, exponent);
  if (!ir::is_signed(type)) return power;
  Constant* one = ConstantInt::get(base->getType(), 1);
  Value* is_unit =
      builder.CreateICmpULE(builder.CreateAdd(base, one), ConstantInt::get(base->getType(), 2));
  Value* is_inverse = builder.CreateICmpSLT(exponent, Constant::getNullValue(exponent->getType()));
  Value* is_nonzero_unit = builder.CreateAnd(
      is_unit, builder.CreateICmpNE(base, Constant::getNullValue(base->getType())));
  Value* vanishes = builder.CreateAnd(is_inverse, builder.CreateNot(is_nonzero_unit));
  return builder.CreateSelect(vanishes, Constant::getNullValue(base->getType()), power);
}

// Python's: the first of equal ones, and of two of which one is not a number.
Value* emit_min_max(IRBuilderBase& builder, BinaryOp op, Scalar type, Value* a, Value* b) {
  CompareOp better = op == BinaryOp::Minimum ? CompareOp::Less : CompareOp::Greater;
  return builder.CreateSelect(emit_compare(builder, better, type, b, a), b, a);
}

Value* emit_float_binary(IRBuilderBase& builder, BinaryOp op, Value* a, Value* b,
                         const MathOptions& math) {
  switch (op) {
    case BinaryOp::Add:
      return builder.CreateFAdd(a, b);
    case BinaryOp::Subtract:
      return builder.CreateFSub(a, b);
    case BinaryOp::Multiply:
      return builder.CreateFMul(a, b);
    case BinaryOp::Divide:
      return builder.CreateFDiv(a, b);
    case BinaryOp::FloorDivide:
      return emit_float_floor_div(builder, a, b, math);
    case BinaryOp::Modulo:
      return emit_float_mod(builder, a, b, math);
    case BinaryOp::Power:
      return emit_math(builder, ir::MathFunction::Pow, {a, b}, math);
    default:
      llvm_unreachable("a bitwise operation on floats in a typed tree");
  }
}

}  // namespace

Value* emit_binary(IRBuilderBase& builder, BinaryOp op, Scalar type, Value* a, Value* b,
                   const MathOptions& math) {
  if (op == BinaryOp::Minimum || op == BinaryOp::Maximum)
    return emit_min_max(builder, op, type, a, b);
  if (ir::is_float(type)) return emit_float_binary(builder, op, a, b, math);
  switch (op) {
    case BinaryOp::Add:
      return builder.CreateAdd(a, b);
    case BinaryOp::Subtract:
      return builder.CreateSub(a, b);
    case BinaryOp::Multiply:
      return builder.CreateMul(a, b);
    case BinaryOp::FloorDivide:
      return emit_floor_div(builder, a, b, ir::is_signed(type));
    case BinaryOp::Modulo:
      return emit_floor_mod(builder, a, b, ir::is_signed(type));
    case BinaryOp::Power:
      return emit_integer_power(builder, type, a, b);
    case BinaryOp::BitAnd:
      return builder.CreateAnd(a, b);
    case BinaryOp::BitOr:
      return builder.CreateOr(a, b);
    case BinaryOp::BitXor:
      return builder.CreateXor(a, b);
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight:
      return emit_shift(builder, op, type, a, b);
    default:
      llvm_unreachable("a true division of integers in a typed tree");
  }
}

Value* emit_compare(IRBuilderBase& builder, CompareOp op, Scalar type, Value* a, Value* b) {
  static constexpr CmpInst::Predicate kFloat[] = {CmpInst::FCMP_OEQ, CmpInst::FCMP_UNE,
                                                  CmpInst::FCMP_OLT, CmpInst::FCMP_OLE,
                                                  CmpInst::FCMP_OGT, CmpInst::FCMP_OGE};
  static constexpr CmpInst::Predicate kSigned[] = {CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,
                                                   CmpInst::ICMP_SLT, CmpInst::ICMP_SLE,
                                                   CmpInst::ICMP_SGT, CmpInst::ICMP_SGE};
  static constexpr CmpInst::Predicate kUnsigned[] = {CmpInst::ICMP_EQ,  CmpInst::ICMP_NE,
                                                     CmpInst::ICMP_ULT, CmpInst::ICMP_ULE,
                                                     CmpInst::ICMP_UGT, CmpInst::ICMP_UGE};
  auto index = static_cast<size_t>(op);
  if (ir::is_float(type)) return builder.CreateFCmp(kFloat[index], a, b);
  return builder.CreateICmp(ir::is_signed(type) ? kSigned[index] : kUnsigned[index], a, b);
}

namespace {

// Whether LLVM takes saturating conversions of vectors apart: on x86.
bool goes_lane_by_lane(IRBuilderBase& builder, llvm::Type* type) {
  return type->isVectorTy() && builder.GetInsertBlock()->getModule()->getTargetTriple().isX86();
}

// The nearest integer toward zero that `type` holds, of vectors; 0 of NaN.
//     inside = least <= x and x < end
//     x >= end ? greatest : x is NaN ? 0 : int(inside ? x : least)
Value* saturated(IRBuilderBase& builder, Value* value, llvm::Type* type, bool is_signed) {
  const unsigned bits = type->getScalarSizeInBits();
  const double reach = std::ldexp(1.0, static_cast<int>(is_signed ? bits - 1 : bits));
  Value* least = ConstantFP::get(value->getType(), is_signed ? -reach : 0.0);
  Value* end = ConstantFP::get(value->getType(), reach);
  Value* is_above = builder.CreateFCmpOGE(value, end);
  Value* is_inside =
      builder.CreateAnd(builder.CreateFCmpOGE(value, least), builder.CreateFCmpOLT(value, end));
  Value* inside = builder.CreateSelect(is_inside, value, least);
  // There are instructions for int32, and for more of AVX-512.
  llvm::Type* converted = bits < 32 ? type->getWithNewType(builder.getInt32Ty()) : type;
  Value* whole = is_signed || bits < 32 ? builder.CreateFPToSI(inside, converted)
                                        : builder.CreateFPToUI(inside, converted);
  whole = builder.CreateTrunc(whole, type);
  const APInt greatest = is_signed ? APInt::getSignedMaxValue(bits) : APInt::getMaxValue(bits);
  whole = builder.CreateSelect(is_above, ConstantInt::get(type, greatest), whole);
  if (!is_signed) return whole;
  Value* is_number = builder.CreateFCmpORD(value, value);
  return builder.CreateSelect(is_number, whole, Constant::getNullValue(type));
}

}  // namespace

Value* emit_cast(IRBuilderBase& builder, Value* value, Scalar from, Scalar to) {
  if (from == to) return value;
  if (ir::is_half(from))
    return emit_cast(builder, from_half(builder, value, from), Scalar::F32, to);
  if (ir::is_half(to)) return to_half(builder, value, from, to);
  llvm::Type* type = value->getType()->getWithNewType(value_type(builder.getContext(), to));
  if (to == Scalar::Bool) {
    Constant* zero = Constant::getNullValue(value->getType());
    return ir::is_float(from) ? builder.CreateFCmpUNE(value, zero)
                              : builder.CreateICmpNE(value, zero);
  }
  if (ir::is_float(from)) {
    if (ir::is_float(to)) return builder.CreateFPCast(value, type);
    if (goes_lane_by_lane(builder, type)) return saturated(builder, value, type, ir::is_signed(to));
    auto saturating = ir::is_signed(to) ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat;
    return builder.CreateIntrinsic(saturating, {type, value->getType()}, {value});
  }
  if (ir::is_float(to)) {
    return ir::is_signed(from) ? builder.CreateSIToFP(value, type)
                               : builder.CreateUIToFP(value, type);
  }
  return builder.CreateIntCast(value, type, ir::is_signed(from));
}

Value* to_memory(IRBuilderBase& builder, Value* value, Scalar scalar) {
  if (scalar != Scalar::Bool) return value;
  return builder.CreateZExt(value, value->getType()->getWithNewType(builder.getInt8Ty()));
}

Value* from_memory(IRBuilderBase& builder, Value* value, Scalar scalar) {
  if (scalar != Scalar::Bool) return value;
  return builder.CreateICmpNE(value, Constant::getNullValue(value->getType()));
}

Value* bits_of(IRBuilderBase& builder, Value* value, ir::Scalar type) {
  Type* wide = value->getType()->getWithNewType(builder.getInt64Ty());
  if (ir::is_float(type)) {
    Type* same = value->getType()->getWithNewType(
        builder.getIntNTy(value->getType()->getScalarSizeInBits()));
    return builder.CreateZExt(builder.CreateBitCast(value, same), wide);
  }
  return builder.CreateIntCast(value, wide, ir::is_signed(type) && type != ir::Scalar::Bool);
}

}  // namespace cudapy::codegen
