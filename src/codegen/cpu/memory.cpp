// Loads and stores. Uniform indices are one scalar access; a progression of stride 1 or -1 along
// contiguous rows, the other indices uniform, is one vector access, anything else a gather or
// scatter, though neighbours.cpp looks out for vector accesses there. Lanes that are off never
// touch memory. Vector accesses to elements of several parts are in compound_elements.cpp.
#include <llvm/IR/Constants.h>

#include <algorithm>
#include <numeric>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"
#include "codegen/cpu/single_lanes.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;

namespace {

bool is_contiguous(const Lanes& index) {
  return index.shape == Shape::Linear && (index.stride == 1 || index.stride == -1);
}

bool is_uniform(const Lanes& index) {
  return index.shape == Shape::Uniform;
}

// An element in memory. What an access to a part of one reads or writes is `byte_offset` further
// on.
Type* element_type(LLVMContext& context, const ir::Type& array) {
  if (!ir::is_compound(array.element())) return memory_type(context, array.scalar);
  return ArrayType::get(Type::getInt8Ty(context), static_cast<uint64_t>(ir::item_size(array)));
}

// Under a mask: whether there is no instruction for elements of a vector, or for gathers of such.
bool takes_single_lanes(const TargetInfo& target, ir::Scalar element, bool gathers) {
  return !target.is_gpu && ir::size_of(element) <= 2 && (gathers || !target.has_mask_registers);
}

// Where the first lane's element is, so many elements apart.
AddressOfLane progression(IRBuilderBase& builder, Type* element, Value* first, int64_t step) {
  return [&builder, element, first, step](Value* lane) {
    Value* offset = builder.CreateMul(lane, builder.getInt64(static_cast<uint64_t>(step)));
    return builder.CreateGEP(element, first, offset);
  };
}

}  // namespace

// Of a part of an element, in a struct that may be packed.
Align BodyEmitter::part_align(const ir::Type& array, int32_t byte_offset, ir::Scalar part) {
  auto size = static_cast<uint64_t>(ir::size_of(part));
  // The first part of a complex number lies where the number does.
  if (!array.aggregate) {
    const int whole = ir::size_of(byte_offset == 0 ? array.scalar : part);
    return Align(static_cast<uint64_t>(whole));
  }
  for (const int32_t step : {byte_offset, array.aggregate->size})
    size = std::gcd(size, static_cast<uint64_t>(step));
  return Align(size);
}

const ArrayValue& BodyEmitter::array_of(const ir::Expr& expr) {
  return arrays_[index(expr.local)];
}

bool BodyEmitter::is_uniform_place(const Operands& operands) const {
  return std::all_of(operands.begin() + 1, operands.end(),
                     [&](const ir::ExprPtr& index) { return shape_of(*index) == Shape::Uniform; });
}

// What the indices that all lanes share add to the address, in elements; null: nothing. The last
// index of an array whose rows are contiguous is left out: it is added to the address by itself.
Value* BodyEmitter::uniform_offset(const ArrayValue& array, const Operands& operands,
                                   ArrayRef<Lanes> indices) {
  Value* offset = nullptr;
  for (size_t axis = 0; axis < array.strides.size(); ++axis) {
    if (!is_uniform(indices[axis])) continue;
    Value* wide =
        emit_cast(builder_, indices[axis].value, operands[axis + 1]->type.scalar, ir::Scalar::I64);
    Value* term = builder_.CreateMul(wide, array.strides[axis]);
    offset = offset ? builder_.CreateAdd(offset, term) : term;
  }
  return offset;
}

