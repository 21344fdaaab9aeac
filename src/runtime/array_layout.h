// The shape of an array and the steps in memory from one element to the next, along each dimension.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "ir/type.h"

namespace cudapy::runtime {

struct ArrayLayout {
  int rank = 1;
  std::array<int64_t, ir::kMaxRank> shape{};    // of the first `rank` dimensions
  std::array<int64_t, ir::kMaxRank> strides{};  // bytes; may be negative or zero

  // In C order. `shape` has at most kMaxRank dimensions.
  static ArrayLayout contiguous(std::span<const int64_t> shape, int64_t itemsize);

  // Elements over all dimensions; INT64_MAX if there are more.
  [[nodiscard]] int64_t size() const;
  [[nodiscard]] bool is_contiguous(int64_t itemsize) const;
  // Whether the elements of each row are neighbours in memory, wherever the rows are.
  [[nodiscard]] bool has_contiguous_rows(int64_t itemsize) const;
  // Of an image, rows of pixels without gaps between them, how many elements each pixel has; 0: it
  // is none, or has more than code is made for.
  [[nodiscard]] uint8_t channels(int64_t itemsize) const;
  // Whether every element is whole elements away from the first.
  [[nodiscard]] bool has_whole_strides(int64_t itemsize) const;
  // How many elements away from the first one any may be, to both sides together.
  [[nodiscard]] int64_t reach(int64_t itemsize) const;
  // Whether several indices lead to one element, as in an array that was broadcast.
  [[nodiscard]] bool repeats_elements() const;

  // What follows the address in an array argument (kernel_abi.h): lengths and strides.
  void write_argument(bool strided, int64_t itemsize, int64_t* out) const;
};

}  // namespace cudapy::runtime
