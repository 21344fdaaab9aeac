// Atomic operations. Relaxed: they order nothing but themselves.
//
// Lanes take turns, lowest first:
//     while (bits) { lane = cttz(bits); old[lane] = atomicrmw op p[lane], v[lane]; bits &= bits - 1
//     }
// but where all lanes meet at one place
//     their values are put together first, if none asks for what was there:
//         atomicrmw op p, reduce(select(mask, v, identity))
//     and a counter is moved once for all of them:
//         old = (atomicrmw add p, v * popcount(mask)) + v * (lanes on below this one)
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/ValueHandle.h>
#include <llvm/Transforms/Utils/LowerAtomic.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::AtomicOp;
using ir::Shape;

namespace {

AtomicRMWInst::BinOp instruction_of(AtomicOp op, ir::Scalar element) {
  const bool real = ir::is_float(element);
  const bool is_signed = ir::is_signed(element);
  switch (op) {
    case AtomicOp::Add:
      return real ? AtomicRMWInst::FAdd : AtomicRMWInst::Add;
    case AtomicOp::Sub:
      return real ? AtomicRMWInst::FSub : AtomicRMWInst::Sub;
    case AtomicOp::Min:
      return real ? AtomicRMWInst::FMin : is_signed ? AtomicRMWInst::Min : AtomicRMWInst::UMin;
    case AtomicOp::Max:
      return real ? AtomicRMWInst::FMax : is_signed ? AtomicRMWInst::Max : AtomicRMWInst::UMax;
    case AtomicOp::And:
      return AtomicRMWInst::And;
    case AtomicOp::Or:
      return AtomicRMWInst::Or;
    case AtomicOp::Xor:
      return AtomicRMWInst::Xor;
    case AtomicOp::Inc:
      return AtomicRMWInst::UIncWrap;
    case AtomicOp::Dec:
      return AtomicRMWInst::UDecWrap;
    case AtomicOp::Exchange:
    case AtomicOp::CompareExchange:
      break;
  }
  return AtomicRMWInst::Xchg;
}

// What leaves the element as it is.
Constant* identity_of(AtomicOp op, ir::Scalar element, Type* type) {
  const unsigned bits = type->getScalarSizeInBits();
  const bool is_signed = ir::is_signed(element);
  switch (op) {
    case AtomicOp::Min:
      if (type->isFloatingPointTy()) return ConstantFP::getInfinity(type);
      return ConstantInt::get(
          type, is_signed ? APInt::getSignedMaxValue(bits) : APInt::getMaxValue(bits));
    case AtomicOp::Max:
      if (type->isFloatingPointTy()) return ConstantFP::getInfinity(type, /*Negative=*/true);
      return ConstantInt::get(type, is_signed ? APInt::getSignedMinValue(bits) : APInt(bits, 0));
    case AtomicOp::And:
      return Constant::getAllOnesValue(type);
    default:
      return type->isFloatingPointTy() ? ConstantFP::getNegativeZero(type)
                                       : Constant::getNullValue(type);
  }
}

Value* reduce(IRBuilderBase& builder, AtomicOp op, ir::Scalar element, Value* values) {
  const bool real = ir::is_float(element);
  switch (op) {
    case AtomicOp::Min:
      return real ? builder.CreateFPMinReduce(values)
                  : builder.CreateIntMinReduce(values, ir::is_signed(element));
    case AtomicOp::Max:
      return real ? builder.CreateFPMaxReduce(values)
                  : builder.CreateIntMaxReduce(values, ir::is_signed(element));
    case AtomicOp::And:
      return builder.CreateAndReduce(values);
    case AtomicOp::Or:
      return builder.CreateOrReduce(values);
    case AtomicOp::Xor:
      return builder.CreateXorReduce(values);
    default:
      break;
  }
  if (!real) return builder.CreateAddReduce(values);
  IRBuilderBase::FastMathFlagGuard guard(builder);
  FastMathFlags flags = builder.getFastMathFlags();
  flags.setAllowReassoc();  // threads come in any order
  builder.setFastMathFlags(flags);
  return builder.CreateFAddReduce(ConstantFP::getNegativeZero(values->getType()->getScalarType()),
                                  values);
}

}  // namespace

