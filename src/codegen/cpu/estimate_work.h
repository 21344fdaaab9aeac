// What the runtime wants to know of a kernel's work before it splits a launch.
#pragma once

#include "ir/tree.h"

namespace cudapy::codegen::cpu {

struct WorkEstimate {
  int instructions = 0;  // of one thread, roughly; a loop of unknown length counts as some turns
  bool uneven = false;   // threads take very different times: lanes leave loops at different turns,
                         // or skip them
};

WorkEstimate estimate_work(const ir::Function& kernel);

// How many turns of a loop may pass before the kernel asks whether it should stop; 0: the loop is
// known to be short, and need not ask.
int turns_between_polls(const ir::Stmt& loop);

}  // namespace cudapy::codegen::cpu
