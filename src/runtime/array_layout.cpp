#include "runtime/array_layout.h"

#include <algorithm>
#include <cstdlib>

namespace cudapy::runtime {

ArrayLayout ArrayLayout::contiguous(std::span<const int64_t> shape, int64_t itemsize) {
  ArrayLayout layout;
  layout.rank = static_cast<int>(shape.size());
  int64_t stride = itemsize;
  for (size_t i = shape.size(); i-- > 0;) {
    layout.shape[i] = shape[i];
    layout.strides[i] = stride;
    // An array without elements has no strides that matter, and its product may overflow.
    if (__builtin_mul_overflow(stride, std::max<int64_t>(shape[i], 1), &stride)) stride = 0;
  }
  return layout;
}

int64_t ArrayLayout::size() const {
  int64_t size = 1;
  bool overflows = false;
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    if (shape[i] == 0) return 0;
    overflows = __builtin_mul_overflow(size, shape[i], &size) || overflows;
  }
  return overflows ? INT64_MAX : size;
}

bool ArrayLayout::is_contiguous(int64_t itemsize) const {
  if (size() == 0) return true;
  int64_t expected = itemsize;
  for (size_t i = static_cast<size_t>(rank); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

bool ArrayLayout::has_contiguous_rows(int64_t itemsize) const {
  const auto last = static_cast<size_t>(rank) - 1;
  return shape[last] <= 1 || strides[last] == itemsize || size() == 0;
}

uint8_t ArrayLayout::channels(int64_t itemsize) const {
  constexpr int64_t kMostChannels = 4;
  if (rank != 3) return 0;
  const int64_t length = shape[2];
  const bool is_image = length >= 2 && length <= kMostChannels && strides[2] == itemsize &&
                        strides[1] == length * itemsize;
  return is_image ? static_cast<uint8_t>(length) : uint8_t{0};
}

bool ArrayLayout::has_whole_strides(int64_t itemsize) const {
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    if (shape[i] > 1 && strides[i] % itemsize != 0) return false;
  }
  return true;
}

int64_t ArrayLayout::reach(int64_t itemsize) const {
  int64_t reach = 0;
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    int64_t span = 0;
    if (shape[i] <= 1) continue;
    if (__builtin_mul_overflow(shape[i] - 1, std::abs(strides[i] / itemsize), &span) ||
        __builtin_add_overflow(reach, span, &reach)) {
      return INT64_MAX;
    }
  }
  return reach;
}

bool ArrayLayout::repeats_elements() const {
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    if (shape[i] > 1 && strides[i] == 0) return size() != 0;
  }
  return false;
}

void ArrayLayout::write_argument(bool strided, int64_t itemsize, int64_t* out) const {
  const auto dimensions = static_cast<size_t>(rank);
  out = std::copy_n(shape.begin(), dimensions, out);
  for (size_t i = 0; i < dimensions - (strided ? 0 : 1); ++i) {
    *out++ = shape[i] > 1 ? strides[i] / itemsize : 0;
  }
}

}  // namespace cudapy::runtime
