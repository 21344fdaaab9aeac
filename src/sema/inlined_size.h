// How long a kernel becomes when the functions that it calls are copied into it.
#pragma once

#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::sema {

// Reports a function that calls multiply beyond what can be compiled in a sensible time. `typed`
// has its calls still.
void check_inlined_size(const ir::Program& typed, Diagnostics& diagnostics);

}  // namespace cudapy::sema
