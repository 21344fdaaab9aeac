// Elements that lie a few apart, as a channel of an image or every second element of a row. All
// that lie between are loaded as well, in whole vectors, and sorted out by shuffles:
//     memory  r0 g0 b0 r1 | g1 b1 r2 g2 | b2 r3 g3 b3        red  r0 r1 r2 r3
// Loads of the several channels are the same loads, which LLVM keeps once. Only what a thread asked
// for is written: one channel goes through masked stores, all channels of a pixel that are stored
// together are whole vectors.
#include <llvm/IR/Constants.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::ExprKind;
using ir::Shape;
using ir::StmtKind;

namespace {

constexpr int64_t kFarthestStep = 8;  // of elements of one or two bytes, which gathers don't know
constexpr int64_t kFarthestWideStep = 4;  // of others

}  // namespace

// Which channel a constant index of an image is; nothing: it is no image, or no channel of it.
std::optional<int> BodyEmitter::channel_of(const Operands& operands) const {
  const ir::Local& array = kernel_.locals[index(operands[0]->local)];
  const ir::Expr& last = *operands.back();
  if (scalar_code() || target_.is_gpu || array.type.channels == 0) return std::nullopt;
  if (operands.size() != size_t{array.type.rank} + 1 || last.kind != ExprKind::Constant)
    return std::nullopt;
  const int64_t channel = last.constant.integer;
  if (channel < 0 || channel >= array.type.channels) return std::nullopt;
  return static_cast<int>(channel);
}

// The lanes' elements in one row, so many apart. Nothing: they are not, or too far.
std::optional<BodyEmitter::Interleaved> BodyEmitter::interleaved_place(const Operands& operands,
                                                                       ArrayRef<Lanes> indices) {
  const ir::Type& type = operands[0]->type;
  if (scalar_code() || target_.is_gpu || type.strided || ir::is_compound(type.element()))
    return std::nullopt;
  const auto varies = [](const Lanes& lanes) { return lanes.shape != Shape::Uniform; };
  if (std::count_if(indices.begin(), indices.end(), varies) != 1) return std::nullopt;
  const auto axis =
      static_cast<size_t>(std::find_if(indices.begin(), indices.end(), varies) - indices.begin());
  const Lanes& along = indices[axis];
  if (along.shape != Shape::Linear) return std::nullopt;
  const ArrayValue& array = array_of(*operands[0]);
  const bool is_last = axis + 1 == indices.size();
  auto* apart = is_last ? builder_.getInt64(1) : dyn_cast<ConstantInt>(array.strides[axis]);
  if (apart == nullptr) return std::nullopt;
  const int64_t step = along.stride * apart->getSExtValue();
  const bool is_wide = ir::size_of(type.scalar) >= 4;
  if (std::abs(step) < 2 || std::abs(step) > (is_wide ? kFarthestWideStep : kFarthestStep))
    return std::nullopt;

  Interleaved place{.step = step};
  const std::optional<int> channel = channel_of(operands);
  if (channel && axis + 2 == indices.size()) {
    place.channel = *channel;
    place.channels = kernel_.locals[index(operands[0]->local)].type.channels;
  }
  Type* element = memory_type(builder_.getContext(), type.scalar);
  place.address = array.data;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i + 1 == indices.size() && place.channels > 1) break;
    Value* offset =
        emit_cast(builder_, indices[i].value, operands[i + 1]->type.scalar, ir::Scalar::I64);
    if (i < array.strides.size()) offset = builder_.CreateMul(offset, array.strides[i]);
    place.address = builder_.CreateGEP(element, place.address, offset);
  }
  if (step < 0) {
    const int64_t lowest = step * (options_.gang_width - 1);
    place.address =
        builder_.CreateConstGEP1_64(element, place.address, static_cast<uint64_t>(lowest));
  }
  return place;
}

// Elements of a vector that shuffles of two vectors are cheap for.
int BodyEmitter::shuffled_lanes(ir::Scalar element) const {
  const int bytes = ir::size_of(element);
  const bool is_whole = bytes >= 4 || (bytes == 2 && target_.has_mask_registers);
  const int bits = is_whole ? target_.native_vector_bits : 128;
  return std::min(options_.gang_width, bits / 8 / bytes);
}

