// For CPUs. Short loops whose counter is an index of an array that each thread has for itself, or
// of the channels of an image, become their turns one behind the other: with constant indices such
// an array is registers, and the channels of a pixel are moved together.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// After fold and contract, before loops have counters of their own.
void unroll_loops(ir::Function& function);

}  // namespace cudapy::transform