// What the other indices add, for each lane; null: nothing. In 32 bits unless the kernel is wide:
// arrays that reach further are given to wide kernels alone.
Value* BodyEmitter::lane_offsets(const ArrayValue& array, const Operands& operands,
                                 ArrayRef<Lanes> indices) {
  ir::Scalar width = kernel_.wide_index ? ir::Scalar::I64 : ir::Scalar::I32;
  Value* offsets = nullptr;
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    bool has_stride = axis < array.strides.size();
    if (has_stride && is_uniform(indices[axis])) continue;
    Value* term =
        emit_cast(builder_, to_vector(indices[axis]), operands[axis + 1]->type.scalar, width);
    if (has_stride) {
      Value* stride = builder_.CreateTrunc(array.strides[axis], type_of(width));
      term = builder_.CreateMul(term, broadcast(stride));
    }
    offsets = offsets ? builder_.CreateAdd(offsets, term) : term;
  }
  return offsets;
}

// `byte_offset`: where in its element the access goes.
BodyEmitter::Place BodyEmitter::place_of(const Operands& operands, ArrayRef<Lanes> indices,
                                         int32_t byte_offset) {
  const ir::Type& type = operands[0]->type;
  const ArrayValue& array = array_of(*operands[0]);
  Type* element = element_type(builder_.getContext(), type);
  bool rows_are_uniform =
      std::all_of(indices.begin(), indices.end() - 1, [](const Lanes& i) { return is_uniform(i); });
  const Lanes& last = indices.back();
  const int parts = parts_of(type);
  bool is_vector = !type.strided && rows_are_uniform && is_contiguous(last) && parts > 0;
  Place place{array.data, Shape::Varying, last.stride};
  if (is_vector) {
    place.parts = parts;
    place.part = byte_offset * place.parts / ir::item_size(type);
  }
  if (byte_offset != 0 && place.parts == 1)
    place.address = builder_.CreateConstGEP1_64(builder_.getInt8Ty(), place.address,
                                                static_cast<uint64_t>(byte_offset));
  if (Value* offset = uniform_offset(array, operands, indices))
    place.address = builder_.CreateGEP(element, place.address, offset);
  if (type.strided && rows_are_uniform && is_uniform(last)) {
    place.shape = Shape::Uniform;
    return place;
  }
  if (type.strided || !rows_are_uniform) {
    Value* offsets = lane_offsets(array, operands, indices);
    place.address = builder_.CreateGEP(element, place.address, offsets);
    return place;
  }
  // Signed indices are extended by the address computation itself, which lets gathers use 32-bit
  // ones.
  if (is_vector || is_uniform(last)) place.shape = last.shape;
  Value* index = place.shape == Shape::Varying ? to_vector(last) : last.value;
  if (is_vector && options_.aligned_gangs) index = align_index(place, *operands.back(), index);
  ir::Scalar index_type = operands.back()->type.scalar;
  if (ir::is_unsigned(index_type) && ir::size_of(index_type) < 8)
    index = builder_.CreateZExt(index, index->getType()->getWithNewBitWidth(64));
  if (place.shape == Shape::Varying && !ir::is_compound(type.element()) &&
      is_near_progression(*operands.back())) {
    place.base = place.address;
    place.indices = index;
  }
  place.address = builder_.CreateGEP(element, place.address, index);
  return place;
}

// The indices of an access. Python evaluates all of them before it looks at the first.
SmallVector<Lanes, 2> BodyEmitter::emit_unchecked_indices(const Operands& operands) {
  SmallVector<Lanes, 2> indices;
  for (size_t i = 1; i < operands.size(); ++i) indices.push_back(emit(*operands[i]));
  return indices;
}

void BodyEmitter::check_indices(const Operands& operands, ArrayRef<Lanes> indices, int32_t site,
                                uint8_t row_axes) {
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    if (!is_checked(site, row_axes, axis)) continue;
    Value* length = array_of(*operands[0]).shape[axis];
    BasicBlock* known = skip_where(fits_at_run_time(site, row_axes, axis, length));
    check_index(length, *operands[axis + 1], indices[axis], site + static_cast<int32_t>(axis));
    go_on_at(known);
  }
}

// Checked where they have to be.
SmallVector<Lanes, 2> BodyEmitter::emit_indices(const Operands& operands, int32_t site,
                                                uint8_t row_axes) {
  SmallVector<Lanes, 2> indices = emit_unchecked_indices(operands);
  check_indices(operands, indices, site, row_axes);
  return indices;
}

