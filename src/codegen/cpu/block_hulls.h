// Whether a whole block of threads keeps inside its arrays, found before its first row.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

// The threads of a block along x, y and z, i64s: from `begin` to before `end`.
struct BlockExtent {
  llvm::Value* const (&begin)[3];
  llvm::Value* const (&end)[3];
};

// An i1, true only if all row accesses of the block's threads are inside their arrays; null where
// that is not told from the hulls of the accesses. Said of blocks that have threads.
llvm::Value* emit_block_fits(llvm::IRBuilderBase& builder, const ir::Function& kernel,
                             BodyEmitter& body, const BlockExtent& block);

}  // namespace cudapy::codegen::cpu
