#include "binding/native_copies.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace cudapy::binding {
namespace {

enum class Relation : uint8_t {
  kApart,
  kSame,   // elements of one that overlap those of the other are the same elements
  kMixed,  // or may overlap in other ways
};

// The addresses from the first byte of an element to behind the last one's.
struct Span {
  int64_t begin = 0;
  int64_t end = 0;
};

Span span_of(const ForeignArray& array) {
  Span span{reinterpret_cast<int64_t>(array.data), 0};
  span.end = span.begin + array.item_size();
  for (size_t axis = 0; axis < static_cast<size_t>(array.layout.rank); ++axis) {
    const int64_t reach = (array.layout.shape[axis] - 1) * array.layout.strides[axis];
    (reach < 0 ? span.begin : span.end) += reach;
  }
  return span;
}

// All elements are multiples of this away from the first; 0 if there is one alone.
int64_t step_of(const ForeignArray& array) {
  int64_t step = 0;
  for (size_t axis = 0; axis < static_cast<size_t>(array.layout.rank); ++axis) {
    if (array.layout.shape[axis] > 1) step = std::gcd(step, array.layout.strides[axis]);
  }
  return step;
}

bool alike(const ForeignArray& a, const ForeignArray& b) {
  return a.scalar == b.scalar && a.structure == b.structure && a.is_swapped == b.is_swapped;
}

// Two arrays with elements.
Relation relation_of(const ForeignArray& a, const ForeignArray& b) {
  const Span first = span_of(a);
  const Span second = span_of(b);
  if (first.end <= second.begin || second.end <= first.begin) return Relation::kApart;
  const int64_t step = std::gcd(step_of(a), step_of(b));
  int64_t between = reinterpret_cast<int64_t>(b.data) - reinterpret_cast<int64_t>(a.data);
  if (step != 0) between = (between % step + step) % step;
  if (between == 0 && alike(a, b) && (step == 0 || step >= a.item_size())) return Relation::kSame;
  if (step != 0 && between >= a.item_size() && step - between >= b.item_size())
    return Relation::kApart;
  return Relation::kMixed;
}

// Whether several indices may lead to one element, as in windows that overlap.
bool may_repeat(const ForeignArray& array) {
  std::vector<std::pair<int64_t, int64_t>> axes;  // stride, length
  for (size_t axis = 0; axis < static_cast<size_t>(array.layout.rank); ++axis) {
    if (array.layout.shape[axis] > 1)
      axes.emplace_back(std::abs(array.layout.strides[axis]), array.layout.shape[axis]);
  }
  std::ranges::sort(axes);
  int64_t reach = array.item_size();
  for (const auto& [stride, length] : axes) {
    if (stride < reach) return true;
    reach += stride * (length - 1);
  }
  return false;
}

}  // namespace

NativeCopies::NativeCopies(std::vector<const ForeignArray*> arrays)
    : arrays_(std::move(arrays)), copies_(arrays_.size()) {
  bool copies_any = false;
  for (size_t i = 0; i < arrays_.size(); ++i) {
    if (!is_copied(i)) continue;
    copies_any = true;
    copies_[i] = NativeCopy{i, 0, 0, {}};
  }
  if (!copies_any) return;
  find_groups();
  for (size_t i = 0; i < arrays_.size(); ++i) {
    if (copies_[i] && copies_[i]->group == i) lay_out(i);
  }
}

bool NativeCopies::is_copied(size_t index) const {
  return arrays_[index] != nullptr && !arrays_[index]->is_usable_in_place();
}

// A group is called by the first array in it.
void NativeCopies::find_groups() {
  for (size_t i = 0; i < arrays_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const bool counts = arrays_[i] != nullptr && arrays_[j] != nullptr &&
                          arrays_[i]->length > 0 && arrays_[j]->length > 0 &&
                          (copies_[i] || copies_[j]);
      if (!counts) continue;
      const Relation relation = relation_of(*arrays_[i], *arrays_[j]);
      if (relation == Relation::kApart) continue;
      if (relation == Relation::kMixed || !copies_[i] || !copies_[j]) {
        conflicts_.emplace_back(i, j);
        continue;
      }
      const size_t to = std::min(copies_[i]->group, copies_[j]->group);
      const size_t from = std::max(copies_[i]->group, copies_[j]->group);
      for (auto& copy : copies_) {
        if (copy && copy->group == from) copy->group = to;
      }
    }
  }
}

void NativeCopies::lay_out(size_t group) {
  std::vector<size_t> members;
  for (size_t i = group; i < copies_.size(); ++i) {
    if (copies_[i] && copies_[i]->group == group) members.push_back(i);
  }
  const bool is_alone = members.size() == 1;
  if ((!is_alone || may_repeat(*arrays_[group])) && lay_out_together(group, members)) return;
  if (is_alone && may_repeat(*arrays_[group])) conflicts_.emplace_back(group, group);
  for (const size_t i : members) {
    for (const size_t j : members) {
      if (j < i) conflicts_.emplace_back(i, j);
    }
    const ForeignArray& array = *arrays_[i];
    const auto rank = static_cast<size_t>(array.layout.rank);
    const int64_t size = array.item_size();
    copies_[i] =
        NativeCopy{i, 0, array.length * size,
                   runtime::ArrayLayout::contiguous({array.layout.shape.data(), rank}, size)};
  }
}

// As in the memory that they are copied from, but with `step` bytes of it squeezed into those of
// one element. False if elements overlap in part.
bool NativeCopies::lay_out_together(size_t group, const std::vector<size_t>& members) {
  const auto first = reinterpret_cast<int64_t>(arrays_[group]->data);
  const int64_t size = arrays_[group]->item_size();
  int64_t step = 0;
  Span span = span_of(*arrays_[group]);
  for (const size_t i : members) {
    step = std::gcd(step, step_of(*arrays_[i]));
    step = std::gcd(step, reinterpret_cast<int64_t>(arrays_[i]->data) - first);
    const Span own = span_of(*arrays_[i]);
    span = {std::min(span.begin, own.begin), std::max(span.end, own.end)};
  }
  if (step == 0) step = size;
  if (step < size) return false;
  for (const size_t i : members) {
    const ForeignArray& array = *arrays_[i];
    NativeCopy copy{group, 0, (span.end - span.begin + step - 1) / step * size, array.layout};
    copy.offset = (reinterpret_cast<int64_t>(array.data) - span.begin) / step * size;
    for (size_t axis = 0; axis < static_cast<size_t>(array.layout.rank); ++axis) {
      int64_t& stride = copy.layout.strides[axis];
      stride = array.layout.shape[axis] > 1 ? stride / step * size : 0;
    }
    copies_[i] = copy;
  }
  return true;
}

std::optional<size_t> NativeCopies::conflict_of(size_t index) const {
  for (const auto& [i, j] : conflicts_) {
    if (i == index) return j;
    if (j == index) return i;
  }
  return std::nullopt;
}

}  // namespace cudapy::binding
