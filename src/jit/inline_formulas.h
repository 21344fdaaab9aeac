// Inlining of the math functions that codegen keeps as functions of the module.
#pragma once

namespace llvm {
class Function;
}  // namespace llvm

namespace cudapy::jit {

// A kernel's body comes twice, for full gangs and for the rest of a row. A formula that one copy
// calls once is inlined into the first, which is where the time goes; the other copy, and bodies
// that use a formula several times, go on calling it. So no formula is compiled more than twice.
// Formulas marked noinline stay. What is not called any more is removed.
void inline_formulas(llvm::Function& entry);

}  // namespace cudapy::jit