// Where each lane's element is: one address for all lanes, or a vector of them. `indices` have not
// been checked yet.
BodyEmitter::Place BodyEmitter::atomic_place(const ir::Expr& load, ArrayRef<Lanes> indices) {
  const ir::Expr& array = *load.operands[0];
  if (is_declared(array)) {
    Place place = declared_place(load.operands, indices, load.fault_site);
    return place.shape == Shape::Linear ? in_each_lane(place, array.type, 0) : place;
  }
  check_indices(load.operands, indices, load.fault_site, load.row_axes);
  Place place = place_of(load.operands, indices, load.byte_offset);
  if (place.shape != Shape::Linear) return place;
  return in_each_lane(place, array.type, place.parts > 1 ? load.byte_offset : 0);
}

// Neighbours' addresses, one by one; `byte_offset`: how far behind them the part is.
BodyEmitter::Place BodyEmitter::in_each_lane(const Place& neighbours, const ir::Type& array,
                                             int32_t byte_offset) {
  const auto size = static_cast<uint64_t>(ir::item_size(array));
  Type* element = ArrayType::get(builder_.getInt8Ty(), size);
  Value* lanes = to_vector({builder_.getInt64(0), Shape::Linear, neighbours.stride});
  Value* addresses = builder_.CreateGEP(element, neighbours.address, lanes);
  if (byte_offset != 0)
    addresses = builder_.CreateGEP(builder_.getInt8Ty(), addresses,
                                   builder_.getInt64(static_cast<uint64_t>(byte_offset)));
  return {addresses, Shape::Varying, 0};
}

// All arguments are evaluated before the operation looks at the first, as those of any call.
Lanes BodyEmitter::emit_atomic(const ir::Expr& expr, bool is_used) {
  if (Value* bins = is_used ? nullptr : private_bins_of(expr)) {
    emit_private_add(expr, bins);
    return {};
  }
  const ir::Expr& element = *expr.operands[0];
  const ir::Expr& array = *element.operands[0];
  const bool of_thread = is_declared(array) && storage_of(array.local) == ir::Storage::Thread;
  const AtomicTarget target{expr.atomic_op, expr.type.scalar, type_of(expr.type.scalar), of_thread};
  const SmallVector<Lanes, 2> indices = emit_unchecked_indices(element.operands);
  SmallVector<Lanes, 2> given;
  for (size_t i = 1; i < expr.operands.size(); ++i) given.push_back(emit(*expr.operands[i]));
  const Place place = atomic_place(element, indices);
  if (scalar_code()) {
    SmallVector<Value*, 2> values;
    for (const Lanes& lanes : given) values.push_back(lanes.value);
    return {emit_one_atomic(target, place.address, values)};
  }
  Value* addresses = place.address;
  if (place.shape == Shape::Uniform) {
    if (!is_used && emit_reduced_atomic(target, place.address, given.back())) return {};
    const bool counts = ir::is_integer(target.element) &&
                        (target.op == AtomicOp::Add || target.op == AtomicOp::Sub);
    if (counts && given[0].shape == Shape::Uniform)
      return {emit_counted_atomic(target, place.address, given[0].value), Shape::Varying, 0};
    addresses = broadcast(place.address);
  }
  SmallVector<Value*, 2> values;
  for (const Lanes& lanes : given) values.push_back(to_vector(lanes));
  return {emit_atomic_lanes(target, addresses, values, is_used), Shape::Varying, 0};
}

// One thread's operation; what was there. In an array of its own nobody else takes part: a load and
// a store do, and a GPU has no atomics there.
Value* BodyEmitter::emit_one_atomic(const AtomicTarget& target, Value* address,
                                    ArrayRef<Value*> values) {
  const Align align(static_cast<uint64_t>(ir::size_of(target.element)));
  if (target.op == AtomicOp::CompareExchange) {
    Value* pair = builder_.CreateAtomicCmpXchg(
        address, values[0], values[1], align, AtomicOrdering::Monotonic, AtomicOrdering::Monotonic);
    Value* old = builder_.CreateExtractValue(pair, 0);
    if (target.of_thread) lowerAtomicCmpXchgInst(cast<AtomicCmpXchgInst>(pair));
    return old;
  }
  if (ir::is_half(target.element) && target.op != AtomicOp::Exchange)
    return emit_half_atomic(target, address, values[0]);
  AtomicRMWInst* change =
      builder_.CreateAtomicRMW(instruction_of(target.op, target.element), address, values[0], align,
                               AtomicOrdering::Monotonic);
  if (!target.of_thread) return change;
  const WeakTrackingVH old = change;
  lowerAtomicRMWInst(change);
  return old;
}

