// See integer.h. Vector division in pieces that every level has instructions for.
#include "codegen/math/integer.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>

#include "codegen/math/dsl.h"
#include "codegen/math/emit.h"
#include "codegen/math/formulas.h"

namespace cudapy::codegen {
namespace {

using llvm::Constant;
using llvm::IRBuilderBase;
using llvm::Type;
using llvm::Value;

struct Division {
  Value* quotient;   // rounded towards zero
  Value* remainder;  // a - quotient * b
};

Value* constant_like(Value* like, std::int64_t value) {
  return llvm::ConstantInt::getSigned(like->getType(), value);
}

Type* with_element(Value* like, Type* element) {
  auto* vector = llvm::dyn_cast<llvm::VectorType>(like->getType());
  return vector == nullptr ? element : llvm::VectorType::get(element, vector->getElementCount());
}

// A divisor that can neither be 0 nor take the quotient out of range: 1 in those lanes.
//   %zero = icmp eq %b, 0 ; %safe = select %zero, 1, %b
struct Divisor {
  Value* safe;
  Value* is_minus_one;  // null for unsigned division: the quotient is then -a
};

Divisor guard(IRBuilderBase& builder, Value* b, bool is_signed) {
  Value* unsafe = builder.CreateICmpEQ(b, constant_like(b, 0));
  Value* minus_one = nullptr;
  if (is_signed) {
    minus_one = builder.CreateICmpEQ(b, constant_like(b, -1));
    unsafe = builder.CreateOr(unsafe, minus_one);
  }
  return {builder.CreateSelect(unsafe, constant_like(b, 1), b), minus_one};
}

Value* finish_quotient(IRBuilderBase& builder, Value* quotient, Value* a, const Divisor& divisor) {
  if (divisor.is_minus_one == nullptr) return quotient;
  return builder.CreateSelect(divisor.is_minus_one, builder.CreateNeg(a), quotient);
}

// The remainder by the guarded divisor: by 1 it is 0, as it is by -1.
Division with_remainder(IRBuilderBase& builder, Value* a, Value* quotient, const Divisor& divisor) {
  Value* remainder = builder.CreateSub(a, builder.CreateMul(quotient, divisor.safe));
  return {finish_quotient(builder, quotient, a, divisor), remainder};
}

Value* to_float(IRBuilderBase& builder, Value* value, Type* element, bool is_signed) {
  Type* type = with_element(value, element);
  return is_signed ? builder.CreateSIToFP(value, type) : builder.CreateUIToFP(value, type);
}

Value* from_float(IRBuilderBase& builder, Value* value, Type* type, bool is_signed) {
  return is_signed ? builder.CreateFPToSI(value, type) : builder.CreateFPToUI(value, type);
}

// Up to 16 bits in float32, 32 bits in float64: the quotient of two n-bit integers is at least
// 2^-2n away from the next integer unless it is one, so rounding to 24 or 53 bits cannot reach it.
//   %q = fptosi (fdiv (sitofp %a), (sitofp %b))
Division divide_through_float(IRBuilderBase& builder, Value* a, const Divisor& divisor,
                              unsigned width, bool is_signed) {
  Type* element = width <= 16 ? builder.getFloatTy() : builder.getDoubleTy();
  // Narrow and unsigned 32-bit conversions exist as those of wider signed integers.
  unsigned between = width < 32 ? 32 : (is_signed ? 32 : 64);
  Type* wide = with_element(a, builder.getIntNTy(between));
  auto widen = [&](Value* value) { return builder.CreateIntCast(value, wide, is_signed); };
  bool direct = width == 32;
  Value* x = to_float(builder, direct ? a : widen(a), element, is_signed || !direct);
  Value* y =
      to_float(builder, direct ? divisor.safe : widen(divisor.safe), element, is_signed || !direct);
  Value* real = builder.CreateFDiv(x, y);
  Value* quotient = direct
                        ? from_float(builder, real, a->getType(), is_signed)
                        : builder.CreateTrunc(from_float(builder, real, wide, true), a->getType());
  return with_remainder(builder, a, quotient, divisor);
}

Value* real_constant(Value* like, double value) {
  return llvm::ConstantFP::get(like->getType(), value);
}

// The integer below 2^52 in a double's low bits, once 2^52 is added.
Value* low_bits(IRBuilderBase& builder, Value* whole, Type* type) {
  Value* shifted = builder.CreateFAdd(whole, real_constant(whole, 0x1p52));
  Value* bits = builder.CreateBitCast(shifted, type);
  return builder.CreateAnd(bits, constant_like(bits, (std::int64_t{1} << 52) - 1));
}

Value* truncate(IRBuilderBase& builder, Value* real) {
  return builder.CreateUnaryIntrinsic(llvm::Intrinsic::trunc, real);
}

// A double in 0..2^52 to an integer, towards zero. Below AVX-512 no instruction converts to 64
// bits, and LLVM would take the lanes one by one.
Value* small_whole_part(IRBuilderBase& builder, Value* real, Type* type) {
  return low_bits(builder, truncate(builder, real), type);
}

// The same in 0..2^64, in two halves.
Value* whole_part(IRBuilderBase& builder, Value* real, Type* type) {
  Value* whole = truncate(builder, real);
  Value* high = truncate(builder, builder.CreateFMul(whole, real_constant(real, 0x1p-32)));
  Value* low = builder.CreateFSub(whole, builder.CreateFMul(high, real_constant(real, 0x1p32)));
  Value* high_bits = builder.CreateShl(low_bits(builder, high, type), 32);
  return builder.CreateOr(high_bits, low_bits(builder, low, type));
}

// 64 bits: a quotient in float64, rounded down, leaves a small remainder, which a second one
// divides exactly but for one unit; comparisons mend that. Of magnitudes, as the smallest value has
// one too.
Division divide_wide(IRBuilderBase& builder, Value* a, Value* b, const Divisor& divisor,
                     bool is_signed) {
  Type* type = a->getType();
  Type* real = builder.getDoubleTy();
  Value* zero = constant_like(a, 0);
  Value* one = constant_like(a, 1);
  auto magnitude = [&](Value* value) {
    if (!is_signed) return value;
    return builder.CreateSelect(builder.CreateICmpSLT(value, zero), builder.CreateNeg(value),
                                value);
  };
  Value* x = magnitude(a);
  Value* y = magnitude(divisor.safe);
  Value* y_real = to_float(builder, y, real, false);
  // Rounded down by more than the division and the conversions can be too large: a first quotient
  // not above the true one keeps the remainder unsigned, and one that fits 64 bits.
  Value* first_real = builder.CreateFDiv(to_float(builder, x, real, false), y_real);
  first_real =
      builder.CreateFMul(first_real, llvm::ConstantFP::get(first_real->getType(), 1 - 0x1p-50));
  Value* first = whole_part(builder, first_real, type);
  Value* rest = builder.CreateSub(x, builder.CreateMul(first, y));
  // rest < y + 2^15, so the product cannot wrap; the second quotient may be one off either way.
  Value* second_real = builder.CreateFDiv(to_float(builder, rest, real, false), y_real);
  Value* second = small_whole_part(builder, second_real, type);
  Value* product = builder.CreateMul(second, y);
  Value* below = builder.CreateICmpUGT(product, rest);
  rest = builder.CreateSub(rest, product);
  Value* quotient = builder.CreateAdd(first, second);
  quotient = builder.CreateSelect(below, builder.CreateSub(quotient, one), quotient);
  rest = builder.CreateSelect(below, builder.CreateAdd(rest, y), rest);
  Value* above = builder.CreateICmpUGE(rest, y);
  quotient = builder.CreateSelect(above, builder.CreateAdd(quotient, one), quotient);
  rest = builder.CreateSelect(above, builder.CreateSub(rest, y), rest);
  if (!is_signed) return {quotient, rest};
  Value* opposite = builder.CreateICmpSLT(builder.CreateXor(a, b), zero);
  Value* negative = builder.CreateICmpSLT(a, zero);
  quotient = builder.CreateSelect(opposite, builder.CreateNeg(quotient), quotient);
  rest = builder.CreateSelect(negative, builder.CreateNeg(rest), rest);
  return {finish_quotient(builder, quotient, a, divisor), rest};
}

// Rounded towards zero. Scalars and constant divisors use the machine's division, or LLVM's
// multiplication in its place.
Division divide(IRBuilderBase& builder, Value* a, Value* b, bool is_signed) {
  Divisor divisor = guard(builder, b, is_signed);
  unsigned width = a->getType()->getScalarSizeInBits();
  if (!a->getType()->isVectorTy() || llvm::isa<Constant>(b)) {
    Value* quotient =
        is_signed ? builder.CreateSDiv(a, divisor.safe) : builder.CreateUDiv(a, divisor.safe);
    return with_remainder(builder, a, quotient, divisor);
  }
  if (width <= 32) return divide_through_float(builder, a, divisor, width, is_signed);
  return divide_wide(builder, a, b, divisor, is_signed);
}

// Where rounding towards zero went up: the remainder is not 0 and has not b's sign.
Value* needs_floor(IRBuilderBase& builder, const Division& division, Value* b) {
  Value* zero = constant_like(b, 0);
  Value* inexact = builder.CreateICmpNE(division.remainder, zero);
  Value* opposite = builder.CreateICmpSLT(builder.CreateXor(division.remainder, b), zero);
  return builder.CreateAnd(inexact, opposite);
}

}  // namespace

Value* emit_floor_div(IRBuilderBase& builder, Value* a, Value* b, bool is_signed) {
  IRBuilderBase::FastMathFlagGuard guard(builder);
  builder.clearFastMathFlags();
  Division division = divide(builder, a, b, is_signed);
  if (!is_signed) return division.quotient;
  Value* one_less = builder.CreateSub(division.quotient, constant_like(a, 1));
  return builder.CreateSelect(needs_floor(builder, division, b), one_less, division.quotient);
}

Value* emit_floor_mod(IRBuilderBase& builder, Value* a, Value* b, bool is_signed) {
  IRBuilderBase::FastMathFlagGuard guard(builder);
  builder.clearFastMathFlags();
  Division division = divide(builder, a, b, is_signed);
  if (!is_signed) return division.remainder;
  Value* moved = builder.CreateAdd(division.remainder, b);
  return builder.CreateSelect(needs_floor(builder, division, b), moved, division.remainder);
}

namespace {

// base ** exponent for a known exponent: the multiplications of its binary form.
Value* constant_power(IRBuilderBase& builder, Value* base, std::uint64_t exponent) {
  Value* result = nullptr;
  Value* power = base;
  while (exponent != 0) {
    if ((exponent & 1) != 0) result = result == nullptr ? power : builder.CreateMul(result, power);
    exponent >>= 1;
    if (exponent != 0) power = builder.CreateMul(power, power);
  }
  return result == nullptr ? constant_like(base, 1) : result;
}

const llvm::ConstantInt* uniform_constant(Value* value) {
  auto* constant = llvm::dyn_cast<Constant>(value);
  if (constant == nullptr) return nullptr;
  if (constant->getType()->isVectorTy()) constant = constant->getSplatValue();
  return llvm::dyn_cast_or_null<llvm::ConstantInt>(constant);
}

Value* any_lane(IRBuilderBase& builder, Value* bits) {
  Value* set = builder.CreateICmpNE(bits, constant_like(bits, 0));
  return bits->getType()->isVectorTy() ? builder.CreateOrReduce(set) : set;
}

}  // namespace

// while (any exponent): result *= exponent & 1 ? power : 1; power *= power; exponent >>= 1
Value* emit_int_pow(IRBuilderBase& builder, Value* base, Value* exponent) {
  if (const llvm::ConstantInt* known = uniform_constant(exponent))
    return constant_power(builder, base, known->getZExtValue());
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::Function* function = before->getParent();
  auto* body = llvm::BasicBlock::Create(builder.getContext(), "power", function);
  auto* after = llvm::BasicBlock::Create(builder.getContext(), "power.done", function);
  Value* one = constant_like(base, 1);
  Type* type = base->getType();
  builder.CreateCondBr(any_lane(builder, exponent), body, after);
  builder.SetInsertPoint(body);
  llvm::PHINode* result = builder.CreatePHI(type, 2);
  llvm::PHINode* power = builder.CreatePHI(type, 2);
  llvm::PHINode* left = builder.CreatePHI(type, 2);
  Value* odd = builder.CreateICmpNE(builder.CreateAnd(left, one), constant_like(base, 0));
  Value* multiplied = builder.CreateSelect(odd, builder.CreateMul(result, power), result);
  Value* squared = builder.CreateMul(power, power);
  Value* rest = builder.CreateLShr(left, one);
  result->addIncoming(one, before);
  result->addIncoming(multiplied, body);
  power->addIncoming(base, before);
  power->addIncoming(squared, body);
  left->addIncoming(exponent, before);
  left->addIncoming(rest, body);
  builder.CreateCondBr(any_lane(builder, rest), body, after);
  builder.SetInsertPoint(after);
  llvm::PHINode* final_result = builder.CreatePHI(type, 2);
  final_result->addIncoming(one, before);
  final_result->addIncoming(multiplied, body);
  return final_result;
}

namespace {

struct FloatDivision {
  math::Real quotient;
  math::Real remainder;
};

// As CPython: the remainder of C's fmod moved to the divisor's sign, and a quotient that is a whole
// number close to (a - remainder) / b. By zero it is a / b, as NumPy has it.
FloatDivision divide_floats(const math::Context& context, Value* a, Value* b, Value* c_remainder) {
  using math::Bool;
  using math::Real;
  Real x{&context, a};
  Real y{&context, b};
  Real rest{&context, c_remainder};
  Real quotient = (x - rest) / y;
  Bool zero = rest == 0.0;
  Bool moved = (!zero) & (is_negative(rest) ^ is_negative(y));
  quotient = select(moved, quotient - 1.0, quotient);
  Real remainder = select(zero, copy_sign(rest.same(0.0), y), select(moved, rest + y, rest));
  // The division's rounding may have left a fraction.
  Real whole = floor(quotient);
  whole = select(quotient - whole > 0.5, whole + 1.0, whole);
  Real nothing = copy_sign(x.same(0.0), x / y);
  Real result = select(quotient == 0.0, nothing, whole);
  return {select(y == 0.0, x / y, result), remainder};
}

FloatDivision float_division(IRBuilderBase& builder, const math::Context& context, Value* a,
                             Value* b, const MathOptions& options) {
  Value* rest = emit_math(builder, ir::MathFunction::Fmod, {a, b}, options);
  return divide_floats(context, a, b, rest);
}

math::Context context_of(IRBuilderBase& builder, Value* like, const MathOptions& options) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like->getType());
  return {builder, vector == nullptr ? 0 : vector->getNumElements(), options.has_fma, options.fast};
}

}  // namespace

Value* emit_float_floor_div(IRBuilderBase& builder, Value* a, Value* b,
                            const MathOptions& options) {
  IRBuilderBase::FastMathFlagGuard guard(builder);
  builder.clearFastMathFlags();
  math::Context context = context_of(builder, a, options);
  return float_division(builder, context, a, b, options).quotient.value;
}

Value* emit_float_mod(IRBuilderBase& builder, Value* a, Value* b, const MathOptions& options) {
  IRBuilderBase::FastMathFlagGuard guard(builder);
  builder.clearFastMathFlags();
  math::Context context = context_of(builder, a, options);
  return float_division(builder, context, a, b, options).remainder.value;
}

}  // namespace cudapy::codegen
