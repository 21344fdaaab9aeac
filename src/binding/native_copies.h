// Which arrays of a launch share memory, and where the copies in native form lie that stand for
// those that kernels cannot use in place: in foreign byte order, or not aligned to their elements.
// Arrays whose elements are the same elements lie in one copy, each with strides of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "binding/foreign_array.h"

namespace cudapy::binding {

// Where one array lies in the memory that it is copied to.
struct NativeCopy {
  size_t group = 0;    // arrays of one group are in one memory
  int64_t offset = 0;  // of the first element, in bytes
  int64_t bytes = 0;   // of the whole memory
  runtime::ArrayLayout layout;
};

class NativeCopies {
 public:
  // `arrays`: null for an argument that is none in the host's memory.
  explicit NativeCopies(std::vector<const ForeignArray*> arrays);

  // Of an array that is not used in place.
  const NativeCopy& of(size_t index) const { return *copies_[index]; }

  // An array that shares memory with this one in a way that copies cannot follow; which may be the
  // array itself, where its elements overlap each other.
  std::optional<size_t> conflict_of(size_t index) const;

 private:
  bool is_copied(size_t index) const;
  void find_groups();
  void lay_out(size_t group);
  bool lay_out_together(size_t group, const std::vector<size_t>& members);

  std::vector<const ForeignArray*> arrays_;
  std::vector<std::optional<NativeCopy>> copies_;
  std::vector<std::pair<size_t, size_t>> conflicts_;
};

}  // namespace cudapy::binding
