// What the lanes of a warp do together, on a GPU.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/IRBuilder.h>

#include "ir/intrinsic.h"

namespace cudapy::codegen::nvptx {

struct WarpCall {
  ir::Intrinsic op;
  bool is_divergent = false;  // lanes that have not left may be elsewhere
  llvm::SmallVector<llvm::Value*, 3> operands;
};

// Null: nothing comes out.
llvm::Value* emit_warp_operation(llvm::IRBuilderBase& builder, const WarpCall& call);

}  // namespace cudapy::codegen::nvptx
