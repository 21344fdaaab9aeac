// Copies that stand for arguments during a launch: lists, and arrays that kernels cannot use in
// place. What the originals share the copies share, too; where that cannot be and the kernel writes
// it, the launch is refused.
#include <algorithm>
#include <unordered_map>

#include "binding/arguments.h"
#include "binding/errors.h"

namespace cudapy::binding {
namespace {

using Kind = CallArgument::Kind;

constexpr const char* kOwnListsHelp =
    "let each row be a list of its own, [list(row) for row in rows], or pass a NumPy array";

const ir::Type& element_of(const Binding& binding, size_t index) {
  return binding.types.arguments[index];
}

// The first of `whole`'s rows from which on they are `part`'s; nullopt: they are not.
std::optional<size_t> find_rows(const NestedSequence& whole, const NestedSequence& part) {
  const auto same = [](const PyRef& a, const PyRef& b) { return a.get() == b.get(); };
  const auto& rows = whole.rows();
  const auto found =
      std::search(rows.begin(), rows.end(), part.rows().begin(), part.rows().end(), same);
  if (part.rows().empty() || found == rows.end()) return std::nullopt;
  return static_cast<size_t>(found - rows.begin());
}

bool share_rows(const NestedSequence& a, const NestedSequence& b) {
  std::vector<PyObject*> rows;
  for (const PyRef& row : a.rows()) rows.push_back(row.get());
  std::ranges::sort(rows);
  return std::ranges::any_of(
      b.rows(), [&](const PyRef& row) { return std::ranges::binary_search(rows, row.get()); });
}

// Two rows that are one list; nullopt: there are none.
std::optional<std::pair<size_t, size_t>> repeated_row(const NestedSequence& sequence) {
  std::unordered_map<PyObject*, size_t> seen;
  for (size_t row = 0; row < sequence.rows().size(); ++row) {
    const auto [found, is_new] = seen.emplace(sequence.rows()[row].get(), row);
    if (!is_new) return std::pair(found->second, row);
  }
  return std::nullopt;
}

}  // namespace

void CallArguments::place_native_copies() {
  std::vector<const ForeignArray*> arrays(arguments_.size());
  bool needs_copy = false;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const ForeignArray& array = arguments_[i].foreign;
    if (arguments_[i].kind != Kind::kForeign || array.device != runtime::kHostDevice) continue;
    arrays[i] = &array;
    needs_copy = needs_copy || !array.is_usable_in_place();
  }
  if (needs_copy) native_copies_.emplace(std::move(arrays));
  for (CallArgument& argument : arguments_) {
    if (argument.kind != Kind::kForeign) continue;
    const runtime::ArrayLayout& layout = layout_of(argument);
    const int size = argument.foreign.item_size();
    ir::Type& type = argument.type_class.type;
    type.strided = !layout.has_contiguous_rows(size);
    type.channels = gpu_ == nullptr && type.aggregate == nullptr ? layout.channels(size) : 0;
  }
}

// Of the memory that the kernel sees.
const runtime::ArrayLayout& CallArguments::layout_of(const CallArgument& argument) const {
  const ForeignArray& array = argument.foreign;
  if (!native_copies_ || array.device != runtime::kHostDevice || array.is_usable_in_place())
    return array.layout;
  return native_copies_->of(static_cast<size_t>(&argument - arguments_.data())).layout;
}

bool CallArguments::check_sharing(const Binding& binding) {
  find_row_owners(binding);
  return check_rows(binding) && check_native_copies(binding);
}

bool CallArguments::check_native_copies(const Binding& binding) {
  if (!native_copies_) return true;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const ForeignArray& array = arguments_[i].foreign;
    if (arguments_[i].kind != Kind::kForeign || array.is_usable_in_place()) continue;
    const auto other = native_copies_->conflict_of(i);
    if (!other || !(binding.slots[i].is_written || binding.slots[*other].is_written)) continue;
    const std::string with =
        *other == i ? "its elements overlap each other"
                    : "it shares memory with argument `" + body_.parameters[*other].name + "`";
    return fail(i,
                with +
                    (array.is_swapped ? ", its byte order is foreign"
                                      : ", its elements are not aligned to their size") +
                    ", so the kernel would work on a copy of it, and what is written to the one "
                    "would not be seen in the other",
                "pass a copy: " + body_.parameters[i].name + ".copy()");
  }
  return true;
}

