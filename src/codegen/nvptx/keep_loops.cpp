#include "codegen/nvptx/keep_loops.h"

#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>

#include "codegen/nvptx/emit_kernel.h"

namespace cudapy::codegen::nvptx {

using namespace llvm;

void keep_loops(Module& module) {
  for (Function& function : module) {
    if (!function.hasFnAttribute(kGangAttribute)) continue;
    const DominatorTree dominators(function);
    const LoopInfo loops(dominators);
    for (Loop* loop : loops.getLoopsInPreorder()) {
      if (loop->isInnermost()) loop->setLoopAlreadyUnrolled();
    }
  }
}

}  // namespace cudapy::codegen::nvptx
