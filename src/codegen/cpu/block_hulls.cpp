// For each hull, in scalar code once a block:
//
//   least    = base + least constant    + factor * (factor < 0 ? last : first) + ...
//   greatest = base + greatest constant + factor * (factor < 0 ? first : last) + ...
//   fits     = fits and nothing has overflown and least >= 0 and greatest < length
#include "codegen/cpu/block_hulls.h"

#include <llvm/IR/Intrinsics.h>

#include <algorithm>
#include <cmath>

#include "codegen/common/arithmetic.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

constexpr double kFar = 9.0e18;  // what is below does not wrap in int64, rounding included

// Which absolute value an expression, or an end of a hull, has at most.
double largest_of(const ir::Expr& expr) {
  const auto operand = [&](size_t at) { return largest_of(*expr.operands[at]); };
  switch (expr.kind) {
    case ir::ExprKind::Constant:
      return std::abs(static_cast<double>(expr.constant.integer));
    case ir::ExprKind::Cast:
      return operand(0);
    case ir::ExprKind::Binary:
      switch (expr.binary_op) {
        case ir::BinaryOp::Multiply:
          return operand(0) * operand(1);
        case ir::BinaryOp::FloorDivide:
          return operand(0) + 1;
        default:
          return operand(0) + operand(1);
      }
    default:
      return std::ldexp(
          1.0, 8 * ir::size_of(expr.type.scalar) - (ir::is_signed(expr.type.scalar) ? 1 : 0));
  }
}

double largest_of(const ir::IndexHull& hull, bool is_wide) {
  double sum = std::abs(static_cast<double>(hull.least)) +
               std::abs(static_cast<double>(hull.greatest)) +
               (hull.base ? largest_of(*hull.base) : 0);
  for (const ir::IndexHull::Part& part : hull.parts) {
    const double ends = part.first ? std::max(largest_of(*part.first), largest_of(*part.last))
                                   : std::ldexp(1.0, is_wide ? 63 : 31);
    sum += largest_of(*part.factor) * ends;
  }
  return sum;
}

class HullEmitter {
 public:
  HullEmitter(IRBuilderBase& builder, BodyEmitter& body, const BlockExtent& block, bool is_wide)
      : builder_(builder), body_(body), block_(block), is_wide_(is_wide) {}

  Value* fits(const ir::IndexHull& hull) {
    fits_ = builder_.getTrue();
    may_wrap_ = largest_of(hull, is_wide_) > kFar;
    Value* base = hull.base ? body_.emit_launch_constant(*hull.base) : i64(0);
    least_ = exactly(Intrinsic::sadd_with_overflow, base, i64(hull.least));
    greatest_ = exactly(Intrinsic::sadd_with_overflow, base, i64(hull.greatest));
    for (const ir::IndexHull::Part& part : hull.parts) add(part);
    require(builder_.CreateICmpSGE(least_, i64(0)));
    require(builder_.CreateICmpSLT(greatest_, body_.length_of(hull.array, hull.axis)));
    return fits_;
  }

 private:
  Value* i64(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  void require(Value* condition) { fits_ = builder_.CreateAnd(fits_, condition); }

  Value* exactly(Intrinsic::ID operation, Value* a, Value* b) {
    if (!may_wrap_)
      return operation == Intrinsic::sadd_with_overflow ? builder_.CreateAdd(a, b)
                                                        : builder_.CreateMul(a, b);
    Value* both = builder_.CreateBinaryIntrinsic(operation, a, b);
    require(builder_.CreateNot(builder_.CreateExtractValue(both, 1)));
    return builder_.CreateExtractValue(both, 0);
  }

  void add(const ir::IndexHull::Part& part) {
    Value* first = nullptr;
    Value* last = nullptr;
    if (part.axis >= 0) {
      first = block_.begin[part.axis];
      last = builder_.CreateSub(block_.end[part.axis], i64(1));
    } else {
      first = body_.emit_launch_constant(*part.first);
      last = body_.emit_launch_constant(*part.last);
      // A loop without turns, or one whose bounds have wrapped: rows are looked at one by one.
      require(builder_.CreateICmpSLE(first, last));
    }
    Value* factor = body_.emit_launch_constant(*part.factor);
    Value* low = exactly(Intrinsic::smul_with_overflow, factor, first);
    Value* high = exactly(Intrinsic::smul_with_overflow, factor, last);
    if (part.sign < 0) std::swap(low, high);
    if (part.sign == 0) {
      Value* least = builder_.CreateBinaryIntrinsic(Intrinsic::smin, low, high);
      high = builder_.CreateBinaryIntrinsic(Intrinsic::smax, low, high);
      low = least;
    }
    least_ = exactly(Intrinsic::sadd_with_overflow, least_, low);
    greatest_ = exactly(Intrinsic::sadd_with_overflow, greatest_, high);
  }

  IRBuilderBase& builder_;
  BodyEmitter& body_;
  const BlockExtent& block_;
  const bool is_wide_;
  Value* fits_ = nullptr;
  bool may_wrap_ = false;
  Value* least_ = nullptr;
  Value* greatest_ = nullptr;
};

}  // namespace

Value* emit_block_fits(IRBuilderBase& builder, const ir::Function& kernel, BodyEmitter& body,
                       const BlockExtent& block) {
  Value* fits = nullptr;
  HullEmitter emitter(builder, body, block, kernel.wide_index);
  for (const ir::IndexHull& hull : kernel.hulls) {
    Value* inside = emitter.fits(hull);
    fits = fits ? builder.CreateAnd(fits, inside) : inside;
  }
  return fits;
}

}  // namespace cudapy::codegen::cpu
