// The names that a function inside a function reads from around it.
#pragma once

#include <string>
#include <vector>

#include "frontend/syntax.h"

namespace cudapy::frontend {

// Each name that `definition`, or a function inside it, reads and does not bind itself; once, in
// the order of the source. Defaults are not among them: Python evaluates those where the function
// is defined.
std::vector<std::string> free_names(const syntax::FunctionDef& definition);

}  // namespace cudapy::frontend
