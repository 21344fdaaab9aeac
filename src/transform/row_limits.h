// What a launch on a GPU compares to know that no thread of it has a row access outside of its
// array. It then takes code whose threads look at no length.
#pragma once

#include <vector>

#include "ir/tree.h"
#include "transform/launch_number.h"

namespace cudapy::transform {

// All row accesses are inside where every length is at least the least of the bounds and of the
// launch's threads along x.
struct RowLimits {
  std::vector<LaunchNumber> lengths;  // none: the launch cannot tell
  std::vector<LaunchNumber> bounds;   // of idx, from guards that became clips

  [[nodiscard]] bool are_known() const { return !lengths.empty(); }
};

// Of a function that went through all passes. Known where all row accesses are at `[idx]`, and all
// threads come to one in each of the arrays: a launch with an array that is too short faults, and
// may wait for code with checks to be made.
RowLimits row_limits(const ir::Function& function);

}  // namespace cudapy::transform
