// What the lanes of a warp do together. On the CPU a gang is a warp, so that votes are bits of its
// mask and shuffles rearrange a vector:
//
//     shfl_down(v, d)   %moved = shufflevector %v by d lanes
//                       %there = the lanes whose source is in the segment and on
//                       select %there, %moved, %v
//     ballot(p)         bitcast (mask and p) to i32
//
// A distance that is known only at run time moves by 1, 2, 4, 8 and 16 lanes, as its bits say;
// lanes that differ in where they read do so in 32 elements of memory.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"
#include "codegen/nvptx/warps.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::kWarpSize;
using ir::Shape;
using WarpOp = ir::Intrinsic;

namespace {

// The source lane of `lane` where it is a constant number; may be outside of the warp.
int source_of(WarpOp op, int lane, int distance) {
  if (op == WarpOp::ShflUp) return lane - distance;
  return op == WarpOp::ShflDown ? lane + distance : lane ^ distance;
}

// Whether a lane may read from another.
bool is_in_reach(WarpOp op, int lane, int source, int width) {
  const int first = lane & ~(width - 1);
  if (op == WarpOp::ShflUp) return source >= first;
  return source < first + width && source >= 0;
}

}  // namespace

Lanes BodyEmitter::emit_warp_operation(const ir::Expr& expr) {
  if (target_.is_gpu) return emit_device_warp_operation(expr);
  const Shape shape = shape_of(expr);
  switch (expr.intrinsic) {
    case WarpOp::Ballot:
      return {lane_bits(mask_and(state_.mask, emit_vector(*expr.operands[0])))};
    case WarpOp::Any:
      return {any(full_mask(mask_and(state_.mask, emit_vector(*expr.operands[0]))))};
    case WarpOp::All: {
      Value* no = builder_.CreateNot(emit_vector(*expr.operands[0]));
      return {builder_.CreateNot(any(full_mask(mask_and(state_.mask, no))))};
    }
    case WarpOp::ActiveMask:
      return {lane_bits(state_.mask)};
    case WarpOp::SyncWarp:
      return {};  // lanes do everything together
    case WarpOp::MatchAny: {
      Lanes value = emit(*expr.operands[0]);
      if (shape == Shape::Uniform) return {lane_bits(state_.mask)};
      return {emit_match(to_vector(value)), shape, 0};
    }
    default:
      return emit_shuffle(expr);
  }
}

// Where the gang is no warp it is computed from the thread's number.
Lanes BodyEmitter::emit_warp_place(const ir::Expr& expr) {
  const bool is_lane = expr.intrinsic == WarpOp::LaneId;
  const bool is_warp = kernel_.runs_warps && !scalar_code();
  if (is_warp && is_lane) return {builder_.getInt32(0), Shape::Linear, 1};
  Lanes number = emit(*expr.operands[0]);
  Value* value = is_warp ? number.value : to_vector(number);
  if (is_warp && value->getType()->isVectorTy())
    value = builder_.CreateExtractElement(value, uint64_t{0});
  Type* type = value->getType();
  value = is_lane ? builder_.CreateAnd(value, ConstantInt::get(type, kWarpSize - 1))
                  : builder_.CreateLShr(value, ConstantInt::get(type, Log2_32(kWarpSize)));
  return {value, shape_of(expr), 0};
}

Lanes BodyEmitter::emit_shuffle(const ir::Expr& expr) {
  Lanes value = emit(*expr.operands[0]);
  Lanes lane = emit(*expr.operands[1]);
  if (value.shape == Shape::Uniform) return value;
  Value* own = to_vector(value);
  const auto width = static_cast<int>(expr.operands[2]->constant.integer);
  const bool reads_one = expr.intrinsic == WarpOp::Shfl && width == kWarpSize;
  Moved moved;
  if (lane.shape != Shape::Uniform || (expr.intrinsic == WarpOp::Shfl && !reads_one))
    moved = gather_lanes(expr, own, to_vector(lane), width);
  else if (reads_one)
    moved = broadcast_lane(own, lane.value);
  else
    moved = move_lanes(expr.intrinsic, own, lane.value, width);
  if (!moved.there) return {moved.value, Shape::Varying, 0};
  return {builder_.CreateSelect(moved.there, moved.value, own), Shape::Varying, 0};
}