// Floats of 16 bits are put together as float32s:
//     old = *p; do { seen = old; old = cmpxchg p, seen, half(float(seen) op float(v)) }
//     while (old != seen)
Value* BodyEmitter::emit_half_atomic(const AtomicTarget& target, Value* address, Value* value) {
  const Align align(sizeof(uint16_t));
  const ir::Scalar element = target.element;
  Value* step = emit_cast(builder_, value, element, ir::Scalar::F32);
  LoadInst* first = builder_.CreateAlignedLoad(target.type, address, align);
  const auto changed = [&](Value* stored) {
    Value* old = emit_cast(builder_, stored, element, ir::Scalar::F32);
    Value* next = nullptr;
    if (target.op == AtomicOp::Add || target.op == AtomicOp::Sub) {
      next = target.op == AtomicOp::Add ? builder_.CreateFAdd(old, step)
                                        : builder_.CreateFSub(old, step);
    } else {  // of a NaN and a number the number
      Value* replaces = target.op == AtomicOp::Min ? builder_.CreateFCmpOLT(step, old)
                                                   : builder_.CreateFCmpOGT(step, old);
      replaces = builder_.CreateOr(replaces, builder_.CreateFCmpUNO(old, old));
      next = builder_.CreateSelect(replaces, step, old);
    }
    return emit_cast(builder_, next, ir::Scalar::F32, element);
  };
  if (target.of_thread) {
    builder_.CreateAlignedStore(changed(first), address, align);
    return first;
  }
  first->setAtomic(AtomicOrdering::Monotonic);
  BasicBlock* before = builder_.GetInsertBlock();
  BasicBlock* attempt = new_block("attempt");
  BasicBlock* done = new_block("stored");
  builder_.CreateBr(attempt);

  start_block(attempt);
  PHINode* seen = builder_.CreatePHI(target.type, 2);
  Value* pair = builder_.CreateAtomicCmpXchg(address, seen, changed(seen), align,
                                             AtomicOrdering::Monotonic, AtomicOrdering::Monotonic);
  Value* now = builder_.CreateExtractValue(pair, 0);
  seen->addIncoming(first, before);
  seen->addIncoming(now, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateExtractValue(pair, 1), done, attempt);

  start_block(done);
  return now;
}

// All lanes at one place, and nobody asks what was there; false if the operation depends on turns.
bool BodyEmitter::emit_reduced_atomic(const AtomicTarget& target, Value* address,
                                      const Lanes& value) {
  // One sum of many halves would be rounded once, where each thread rounds its own.
  if (ir::is_half(target.element) && target.op != AtomicOp::Exchange) return false;
  Value* scalar = nullptr;
  switch (target.op) {
    case AtomicOp::CompareExchange:
    case AtomicOp::Inc:
    case AtomicOp::Dec:
      return false;
    case AtomicOp::Exchange:
      scalar = value.shape == Shape::Uniform
                   ? value.value
                   : builder_.CreateExtractElement(to_vector(value), last_lane(state_.mask));
      break;
    default: {
      Value* values = to_vector(value);
      if (state_.mask) {
        Constant* none = identity_of(target.op, target.element, target.type);
        values = builder_.CreateSelect(state_.mask, values, broadcast(none));
      }
      scalar = reduce(builder_, target.op, target.element, values);
    }
  }
  emit_one_atomic(target, address, {scalar});
  return true;
}