// Where vector `number` of those that hold lanes [first, first + lanes) begins, in elements from
// the address. The last one of all ends with the last element that is known to be in the array.
int64_t BodyEmitter::start_of_piece(const Interleaved& place, int first, int64_t number,
                                    int lanes) const {
  const int64_t step = std::abs(place.step);
  const int64_t span = step * (options_.gang_width - 1) + place.channels;
  return std::min(first * step + number * lanes, span - lanes);
}

// The lanes whose elements a vector from `start` on holds: by position, -1 where there is none.
// `channel` -1: any of a pixel.
SmallVector<int, 64> BodyEmitter::lanes_of_piece(const Interleaved& place, int64_t start, int lanes,
                                                 int channel) const {
  const int64_t step = std::abs(place.step);
  SmallVector<int, 64> owners;
  for (int i = 0; i < lanes; ++i) {
    const int64_t part = (start + i) % step;
    const auto lane = static_cast<int>((start + i) / step);
    const bool is_part = channel < 0 ? part < place.channels : part == channel;
    owners.push_back(is_part ? lane : -1);
  }
  return owners;
}

// Null: all.
Value* BodyEmitter::mask_of_piece(Value* mask, ArrayRef<int> owners) {
  if (mask == nullptr) {
    SmallVector<Constant*, 64> bits;
    for (const int owner : owners) bits.push_back(builder_.getInt1(owner >= 0));
    return ConstantVector::get(bits);
  }
  SmallVector<int, 64> order;
  for (const int owner : owners) order.push_back(owner >= 0 ? owner : options_.gang_width);
  return builder_.CreateShuffleVector(mask, no_lanes(), order);
}

Value* BodyEmitter::in_memory_order(const Interleaved& place, Value* lanes) {
  return lanes != nullptr && place.step < 0 ? builder_.CreateVectorReverse(lanes) : lanes;
}

Value* BodyEmitter::load_interleaved(const Interleaved& place, Type* element, ir::Scalar scalar,
                                     Align align) {
  const int lanes = shuffled_lanes(scalar);
  auto* vector = FixedVectorType::get(element, static_cast<unsigned>(lanes));
  Value* mask = in_memory_order(place, state_.mask);
  SmallVector<Value*, 8> parts;
  for (int first = 0; first < options_.gang_width; first += lanes) {
    Value* sorted = PoisonValue::get(vector);
    SmallVector<int, 64> order(static_cast<size_t>(lanes), PoisonMaskElem);
    for (int64_t number = 0; number < std::abs(place.step); ++number) {
      const int64_t start = start_of_piece(place, first, number, lanes);
      bool is_needed = false;
      const auto owners = lanes_of_piece(place, start, lanes, place.channel);
      for (int i = 0; i < lanes; ++i) {
        const int lane = owners[static_cast<size_t>(i)] - first;
        if (owners[static_cast<size_t>(i)] < 0 || lane < 0 || lane >= lanes) continue;
        int& from = order[static_cast<size_t>(lane)];
        if (from != PoisonMaskElem) continue;
        from = lanes + i;
        is_needed = true;
      }
      if (!is_needed) continue;
      Value* address =
          builder_.CreateConstGEP1_64(element, place.address, static_cast<uint64_t>(start));
      Value* piece = nullptr;
      if (mask != nullptr) {
        Value* wanted = mask_of_piece(mask, lanes_of_piece(place, start, lanes, -1));
        piece = builder_.CreateMaskedLoad(vector, address, align, wanted,
                                          Constant::getNullValue(vector));
      } else {
        piece = builder_.CreateAlignedLoad(vector, address, align);
      }
      sorted = builder_.CreateShuffleVector(sorted, piece, order);
      for (int i = 0; i < lanes; ++i) {
        int& from = order[static_cast<size_t>(i)];
        if (from != PoisonMaskElem) from = i;
      }
    }
    parts.push_back(sorted);
  }
  return in_memory_order(place, concatenate(parts));
}

