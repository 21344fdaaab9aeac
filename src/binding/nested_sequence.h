// Lists of numbers, and lists of equally long lists of them, as arrays. The GIL is held.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binding/py_ref.h"
#include "ir/type.h"

namespace cudapy::binding {

class NestedSequence {
 public:
  // Takes a list, a tuple, or anything that can be iterated. False if the lists in it are not
  // equally long: `problem` says which, or an exception is set.
  bool read(PyObject* object, std::string& problem);

  [[nodiscard]] const std::vector<int64_t>& shape() const { return shape_; }
  [[nodiscard]] int rank() const { return static_cast<int>(shape_.size()); }
  [[nodiscard]] int64_t size() const;
  // Lists all the way down: what a kernel wrote can be given back.
  [[nodiscard]] bool is_writable() const { return is_writable_; }
  // An empty list is an array without elements of any rank.
  void set_rank_if_empty(int rank);

  // The innermost lists or tuples, in order; a list of numbers is its own row.
  [[nodiscard]] const std::vector<PyRef>& rows() const { return rows_; }
  // Where a row is in the list: "[1][0]".
  [[nodiscard]] const std::string& place_of_row(size_t row) const { return places_[row]; }

  // The element type that the numbers mean together, as infer_scalar() has it.
  std::optional<ir::Scalar> infer(ir::Scalar default_float, std::string& problem) const;

  // Stores all numbers in C order. False if one cannot be: `problem` says which, or an exception is
  // set.
  bool store(ir::Scalar scalar, void* out, std::string& problem) const;

  // Gives back what differs between two copies of the elements: the other items keep their objects,
  // which the copy may have rounded. False with an exception set.
  bool give_back(ir::Scalar scalar, const void* before, const void* now) const;

 private:
  bool read_level(PyObject* level, size_t depth, const std::string& place, std::string& problem);
  std::string in_row(size_t row, const std::string& problem) const;

  std::vector<int64_t> shape_;
  std::vector<PyRef> rows_;          // the innermost lists or tuples, in order
  std::vector<std::string> places_;  // "[1][0]", where each is; empty in one dimension
  bool is_writable_ = true;
};

}  // namespace cudapy::binding
