// What holds for functions that call themselves, directly or not: the typed tree keeps their calls.
#pragma once

#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::sema {

// Completes what depends on all calls of a cycle: which arrays are written, and whether the block's
// shape is read. Reports what such functions cannot do: wait for other threads, share arrays, hand
// on arrays that they declare.
void complete_recursion(ir::Program& typed, Diagnostics& diagnostics);

// Says, once a place, that a constant array from outside is written.
void report_written_constant(const ir::Local& array, Span span, Diagnostics& diagnostics);

}  // namespace cudapy::sema
