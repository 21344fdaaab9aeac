// What `fastmath=True` lets LLVM do.
#pragma once

#include <llvm/IR/FMF.h>

namespace cudapy::codegen {

// All but taking NaN and infinity for impossible: an index or a branch that comes from one would be
// undefined then, and the check of the index with it.
inline llvm::FastMathFlags fast_flags() {
  llvm::FastMathFlags flags = llvm::FastMathFlags::getFast();
  flags.setNoNaNs(false);
  flags.setNoInfs(false);
  return flags;
}

}  // namespace cudapy::codegen
