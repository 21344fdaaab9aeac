// Which functions of a program call themselves.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "ir/tree.h"

namespace cudapy::ir {

// Calls visit(call) for every Call in a block, nested ones included.
void for_each_call(const Block& block, const std::function<void(const Expr&)>& visit);

// The functions that each function calls, with itself and those that they call if it comes to that.
std::vector<std::vector<bool>> reachable_functions(const Program& program);

// For each function: whether it calls itself, directly or through others.
std::vector<bool> functions_in_cycles(const Program& program);

}  // namespace cudapy::ir
