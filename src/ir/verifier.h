// Checks that a typed tree keeps the promises that tree.h states. A broken one is a mistake of a
// pass, never of a user, so what is found is plain text for a developer. Run by the tests and, in
// debug builds, after each pass.
#pragma once

#include <string>
#include <vector>

#include "ir/tree.h"

namespace cudapy::ir {

// Empty if all is well.
std::vector<std::string> verify(const Program& program);

// A function after inlining: as above, and no Call is left.
std::vector<std::string> verify_inlined(const Function& function);

}  // namespace cudapy::ir
