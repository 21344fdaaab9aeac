// Shapes: whether a value is the same for all lanes of a gang (uniform), an arithmetic progression
// over them (linear), or neither (varying). This decides scalar, vector load, broadcast or gather;
// LLVM is not asked to find it out.
//
// A gang is threads that follow each other in x within a block, so idx and threadIdx.x are linear
// and all other indices uniform. Control counts: a value assigned where lanes have parted is
// varying if it is read where they have met again (after a varying `if`; after a loop that lanes
// leave at different turns; in the next turn after a varying `continue`).
#pragma once

#include "ir/tree.h"

namespace cudapy::sema {

// Sets Expr::shape and stride, Local::shape and stride, and the divergence flags of loops and
// frames.
void annotate_shapes(ir::Function& function);

}  // namespace cudapy::sema
