// May a piece of the tree run with no lane on, and is it cheaper to run it so than to branch around
// it?
#pragma once

#include "ir/tree.h"

namespace cudapy::codegen::cpu {

struct Speculation {
  int cost = 0;  // roughly, instructions
  bool needs_lane =
      false;  // has a scalar access to memory, or a loop: wrong or endless without an active lane
  bool has_load = false;  // or may fault: must run for the lanes that ask for it alone

  // Cheaper to run under an empty mask than to test for one. A test and a branch that is sometimes
  // mispredicted cost about this.
  [[nodiscard]] bool worth_running_unasked() const { return !needs_lane && cost <= 24; }
};

Speculation speculation_of(const ir::Function& function, const ir::Expr& expr);
// Of block[begin..].
Speculation speculation_of(const ir::Function& function, const ir::Block& block, size_t begin = 0);

}  // namespace cudapy::codegen::cpu
