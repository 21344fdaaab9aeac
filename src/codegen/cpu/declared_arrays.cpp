// Elements of arrays that the kernel declares. An array of the block lies row by row. In an array
// of each thread the lanes lie side by side,
//     element 0 of lane 0, 1, ... W - 1, element 1 of lane 0, ...
// so that one index for all lanes is one vector access.
#include <llvm/IR/Constants.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;
using ir::Storage;

namespace {

constexpr uint64_t kFewElements = 32;  // that are cleared one by one

}  // namespace

bool BodyEmitter::is_declared(const ir::Expr& array) const {
  return storage_of(array.local) != Storage::Value;
}

ir::Storage BodyEmitter::storage_of(ir::LocalId array) const {
  return kernel_.locals[index(array)].storage;
}

int64_t element_count(const ir::Local& array) {
  int64_t count = 1;
  for (const int64_t extent : array.extents) count *= extent;
  return count;
}

ArrayValue declared_array(IRBuilderBase& builder, const ir::Local& array, Value* data) {
  ArrayValue value;
  value.data = data;
  for (const int64_t extent : array.extents)
    value.shape.push_back(builder.getInt64(static_cast<uint64_t>(extent)));
  return value;
}

//   2 * n + 1    add i64 (mul i64 2, %n), 1
Value* BodyEmitter::emit_size(const ir::ArraySize& size, Value* const (&block)[3]) {
  using Kind = ir::SizeStep::Kind;
  SmallVector<Value*, 4> stack;
  for (const ir::SizeStep& step : size) {
    if (step.kind < Kind::Add) {
      const auto which = static_cast<size_t>(step.value);
      Value* value = builder_.getInt64(static_cast<uint64_t>(step.value));
      if (step.kind == Kind::BlockDim) value = block[which];
      if (step.kind == Kind::Parameter)
        value = emit_cast(builder_, parameters_[which], kernel_.locals[which].type.scalar,
                          ir::Scalar::I64);
      stack.push_back(value);
      continue;
    }
    Value* right = stack.pop_back_val();
    Value* left = stack.pop_back_val();
    Value* result = step.kind == Kind::Add        ? builder_.CreateAdd(left, right)
                    : step.kind == Kind::Subtract ? builder_.CreateSub(left, right)
                    : step.kind == Kind::Multiply ? builder_.CreateMul(left, right)
                                                  : builder_.CreateSDiv(left, right);
    if (step.kind == Kind::Divide) {
      Value* rest = builder_.CreateSRem(left, right);
      Value* is_below = builder_.CreateICmpSLT(rest, builder_.getInt64(0));
      result = builder_.CreateSub(result, builder_.CreateZExt(is_below, builder_.getInt64Ty()));
    }
    stack.push_back(result);
  }
  return stack.back();
}

Value* BodyEmitter::set_block_array(ir::LocalId local, Value* data, Value* const (&block)[3]) {
  const ir::Local& array = kernel_.locals[index(local)];
  ArrayValue value = declared_array(builder_, array, data);
  Value* bytes = builder_.getInt64(static_cast<uint64_t>(ir::size_of(array.type.scalar)));
  for (size_t axis = 0; axis < value.shape.size(); ++axis) {
    if (!array.sizes.empty()) value.shape[axis] = emit_size(array.sizes[axis], block);
    bytes = builder_.CreateMul(bytes, value.shape[axis]);
  }
  set_array(local, std::move(value));
  return bytes;
}

// The element's number in the array, ((i0 * n1) + i1) * n2 + ...: an i64, of which addresses are
// made best, or a vector of i32s, as gathers like them.
Lanes BodyEmitter::flat_index(const Operands& operands, ArrayRef<Lanes> indices, int32_t site) {
  const ArrayValue& array = arrays_[index(operands[0]->local)];
  const SmallVector<Value*, 2> lengths = array.shape;
  Lanes flat;
  for (size_t axis = 0; axis < lengths.size(); ++axis) {
    const ir::Expr& expr = *operands[axis + 1];
    Lanes lanes = indices[axis];
    if (site >= 0) {
      check_index(lengths[axis], expr, lanes, site + static_cast<int32_t>(axis));
    }
    const ir::Scalar wide = lanes.shape == Shape::Varying ? ir::Scalar::I32 : ir::Scalar::I64;
    lanes.value = emit_cast(builder_, lanes.value, expr.type.scalar, wide);
    flat = axis == 0 ? lanes : next_axis(flat, lengths[axis], lanes);
  }
  return flat;
}

Value* BodyEmitter::index_vector(Lanes flat) {
  if (flat.shape != Shape::Varying)
    flat.value = builder_.CreateTrunc(flat.value, builder_.getInt32Ty());
  return to_vector(flat);
}

