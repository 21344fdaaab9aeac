// The counter of `for i in range(start, stop, step)`.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Scalar;
using ir::Shape;

namespace {

bool is_unit(const Value* step) {
  auto* constant = dyn_cast<ConstantInt>(step);
  return constant && (constant->isOne() || constant->isMinusOne());
}

// first < second where the step is positive, first > second where it is negative, neither where it
// is zero.
Value* emit_before(IRBuilderBase& builder, Value* first, Value* second, Value* step,
                   bool is_signed) {
  Value* zero = Constant::getNullValue(step->getType());
  if (!is_signed)
    return builder.CreateAnd(builder.CreateICmpULT(first, second),
                             builder.CreateICmpNE(step, zero));
  Value* up =
      builder.CreateAnd(builder.CreateICmpSGT(step, zero), builder.CreateICmpSLT(first, second));
  Value* down =
      builder.CreateAnd(builder.CreateICmpSLT(step, zero), builder.CreateICmpSGT(first, second));
  return builder.CreateOr(up, down);
}

// The nearest int32.
Value* clamp_to_int32(IRBuilderBase& builder, Value* value) {
  auto* type = cast<IntegerType>(value->getType());
  value = builder.CreateBinaryIntrinsic(Intrinsic::smin, value,
                                        ConstantInt::getSigned(type, INT32_MAX));
  value = builder.CreateBinaryIntrinsic(Intrinsic::smax, value,
                                        ConstantInt::getSigned(type, INT32_MIN));
  return builder.CreateTrunc(value, builder.getInt32Ty());
}

}  // namespace

BodyEmitter::Range BodyEmitter::open_range(const ir::Stmt& stmt) {
  Range range;
  range.counter = stmt.counter != ir::kNoLocal ? stmt.counter : stmt.local;
  range.shape = shape_of(range.counter);
  range.type = kernel_.locals[index(range.counter)].type.scalar;
  Lanes start = emit(*stmt.operands[0]);
  range.stop = emit(*stmt.operands[1]);
  Lanes step = emit(*stmt.operands[2]);
  if (range.shape == Shape::Varying) {
    range.start = to_vector(start);
    range.step = to_vector(step);
    range.stop = {to_vector(range.stop), Shape::Varying, 0};
    return range;
  }
  const bool is_together =
      scalar_code() || (range.shape == Shape::Uniform && range.stop.shape == Shape::Uniform);
  range.keeps_width =
      target_.is_gpu && is_together && range.type == Scalar::I32 && is_unit(step.value);
  range.start = widen(range, start.value);
  range.step = widen(range, step.value);
  if (polls_by_limit(range)) range.turns_to_poll = turns_to_poll(stmt);
  return range;
}

// A value of a range's own type as what its scalar counter is held in: 64 bits, so that the step
// past the last value doesn't wrap. Lanes that count from different numbers of 64 bits need more:
// the first may have passed the end of the type while others are still on their way there.
Value* BodyEmitter::widen(const Range& range, Value* value) {
  if (range.keeps_width) return value;
  bool lanes_differ = range.shape == Shape::Linear && ir::size_of(range.type) == 8;
  return builder_.CreateIntCast(value, builder_.getIntNTy(lanes_differ ? 128 : 64),
                                ir::is_signed(range.type));
}

void BodyEmitter::start_range(Range& range, BasicBlock* preheader) {
  range.phi = builder_.CreatePHI(range.start->getType(), 2, "counter");
  range.phi->addIncoming(range.start, preheader);
}

// Uniform counter and end: one comparison of scalars. A linear counter before a uniform end: its
// lanes leave in order,
//   <0, stride, ...> < splat(stop - counter)
// Otherwise lane by lane.
BodyEmitter::LoopTest BodyEmitter::emit_range_test(Range& range) {
  if (range.shape == Shape::Varying) {
    state_.variables[index(range.counter)].set(range.phi);
    return {.varying = emit_before(builder_, range.phi, range.stop.value, range.step,
                                   ir::is_signed(range.type))};
  }
  if (range.keeps_width) {
    state_.variables[index(range.counter)].set(range.phi);
    Value* goes_on = emit_before(builder_, range.phi, range.stop.value, range.step, true);
    const bool agree = range.shape == Shape::Uniform && range.stop.shape == Shape::Uniform;
    return agree ? LoopTest{.uniform = goes_on} : LoopTest{.varying = goes_on};
  }
  bool is_signed = range.type != Scalar::U64;  // narrower ones count in signed 64 bits
  bool narrows = ir::size_of(range.type) < 8;
  Value* counter = builder_.CreateTrunc(range.phi, type_of(range.type));
  state_.variables[index(range.counter)].set(counter);

  if (range.stop.shape != Shape::Uniform) {
    Value* wide_stop = emit_cast(builder_, to_vector(range.stop), range.type,
                                 is_signed ? Scalar::I64 : Scalar::U64);
    int32_t stride = kernel_.locals[index(range.counter)].stride;
    if (range.shape == Shape::Uniform && is_unit(range.step) && narrows) {
      // The counter never passes the last lane's end, so it doesn't wrap in its own type either.
      Value* step = builder_.CreateTrunc(range.step, type_of(range.type));
      return {.varying = emit_before(builder_, broadcast(counter), to_vector(range.stop),
                                     broadcast(step), ir::is_signed(range.type))};
    }
    Value* counters = to_vector({range.phi, range.shape, stride});
    return {.varying =
                emit_before(builder_, counters, wide_stop, broadcast(range.step), is_signed)};
  }
  Value* stop = range.limit ? range.limit : widen(range, range.stop.value);
  if (range.shape == Shape::Uniform) return {.uniform = emit_range_before(range, stop)};
  Value* distance = clamp_to_int32(builder_, builder_.CreateSub(stop, range.phi));
  Value* offsets =
      to_vector({builder_.getInt32(0), Shape::Linear, kernel_.locals[index(range.counter)].stride});
  Value* step = clamp_to_int32(builder_, range.step);
  return {.varying = emit_before(builder_, offsets, broadcast(distance), broadcast(step), true)};
}

// Whether a scalar counter has not reached `end` yet.
Value* BodyEmitter::emit_range_before(const Range& range, Value* end) {
  return emit_before(builder_, range.phi, end, range.step, range.type != Scalar::U64);
}

void BodyEmitter::advance_range(Range& range) {
  Value* next = nullptr;
  if (range.shape == Shape::Varying) {
    auto saturating = ir::is_signed(range.type) ? Intrinsic::sadd_sat : Intrinsic::uadd_sat;
    next = builder_.CreateBinaryIntrinsic(saturating, range.phi, range.step);
  } else {
    // A counter that would pass the end of its type stays there, which no end of a range is beyond.
    bool is_wider = range.phi->getType() != type_of(range.type);
    bool cannot_wrap = is_wider || is_unit(range.step);
    auto saturating = ir::is_signed(range.type) ? Intrinsic::sadd_sat : Intrinsic::uadd_sat;
    next = cannot_wrap ? builder_.CreateAdd(range.phi, range.step, "", /*HasNUW=*/false,
                                            /*HasNSW=*/is_wider || ir::is_signed(range.type))
                       : builder_.CreateBinaryIntrinsic(saturating, range.phi, range.step);
  }
  range.phi->addIncoming(next, builder_.GetInsertBlock());
}

}  // namespace cudapy::codegen::cpu
