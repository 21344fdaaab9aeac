// Tuples of numbers that are indexed at run time, as arrays among the constants of the code:
//     (0.5, 1.0, 0.5, 2.0, 4.0)[i]        { %i = i; yield %table[%i + 5 if %i < 0 else %i] }
#include <cstring>
#include <optional>

#include "ir/half.h"
#include "sema/builder.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

namespace {

constexpr size_t kFewestElements = 5;  // fewer are chosen from, with no memory in between

// The lengths of a tuple of constants, of tuples of them of one length, and so on; false if it is
// none.
bool measure(const Expr& tuple, size_t depth, std::vector<int64_t>& lengths) {
  if (tuple.kind == ExprKind::Constant) return depth == lengths.size();
  if (tuple.kind != ExprKind::MakeAggregate || !tuple.name.empty()) return false;
  const auto count = static_cast<int64_t>(tuple.operands.size());
  if (depth == lengths.size()) {
    // The first tuple of its depth; what follows it has to be like it.
    if (depth > 0 && lengths.back() == 0) return false;
    lengths.push_back(count);
  } else if (lengths[depth] != count) {
    return false;
  }
  for (const ExprPtr& operand : tuple.operands) {
    if (!measure(*operand, depth + 1, lengths)) return false;
  }
  return true;
}

template <typename T>
void append(std::vector<uint8_t>& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void append(std::vector<uint8_t>& bytes, const ir::ConstantValue& value, ir::Scalar scalar) {
  if (scalar == ir::Scalar::F32) return append(bytes, static_cast<float>(value.real));
  if (scalar == ir::Scalar::F64) return append(bytes, value.real);
  if (ir::is_half(scalar)) return append(bytes, ir::half_bits(scalar, value.real));
  // Little-endian: the lowest bytes come first.
  const size_t at = bytes.size();
  append(bytes, value.integer);
  bytes.resize(at + static_cast<size_t>(ir::size_of(scalar)));
}

}  // namespace

// Null where the tuple is no table, or is better chosen from.
ExprPtr Builder::table_element(Expr& expr) {
  const Type type = expr.type;
  if (!type.is_scalar() || type.weak || ir::is_complex(type.scalar)) return nullptr;
  std::vector<int64_t> lengths;
  if (!measure(*expr.operands[0], 0, lengths)) return nullptr;
  if (lengths.size() != expr.operands.size() - 1) return nullptr;
  std::vector<const Expr*> leaves = {expr.operands[0].get()};
  for (size_t depth = 0; depth < lengths.size(); ++depth) {
    std::vector<const Expr*> next;
    for (const Expr* tuple : leaves) {
      for (const ExprPtr& operand : tuple->operands) next.push_back(operand.get());
    }
    leaves = std::move(next);
  }
  if (leaves.size() < kFewestElements) return nullptr;
  Type common = Type::unknown();
  for (const Expr* leaf : leaves) common = join(common, leaf->type, instances_.default_float());
  if (is_erroneous(common) || !(settled_type(common) == type)) return nullptr;

  const Span span = expr.span;
  std::vector<uint8_t> bytes;
  for (const Expr* leaf : leaves) {
    const ExprPtr typed = as(ir::clone(*leaf), type);
    if (typed->kind != ExprKind::Constant) return nullptr;
    append(bytes, typed->constant, type.scalar);
  }
  ExprPtr load = node(ExprKind::Load, type, span);
  load->operands.push_back(table(type, lengths, std::move(bytes), span));
  ir::Block before;
  for (size_t i = 1; i < expr.operands.size(); ++i)
    load->operands.push_back(from_end(std::move(expr.operands[i]), lengths[i - 1], before));
  return after(std::move(before), std::move(load));
}

// An index of a tuple of `length` elements; negative ones count from the end.
ExprPtr Builder::from_end(ExprPtr expr, int64_t length, ir::Block& before) {
  const Span span = expr->span;
  const WeakResult known = constant_of(*expr, instance_);
  if (known.number && known.number->integer < 0)
    return number(weak_integer(known.number->integer + length), kInt32, span);
  ExprPtr index = natural(std::move(expr));
  if (!ir::is_signed(index->type.scalar) || known.number) return index;
  const Type wide = ir::size_of(index->type.scalar) == 8 ? kInt64 : kInt32;
  index = kept(convert(std::move(index), wide), before);
  ExprPtr select = node(ExprKind::Select, wide, span);
  select->operands.push_back(compare_with(ir::CompareOp::Less, *index, 0));
  select->operands.push_back(
      binary_node(ir::BinaryOp::Add, ir::clone(*index), number(weak_integer(length), wide, span)));
  select->operands.push_back(std::move(index));
  return select;
}

// An array among the constants; one for equal contents.
ExprPtr Builder::table(Type element, const std::vector<int64_t>& extents,
                       std::vector<uint8_t> bytes, Span span) {
  const Type type = Type::array(element.scalar, static_cast<uint8_t>(extents.size()));
  for (size_t i = 0; i < locals_.size(); ++i) {
    const ir::Local& known = locals_[i];
    if (known.storage == ir::Storage::Constant && known.type == type && known.extents == extents &&
        known.table == bytes) {
      return local(static_cast<ir::LocalId>(i), type, span);
    }
  }
  const ir::LocalId id = new_local(type, "%tuple", span);
  ir::Local& made = locals_[static_cast<size_t>(id)];
  made.storage = ir::Storage::Constant;
  made.extents = extents;
  made.table = std::move(bytes);
  return local(id, type, span);
}

}  // namespace cudapy::sema
