// How deep the passes' recursion goes into a program.
#pragma once

#include <cstddef>

#include "ir/tree.h"

namespace cudapy::ir {

struct Nesting {
  size_t levels = 0;  // of statements and expressions inside each other, those of callees included
  size_t calls = 0;   // on the deepest way: how many functions
};

// Functions that call themselves count once. Itself it needs little stack for each level.
Nesting nesting(const Program& program);

}  // namespace cudapy::ir