Value* BodyEmitter::concatenate(SmallVector<Value*, 8> parts) {
  while (parts.size() > 1) {
    SmallVector<Value*, 8> joined;
    const auto lanes = cast<FixedVectorType>(parts[0]->getType())->getNumElements();
    SmallVector<int, 64> order(2 * size_t{lanes});
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    for (size_t i = 0; i < parts.size(); i += 2)
      joined.push_back(builder_.CreateShuffleVector(parts[i], parts[i + 1], order));
    parts = std::move(joined);
  }
  return parts[0];
}

// Whether single elements of a vector can be stored, or loaded, by one instruction.
bool BodyEmitter::has_masked_pieces(ir::Scalar element) const {
  return target_.has_mask_registers || (target_.has_masked_ops && ir::size_of(element) >= 4);
}

// `values` by channel; null: it is not stored.
void BodyEmitter::store_interleaved(const Interleaved& place, ArrayRef<Value*> values,
                                    ir::Scalar scalar, Align align) {
  const int lanes = shuffled_lanes(scalar);
  const bool is_whole = std::find(values.begin(), values.end(), nullptr) == values.end() &&
                        static_cast<int64_t>(values.size()) == std::abs(place.step);
  Value* mask = in_memory_order(place, state_.mask);
  SmallVector<Value*, 8> ordered;
  for (Value* value : values) ordered.push_back(in_memory_order(place, value));
  Type* element = nullptr;
  for (Value* value : values) {
    if (value != nullptr) element = value->getType()->getScalarType();
  }
  for (int first = 0; first < options_.gang_width; first += lanes) {
    SmallVector<int, 64> order;
    for (int i = 0; i < lanes; ++i) order.push_back(first + i);
    SmallVector<Value*, 8> chunks;
    for (Value* value : ordered)
      chunks.push_back(value ? builder_.CreateShuffleVector(value, order) : nullptr);
    for (int64_t number = 0; number < std::abs(place.step); ++number)
      store_piece(place, chunks, {element, align, mask, first, lanes, is_whole}, number);
  }
}

void BodyEmitter::store_piece(const Interleaved& place, ArrayRef<Value*> chunks,
                              const InterleavedStore& store, int64_t number) {
  auto* vector = FixedVectorType::get(store.element, static_cast<unsigned>(store.lanes));
  // Elements of the last piece that the one before it has stored are stored once more.
  const int64_t start = start_of_piece(place, store.first, number, store.lanes);
  Value* piece = PoisonValue::get(vector);
  SmallVector<int, 64> stored(static_cast<size_t>(store.lanes), -1);
  SmallVector<int, 64> order(static_cast<size_t>(store.lanes), PoisonMaskElem);
  for (size_t channel = 0; channel < chunks.size(); ++channel) {
    if (chunks[channel] == nullptr) continue;
    const auto owners = lanes_of_piece(place, start, store.lanes, static_cast<int>(channel));
    bool is_needed = false;
    for (size_t i = 0; i < owners.size(); ++i) {
      const int lane = owners[i] - store.first;
      if (owners[i] < 0 || lane < 0 || lane >= store.lanes) continue;
      stored[i] = owners[i];
      order[i] = store.lanes + lane;
      is_needed = true;
    }
    if (!is_needed) continue;
    piece = builder_.CreateShuffleVector(piece, chunks[channel], order);
    for (size_t i = 0; i < order.size(); ++i) {
      if (order[i] != PoisonMaskElem) order[i] = static_cast<int>(i);
    }
  }
  const auto is_stored = [](int owner) { return owner >= 0; };
  if (std::none_of(stored.begin(), stored.end(), is_stored)) return;
  Value* address =
      builder_.CreateConstGEP1_64(store.element, place.address, static_cast<uint64_t>(start));
  if (store.is_whole && store.mask == nullptr)
    builder_.CreateAlignedStore(piece, address, store.align);
  else
    builder_.CreateMaskedStore(piece, address, store.align, mask_of_piece(store.mask, stored));
}

