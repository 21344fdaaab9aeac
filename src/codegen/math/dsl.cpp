// The operators of dsl.h: each builds one or a few LLVM instructions.
#include "codegen/math/dsl.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include <limits>

namespace cudapy::codegen::math {

using llvm::CmpInst;
using llvm::Instruction;
using llvm::Type;
using llvm::Value;

llvm::Type* Context::shaped(Type* element) const {
  return lanes == 0 ? element : llvm::FixedVectorType::get(element, lanes);
}

llvm::Constant* Context::splat(llvm::Constant* element) const {
  return lanes == 0 ? element
                    : llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(lanes), element);
}

namespace {

llvm::IRBuilderBase& builder_of(const Context* context) {
  return context->builder;
}

template <typename T>
T binary(Instruction::BinaryOps op, T a, T b) {
  return {a.context, builder_of(a.context).CreateBinOp(op, a.value, b.value)};
}

template <typename T>
Bool compare(CmpInst::Predicate predicate, T a, T b) {
  return {a.context, builder_of(a.context).CreateCmp(predicate, a.value, b.value)};
}

Real unary(llvm::Intrinsic::ID id, Real a) {
  return {a.context, builder_of(a.context).CreateUnaryIntrinsic(id, a.value)};
}

Type* int_type(const Context* context, unsigned width) {
  return context->shaped(context->builder.getIntNTy(width));
}

Type* real_type(const Context* context, bool is_double) {
  return context->shaped(is_double ? context->builder.getDoubleTy()
                                   : context->builder.getFloatTy());
}

unsigned real_width(Real a) {
  return a.is_double() ? 64 : 32;
}

std::int64_t sign_mask(Real a) {
  return a.is_double() ? INT64_MIN : static_cast<std::int64_t>(INT32_MIN);
}

}  // namespace

unsigned Int::width() const {
  return value->getType()->getScalarSizeInBits();
}

Int Int::same(std::int64_t constant) const {
  Type* element = value->getType()->getScalarType();
  return {context, context->splat(llvm::ConstantInt::get(
                       llvm::cast<llvm::IntegerType>(element), static_cast<std::uint64_t>(constant),
                       /*IsSigned=*/true, /*ImplicitTrunc=*/true))};
}

bool Real::is_double() const {
  return value->getType()->getScalarType()->isDoubleTy();
}

Real Real::same(double constant) const {
  Type* element = value->getType()->getScalarType();
  return {context, context->splat(llvm::ConstantFP::get(element, constant))};
}

Int Real::same_int(std::int64_t constant) const {
  return Int{context, llvm::PoisonValue::get(int_type(context, real_width(*this)))}.same(constant);
}

Bool operator&(Bool a, Bool b) {
  return binary(Instruction::And, a, b);
}
Bool operator|(Bool a, Bool b) {
  return binary(Instruction::Or, a, b);
}
Bool operator^(Bool a, Bool b) {
  return binary(Instruction::Xor, a, b);
}
Bool operator!(Bool a) {
  return {a.context, builder_of(a.context).CreateNot(a.value)};
}

Int operator+(Int a, Int b) {
  return binary(Instruction::Add, a, b);
}
Int operator-(Int a, Int b) {
  return binary(Instruction::Sub, a, b);
}
Int operator*(Int a, Int b) {
  return binary(Instruction::Mul, a, b);
}
Int operator&(Int a, Int b) {
  return binary(Instruction::And, a, b);
}
Int operator|(Int a, Int b) {
  return binary(Instruction::Or, a, b);
}
Int operator^(Int a, Int b) {
  return binary(Instruction::Xor, a, b);
}
Int operator<<(Int a, int count) {
  return binary(Instruction::Shl, a, a.same(count));
}
Int operator>>(Int a, int count) {
  return binary(Instruction::AShr, a, a.same(count));
}
Int shift_right_logical(Int a, int count) {
  return binary(Instruction::LShr, a, a.same(count));
}
Bool operator<(Int a, Int b) {
  return compare(CmpInst::ICMP_SLT, a, b);
}
Bool operator>(Int a, Int b) {
  return compare(CmpInst::ICMP_SGT, a, b);
}
Bool operator==(Int a, Int b) {
  return compare(CmpInst::ICMP_EQ, a, b);
}
Bool operator!=(Int a, Int b) {
  return compare(CmpInst::ICMP_NE, a, b);
}

