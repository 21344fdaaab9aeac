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

// The element's number in the array, ((i0 * n1) + i1) * n2 + ...: an i64, of which addresses are
// made best, or a vector of i32s, as gathers like them. Bit k of `inside`: index k needs no check.
Lanes BodyEmitter::flat_index(const std::vector<ir::ExprPtr>& operands, int32_t site) {
  const ir::Local& array = kernel_.locals[index(operands[0]->local)];
  Lanes flat;
  for (size_t axis = 0; axis < array.extents.size(); ++axis) {
    const ir::Expr& expr = *operands[axis + 1];
    Lanes lanes = emit(expr);
    if (site >= 0) {
      auto extent = builder_.getInt64(static_cast<uint64_t>(array.extents[axis]));
      check_index(extent, expr, lanes, site + static_cast<int32_t>(axis));
    }
    const ir::Scalar wide = lanes.shape == Shape::Varying ? ir::Scalar::I32 : ir::Scalar::I64;
    lanes.value = emit_cast(builder_, lanes.value, expr.type.scalar, wide);
    flat = axis == 0 ? lanes : next_axis(flat, array.extents[axis], lanes);
  }
  return flat;
}

Value* BodyEmitter::index_vector(Lanes flat) {
  if (flat.shape != Shape::Varying)
    flat.value = builder_.CreateTrunc(flat.value, builder_.getInt32Ty());
  return to_vector(flat);
}

// flat * extent + lanes
Lanes BodyEmitter::next_axis(Lanes flat, int64_t extent, Lanes lanes) {
  const bool varying = flat.shape == Shape::Varying || lanes.shape == Shape::Varying;
  Lanes result;
  Value* a = varying ? index_vector(flat) : flat.value;
  Value* b = varying ? index_vector(lanes) : lanes.value;
  Value* scaled = builder_.CreateMul(a, ConstantInt::getSigned(a->getType(), extent));
  result.value = builder_.CreateAdd(scaled, b);
  if (varying) {
    result.shape = Shape::Varying;
    return result;
  }
  if (scalar_code()) return result;
  result.stride = static_cast<int32_t>(flat.stride * extent) + lanes.stride;
  result.shape = result.stride == 0 ? Shape::Uniform : Shape::Linear;
  return result;
}

// Where the lanes' elements are: one address if they lie side by side, else a vector of them.
BodyEmitter::Place BodyEmitter::declared_place(const std::vector<ir::ExprPtr>& operands,
                                               int32_t site) {
  const ir::Expr& array = *operands[0];
  Lanes flat = flat_index(operands, site);
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
  Value* indices = builder_.CreateMul(index_vector(flat), widths);
  Value* lanes = to_vector({builder_.getInt32(0), Shape::Linear, 1});
  return {builder_.CreateGEP(element, data, builder_.CreateAdd(indices, lanes)), Shape::Varying, 0};
}

Lanes BodyEmitter::load_declared(const ir::Expr& expr) {
  const ir::Expr& array = *expr.operands[0];
  ir::Scalar element = array.type.scalar;
  Place place = declared_place(expr.operands, expr.fault_site);
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
  Place place = declared_place(stmt.operands, stmt.fault_site);
  Align align(static_cast<uint64_t>(ir::size_of(element)));
  if (place.shape == Shape::Uniform) {
    // All lanes that are on write one element; the highest of them wins.
    Value* scalar = value.value;
    if (value.shape != Shape::Uniform)
      scalar = builder_.CreateExtractElement(to_vector(value), last_lane(state_.mask));
    builder_.CreateAlignedStore(to_memory(builder_, scalar, element), place.address, align);
    return;
  }
  Value* vector = to_memory(builder_, to_vector(value), element);
  if (place.shape == Shape::Varying) {
    builder_.CreateMaskedScatter(vector, place.address, align, full_mask(state_.mask));
  } else if (state_.mask) {
    builder_.CreateMaskedStore(vector, place.address, align, state_.mask);
  } else {
    builder_.CreateAlignedStore(vector, place.address, align);
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
