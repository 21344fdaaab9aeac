// Values of lanes: from scalar and progression to vector, and the algebra of masks in which null
// means every lane.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::Shape;

namespace {

bool is_no_lane(Mask mask) {
  auto* constant = dyn_cast<Constant>(mask);
  return constant && constant->isNullValue();
}

}  // namespace

// With one lane everything is the same for all lanes.
Shape BodyEmitter::shape_of(const ir::Expr& expr) const {
  return scalar_code() ? Shape::Uniform : expr.shape;
}

Shape BodyEmitter::shape_of(LocalId local) const {
  return scalar_code() ? Shape::Uniform : kernel_.locals[index(local)].shape;
}

Type* BodyEmitter::type_of(ir::Scalar scalar) {
  return value_type(builder_.getContext(), scalar);
}

Type* BodyEmitter::vector_of(Type* scalar) {
  return FixedVectorType::get(scalar, static_cast<unsigned>(options_.gang_width));
}

Type* BodyEmitter::local_type(LocalId local) {
  Type* scalar = type_of(kernel_.locals[index(local)].type.scalar);
  return shape_of(local) == Shape::Varying ? vector_of(scalar) : scalar;
}

Value* BodyEmitter::broadcast(Value* scalar) {
  return builder_.CreateVectorSplat(static_cast<unsigned>(options_.gang_width), scalar);
}

// Linear: splat(first) + <0, stride, 2 * stride, ...>
Value* BodyEmitter::to_vector(const Lanes& lanes) {
  if (lanes.shape == Shape::Varying || scalar_code()) return lanes.value;
  Value* vector = broadcast(lanes.value);
  if (lanes.shape == Shape::Uniform) return vector;
  SmallVector<Constant*, 32> offsets;
  for (int lane = 0; lane < options_.gang_width; ++lane) {
    offsets.push_back(ConstantInt::getSigned(lanes.value->getType(), int64_t{lanes.stride} * lane));
  }
  return builder_.CreateAdd(vector, ConstantVector::get(offsets));
}

Value* BodyEmitter::to_local(const Lanes& lanes, LocalId local) {
  return shape_of(local) == Shape::Varying ? to_vector(lanes) : lanes.value;
}

Mask BodyEmitter::mask_and(Mask a, Mask b) {
  if (!a || !b) return a ? a : b;
  return a == b ? a : builder_.CreateAnd(a, b);
}

Mask BodyEmitter::mask_or(Mask a, Mask b) {
  if (!a || !b) return nullptr;
  if (a == b || is_no_lane(b)) return a;
  return is_no_lane(a) ? b : builder_.CreateOr(a, b);
}

// The lanes of a that are not in b, where a null b is no lane at all (as in LaneState::parked).
Mask BodyEmitter::mask_and_not(Mask a, Mask b) {
  if (!b) return a;
  return mask_and(a, builder_.CreateNot(b));
}

Value* BodyEmitter::full_mask(Mask mask) {
  return mask ? mask : Constant::getAllOnesValue(vector_of(builder_.getInt1Ty()));
}

Value* BodyEmitter::no_lanes() {
  return Constant::getNullValue(vector_of(builder_.getInt1Ty()));
}

Value* BodyEmitter::any(Value* mask) {
  if (!mask->getType()->isVectorTy()) return mask;
  Value* bits =
      builder_.CreateBitCast(mask, builder_.getIntNTy(static_cast<unsigned>(options_.gang_width)));
  return builder_.CreateICmpNE(bits, Constant::getNullValue(bits->getType()), "any");
}

// The number, i64, of the highest lane that is on; there is one.
Value* BodyEmitter::last_lane(Mask mask) {
  auto width = static_cast<unsigned>(options_.gang_width);
  if (!mask) return builder_.getInt64(width - 1);
  Value* bits = builder_.CreateBitCast(mask, builder_.getIntNTy(width));
  Value* zeros = builder_.CreateBinaryIntrinsic(Intrinsic::ctlz, bits, builder_.getTrue());
  return builder_.CreateZExtOrTrunc(
      builder_.CreateSub(ConstantInt::get(bits->getType(), width - 1), zeros),
      builder_.getInt64Ty());
}

PHINode* BodyEmitter::mask_phi(unsigned incoming) {
  return builder_.CreatePHI(vector_of(builder_.getInt1Ty()), incoming, "mask");
}

}  // namespace cudapy::codegen::cpu