Int select(Bool condition, Int a, Int b) {
  return {a.context, builder_of(a.context).CreateSelect(condition.value, a.value, b.value)};
}

Int min(Int a, Int b) {
  return select(a < b, a, b);
}
Int max(Int a, Int b) {
  return select(a > b, a, b);
}

Int resize(Int a, unsigned width) {
  return {a.context, builder_of(a.context).CreateSExtOrTrunc(a.value, int_type(a.context, width))};
}

Real operator+(Real a, Real b) {
  return binary(Instruction::FAdd, a, b);
}
Real operator-(Real a, Real b) {
  return binary(Instruction::FSub, a, b);
}
Real operator*(Real a, Real b) {
  return binary(Instruction::FMul, a, b);
}
Real operator/(Real a, Real b) {
  return binary(Instruction::FDiv, a, b);
}
Real operator-(Real a) {
  return {a.context, builder_of(a.context).CreateFNeg(a.value)};
}

Bool operator<(Real a, Real b) {
  return compare(CmpInst::FCMP_OLT, a, b);
}
Bool operator<=(Real a, Real b) {
  return compare(CmpInst::FCMP_OLE, a, b);
}
Bool operator>(Real a, Real b) {
  return compare(CmpInst::FCMP_OGT, a, b);
}
Bool operator>=(Real a, Real b) {
  return compare(CmpInst::FCMP_OGE, a, b);
}
Bool operator==(Real a, Real b) {
  return compare(CmpInst::FCMP_OEQ, a, b);
}
Bool is_nan(Real a) {
  return compare(CmpInst::FCMP_UNO, a, a);
}
Bool is_inf(Real a) {
  return abs(a) == a.same(std::numeric_limits<double>::infinity());
}
Bool is_negative(Real a) {
  return bits(a) < 0;
}

Real select(Bool condition, Real a, Real b) {
  return {a.context, builder_of(a.context).CreateSelect(condition.value, a.value, b.value)};
}

Real min(Real a, Real b) {
  return select(a < b, a, b);
}
Real max(Real a, Real b) {
  return select(a > b, a, b);
}

Real clamp(Real x, double low, double high) {
  return min(x.same(high), max(x.same(low), x));
}

Real abs(Real a) {
  return unary(llvm::Intrinsic::fabs, a);
}

Real copy_sign(Real magnitude, Real sign) {
  return {sign.context,
          builder_of(sign.context)
              .CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude.value, sign.value)};
}

Real flip_sign(Real a, Real sign) {
  return from_bits(bits(a) ^ (bits(sign) & sign_mask(a)));
}

Real sqrt(Real a) {
  return unary(llvm::Intrinsic::sqrt, a);
}
Real floor(Real a) {
  return unary(llvm::Intrinsic::floor, a);
}
Real ceil(Real a) {
  return unary(llvm::Intrinsic::ceil, a);
}
Real trunc(Real a) {
  return unary(llvm::Intrinsic::trunc, a);
}
Real round_even(Real a) {
  return unary(llvm::Intrinsic::roundeven, a);
}

Real mad(Real a, Real b, Real c) {
  if (!a.context->has_fma) return a * b + c;
  return {a.context, builder_of(a.context).CreateIntrinsic(
                         llvm::Intrinsic::fma, {a.value->getType()}, {a.value, b.value, c.value})};
}

Int bits(Real a) {
  return {a.context,
          builder_of(a.context).CreateBitCast(a.value, int_type(a.context, real_width(a)))};
}

Real from_bits(Int a) {
  return {a.context,
          builder_of(a.context).CreateBitCast(a.value, real_type(a.context, a.width() == 64))};
}

Int to_int(Real a, unsigned width) {
  return {a.context, builder_of(a.context).CreateFPToSI(a.value, int_type(a.context, width))};
}

Real to_real(Int a, bool is_double) {
  return {a.context, builder_of(a.context).CreateSIToFP(a.value, real_type(a.context, is_double))};
}

Real widen(Real a) {
  return {a.context, builder_of(a.context).CreateFPExt(a.value, real_type(a.context, true))};
}