// All lanes add the same integer at one place: each finds what those below it have left.
Value* BodyEmitter::emit_counted_atomic(const AtomicTarget& target, Value* address, Value* step) {
  const auto width = static_cast<unsigned>(options_.gang_width);
  Value* bits = lane_bits(state_.mask);
  Value* count = builder_.CreateUnaryIntrinsic(Intrinsic::ctpop, bits);
  count = builder_.CreateZExtOrTrunc(count, target.type);
  Value* before = emit_one_atomic(target, address, {builder_.CreateMul(step, count)});
  SmallVector<Constant*, 64> below;
  for (unsigned lane = 0; lane < width; ++lane)
    below.push_back(ConstantInt::get(bits->getType(), (uint64_t{1} << lane) - 1));
  Value* earlier = builder_.CreateAnd(broadcast(bits), ConstantVector::get(below));
  earlier = builder_.CreateUnaryIntrinsic(Intrinsic::ctpop, earlier);
  earlier = builder_.CreateZExtOrTrunc(earlier, vector_of(target.type));
  Value* moved = builder_.CreateMul(earlier, broadcast(step));
  return target.op == AtomicOp::Add ? builder_.CreateAdd(broadcast(before), moved)
                                    : builder_.CreateSub(broadcast(before), moved);
}

// In the function's entry, where it costs one stack slot however often this place is passed.
AllocaInst* BodyEmitter::entry_slot(Type* type) {
  BasicBlock& entry = builder_.GetInsertBlock()->getParent()->getEntryBlock();
  IRBuilder<> builder(&entry, entry.begin());
  return builder.CreateAlloca(type);
}

// Bit i of an integer of the gang's width (at least a byte): lane i is on.
Value* BodyEmitter::lane_bits(Mask mask) {
  const auto width = static_cast<unsigned>(options_.gang_width);
  Value* bits = builder_.CreateBitCast(full_mask(mask), builder_.getIntNTy(width));
  return width < 8 ? builder_.CreateZExt(bits, builder_.getInt8Ty()) : bits;
}

Value* BodyEmitter::emit_atomic_lanes(const AtomicTarget& target, Value* addresses,
                                      ArrayRef<Value*> values, bool is_used) {
  Type* vector = vector_of(target.type);
  const auto slot_of = [&](Value* value) {
    AllocaInst* slot = entry_slot(value->getType());
    builder_.CreateStore(value, slot);
    return slot;
  };
  AllocaInst* address_slot = slot_of(addresses);
  SmallVector<AllocaInst*, 2> value_slots;
  for (Value* value : values) value_slots.push_back(slot_of(value));
  AllocaInst* result_slot = is_used ? slot_of(Constant::getNullValue(vector)) : nullptr;
  Value* bits = lane_bits(state_.mask);
  BasicBlock* before = builder_.GetInsertBlock();
  BasicBlock* turn = new_block("lane");
  BasicBlock* done = new_block("lanes_done");
  Value* none = Constant::getNullValue(bits->getType());
  builder_.CreateCondBr(builder_.CreateICmpEQ(bits, none), done, turn);

  start_block(turn);
  PHINode* left = builder_.CreatePHI(bits->getType(), 2);
  Value* lane =
      builder_.CreateZExt(builder_.CreateBinaryIntrinsic(Intrinsic::cttz, left, builder_.getTrue()),
                          builder_.getInt64Ty());
  const auto lane_of = [&](Type* type, Value* slot) {
    return builder_.CreateInBoundsGEP(type, slot, lane);
  };
  Value* address =
      builder_.CreateLoad(builder_.getPtrTy(), lane_of(builder_.getPtrTy(), address_slot));
  SmallVector<Value*, 2> one;
  for (AllocaInst* slot : value_slots)
    one.push_back(builder_.CreateLoad(target.type, lane_of(target.type, slot)));
  Value* old = emit_one_atomic(target, address, one);
  if (is_used) builder_.CreateStore(old, lane_of(target.type, result_slot));
  Value* rest =
      builder_.CreateAnd(left, builder_.CreateSub(left, ConstantInt::get(bits->getType(), 1)));
  left->addIncoming(bits, before);
  left->addIncoming(rest, builder_.GetInsertBlock());
  builder_.CreateCondBr(builder_.CreateICmpEQ(rest, none), done, turn);

  start_block(done);
  if (!is_used) return Constant::getNullValue(vector);
  return builder_.CreateLoad(vector, result_slot);
}

}  // namespace cudapy::codegen::cpu