// flat * extent + lanes
Lanes BodyEmitter::next_axis(Lanes flat, Value* extent, Lanes lanes) {
  auto* known = dyn_cast<ConstantInt>(extent);
  const bool varying = flat.shape == Shape::Varying || lanes.shape == Shape::Varying ||
                       (flat.shape == Shape::Linear && !known);
  Lanes result;
  Value* a = varying ? index_vector(flat) : flat.value;
  Value* b = varying ? index_vector(lanes) : lanes.value;
  if (varying)
    extent = to_vector({builder_.CreateTrunc(extent, builder_.getInt32Ty()), Shape::Uniform, 0});
  Value* scaled = builder_.CreateMul(a, extent);
  result.value = builder_.CreateAdd(scaled, b);
  if (varying) {
    result.shape = Shape::Varying;
    return result;
  }
  if (scalar_code()) return result;
  const int64_t step = known ? known->getSExtValue() : 0;
  result.stride = static_cast<int32_t>(flat.stride * step) + lanes.stride;
  result.shape = result.stride == 0 ? Shape::Uniform : Shape::Linear;
  return result;
}

// Where the lanes' elements are: one address if they lie side by side, else a vector of them.
BodyEmitter::Place BodyEmitter::declared_place(const Operands& operands, ArrayRef<Lanes> indices,
                                               int32_t site) {
  const ir::Expr& array = *operands[0];
  return declared_place(array, flat_index(operands, indices, site));
}

BodyEmitter::Place BodyEmitter::declared_place(const ir::Expr& array, Lanes flat) {
  Type* element = memory_type(builder_.getContext(), array.type.scalar);
  Value* data = arrays_[index(array.local)].data;
  const bool of_thread = storage_of(array.local) == Storage::Thread && !scalar_code();
  if (!of_thread) {
    if (flat.shape == Shape::Linear && flat.stride != 1)
      flat = {index_vector(flat), Shape::Varying};
    return {builder_.CreateGEP(element, data, flat.value), flat.shape, 1};
  }
  auto width = static_cast<uint64_t>(options_.gang_width);
  if (flat.shape == Shape::Uniform) {
    Value* first = builder_.CreateMul(flat.value, builder_.getInt64(width));
    return {builder_.CreateGEP(element, data, first), Shape::Linear, 1};
  }
  Value* widths = broadcast(builder_.getInt32(static_cast<uint32_t>(width)));
  Value* places = builder_.CreateMul(index_vector(flat), widths);
  Value* lanes = to_vector({builder_.getInt32(0), Shape::Linear, 1});
  return {builder_.CreateGEP(element, data, builder_.CreateAdd(places, lanes)), Shape::Varying, 0};
}

Lanes BodyEmitter::load_declared(const ir::Expr& expr) {
  const ir::Expr& array = *expr.operands[0];
  ir::Scalar element = array.type.scalar;
  Lanes flat = flat_index(expr.operands, emit_unchecked_indices(expr.operands), expr.fault_site);
  if (is_chosen_by_lanes(array, flat))
    return {from_memory(builder_, load_chosen(array, flat), element), Shape::Varying, 0};
  Place place = declared_place(array, flat);
  Type* type = memory_type(builder_.getContext(), element);
  Align align(static_cast<uint64_t>(ir::size_of(element)));
  if (place.shape == Shape::Uniform) {
    Value* loaded = builder_.CreateAlignedLoad(type, place.address, align);
    return {from_memory(builder_, loaded, element)};
  }
  Type* vector = vector_of(type);
  Value* zeros = Constant::getNullValue(vector);
  Value* loaded = nullptr;
  if (place.shape == Shape::Varying) {
    loaded =
        builder_.CreateMaskedGather(vector, place.address, align, full_mask(state_.mask), zeros);
  } else if (state_.mask && storage_of(array.local) != Storage::Thread) {
    loaded = builder_.CreateMaskedLoad(vector, place.address, align, state_.mask, zeros);
  } else {
    // All lanes of a thread's array are there, whether or not they are on.
    loaded = builder_.CreateAlignedLoad(vector, place.address, align);
  }
  return {from_memory(builder_, loaded, element), Shape::Varying, 0};
}

void BodyEmitter::store_declared(const ir::Stmt& stmt) {
  const ir::Expr& array = *stmt.operands[0];
  ir::Scalar element = array.type.scalar;
  Lanes value = emit(*stmt.value);
  Lanes flat = flat_index(stmt.operands, emit_unchecked_indices(stmt.operands), stmt.fault_site);
  if (is_chosen_by_lanes(array, flat))
    return store_chosen(array, flat, to_memory(builder_, to_vector(value), element));
  Place place = declared_place(array, flat);
  Align align(static_cast<uint64_t>(ir::size_of(element)));
  if (place.shape == Shape::Uniform) {
    // All lanes that are on write one element; the highest of them wins.
    Value* scalar = to_memory(builder_, last_of_lanes(value), element);
    builder_.CreateAlignedStore(scalar, place.address, align);
    return;
  }
  Value* vector = to_memory(builder_, to_vector(value), element);
  if (place.shape == Shape::Varying) {
    builder_.CreateMaskedScatter(vector, place.address, align, full_mask(state_.mask));
  } else if (state_.mask && storage_of(array.local) == Storage::Thread) {
    blend_into(place.address, vector, align, state_.mask);
  } else if (state_.mask) {
    builder_.CreateMaskedStore(vector, place.address, align, state_.mask);
  } else {
    builder_.CreateAlignedStore(vector, place.address, align);
  }
}

