// Lanes leave `while n < limit and ...: ...; n += 1` at different turns, so n varies after it. In
// the loop it does not: the lanes that are still in it all have the same n. Such a variable gets a
// twin, which is one scalar inside the loop and dead after it:
//
//     %n = n
//     while %n < limit and ...:
//         %n = %n + 1
//         n = n + 1
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// Takes a function annotated with shapes; leaves it so.
void twin_variables(ir::Function& function);

}  // namespace cudapy::transform
