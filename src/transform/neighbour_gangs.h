// Whether one thread of a GPU may stand for neighbours along x, a gang, with accesses of 16 bytes:
// what lanes share is then computed and loaded once, and elements that neighbours share are loaded
// once. That takes control flow that the lanes go through together, and accesses whose index is idx
// and a sum of which is known how it is aligned.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/tree.h"
#include "transform/launch_number.h"
#include "transform/linear_form.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

// Indices that are idx + multiples of the gang's width + a constant.
class NeighbourIndices {
 public:
  // As far as a constant may reach.
  static constexpr int64_t kMostOffset = 4096;

  NeighbourIndices(const ir::Function& function, int width)
      : function_(function),
        assignments_(function),
        forms_(function, &assignments_),
        width_(width) {}

  // The constant, where the numbers taken so far, and those that `takes` then adds to them, are
  // multiples of the width; none: the index is no such sum.
  std::optional<int64_t> offset_of(const ir::Expr& index);
  // The numbers of all indices that were asked for.
  [[nodiscard]] const std::vector<LaunchNumber>& multiples() const { return multiples_; }
  void add_multiple(const LaunchNumber& number);

 private:
  bool make_multiple(const std::vector<Atom>& atoms, int64_t factor);

  const ir::Function& function_;
  SingleAssignments assignments_;
  LinearForms forms_;
  int width_;
  std::vector<LaunchNumber> multiples_;
};

struct NeighbourGangs {
  int width = 1;                        // 1: threads stand for themselves
  std::vector<LaunchNumber> multiples;  // of the width, in launches with gangs
  // A thread's work takes long: it is better spread over the whole device than done in gangs.
  bool has_loops = false;
};

// Of a function that went through all passes.
NeighbourGangs neighbour_gangs(const ir::Function& function);

}  // namespace cudapy::transform
