// Vector math: LLVM IR for every function of the catalogue, at any vector width.
//
// Takes values that sema has already cast to the kinds the catalogue names; leaves IR that touches
// no memory but the stack, never unwinds and has the accuracy the catalogue states. The same
// operations are emitted at every width, scalars included, so results agree bit for bit between
// gang widths.
//
// Larger functions become one internal function of the module for each type, called from here; LLVM
// decides whether to inline it. They carry the target attributes of the function they are called
// from.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include "ir/math_function.h"

namespace llvm {
class IRBuilderBase;
class Value;
}  // namespace llvm

namespace cudapy::codegen {

struct MathOptions {
  bool fast = false;            // allows 4 ulp; nan and inf arguments need not be honoured
  bool has_fma = false;         // the target multiplies and adds in one rounding
  llvm::Value* mask = nullptr;  // <N x i1> (i1 for a scalar) of active lanes; null: all of them
  // The target's vector width. Long formulas are compiled for one or two registers' worth of lanes
  // and called for each part of a wider vector; 0 for as many as the arguments have.
  int native_vector_bits = 0;
};

// The value of function(args), of type float, double, i32, i64 or i1, or a vector of those as wide
// as the arguments. Lanes that the mask leaves out are unspecified. Every argument must have the
// same number of lanes. The builder's fast-math flags don't apply inside.
llvm::Value* emit_math(llvm::IRBuilderBase& builder, ir::MathFunction function,
                       llvm::ArrayRef<llvm::Value*> args, const MathOptions& options);

}  // namespace cudapy::codegen
