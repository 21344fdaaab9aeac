// Loads and stores. A uniform index is one scalar access, a progression of stride 1 or -1 one
// vector access, anything else a gather or scatter. Lanes that are off never touch memory.
#include <llvm/IR/Constants.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;

namespace {

Align element_align(ir::Scalar element) {
  return Align(static_cast<uint64_t>(ir::size_of(element)));
}

bool is_contiguous(const Lanes& index) {
  return index.shape == Shape::Linear && (index.stride == 1 || index.stride == -1);
}

}  // namespace

ArrayValue BodyEmitter::array_of(const ir::Expr& expr) {
  return arrays_[index(expr.local)];
}

// Signed indices are extended by the address computation itself, which lets gathers use 32-bit
// ones.
Value* BodyEmitter::element_address(const ir::Expr& array, const ir::Expr& index,
                                    Value* index_value) {
  if (ir::is_unsigned(index.type.scalar) && ir::size_of(index.type.scalar) < 8) {
    index_value = builder_.CreateZExt(index_value, index_value->getType()->getWithNewBitWidth(64));
  }
  Type* element = memory_type(builder_.getContext(), array.type.scalar);
  return builder_.CreateGEP(element, array_of(array).data, index_value);
}

// For a descending progression the access starts at the last lane's element and is turned around.
Lanes BodyEmitter::emit_load(const ir::Expr& expr) {
  const ir::Expr& array = *expr.operands[0];
  if (is_declared(array)) return load_declared(expr);
  ir::Scalar element = array.type.scalar;
  Lanes index = emit(*expr.operands[1]);
  if (is_checked(expr.fault_site, expr.row_access))
    check_index(array_of(array).length, *expr.operands[1], index, expr.fault_site);
  Type* type = memory_type(builder_.getContext(), element);
  Align align = element_align(element);
  if (index.shape == Shape::Uniform) {
    Value* address = element_address(array, *expr.operands[1], index.value);
    return {from_memory(builder_, builder_.CreateAlignedLoad(type, address, align), element)};
  }
  Type* vector = vector_of(type);
  Value* loaded = nullptr;
  if (is_contiguous(index)) {
    bool reversed = index.stride < 0;
    Value* address = element_address(array, *expr.operands[1], index.value);
    if (reversed)
      address =
          builder_.CreateConstGEP1_64(type, address, uint64_t(1) - uint64_t(options_.gang_width));
    Value* mask = state_.mask && reversed ? builder_.CreateVectorReverse(state_.mask) : state_.mask;
    loaded = mask ? builder_.CreateMaskedLoad(vector, address, align, mask,
                                              Constant::getNullValue(vector))
                  : static_cast<Value*>(builder_.CreateAlignedLoad(vector, address, align));
    if (reversed) loaded = builder_.CreateVectorReverse(loaded);
  } else {
    Value* addresses = element_address(array, *expr.operands[1], to_vector(index));
    loaded = builder_.CreateMaskedGather(vector, addresses, align, full_mask(state_.mask),
                                         Constant::getNullValue(vector));
  }
  return {from_memory(builder_, loaded, element), Shape::Varying, 0};
}

void BodyEmitter::emit_store(const ir::Stmt& stmt) {
  const ir::Expr& array = *stmt.operands[0];
  if (is_declared(array)) return store_declared(stmt);
  const ir::Expr& index_expr = *stmt.operands[1];
  ir::Scalar element = array.type.scalar;
  bool checked = is_checked(stmt.fault_site, stmt.row_access);
  if (shape_of(index_expr) == Shape::Uniform) {
    Lanes index = emit(index_expr);
    if (checked) check_index(array_of(array).length, index_expr, index, stmt.fault_site);
    Value* address = element_address(array, index_expr, index.value);
    return emit_uniform_store(address, element, *stmt.value);
  }
  Value* value = to_memory(builder_, emit_vector(*stmt.value), element);
  Lanes index = emit(index_expr);
  if (checked) check_index(array_of(array).length, index_expr, index, stmt.fault_site);
  Align align = element_align(element);
  if (!is_contiguous(index)) {
    Value* addresses = element_address(array, index_expr, to_vector(index));
    builder_.CreateMaskedScatter(value, addresses, align, full_mask(state_.mask));
    return;
  }
  Value* address = element_address(array, index_expr, index.value);
  Mask mask = state_.mask;
  if (index.stride < 0) {
    Type* type = memory_type(builder_.getContext(), element);
    address =
        builder_.CreateConstGEP1_64(type, address, uint64_t(1) - uint64_t(options_.gang_width));
    value = builder_.CreateVectorReverse(value);
    if (mask) mask = builder_.CreateVectorReverse(mask);
  }
  if (mask)
    builder_.CreateMaskedStore(value, address, align, mask);
  else
    builder_.CreateAlignedStore(value, address, align);
}

// All lanes that are on write one element; the highest of them wins, as with a scatter.
void BodyEmitter::emit_uniform_store(Value* address, ir::Scalar element, const ir::Expr& value) {
  Lanes lanes = emit(value);
  Value* scalar = lanes.value;
  if (lanes.shape != Shape::Uniform) {
    scalar = builder_.CreateExtractElement(to_vector(lanes), last_lane(state_.mask));
  }
  builder_.CreateAlignedStore(to_memory(builder_, scalar, element), address,
                              element_align(element));
}

}  // namespace cudapy::codegen::cpu
