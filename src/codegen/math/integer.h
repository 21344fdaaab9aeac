// Division with Python's meaning, and integer powers, for scalars and vectors of any width.
//
// Integers: the quotient is rounded towards minus infinity and the remainder has the divisor's
// sign; the smallest value divided by -1 wraps. A zero divisor never traps; the result is then
// unspecified. Vectors are divided without a loop over lanes: up to 32 bits through floating point,
// which is exact, 64 bits by a floating-point quotient that is then corrected. A constant divisor
// is left to LLVM, which multiplies.
#pragma once

namespace llvm {
class IRBuilderBase;
class Value;
}  // namespace llvm

namespace cudapy::codegen {

struct MathOptions;

// a // b and a % b; a and b have the same integer type, 8 to 64 bits, or are vectors of one.
llvm::Value* emit_floor_div(llvm::IRBuilderBase& builder, llvm::Value* a, llvm::Value* b,
                            bool is_signed);
llvm::Value* emit_floor_mod(llvm::IRBuilderBase& builder, llvm::Value* a, llvm::Value* b,
                            bool is_signed);

// base ** exponent, wrapping. The exponent has base's type and is read as unsigned; a negative one
// is the caller's to refuse.
llvm::Value* emit_int_pow(llvm::IRBuilderBase& builder, llvm::Value* base, llvm::Value* exponent);

// a // b and a % b for float and double, as CPython computes them. b == 0 gives nan.
llvm::Value* emit_float_floor_div(llvm::IRBuilderBase& builder, llvm::Value* a, llvm::Value* b,
                                  const MathOptions& options);
llvm::Value* emit_float_mod(llvm::IRBuilderBase& builder, llvm::Value* a, llvm::Value* b,
                            const MathOptions& options);

}  // namespace cudapy::codegen