Real narrow(Real a) {
  return {a.context, builder_of(a.context).CreateFPTrunc(a.value, real_type(a.context, false))};
}

Real exp2_int(Int k, bool is_double) {
  Int wide = resize(k, is_double ? 64 : 32);
  return is_double ? from_bits((wide + 1023) << 52) : from_bits((wide + 127) << 23);
}

namespace {

Real horner(Real x, std::span<const double> coefficients, std::size_t first, std::size_t step) {
  std::size_t last = first + (coefficients.size() - 1 - first) / step * step;
  Real sum = x.same(coefficients[last]);
  for (std::size_t i = last; i != first; i -= step) sum = mad(sum, x, coefficients[i - step]);
  return sum;
}

}  // namespace

Real poly(Real x, std::span<const double> coefficients) {
  constexpr std::size_t kLongest = 6;
  if (coefficients.size() <= kLongest) return horner(x, coefficients, 0, 1);
  Real square = x * x;
  return mad(horner(square, coefficients, 1, 2), x, horner(square, coefficients, 0, 2));
}

Pair two_sum(Real a, Real b) {
  Real sum = a + b;
  Real b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

Pair fast_two_sum(Real a, Real b) {
  Real sum = a + b;
  return {sum, b - (sum - a)};
}

namespace {

// a as a sum of two numbers of half its precision. Overflows for |a| above 2^(996 or 115).
Pair split(Real a) {
  Real scaled = a * (a.is_double() ? 134217729.0 : 4097.0);
  Real high = scaled - (scaled - a);
  return {high, a - high};
}

}  // namespace

Pair two_prod(Real a, Real b) {
  Real product = a * b;
  if (a.context->has_fma) return {product, mad(a, b, -product)};
  Pair x = split(a);
  Pair y = split(b);
  return {product, ((x.hi * y.hi - product) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo};
}

Pair constant_pair(Real like, double hi, double lo) {
  return {like.same(hi), like.same(lo)};
}

Pair operator+(Pair a, Pair b) {
  Pair sum = two_sum(a.hi, b.hi);
  return fast_two_sum(sum.hi, sum.lo + (a.lo + b.lo));
}

Pair operator+(Pair a, Real b) {
  Pair sum = two_sum(a.hi, b);
  return fast_two_sum(sum.hi, sum.lo + a.lo);
}

Pair operator*(Pair a, Pair b) {
  Pair product = two_prod(a.hi, b.hi);
  return fast_two_sum(product.hi, product.lo + mad(a.hi, b.lo, a.lo * b.hi));
}

Pair operator*(Pair a, Real b) {
  Pair product = two_prod(a.hi, b);
  return fast_two_sum(product.hi, mad(a.lo, b, product.lo));
}

Pair operator/(Pair a, Pair b) {
  Real inverse = 1.0 / b.hi;
  Real quotient = a.hi * inverse;
  Pair back = two_prod(quotient, b.hi);
  Real rest = ((a.hi - back.hi) - back.lo) + (a.lo - quotient * b.lo);
  return fast_two_sum(quotient, rest * inverse);
}

Pair sqrt(Pair a) {
  Real root = sqrt(a.hi);
  Pair square = two_prod(root, root);
  Real rest = ((a.hi - square.hi) - square.lo) + a.lo;
  return fast_two_sum(root, rest / (root + root));
}

Pair poly_of_pair(Pair t, std::span<const double> c, std::span<const double> low) {
  Real one = t.hi.same(1.0);
  size_t i = low.size() - 1;
  Pair q = fast_two_sum(one * c[i], t.hi * poly(t.hi, c.subspan(i + 1)));
  q.lo = q.lo + low[i];
  while (i-- > 0) {
    Pair product = two_prod(q.hi, t.hi);
    Real product_lo = mad(q.hi, t.lo, mad(q.lo, t.hi, product.lo));
    q = two_sum(one * c[i], product.hi);
    q.lo = q.lo + (product_lo + low[i]);
  }
  return q;
}

Pair select(Bool condition, Pair a, Pair b) {
  return {select(condition, a.hi, b.hi), select(condition, a.lo, b.lo)};
}

Pair scale(Pair a, double power_of_two) {
  return {a.hi * power_of_two, a.lo * power_of_two};
}

}  // namespace cudapy::codegen::math
