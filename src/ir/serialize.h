// Canonical bytes of a typed function: two functions have the same bytes exactly if they compile to
// the same code. Spans, names and inferred shapes are left out; types, constants, structure and
// flags are in. The cache is keyed by them.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/tree.h"

namespace cudapy::ir {

std::vector<uint8_t> serialize(const Function& function);

}  // namespace cudapy::ir
