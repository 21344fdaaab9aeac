// The passes between sema and codegen, in order: a typed program becomes the one function that
// codegen sees.
#pragma once

#include <functional>
#include <string_view>

#include "ir/tree.h"

namespace cudapy::transform {

struct Options {
  bool contract = true;  // a * b + c becomes one fma, the same way on every device and gang width
  bool fastmath = false;
  bool check = true;  // indices against their arrays, divisors against zero
  // Regions for the gangs of a block take the place of barriers; where each thread runs by itself
  // they stay.
  bool split_barriers = true;
  bool always_take_turns = false;  // as take_turns_by_block says
  int32_t block[3] = {0, 0, 0};    // the shape of all blocks, where it is known; else 0
  // Called after each pass with its name ("inline", "fold", ...), for dumps.
  std::function<void(std::string_view pass, const ir::Function& function)> after_pass;
};

// `typed` is what sema::check returned.
ir::Function lower(ir::Program typed, const Options& options = {});

}  // namespace cudapy::transform
