// Elements of several parts of one size, side by side, such as complex numbers. All parts of
// neighbouring elements are one wide access and a shuffle:
//     memory  r0 i0 r1 i1 r2 i2 r3 i3        real  r0 r1 r2 r3        imag  i0 i1 i2 i3
// Loads of the several parts are the same wide load, which LLVM keeps once. Stores of all parts of
// an element stand one behind the other and are emitted together.
#include <llvm/IR/Constants.h>

#include <algorithm>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;
using ir::StmtKind;

namespace {

// What no store changes.
bool is_kept(const ir::Expr& value) {
  return value.kind == ir::ExprKind::Local || value.kind == ir::ExprKind::Constant;
}

}  // namespace

// Whether two indices are one value, read twice.
bool BodyEmitter::is_same_value(const ir::Expr& a, const ir::Expr& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case ir::ExprKind::Local:
      return a.local == b.local;
    case ir::ExprKind::ThreadIndex:
      return a.thread_index == b.thread_index;
    case ir::ExprKind::Constant:
      return a.constant.integer == b.constant.integer;
    default:
      return false;
  }
}

bool BodyEmitter::is_same_element(const ir::Stmt& a, const ir::Stmt& b) {
  if (a.operands[0]->local != b.operands[0]->local || a.operands.size() != b.operands.size())
    return false;
  for (size_t i = 1; i < a.operands.size(); ++i) {
    if (!is_same_value(*a.operands[i], *b.operands[i])) return false;
  }
  return true;
}

// Up to four parts of one size and no gaps.
int parts_of(const ir::Type& array) {
  constexpr size_t kMostParts = 4;
  std::vector<ir::Type> leaves;
  ir::append_leaves(array.element(), leaves);
  const int size = ir::size_of(leaves[0].scalar);
  if (leaves.size() > kMostParts) return 0;
  if (ir::item_size(array) != size * static_cast<int>(leaves.size())) return 0;
  std::vector<int32_t> offsets;
  ir::append_offsets(array.element(), 0, offsets);
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (ir::size_of(leaves[i].scalar) != size || offsets[i] % size != 0) return 0;
  }
  return static_cast<int>(leaves.size());
}

// What all parts are moved as.
Type* BodyEmitter::part_type(const ir::Type& array) {
  std::vector<ir::Type> leaves;
  ir::append_leaves(array.element(), leaves);
  const bool alike = std::count(leaves.begin(), leaves.end(), leaves[0]) ==
                     static_cast<std::ptrdiff_t>(leaves.size());
  const ir::Scalar scalar = leaves[0].scalar;
  if (alike) return memory_type(builder_.getContext(), scalar);
  return builder_.getIntNTy(8 * static_cast<unsigned>(ir::size_of(scalar)));
}

// How many statements from `begin` on store one part each of the same element, all parts together;
// 1 if they don't.
size_t BodyEmitter::stores_of_element(const ir::Block& block, size_t begin) const {
  const ir::Stmt& first = *block[begin];
  if (scalar_code() || first.kind != StmtKind::Store || is_declared(*first.operands[0])) return 1;
  const auto parts = static_cast<size_t>(parts_of(first.operands[0]->type));
  if (parts <= 1 || begin + parts > block.size() || is_uniform_place(first.operands)) return 1;
  for (size_t i = begin; i < begin + parts; ++i) {
    const ir::Stmt& stmt = *block[i];
    if (stmt.kind != StmtKind::Store || !is_same_element(first, stmt) || !is_kept(*stmt.value) ||
        part_number(stmt.byte_offset, *stmt.value) != i - begin)
      return 1;
  }
  return parts;
}

size_t BodyEmitter::part_number(int32_t byte_offset, const ir::Expr& value) {
  return static_cast<size_t>(byte_offset / ir::size_of(value.type.scalar));
}

// Lane i's element, of `parts` parts, as it lies in memory: the first lane's first, or the last's.
int BodyEmitter::position_of(const Place& place, int lane) const {
  return place.parts * (place.stride < 0 ? options_.gang_width - 1 - lane : lane);
}

Value* BodyEmitter::lowest_address(const Place& place, Type* part) {
  if (place.stride > 0) return place.address;
  const uint64_t elements = uint64_t(1) - static_cast<uint64_t>(options_.gang_width);
  return builder_.CreateConstGEP1_64(part, place.address,
                                     elements * static_cast<uint64_t>(place.parts));
}

