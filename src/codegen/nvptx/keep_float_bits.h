// A cure for NVIDIA's assembler, which turns a store of the low part of a register into a
// conversion where a floating-point instruction has made the register: `cvt.rn.f32.f64 %r1, ...;
// st.global.b8 [p], %r1` stores int(value), not its lowest byte.
#pragma once

namespace llvm {
class Module;
}

namespace cudapy::codegen::nvptx {

// Takes optimised code; leaves no store of a part of a float's bits that the assembler could take
// for one of its value.
void keep_float_bits(llvm::Module& module);

}  // namespace cudapy::codegen::nvptx
