// No operation is carried out in float16 or bfloat16: its operands become float32, and its result
// is rounded.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// Takes and leaves a verified function without aggregates. Afterwards numbers of these types are
// constants, locals, loaded, stored, chosen and converted, and nothing else.
void widen_halves(ir::Function& function);

}  // namespace cudapy::transform