// A lane's bit for each of its parts that `wanted` names; null: all.
Value* BodyEmitter::mask_of_parts(const Place& place, ArrayRef<Value*> wanted) {
  const bool all = std::find(wanted.begin(), wanted.end(), nullptr) == wanted.end();
  if (!state_.mask && all) return nullptr;
  SmallVector<int, 64> lanes(static_cast<size_t>(place.parts * options_.gang_width));
  SmallVector<Constant*, 64> parts(lanes.size());
  for (int lane = 0; lane < options_.gang_width; ++lane) {
    for (int part = 0; part < place.parts; ++part) {
      const size_t position =
          static_cast<size_t>(position_of(place, lane)) + static_cast<size_t>(part);
      lanes[position] = lane;
      parts[position] = builder_.getInt1(wanted[static_cast<size_t>(part)] != nullptr);
    }
  }
  Value* chosen = ConstantVector::get(parts);
  if (!state_.mask) return chosen;
  Value* repeated = builder_.CreateShuffleVector(state_.mask, lanes);
  return all ? repeated : builder_.CreateAnd(repeated, chosen);
}

Value* BodyEmitter::load_part(const Place& place, const ir::Type& array, ir::Scalar scalar,
                              Align align) {
  Type* part = part_type(array);
  auto* wide = FixedVectorType::get(
      part, static_cast<unsigned>(place.parts) * static_cast<unsigned>(options_.gang_width));
  const SmallVector<Value*, 4> all(static_cast<size_t>(place.parts), place.address);
  Value* address = lowest_address(place, part);
  Value* mask = mask_of_parts(place, all);
  Value* loaded =
      mask ? builder_.CreateMaskedLoad(wide, address, align, mask, Constant::getNullValue(wide))
           : static_cast<Value*>(builder_.CreateAlignedLoad(wide, address, align));
  SmallVector<int, 32> positions;
  for (int lane = 0; lane < options_.gang_width; ++lane)
    positions.push_back(position_of(place, lane) + place.part);
  Value* lanes = builder_.CreateShuffleVector(loaded, positions);
  return builder_.CreateBitCast(lanes, vector_of(memory_type(builder_.getContext(), scalar)));
}

// `values` by part, vectors of the lanes; null: it is not stored.
void BodyEmitter::store_parts(const Place& place, ArrayRef<Value*> values, const ir::Type& array,
                              Align align) {
  Type* part = part_type(array);
  // Side by side, in twos: a0 a1 ... b0 b1 ...
  SmallVector<int, 64> pair(2 * static_cast<size_t>(options_.gang_width));
  for (size_t i = 0; i < pair.size(); ++i) pair[i] = static_cast<int>(i);
  Value* nothing = PoisonValue::get(vector_of(part));
  const auto value_of = [&](size_t i) {
    return i < values.size() && values[i] ? builder_.CreateBitCast(values[i], vector_of(part))
                                          : nothing;
  };
  Value* low = builder_.CreateShuffleVector(value_of(0), value_of(1), pair);
  Value* high = values.size() > 2 ? builder_.CreateShuffleVector(value_of(2), value_of(3), pair)
                                  : PoisonValue::get(low->getType());
  SmallVector<int, 64> order(static_cast<size_t>(place.parts * options_.gang_width));
  for (int lane = 0; lane < options_.gang_width; ++lane) {
    for (int i = 0; i < place.parts; ++i)
      order[static_cast<size_t>(position_of(place, lane)) + static_cast<size_t>(i)] =
          i * options_.gang_width + lane;
  }
  Value* wide = builder_.CreateShuffleVector(low, high, order);
  Value* address = lowest_address(place, part);
  if (Value* mask = mask_of_parts(place, values))
    builder_.CreateMaskedStore(wide, address, align, mask);
  else
    builder_.CreateAlignedStore(wide, address, align);
}

// The stores of all parts of an element, from block[begin] on.
void BodyEmitter::emit_element_stores(const ir::Block& block, size_t begin, size_t count) {
  const ir::Stmt& first = *block[begin];
  SmallVector<Value*, 4> values;
  for (size_t i = begin; i < begin + count; ++i) {
    const ir::Expr& value = *block[i]->value;
    values.push_back(to_memory(builder_, emit_vector(value), value.type.scalar));
  }
  const auto indices = emit_indices(first.operands, first.fault_site, first.row_axes);
  const ir::Type& array = first.operands[0]->type;
  const Place place = place_of(first.operands, indices, first.byte_offset);
  if (place.parts > 1)
    return store_parts(place, values, array,
                       part_align(array, first.byte_offset, first.value->type.scalar));
  for (size_t i = 0; i < count; ++i)
    store_vector(place_of(first.operands, indices, block[begin + i]->byte_offset), values[i],
                 *block[begin + i]);
}

}  // namespace cudapy::codegen::cpu
