// An LLVM module with one kernel -> a code image: the half of a compile that knows no kernel tree.
#pragma once

#include <string>

#include "jit/jit.h"
#include "jit/optimize.h"
#include "jit/target.h"
#include "runtime/cpu/code_image.h"

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::jit {

// Gives `module` the target's triple and data layout; do so before code is emitted into it.
void prepare_module(llvm::Module& module, const Target& target);

// Optimises the module's `entry`, makes machine code of it and links that. Fills the image, but for
// its metadata, and those texts and times of `result` that `request` wants. False, with
// result.error set, on failure. The module is used up.
bool compile_module(llvm::Module& module, const std::string& entry, const Target& target,
                    const CompileRequest& request, runtime::CodeImage& image, CompileResult& result,
                    Pipeline pipeline = Pipeline::kKernel);

}  // namespace cudapy::jit
