// Indices that differ from lane to lane in a way of their own, but are neighbours for most gangs:
// clamped and wrapped ones (transform/near_progressions.h). One comparison tells a vector access
// from a gather or scatter:
//
//     apart = mask and index != splat(index of lane 0) + <0, 1, 2, ...>
//     br any(apart), lanes, neighbours
//   neighbours: one access of a vector
//   lanes:      a gather or scatter
//
// And `progression % n` needs a division a lane only for gangs that come past a multiple of n:
//
//     rest = first % n; br 0 < n and rest + span < n and first + span doesn't wrap, stays, passes
//   stays:  splat(rest) + <0, stride, 2 * stride, ...>
//   passes: lane by lane
#include <llvm/IR/Constants.h>

#include <limits>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"
#include "codegen/math/integer.h"
#include "transform/index_ranges.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;

bool BodyEmitter::is_near_progression(const ir::Expr& index) {
  if (scalar_code() || target_.is_gpu || shape_of(index) != Shape::Varying) return false;
  if (!near_) near_.emplace(kernel_);
  return near_->holds(index);
}

// Leaves the builder where the lanes are apart; gives the block where they are neighbours. Lanes
// that are off may hold anything.
BodyEmitter::NeighbourTest BodyEmitter::branch_if_neighbours(const Place& place) {
  Value* indices = builder_.CreateFreeze(place.indices);
  Value* first = builder_.CreateExtractElement(indices, builder_.getInt64(0));
  Value* expected = to_vector({first, Shape::Linear, 1});
  Value* apart = mask_and(state_.mask, builder_.CreateICmpNE(indices, expected));
  NeighbourTest test{new_block("neighbours"), new_block("accessed"), first};
  BasicBlock* lanes = new_block("lanes");
  builder_.CreateCondBr(any(apart), lanes, test.neighbours);
  start_block(lanes);
  return test;
}

Value* BodyEmitter::load_near(const Place& place, Type* element, Align align) {
  Type* vector = vector_of(element);
  Value* nothing = Constant::getNullValue(vector);
  const NeighbourTest test = branch_if_neighbours(place);
  Value* gathered =
      builder_.CreateMaskedGather(vector, place.address, align, full_mask(state_.mask), nothing);
  BasicBlock* lanes = builder_.GetInsertBlock();
  builder_.CreateBr(test.accessed);
  start_block(test.neighbours);
  Value* address = builder_.CreateGEP(element, place.base, test.first);
  Value* loaded = state_.mask
                      ? builder_.CreateMaskedLoad(vector, address, align, state_.mask, nothing)
                      : static_cast<Value*>(builder_.CreateAlignedLoad(vector, address, align));
  BasicBlock* neighbours = builder_.GetInsertBlock();
  builder_.CreateBr(test.accessed);
  start_block(test.accessed);
  PHINode* either = builder_.CreatePHI(vector, 2);
  either->addIncoming(gathered, lanes);
  either->addIncoming(loaded, neighbours);
  return either;
}

void BodyEmitter::store_near(const Place& place, Value* value, Align align) {
  const NeighbourTest test = branch_if_neighbours(place);
  builder_.CreateMaskedScatter(value, place.address, align, full_mask(state_.mask));
  builder_.CreateBr(test.accessed);
  start_block(test.neighbours);
  Value* address = builder_.CreateGEP(value->getType()->getScalarType(), place.base, test.first);
  if (state_.mask)
    builder_.CreateMaskedStore(value, address, align, state_.mask);
  else
    builder_.CreateAlignedStore(value, address, align);
  builder_.CreateBr(test.accessed);
  start_block(test.accessed);
}

// A division by a constant is a multiplication, which is not worth a branch.
bool BodyEmitter::wraps_progression(const ir::Expr& expr) const {
  if (expr.kind != ir::ExprKind::Binary || expr.binary_op != ir::BinaryOp::Modulo) return false;
  if (scalar_code() || target_.is_gpu || !ir::is_integer(expr.type)) return false;
  const ir::Expr& number = *expr.operands[0];
  const ir::Expr& divisor = *expr.operands[1];
  return number.shape == Shape::Linear && number.stride > 0 && divisor.shape == Shape::Uniform &&
         divisor.kind != ir::ExprKind::Constant;
}

Lanes BodyEmitter::emit_wrapped_progression(const ir::Expr& expr) {
  const Lanes number = emit(*expr.operands[0]);
  Value* divisor = emit_scalar(*expr.operands[1]);
  const ir::Scalar type = expr.type.scalar;
  if (expr.fault_site >= 0) check_operand(expr.binary_op, broadcast(divisor), expr.fault_site);
  Value* rest = emit_floor_mod(builder_, number.value, divisor, true);
  auto wide = [&](Value* value) { return emit_cast(builder_, value, type, ir::Scalar::I64); };
  const int64_t span = int64_t{number.stride} * (options_.gang_width - 1);
  // For a divisor that is not positive rest + span is not below it.
  Value* below = builder_.CreateICmpSLT(
      wide(rest), builder_.CreateBinaryIntrinsic(Intrinsic::ssub_sat, wide(divisor),
                                                 builder_.getInt64(static_cast<uint64_t>(span))));
  Value* whole = builder_.CreateICmpSLE(
      wide(number.value),
      builder_.getInt64(static_cast<uint64_t>(transform::greatest_of(type) - span)));
  BasicBlock* stays = new_block("stays");
  BasicBlock* passes = new_block("passes");
  BasicBlock* done = new_block("wrapped");
  builder_.CreateCondBr(builder_.CreateAnd(below, whole), stays, passes);
  start_block(stays);
  Value* moved = to_vector({rest, Shape::Linear, number.stride});
  builder_.CreateBr(done);
  start_block(passes);
  Value* divided = emit_floor_mod(builder_, to_vector(number), broadcast(divisor), true);
  BasicBlock* divided_in = builder_.GetInsertBlock();
  builder_.CreateBr(done);
  start_block(done);
  PHINode* either = builder_.CreatePHI(moved->getType(), 2);
  either->addIncoming(moved, stays);
  either->addIncoming(divided, divided_in);
  return {either, Shape::Varying, 0};
}

}  // namespace cudapy::codegen::cpu