BodyEmitter::Place BodyEmitter::emit_place(const Operands& operands, int32_t site, uint8_t row_axes,
                                           int32_t byte_offset) {
  return place_of(operands, emit_indices(operands, site, row_axes), byte_offset);
}

// For a descending progression the access starts at the last lane's element and is turned around.
Lanes BodyEmitter::emit_load(const ir::Expr& expr) {
  if (is_declared(*expr.operands[0])) return load_declared(expr);
  ir::Scalar element = expr.type.scalar;
  const SmallVector<Lanes, 2> indices = emit_indices(expr.operands, expr.fault_site, expr.row_axes);
  Type* type = memory_type(builder_.getContext(), element);
  Align align = part_align(expr.operands[0]->type, expr.byte_offset, element);
  if (state_.mask == nullptr || has_masked_pieces(element)) {
    if (const auto interleaved = interleaved_place(expr.operands, indices)) {
      Value* loaded = load_interleaved(*interleaved, type, element, align);
      return {from_memory(builder_, loaded, element), Shape::Varying, 0};
    }
  }
  const auto is_single = [&](bool gathers) {
    return state_.mask != nullptr && takes_single_lanes(target_, element, gathers);
  };
  Place place = place_of(expr.operands, indices, expr.byte_offset);
  if (place.shape == Shape::Uniform) {
    return {from_memory(builder_, builder_.CreateAlignedLoad(type, place.address, align), element)};
  }
  Type* vector = vector_of(type);
  Value* loaded = nullptr;
  if (place.parts > 1) {
    loaded = load_part(place, expr.operands[0]->type, element, align);
  } else if (options_.aligned_gangs && place.shape == Shape::Linear) {
    loaded = load_aligned(place, element);
  } else if (place.shape == Shape::Linear && is_single(/*gathers=*/false)) {
    loaded = load_single_lanes(builder_, state_.mask, vector,
                               progression(builder_, type, place.address, place.stride));
  } else if (place.shape == Shape::Linear) {
    bool reversed = place.stride < 0;
    Value* address = place.address;
    if (reversed)
      address =
          builder_.CreateConstGEP1_64(type, address, uint64_t(1) - uint64_t(options_.gang_width));
    Value* mask = state_.mask && reversed ? builder_.CreateVectorReverse(state_.mask) : state_.mask;
    loaded = mask ? builder_.CreateMaskedLoad(vector, address, align, mask,
                                              Constant::getNullValue(vector))
                  : static_cast<Value*>(builder_.CreateAlignedLoad(vector, address, align));
    if (reversed) loaded = builder_.CreateVectorReverse(loaded);
  } else if (place.indices != nullptr) {
    loaded = load_near(place, type, align);
  } else if (is_single(/*gathers=*/true)) {
    loaded = gather_single_lanes(builder_, state_.mask, vector, place.address);
  } else {
    loaded = builder_.CreateMaskedGather(vector, place.address, align, full_mask(state_.mask),
                                         Constant::getNullValue(vector));
  }
  return {from_memory(builder_, loaded, element), Shape::Varying, 0};
}

// The value comes before the indices, as in Python.
void BodyEmitter::emit_store(const ir::Stmt& stmt) {
  if (is_declared(*stmt.operands[0])) return store_declared(stmt);
  ir::Scalar element = stmt.value->type.scalar;
  if (is_uniform_place(stmt.operands)) {
    Value* value = last_of_lanes(emit(*stmt.value));
    Place place = emit_place(stmt.operands, stmt.fault_site, stmt.row_axes, stmt.byte_offset);
    builder_.CreateAlignedStore(to_memory(builder_, value, element), place.address,
                                part_align(stmt.operands[0]->type, stmt.byte_offset, element));
    return;
  }
  Value* value = to_memory(builder_, emit_vector(*stmt.value), element);
  store_lanes(stmt, emit_indices(stmt.operands, stmt.fault_site, stmt.row_axes), value);
}

