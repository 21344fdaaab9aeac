// Which assignments can reach which uses of a local, and whether a function's end can be reached.
// Needs no types.
#pragma once

#include <vector>

#include "ir/tree.h"

namespace cudapy::sema {

struct LocalFlow {
  int assignments =
      0;  // assignments and loops that give it a value; not the call that gives a parameter its
  const ir::Stmt* single = nullptr;  // the only one, if there is one and it is no loop
  bool maybe_unassigned = false;     // read where only some paths have assigned it
};

struct Flow {
  struct Use {
    ir::LocalId local;
    Span span;
  };
  std::vector<LocalFlow> locals;
  std::vector<Use> unassigned;  // reads that no assignment can reach
  bool end_reachable = true;    // the body can be left other than by `return`
};

// `single` points into `function`.
Flow analyze_flow(const ir::Function& function);

}  // namespace cudapy::sema
