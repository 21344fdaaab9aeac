// The assembler unrolls loops once more that were unrolled here, and then has less of what they
// load on its way at a time: a matrix product takes a third longer.
#pragma once

namespace llvm {
class Module;
}  // namespace llvm

namespace cudapy::codegen::nvptx {

// Tells the assembler to leave innermost loops of gangs as they are. After all optimisation.
void keep_loops(llvm::Module& module);

}  // namespace cudapy::codegen::nvptx
