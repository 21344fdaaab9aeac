// Conversions of float16 and bfloat16. Their values are integers of 16 bits everywhere else: no
// processor computes with them in all the ways that it does with integers, and the tree does not
// ask for it.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "ir/type.h"

namespace llvm {
class Module;
}

namespace cudapy::codegen {

// To float32. `value`: a scalar or a vector, as all that these functions take.
llvm::Value* from_half(llvm::IRBuilderBase& builder, llvm::Value* value, ir::Scalar from);
// The nearest number, halfway to even; integers become float32 first.
llvm::Value* to_half(llvm::IRBuilderBase& builder, llvm::Value* value, ir::Scalar from,
                     ir::Scalar to);

// Makes integer arithmetic of the conversions that the target has no instructions for, for which
// LLVM would call functions that nobody brings. Before any optimisation: that makes more of them.
void expand_half_conversions(llvm::Module& module, bool has_float16);

}  // namespace cudapy::codegen