// Whether a value may be computed before a store to another channel of this pixel: it reads no
// memory but the same pixel's, cannot fault and does nothing else.
bool BodyEmitter::is_of_pixel(const ir::Expr& value, const ir::Stmt& pixel,
                              const std::set<int>& stored) const {
  switch (value.kind) {
    case ExprKind::Constant:
    case ExprKind::Local:
    case ExprKind::ThreadIndex:
    case ExprKind::Len:
      return true;
    case ExprKind::Load: {
      const std::optional<int> channel =
          is_declared(*value.operands[0]) ? std::nullopt : channel_of(value.operands);
      return channel && !stored.contains(*channel) && is_same_pixel(value.operands, pixel.operands);
    }
    case ExprKind::Unary:
    case ExprKind::Binary:
    case ExprKind::Compare:
    case ExprKind::Cast:
    case ExprKind::Math:
    case ExprKind::Select:
    case ExprKind::And:
    case ExprKind::Or:
      return value.fault_site < 0 &&
             std::all_of(
                 value.operands.begin(), value.operands.end(),
                 [&](const ir::ExprPtr& operand) { return is_of_pixel(*operand, pixel, stored); });
    default:
      return false;
  }
}

bool BodyEmitter::is_same_pixel(const Operands& a, const Operands& b) {
  if (a.size() != b.size() || a[0]->local != b[0]->local) return false;
  for (size_t i = 1; i + 1 < a.size(); ++i) {
    if (!is_same_value(*a[i], *b[i])) return false;
  }
  return true;
}

// How many statements from `begin` on store all channels of one pixel, and nothing between that
// minds; 0 if they don't.
size_t BodyEmitter::stores_of_pixel(const ir::Block& block, size_t begin) const {
  const ir::Stmt& first = *block[begin];
  if (first.kind != StmtKind::Store || is_declared(*first.operands[0])) return 0;
  if (is_uniform_place(first.operands)) return 0;
  const size_t count = kernel_.locals[index(first.operands[0]->local)].type.channels;
  if (!channel_of(first.operands) || begin + count > block.size()) return 0;
  std::set<int> stored;
  for (size_t i = begin; i < begin + count; ++i) {
    const ir::Stmt& stmt = *block[i];
    if (stmt.kind != StmtKind::Store || is_declared(*stmt.operands[0]) ||
        !is_same_pixel(first.operands, stmt.operands))
      return 0;
    const std::optional<int> channel = channel_of(stmt.operands);
    if (!channel || (i > begin && !is_of_pixel(*stmt.value, first, stored))) return 0;
    if (!stored.insert(*channel).second) return 0;
  }
  return count;
}

// The stores of all channels of a pixel, from block[begin] on; checked one after the other.
void BodyEmitter::emit_pixel_stores(const ir::Block& block, size_t begin, size_t count) {
  SmallVector<Value*, 8> values(count);
  SmallVector<Lanes, 2> indices;
  for (size_t i = begin; i < begin + count; ++i) {
    const ir::Stmt& stmt = *block[i];
    const auto channel = static_cast<size_t>(channel_of(stmt.operands).value_or(0));
    values[channel] = to_memory(builder_, emit_vector(*stmt.value), stmt.value->type.scalar);
    indices = emit_indices(stmt.operands, stmt.fault_site, stmt.row_axes);
  }
  const ir::Stmt& last = *block[begin + count - 1];
  const ir::Scalar scalar = last.value->type.scalar;
  const std::optional<Interleaved> place = interleaved_place(last.operands, indices);
  const bool is_whole = place && std::abs(place->step) == place->channels;
  if (is_whole && (state_.mask == nullptr || has_masked_pieces(scalar)))
    return store_interleaved(*place, values, scalar, part_align(last.operands[0]->type, 0, scalar));
  for (size_t i = begin; i < begin + count; ++i) {
    const ir::Stmt& stmt = *block[i];
    const auto channel = static_cast<size_t>(channel_of(stmt.operands).value_or(0));
    indices.back() = emit(*stmt.operands.back());
    store_lanes(stmt, indices, values[channel]);
  }
}

}  // namespace cudapy::codegen::cpu
