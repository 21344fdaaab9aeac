// Arrays that a kernel declares or has as constants, of complex numbers or of structs, become one
// array for each part: what no one outside sees can lie as it suits vectors best.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// After split_aggregates: every access is to a part already. Afterwards elements of declared arrays
// are scalars.
void split_declared_arrays(ir::Function& function);

}  // namespace cudapy::transform
