// For each hull, in scalar code once a block:
//
//   least    = base + least constant    + factor * (factor < 0 ? last : first) + ...
//   greatest = base + greatest constant + factor * (factor < 0 ? first : last) + ...
//   fits     = fits and nothing has overflown and least >= 0 and greatest < length
#include "codegen/cpu/block_hulls.h"

#include <llvm/IR/Intrinsics.h>

#include "codegen/common/arithmetic.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

class HullEmitter {
 public:
  HullEmitter(IRBuilderBase& builder, BodyEmitter& body, const BlockExtent& block)
      : builder_(builder), body_(body), block_(block) {}

  Value* fits(const ir::IndexHull& hull) {
    fits_ = builder_.getTrue();
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
    if (const auto* constant = dyn_cast<ConstantInt>(b); constant != nullptr && constant->isZero())
      return operation == Intrinsic::sadd_with_overflow ? a : b;
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
  Value* fits_ = nullptr;
  Value* least_ = nullptr;
  Value* greatest_ = nullptr;
};

}  // namespace

Value* emit_block_fits(IRBuilderBase& builder, const ir::Function& kernel, BodyEmitter& body,
                       const BlockExtent& block) {
  Value* fits = nullptr;
  HullEmitter emitter(builder, body, block);
  for (const ir::IndexHull& hull : kernel.hulls) {
    Value* inside = emitter.fits(hull);
    fits = fits ? builder.CreateAnd(fits, inside) : inside;
  }
  return fits;
}

}  // namespace cudapy::codegen::cpu
