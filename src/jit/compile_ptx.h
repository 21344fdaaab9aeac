// A typed kernel -> PTX text for an NVIDIA architecture.
#pragma once

#include <string>

#include "jit/jit.h"

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::jit {

// Whether a request's isa names a GPU architecture: "sm_75", "sm_90".
bool is_gpu_architecture(const std::string& isa);

// Emits the kernel into the empty `module` and fills the result; its image is the PTX text. False,
// with result.error set, on failure. The module is used up.
bool compile_ptx(llvm::Module& module, const CompileRequest& request, CompileResult& result);

}  // namespace cudapy::jit
