// Masks for targets without mask registers (SSE, AVX2, NEON). A comparison there gives lanes of all
// ones or all zeros, as wide as what it compared. LLVM would narrow every <W x i1> that it combines
// or carries around a loop to bytes, and widen it again at its use; this pass keeps masks wide.
//
//   %m = and <8 x i1> %a, %b    becomes    %m = and <8 x i32> %a.wide, %b.wide
//   select <8 x i1> %m, ...                select (icmp slt %m, 0), ...      one blend by sign bits
//   icmp ne (bitcast %m to i8), 0          icmp ne (reduce.or %m), 0         one test
#pragma once

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::codegen::cpu {

// Run after the optimiser, which would undo it.
void widen_masks(llvm::Module& module);

}  // namespace cudapy::codegen::cpu