BodyEmitter::Moved BodyEmitter::broadcast_lane(Value* own, Value* lane) {
  Value* source = builder_.CreateAnd(lane, builder_.getInt32(kWarpSize - 1));
  Moved moved{broadcast(builder_.CreateExtractElement(own, source)), nullptr};
  if (state_.mask) {
    Value* bits = builder_.CreateLShr(lane_bits(state_.mask), source);
    moved.there = builder_.CreateTrunc(bits, builder_.getInt1Ty());
  }
  return moved;
}

// By the same distance in all lanes.
BodyEmitter::Moved BodyEmitter::move_lanes(WarpOp op, Value* own, Value* distance, int width) {
  Moved moved{own, nullptr};
  Value* on = state_.mask;
  if (auto* constant = dyn_cast<ConstantInt>(distance)) {
    const bool is_far = constant->getValue().uge(kWarpSize);
    const int by = is_far ? 0 : static_cast<int>(constant->getZExtValue());
    moved.value = permute(own, op, by);
    SmallVector<Constant*, kWarpSize> reach;
    for (int i = 0; i < kWarpSize; ++i) {
      const bool is_there = !is_far && is_in_reach(op, i, source_of(op, i, by), width);
      reach.push_back(builder_.getInt1(is_there));
    }
    moved.there = ConstantVector::get(reach);
    if (on) moved.there = builder_.CreateAnd(moved.there, permute(on, op, by));
    return moved;
  }
  for (int by = 1; by < kWarpSize; by *= 2) {
    Value* bit = builder_.CreateAnd(distance, builder_.getInt32(static_cast<uint32_t>(by)));
    Value* is_set = builder_.CreateICmpNE(bit, builder_.getInt32(0));
    moved.value = builder_.CreateSelect(is_set, permute(moved.value, op, by), moved.value);
    if (on) on = builder_.CreateSelect(is_set, permute(on, op, by), on);
  }
  moved.there = in_reach(op, broadcast(distance), width);
  if (on) moved.there = builder_.CreateAnd(moved.there, on);
  return moved;
}

// Lanes that come from outside of the warp are some of its other end.
Value* BodyEmitter::permute(Value* vector, WarpOp op, int distance) {
  SmallVector<int, kWarpSize> sources;
  for (int i = 0; i < kWarpSize; ++i)
    sources.push_back(source_of(op, i, distance) & (kWarpSize - 1));
  return builder_.CreateShuffleVector(vector, sources);
}

Value* BodyEmitter::lane_numbers() {
  return to_vector({builder_.getInt32(0), Shape::Linear, 1});
}

// Whether each lane's source is in its segment; a distance of 32 and more, or less than 0, is not.
Value* BodyEmitter::in_reach(WarpOp op, Value* distances, int width) {
  const auto number = [&](int value) {
    return broadcast(builder_.getInt32(static_cast<uint32_t>(value)));
  };
  Value* is_near = builder_.CreateICmpULT(distances, number(kWarpSize));
  Value* lane = lane_numbers();
  Value* in_segment = builder_.CreateAnd(lane, number(width - 1));
  Value* fits = nullptr;
  if (op == WarpOp::ShflUp) {
    fits = builder_.CreateICmpULE(distances, in_segment);
  } else if (op == WarpOp::ShflDown) {
    fits = builder_.CreateICmpULT(builder_.CreateAdd(in_segment, distances), number(width));
  } else {
    Value* last = builder_.CreateOr(lane, number(width - 1));
    fits = builder_.CreateICmpULE(builder_.CreateXor(lane, distances), last);
  }
  return builder_.CreateAnd(is_near, fits);
}

