// Makes scalars of aggregates: every local of an aggregate type becomes one local for each scalar
// in it, parameters included, and what is done with the whole is done with each part.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// Takes an inlined function; in what it leaves no expression and no local has an aggregate type,
// and the parameters are the leaves of the former ones, in order. A complex number in the text of a
// Print or a Raise is two operands; `fields` of such a statement are then the types of all numbers
// in its text, by their names.
void split_aggregates(ir::Function& function);

}  // namespace cudapy::transform