// `value`: a vector, as it is in memory.
void BodyEmitter::store_lanes(const ir::Stmt& stmt, ArrayRef<Lanes> indices, Value* value) {
  const ir::Scalar element = stmt.value->type.scalar;
  if (has_masked_pieces(element)) {
    if (const auto interleaved = interleaved_place(stmt.operands, indices)) {
      SmallVector<Value*, 8> values(static_cast<size_t>(interleaved->channels));
      values[static_cast<size_t>(interleaved->channel)] = value;
      const Align align = part_align(stmt.operands[0]->type, stmt.byte_offset, element);
      return store_interleaved(*interleaved, values, element, align);
    }
  }
  store_vector(place_of(stmt.operands, indices, stmt.byte_offset), value, stmt);
}

namespace {

// Register after register, in the order of memory: of a wider vector LLVM stores the last part
// first, which takes a stencil a quarter longer.
void store_registers(IRBuilderBase& builder, Value* value, Value* address, Align align,
                     int register_bits) {
  auto* type = cast<FixedVectorType>(value->getType());
  Type* element = type->getElementType();
  const unsigned lanes = static_cast<unsigned>(register_bits) / element->getScalarSizeInBits();
  if (lanes >= type->getNumElements()) {
    builder.CreateAlignedStore(value, address, align);
    return;
  }
  const auto bytes = element->getScalarSizeInBits() / 8;
  for (unsigned first = 0; first < type->getNumElements(); first += lanes) {
    SmallVector<int, 64> places(lanes);
    std::iota(places.begin(), places.end(), static_cast<int>(first));
    builder.CreateAlignedStore(builder.CreateShuffleVector(value, places),
                               builder.CreateConstGEP1_64(element, address, first),
                               commonAlignment(align, uint64_t{first} * bytes));
  }
}

}  // namespace

// `value`: a vector, as it is in memory.
void BodyEmitter::store_vector(const Place& place, Value* value, const ir::Stmt& stmt) {
  const ir::Type& array = stmt.operands[0]->type;
  ir::Scalar element = stmt.value->type.scalar;
  Align align = part_align(array, stmt.byte_offset, element);
  Type* type = memory_type(builder_.getContext(), element);
  if (place.parts > 1) {
    SmallVector<Value*, 4> values(static_cast<size_t>(place.parts));
    values[static_cast<size_t>(place.part)] = value;
    return store_parts(place, values, array, align);
  }
  if (place.indices != nullptr) return store_near(place, value, align);
  const bool is_varying = place.shape == Shape::Varying;
  const bool is_single =
      state_.mask != nullptr && takes_single_lanes(target_, element, /*gathers=*/is_varying);
  if (is_varying && is_single)
    return scatter_single_lanes(builder_, state_.mask, value, place.address);
  if (is_varying) {
    builder_.CreateMaskedScatter(value, place.address, align, full_mask(state_.mask));
    return;
  }
  if (options_.aligned_gangs) return store_aligned(place, value, element);
  if (is_single)
    return store_single_lanes(builder_, state_.mask, value,
                              progression(builder_, type, place.address, place.stride));
  Value* address = place.address;
  Mask mask = state_.mask;
  if (place.stride < 0) {
    address =
        builder_.CreateConstGEP1_64(type, address, uint64_t(1) - uint64_t(options_.gang_width));
    value = builder_.CreateVectorReverse(value);
    if (mask) mask = builder_.CreateVectorReverse(mask);
  }
  if (mask)
    builder_.CreateMaskedStore(value, address, align, mask);
  else
    store_registers(builder_, value, address, align, target_.native_vector_bits);
}

// What is left in an element that all lanes that are on write: the highest of them wins, as with a
// scatter.
Value* BodyEmitter::last_of_lanes(const Lanes& lanes) {
  if (lanes.shape == Shape::Uniform) return lanes.value;
  return builder_.CreateExtractElement(to_vector(lanes), last_lane(state_.mask));
}

}  // namespace cudapy::codegen::cpu
