// a * b + c becomes fma(a, b, c), within one expression as C allows it. Done in the tree and
// nowhere else, so that every gang width and every device rounds the same way.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

void contract(ir::Function& function);

}  // namespace cudapy::transform
