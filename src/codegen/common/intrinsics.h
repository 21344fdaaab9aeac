// CUDA's integer functions, random words, fences and the clock on LLVM values, scalars and vectors
// alike. No loops over lanes.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "ir/intrinsic.h"

namespace cudapy::codegen {

// The typed tree's intrinsics. `is_signed`: of MulHigh's result. A fence gives null.
llvm::Value* emit_intrinsic(llvm::IRBuilderBase& builder, ir::Intrinsic intrinsic,
                            llvm::ArrayRef<llvm::Value*> operands, bool is_signed);

// Word 0 to 3 of Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as
// 1, 2, 3", 2011). key, counter, upper: i64 or vectors of it, low words first; the result is i32.
llvm::Value* emit_philox(llvm::IRBuilderBase& builder, llvm::Value* key, llvm::Value* counter,
                         llvm::Value* upper, int word);

}  // namespace cudapy::codegen