// Of a thread's array, whose lanes are there whether or not they are on. LLVM makes registers of
// what is loaded and stored as a whole.
//     old = load; store select(mask, value, old)
void BodyEmitter::blend_into(Value* address, Value* value, Align align, Value* mask) {
  Value* old = builder_.CreateAlignedLoad(value->getType(), address, align);
  builder_.CreateAlignedStore(builder_.CreateSelect(mask, value, old), address, align);
}

// Whether each lane's element is chosen from all of a thread's array: gathers and scatters would
// keep it in memory, and of small elements they go lane by lane.
bool BodyEmitter::is_chosen_by_lanes(const ir::Expr& array, const Lanes& flat) const {
  if (flat.shape == Shape::Uniform || storage_of(array.local) != Storage::Thread) return false;
  if (scalar_code() || target_.is_gpu) return false;
  const int64_t count = element_count(kernel_.locals[index(array.local)]);
  const int size = ir::size_of(array.type.scalar);
  if (count > ir::most_chosen_elements(size)) return false;
  // Gathers of narrow vectors are no worse than a few comparisons.
  const int64_t width = target_.native_vector_bits;
  return size <= 2 || width >= 512 || count <= width / 8 / size;
}

// The lanes' indices, as wide as the elements, which masks are made of best.
Value* BodyEmitter::narrow_index(const ir::Expr& array, const Lanes& flat) {
  const auto bits = 8 * static_cast<unsigned>(ir::size_of(array.type.scalar));
  return builder_.CreateSExtOrTrunc(index_vector(flat), vector_of(builder_.getIntNTy(bits)));
}

//     select(index == 1, a[1], select(index == 0, a[0], 0))
Value* BodyEmitter::load_chosen(const ir::Expr& array, const Lanes& flat) {
  const int64_t count = element_count(kernel_.locals[index(array.local)]);
  Type* vector = vector_of(memory_type(builder_.getContext(), array.type.scalar));
  const Align align(static_cast<uint64_t>(ir::size_of(array.type.scalar)));
  Value* number = narrow_index(array, flat);
  Value* chosen = Constant::getNullValue(vector);
  for (int64_t i = 0; i < count; ++i) {
    const Place place =
        declared_place(array, {builder_.getInt64(static_cast<uint64_t>(i)), Shape::Uniform});
    Value* element = builder_.CreateAlignedLoad(vector, place.address, align);
    Value* is_it = builder_.CreateICmpEQ(number, ConstantInt::get(number->getType(), i));
    chosen = builder_.CreateSelect(is_it, element, chosen);
  }
  return chosen;
}

void BodyEmitter::store_chosen(const ir::Expr& array, const Lanes& flat, Value* value) {
  const int64_t count = element_count(kernel_.locals[index(array.local)]);
  const Align align(static_cast<uint64_t>(ir::size_of(array.type.scalar)));
  Value* number = narrow_index(array, flat);
  for (int64_t i = 0; i < count; ++i) {
    const Place place =
        declared_place(array, {builder_.getInt64(static_cast<uint64_t>(i)), Shape::Uniform});
    Value* is_it = builder_.CreateICmpEQ(number, ConstantInt::get(number->getType(), i));
    blend_into(place.address, value, align, mask_and(state_.mask, is_it));
  }
}

// Zeros in the elements of the lanes that are on.
void BodyEmitter::emit_declaration(const ir::Stmt& stmt) {
  const ir::Local& array = kernel_.locals[index(stmt.local)];
  Value* data = arrays_[index(stmt.local)].data;
  Type* type = memory_type(builder_.getContext(), array.type.scalar);
  auto bytes = static_cast<uint64_t>(ir::size_of(array.type.scalar));
  auto count = static_cast<uint64_t>(element_count(array));
  auto width = static_cast<uint64_t>(options_.gang_width);
  if (!state_.mask) {
    builder_.CreateMemSet(data, builder_.getInt8(0), count * width * bytes, Align(bytes));
    return;
  }
  Type* vector = vector_of(type);
  if (count <= kFewElements) {
    for (uint64_t i = 0; i < count; ++i)
      blend_into(builder_.CreateConstGEP1_64(vector, data, i), Constant::getNullValue(vector),
                 Align(bytes), state_.mask);
    return;
  }
  BasicBlock* before = builder_.GetInsertBlock();
  BasicBlock* loop = new_block("clear");
  BasicBlock* done = new_block("cleared");
  builder_.CreateBr(loop);
  start_block(loop);
  PHINode* element = builder_.CreatePHI(builder_.getInt64Ty(), 2);
  element->addIncoming(builder_.getInt64(0), before);
  Value* address = builder_.CreateGEP(vector, data, element);
  builder_.CreateMaskedStore(Constant::getNullValue(vector), address, Align(bytes), state_.mask);
  Value* next = builder_.CreateAdd(element, builder_.getInt64(1));
  element->addIncoming(next, loop);
  builder_.CreateCondBr(builder_.CreateICmpULT(next, builder_.getInt64(count)), loop, done);
  start_block(done);
}

}  // namespace cudapy::codegen::cpu
