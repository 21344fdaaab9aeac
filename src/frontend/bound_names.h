// The names that a piece of a function binds: what Python makes local variables.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>

#include "frontend/syntax.h"

namespace cudapy::frontend {

struct BoundNames {
  std::map<std::string, Span, std::less<>> variables;  // with the place of the first binding
  std::set<std::string, std::less<>>
      refused;  // bound by statements or expressions that kernels cannot use
  std::set<std::string, std::less<>> functions;  // of the variables: bound by `def` or to a lambda
};

BoundNames bound_names(std::span<const syntax::Stmt> body);

}  // namespace cudapy::frontend
