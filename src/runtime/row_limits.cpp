#include "runtime/row_limits.h"

#include <algorithm>

namespace cudapy::runtime {

RowLimits::RowLimits(const transform::RowLimits& limits, const ir::Function& kernel)
    : bounds_(places_of(limits.bounds, kernel)) {
  for (const ArgumentPlace& length : places_of(limits.lengths, kernel))
    lengths_.push_back(length.offset);
}

bool RowLimits::are_kept(int64_t threads, const unsigned char* arguments) const {
  if (lengths_.empty()) return true;
  int64_t end = threads;
  for (const ArgumentPlace& bound : bounds_) end = std::min(end, read_argument(bound, arguments));
  return std::ranges::all_of(
      lengths_, [&](uint32_t length) { return read_as<int64_t>(length, arguments) >= end; });
}

}  // namespace cudapy::runtime