// The owner is the one with the most rows; of several the first.
void CallArguments::find_row_owners(const Binding& binding) {
  row_owners_.resize(arguments_.size());
  for (size_t i = 0; i < arguments_.size(); ++i) {
    row_owners_[i].owner = i;
    const NestedSequence& part = arguments_[i].sequence;
    if (arguments_[i].kind != Kind::kSequence || part.size() == 0) continue;
    for (size_t j = 0; j < arguments_.size(); ++j) {
      const size_t rows = arguments_[row_owners_[i].owner].sequence.rows().size();
      const size_t more = arguments_[j].sequence.rows().size();
      const bool is_better = more > rows || (more == rows && j < row_owners_[i].owner);
      if (arguments_[j].kind != Kind::kSequence || !is_better ||
          element_of(binding, i).scalar != element_of(binding, j).scalar)
        continue;
      if (const auto row = find_rows(arguments_[j].sequence, part)) row_owners_[i] = {j, *row};
    }
  }
}

// Lists that are one list, which copies cannot follow.
bool CallArguments::check_rows(const Binding& binding) {
  std::vector<bool> is_written(arguments_.size());  // of owners
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (binding.slots[i].is_written) is_written[row_owners_[i].owner] = true;
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    const CallArgument& argument = arguments_[i];
    if (argument.kind != Kind::kSequence || row_owners_[i].owner != i ||
        argument.sequence.size() == 0)
      continue;
    const auto repeated = is_written[i] ? repeated_row(argument.sequence) : std::nullopt;
    if (repeated) {
      return fail(i,
                  "the kernel writes it, and one list stands at " +
                      argument.sequence.place_of_row(repeated->first) + " and at " +
                      argument.sequence.place_of_row(repeated->second) + " in it",
                  kOwnListsHelp);
    }
    for (size_t j = 0; j < i; ++j) {
      const bool matters = arguments_[j].kind == Kind::kSequence && row_owners_[j].owner == j &&
                           (is_written[i] || is_written[j]);
      if (!matters || !share_rows(arguments_[j].sequence, argument.sequence)) continue;
      return fail(i,
                  "it holds lists of argument `" + body_.parameters[j].name +
                      "`, in another order or as another type, and the kernel writes them",
                  kOwnListsHelp);
    }
  }
  return true;
}

bool CallArguments::make_copy(size_t index, const ParameterSlot& slot) {
  if (arguments_[index].kind == Kind::kForeign) {
    copy_array(index, slot);
    return true;
  }
  const SharedRows& shared = row_owners_[index];
  CallArgument& owner = arguments_[shared.owner];
  owner.copies_back = owner.copies_back || slot.is_written;
  if (owner.copy == nullptr && !copy_list(shared.owner, slot)) return false;
  if (shared.owner == index) return true;
  CallArgument& argument = arguments_[index];
  const int64_t row_bytes = argument.sequence.shape().back() * ir::size_of(slot.scalar);
  argument.copy = owner.copy;
  argument.copy_offset = static_cast<int64_t>(shared.first_row) * row_bytes;
  return true;
}

void CallArguments::copy_array(size_t index, const ParameterSlot& slot) {
  CallArgument& argument = arguments_[index];
  const NativeCopy& place = native_copies_->of(index);
  argument.copies_back = slot.is_written;
  argument.copied_as = slot.scalar;
  argument.copy_offset = place.offset;
  for (size_t i = 0; i < index && argument.copy == nullptr; ++i) {
    const CallArgument& earlier = arguments_[i];
    if (earlier.kind == Kind::kForeign && earlier.copy != nullptr &&
        native_copies_->of(i).group == place.group)
      argument.copy = earlier.copy;
  }
  if (argument.copy == nullptr) {
    const size_t words = static_cast<size_t>(place.bytes) / sizeof(uint64_t) + 1;
    argument.copy = std::make_shared<std::vector<uint64_t>>(words);
  }
  copy_elements(argument.foreign, argument.copied_elements(), place.layout);
}

bool CallArguments::copy_list(size_t index, const ParameterSlot& slot) {
  CallArgument& argument = arguments_[index];
  argument.copied_as = slot.scalar;
  const auto bytes = static_cast<size_t>(argument.sequence.size() * ir::size_of(slot.scalar));
  argument.copy = std::make_shared<std::vector<uint64_t>>(bytes / sizeof(uint64_t) + 1);
  std::string problem;
  if (argument.sequence.store(slot.scalar, argument.copy->data(), problem)) {
    argument.before = *argument.copy;
    return true;
  }
  return !problem.empty() && fail(index, problem, kListHelp);
}

bool CallArguments::copy_back() {
  for (size_t i = 0; i < arguments_.size(); ++i) {
    CallArgument& argument = arguments_[i];
    if (!argument.copies_back) continue;
    if (argument.kind == Kind::kForeign) {
      const runtime::ArrayLayout& layout = native_copies_->of(i).layout;
      return_elements(argument.copied_elements(), layout, argument.foreign);
    } else if (!argument.sequence.give_back(argument.copied_as, argument.before.data(),
                                            argument.copy->data())) {
      return false;
    }
  }
  return true;
}

}  // namespace cudapy::binding
