// From an instance with inferred types to a typed function: every conversion becomes a Cast, every
// weak number a constant of the type that it took, Python's functions become operations.
#pragma once

#include "sema/instance.h"

namespace cudapy::sema {

// Adds the function to `typed` after those that it calls, unless it is there already, and returns
// its index; the kernel goes to index 0, which is kept free for it. Consumes the instance's tree.
// Constants that fit nowhere are reported.
int32_t build_typed(Instance& instance, Instances& instances, ir::Program& typed,
                    Diagnostics& diagnostics);

}  // namespace cudapy::sema