// From a lane of each lane's own.
BodyEmitter::Moved BodyEmitter::gather_lanes(const ir::Expr& expr, Value* own, Value* lanes,
                                             int width) {
  const auto number = [&](int value) {
    return broadcast(builder_.getInt32(static_cast<uint32_t>(value)));
  };
  Value* self = lane_numbers();
  Value* source = nullptr;
  Moved moved;
  switch (expr.intrinsic) {
    case WarpOp::Shfl:
      source = builder_.CreateOr(builder_.CreateAnd(lanes, number(width - 1)),
                                 builder_.CreateAnd(self, number(-width)));
      break;
    case WarpOp::ShflUp:
      source = builder_.CreateSub(self, lanes);
      break;
    case WarpOp::ShflDown:
      source = builder_.CreateAdd(self, lanes);
      break;
    default:
      source = builder_.CreateXor(self, lanes);
      break;
  }
  if (expr.intrinsic != WarpOp::Shfl) moved.there = in_reach(expr.intrinsic, lanes, width);
  source = builder_.CreateAnd(source, number(kWarpSize - 1));
  if (state_.mask) {
    Value* bits = builder_.CreateLShr(broadcast(lane_bits(state_.mask)), source);
    Value* is_on = builder_.CreateTrunc(bits, vector_of(builder_.getInt1Ty()));
    moved.there = moved.there ? builder_.CreateAnd(moved.there, is_on) : is_on;
  }
  moved.value = read_lanes(own, source);
  return moved;
}

//   store <32 x T> %vector, %slot; gather %slot[%sources]
Value* BodyEmitter::read_lanes(Value* vector, Value* sources) {
  Type* type = vector->getType();
  Type* element = type->getScalarType();
  const unsigned bits = element->getScalarSizeInBits();
  if (bits < 32) {
    Type* wide = vector_of(builder_.getInt32Ty());
    return builder_.CreateTrunc(read_lanes(builder_.CreateZExt(vector, wide), sources), type);
  }
  AllocaInst* slot = entry_slot(type);
  slot->setAlignment(Align(64));
  builder_.CreateAlignedStore(vector, slot, Align(64));
  Value* places = builder_.CreateGEP(element, slot, sources);
  return builder_.CreateMaskedGather(type, places, Align(bits / 8), full_mask(nullptr),
                                     PoisonValue::get(type));
}

// The lanes that have the value of each:
//   left = lanes that are on; result = 0
//   while left: equal = left and bits == bits of the first lane of left
//               result = select(equal, equal's bits, result); left = left and not equal
Value* BodyEmitter::emit_match(Value* value) {
  const unsigned size = value->getType()->getScalarSizeInBits();
  Value* bits = builder_.CreateBitCast(value, vector_of(builder_.getIntNTy(size)));
  Type* numbers = vector_of(builder_.getInt32Ty());
  Value* on = lane_bits(state_.mask);
  BasicBlock* before = builder_.GetInsertBlock();
  BasicBlock* loop = new_block("match");
  BasicBlock* done = new_block("matched");
  Value* none = builder_.getInt32(0);
  builder_.CreateCondBr(builder_.CreateICmpNE(on, none), loop, done);
  start_block(loop);
  PHINode* left = builder_.CreatePHI(builder_.getInt32Ty(), 2, "left");
  PHINode* so_far = builder_.CreatePHI(numbers, 2, "so_far");
  Value* first = builder_.CreateBinaryIntrinsic(Intrinsic::cttz, left, builder_.getTrue());
  Value* wanted = broadcast(builder_.CreateExtractElement(bits, first));
  Value* left_lanes = builder_.CreateBitCast(left, vector_of(builder_.getInt1Ty()));
  Value* equal = builder_.CreateAnd(left_lanes, builder_.CreateICmpEQ(bits, wanted));
  Value* equal_bits = builder_.CreateBitCast(equal, builder_.getInt32Ty());
  Value* result = builder_.CreateSelect(equal, broadcast(equal_bits), so_far);
  Value* next = builder_.CreateAnd(left, builder_.CreateNot(equal_bits));
  left->addIncoming(on, before);
  left->addIncoming(next, loop);
  so_far->addIncoming(Constant::getNullValue(numbers), before);
  so_far->addIncoming(result, loop);
  builder_.CreateCondBr(builder_.CreateICmpNE(next, none), loop, done);
  start_block(done);
  PHINode* all = builder_.CreatePHI(numbers, 2);
  all->addIncoming(Constant::getNullValue(numbers), before);
  all->addIncoming(result, loop);
  return all;
}

Lanes BodyEmitter::emit_device_warp_operation(const ir::Expr& expr) {
  nvptx::WarpCall call{.op = expr.intrinsic, .is_divergent = expr.is_divergent};
  for (const ir::ExprPtr& operand : expr.operands) call.operands.push_back(emit_scalar(*operand));
  return {nvptx::emit_warp_operation(builder_, call)};
}

}  // namespace cudapy::codegen::cpu
