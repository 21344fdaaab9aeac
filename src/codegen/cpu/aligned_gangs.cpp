// Neighbours that a thread of a GPU stands for: their elements begin a constant away from where a
// whole gang is aligned. Each is loaded by itself, from one address and a constant,
//
//     load float, gep(aligned, offset + lane), align what that offset leaves of the gang's
//
// so that elements that several accesses share are loaded once, and what is left of an aligned gang
// becomes one access again: X[i - 1], X[i], X[i + 1] of four lanes are 16 bytes and two of 4.
#include <llvm/IR/Constants.h>
#include <llvm/Support/Alignment.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

// The index where the gang is aligned, of lane 0's, which is inside its array.
Value* BodyEmitter::align_index(Place& place, const ir::Expr& index, Value* first) {
  const std::optional<int64_t> offset = aligned_->offset_of(index);
  assert(offset.has_value() && "transform::neighbour_gangs has asked");
  place.offset = offset.value_or(0);
  return builder_.CreateSub(first, ConstantInt::getSigned(first->getType(), place.offset));
}

Value* BodyEmitter::load_aligned(const Place& place, ir::Scalar element) {
  Type* type = memory_type(builder_.getContext(), element);
  const auto size = static_cast<uint64_t>(ir::size_of(element));
  const Align whole(size * static_cast<uint64_t>(options_.gang_width));
  Value* loaded = PoisonValue::get(vector_of(type));
  for (int lane = 0; lane < options_.gang_width; ++lane) {
    const auto at = static_cast<uint64_t>(place.offset + lane);
    Value* address = builder_.CreateConstGEP1_64(type, place.address, at);
    Value* value = builder_.CreateAlignedLoad(type, address, commonAlignment(whole, at * size));
    loaded = builder_.CreateInsertElement(loaded, value, static_cast<uint64_t>(lane));
  }
  return loaded;
}

void BodyEmitter::store_aligned(const Place& place, Value* value, ir::Scalar element) {
  Type* type = memory_type(builder_.getContext(), element);
  const auto size = static_cast<uint64_t>(ir::size_of(element));
  const Align whole(size * static_cast<uint64_t>(options_.gang_width));
  const auto address = [&](int lane) {
    return builder_.CreateConstGEP1_64(type, place.address,
                                       static_cast<uint64_t>(place.offset + lane));
  };
  if (place.offset % options_.gang_width == 0) {
    builder_.CreateAlignedStore(value, address(0), whole);
    return;
  }
  for (int lane = 0; lane < options_.gang_width; ++lane) {
    const auto at = static_cast<uint64_t>(place.offset + lane);
    builder_.CreateAlignedStore(builder_.CreateExtractElement(value, static_cast<uint64_t>(lane)),
                                address(lane), commonAlignment(whole, at * size));
  }
}

}  // namespace cudapy::codegen::cpu
