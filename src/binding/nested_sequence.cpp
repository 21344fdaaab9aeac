#include "binding/nested_sequence.h"

#include <algorithm>
#include <cstring>

#include "binding/numbers.h"

namespace cudapy::binding {
namespace {

bool is_list(PyObject* object) {
  return PyList_Check(object) || PyTuple_Check(object);
}

std::string items(int64_t count) {
  return std::to_string(count) + (count == 1 ? " item" : " items");
}

}  // namespace

bool NestedSequence::read(PyObject* object, std::string& problem) {
  const PyRef outer = PyRef::steal(as_sequence(object));
  if (!outer) return false;
  is_writable_ = PyList_Check(object);
  PyObject* level = outer.get();
  while (true) {
    const Py_ssize_t length = sequence_length(level);
    shape_.push_back(length);
    PyObject* first = length > 0 ? sequence_item(level, 0) : nullptr;
    if (first == nullptr || !is_list(first)) break;
    if (rank() == ir::kMaxRank) {
      problem = "its lists are nested more than " + std::to_string(ir::kMaxRank) + " deep";
      return false;
    }
    level = first;
  }
  return read_level(outer.get(), 0, "", problem);
}

bool NestedSequence::read_level(PyObject* level, size_t depth, const std::string& place,
                                std::string& problem) {
  if (depth + 1 == shape_.size()) {
    rows_.push_back(PyRef::borrow(level));
    places_.push_back(place);
    return true;
  }
  for (Py_ssize_t i = 0; i < shape_[depth]; ++i) {
    PyObject* item = sequence_item(level, i);
    if (item == nullptr) return false;
    const std::string here = place + "[" + std::to_string(i) + "]";
    if (!is_list(item)) {
      problem = "item " + here + " is " + describe_value(item) + ", beside lists";
      return false;
    }
    if (sequence_length(item) != shape_[depth + 1]) {
      problem = "it is ragged: item " + here + " has " + items(sequence_length(item)) +
                ", and the first list beside it has " + items(shape_[depth + 1]);
      return false;
    }
    is_writable_ = is_writable_ && PyList_Check(item);
    if (!read_level(item, depth + 1, here, problem)) return false;
  }
  return true;
}

int64_t NestedSequence::size() const {
  int64_t size = 1;
  for (const int64_t length : shape_) size *= length;
  return size;
}

void NestedSequence::set_rank_if_empty(int rank) {
  if (size() == 0 && this->rank() < rank) shape_.resize(static_cast<size_t>(rank), 0);
}

std::string NestedSequence::in_row(size_t row, const std::string& problem) const {
  return problem.empty() || places_[row].empty() ? problem
                                                 : "in its list " + places_[row] + ", " + problem;
}

std::optional<ir::Scalar> NestedSequence::infer(ir::Scalar default_float,
                                                std::string& problem) const {
  if (rank() == 1) return infer_scalar(rows_[0].get(), default_float, problem);
  const PyRef all = PyRef::steal(PyList_New(0));
  if (!all) return std::nullopt;
  for (const PyRef& row : rows_) {
    for (Py_ssize_t i = 0; i < sequence_length(row.get()); ++i) {
      PyObject* item = sequence_item(row.get(), i);
      if (item == nullptr || PyList_Append(all.get(), item) != 0) return std::nullopt;
    }
  }
  const auto scalar = infer_scalar(all.get(), default_float, problem);
  if (scalar) return scalar;
  for (size_t row = 0; row < rows_.size(); ++row) {
    std::string problem_of_row;
    if (infer_scalar(rows_[row].get(), default_float, problem_of_row)) continue;
    problem = in_row(row, problem_of_row);
    break;
  }
  return std::nullopt;
}

bool NestedSequence::store(ir::Scalar scalar, void* out, std::string& problem) const {
  const int64_t length = shape_.back();
  auto* to = static_cast<char*>(out);
  for (size_t row = 0; row < rows_.size(); ++row, to += length * ir::size_of(scalar)) {
    // Converting an item runs Python, which may have changed the list.
    if (sequence_length(rows_[row].get()) != length) {
      problem = "it changed its length while it was read";
      return false;
    }
    if (store_sequence(rows_[row].get(), scalar, length, to, problem)) continue;
    problem = in_row(row, problem);
    return false;
  }
  return true;
}

bool NestedSequence::give_back(ir::Scalar scalar, const void* before, const void* now) const {
  const auto size = static_cast<size_t>(ir::size_of(scalar));
  const auto* old_element = static_cast<const char*>(before);
  const auto* element = static_cast<const char*>(now);
  for (const PyRef& row : rows_) {
    for (Py_ssize_t i = 0; i < shape_.back(); ++i, old_element += size, element += size) {
      if (std::memcmp(element, old_element, size) == 0) continue;
      PyObject* number = load_number(scalar, element);
      if (number == nullptr || PyList_SetItem(row.get(), i, number) != 0) return false;
    }
  }
  return true;
}

}  // namespace cudapy::binding
