// Moves stores to shared memory behind the checks that follow them, so that what is loaded behind
// these is on its way before a stored value has come:
//
//     v = load a                    v = load a
//     st.shared t, v                br inside(b), on, fault'
//     br inside(b), on, fault   ->  on: w = load b          both are waited for here
//     on: w = load b                st.shared t, v
//     st.shared u, w                st.shared u, w
//                                   fault': st.shared t, v; br fault
//
// Where `fault` ends the thread nothing is stored on the way there: the assembler would put the
// store under a condition in front of the branch, where it waits for v in any case. Shared memory
// then holds anything where that thread would have stored; its launch raises an exception.
#pragma once

namespace llvm {
class Module;
}

namespace cudapy::codegen::nvptx {

// Takes optimised code. Memory looks the same to every thread at every barrier.
void sink_stores(llvm::Module& module);

}  // namespace cudapy::codegen::nvptx
