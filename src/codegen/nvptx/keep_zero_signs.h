// A cure for LLVM's selection of instructions, which takes `x < 0.0 ? x : 0.0` for PTX's `min.f32`:
// the one gives 0.0 for an x of -0.0, the other -0.0.
#pragma once

namespace llvm {
class Module;
}

namespace cudapy::codegen::nvptx {

// Takes optimised code. Choices between two compared floats, of which both may be zeros, become
// choices between their bits. Where the larger or smaller zero is what comes out they stay, as in
// `x > 0.0 ? x : 0.0`.
void keep_zero_signs(llvm::Module& module);

}  // namespace cudapy::codegen::nvptx
