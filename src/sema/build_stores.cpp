// Typed stores, to elements of arrays and to their fields. A field that is an array of fixed length
// has its elements at places that are known when the kernel is compiled, so an index known at run
// time chooses between stores:
//     A[i].v[j] = x        { %x = x; %i = i; %j = j; if %j < -2 or %j >= 2: raise IndexError
//                            if %j == 0 or %j == -2: A[%i] at v + 0 = %x
//                            if %j == 1 or %j == -1: A[%i] at v + 4 = %x }
#include <algorithm>
#include <iterator>

#include "ir/stored_fields.h"
#include "sema/builder.h"

namespace cudapy::sema {

using ir::Block;
using ir::ExprKind;
using ir::ExprPtr;
using ir::StmtPtr;
using ir::Type;

// From an element of an array to the part that is stored.
struct Builder::FieldPath {
  std::vector<std::string> steps;  // names, or ir::kFieldIndex
  struct Index {
    std::optional<int64_t> known;
    ExprPtr value;  // a name, where it is not known
  };
  std::vector<Index> indices;
};

void Builder::store(StmtPtr stmt, Block& into) {
  FieldPath path;
  std::vector<ExprPtr> indices;
  const auto first = stmt->operands.end() - field_indices(*stmt);
  std::move(first, stmt->operands.end(), std::back_inserter(indices));
  stmt->operands.erase(first, stmt->operands.end());
  path.steps = std::move(stmt->fields);
  stmt->fields.clear();
  const Type element = stmt->operands[0]->type.element();
  Type stored = element;
  for (const std::string& step : path.steps) {
    const bool is_index = step == ir::kFieldIndex;
    const auto field = is_index ? 0 : static_cast<size_t>(ir::field_of(stored, step));
    stored = ir::elements_of(stored)[field];
  }
  const auto is_known = [&](const ExprPtr& index) {
    return constant_of(*index, instance_).number.has_value();
  };
  const bool chooses = !std::all_of(indices.begin(), indices.end(), is_known);
  stmt->value = as(std::move(stmt->value), stored);
  Block before;
  place(stmt->operands, before);
  // first, as Python has it
  if (chooses || !before.empty()) stmt->value = kept(std::move(stmt->value), into);
  std::move(before.begin(), before.end(), std::back_inserter(into));
  for (size_t i = 1; chooses && i < stmt->operands.size(); ++i)
    stmt->operands[i] = kept(std::move(stmt->operands[i]), into);
  for (ExprPtr& index : indices) {
    const WeakResult known = constant_of(*index, instance_);
    FieldPath::Index& made = path.indices.emplace_back();
    if (known.number) {
      made.known = static_cast<int64_t>(known.number->integer);
      continue;
    }
    ExprPtr value = natural(std::move(index));
    const Type wide = ir::size_of(value->type.scalar) == 8 ? kInt64 : kInt32;
    made.value = kept(convert(std::move(value), wide), into);
  }
  mark_written(*stmt->operands[0]);
  store_part(path, 0, 0, element, std::move(stmt), into);
}

void Builder::store_part(const FieldPath& path, size_t step, size_t index, Type element,
                         StmtPtr stmt, Block& into) {
  for (; step < path.steps.size(); ++step) {
    size_t field = 0;
    if (path.steps[step] != ir::kFieldIndex) {
      field = static_cast<size_t>(ir::field_of(element, path.steps[step]));
    } else if (const FieldPath::Index& at = path.indices[index++]; at.known) {
      const auto count = static_cast<int64_t>(element.aggregate->elements.size());
      field = static_cast<size_t>(*at.known + (*at.known < 0 ? count : 0));
    } else {
      const auto count = static_cast<int64_t>(element.aggregate->elements.size());
      into.push_back(raise_outside_of_tuple(*at.value, count, at.value->span));
      for (int64_t i = 0; i < count; ++i) {
        auto chosen = std::make_unique<ir::Stmt>();
        chosen->kind = ir::StmtKind::If;
        chosen->span = at.value->span;
        chosen->value = is_position(*at.value, i, count);
        StmtPtr part = ir::clone(*stmt);
        const auto place = static_cast<size_t>(i);
        part->byte_offset += ir::offset_of(element, place);
        store_part(path, step + 1, index, element.aggregate->elements[place], std::move(part),
                   chosen->body);
        into.push_back(std::move(chosen));
      }
      return;
    }
    stmt->byte_offset += ir::offset_of(element, field);
    element = ir::elements_of(element)[field];
  }
  into.push_back(std::move(stmt));
}

}  // namespace cudapy::sema
