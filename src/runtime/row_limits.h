// Whether the arrays of a launch are as long as its threads go along x.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/tree.h"
#include "runtime/argument_places.h"
#include "transform/row_limits.h"

namespace cudapy::runtime {

// transform::RowLimits, by where its numbers stand among the arguments.
class RowLimits {
 public:
  RowLimits() = default;
  RowLimits(const transform::RowLimits& limits, const ir::Function& kernel);

  // By a launch of so many threads along x. Where there are none, by any.
  bool are_kept(int64_t threads, const unsigned char* arguments) const;

 private:
  std::vector<uint32_t> lengths_;  // their offsets
  std::vector<ArgumentPlace> bounds_;
};

}  // namespace cudapy::runtime
