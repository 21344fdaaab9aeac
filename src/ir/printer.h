// A readable dump of a tree, close to Python: what `kernel.inspect("tree")` and `inspect("typed")`
// show and what tests of the stages look at. Types, shapes and strides are printed where they are
// known.
#pragma once

#include <string>

#include "ir/tree.h"

namespace cudapy::ir {

struct PrintOptions {
  bool shapes =
      false;  // after annotate_shapes: mark each statement's values as uniform, linear or varying
};

std::string print(const Program& program, const PrintOptions& options = {});
std::string print(const Function& function, const PrintOptions& options = {});
std::string print(const Block& block, const Function& function, const PrintOptions& options = {});
std::string print(const Expr& expr, const Function& function, const PrintOptions& options = {});

}  // namespace cudapy::ir
