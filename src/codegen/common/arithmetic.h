// Operations of the kernel language on LLVM values, scalars and vectors alike: what both targets
// share below control flow and memory.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include "codegen/math/emit.h"
#include "ir/tree.h"

namespace cudapy::codegen {

// A bool is an i1 as a value and a byte in memory.
llvm::Type* value_type(llvm::LLVMContext& context, ir::Scalar scalar);
llvm::Type* memory_type(llvm::LLVMContext& context, ir::Scalar scalar);

llvm::Constant* emit_constant(llvm::LLVMContext& context, ir::Scalar scalar,
                              const ir::ConstantValue& value);

// `type` is the operands' type; they are scalars or vectors of one width. Comparisons give i1.
llvm::Value* emit_unary(llvm::IRBuilderBase& builder, ir::UnaryOp op, ir::Scalar type,
                        llvm::Value* operand);
llvm::Value* emit_binary(llvm::IRBuilderBase& builder, ir::BinaryOp op, ir::Scalar type,
                         llvm::Value* a, llvm::Value* b, const MathOptions& math);
llvm::Value* emit_compare(llvm::IRBuilderBase& builder, ir::CompareOp op, ir::Scalar type,
                          llvm::Value* a, llvm::Value* b);
llvm::Value* emit_cast(llvm::IRBuilderBase& builder, llvm::Value* value, ir::Scalar from,
                       ir::Scalar to);

// Between the value and the memory form of a bool; other types are the same in both.
llvm::Value* to_memory(llvm::IRBuilderBase& builder, llvm::Value* value, ir::Scalar scalar);
llvm::Value* from_memory(llvm::IRBuilderBase& builder, llvm::Value* value, ir::Scalar scalar);

// 64 bits that say a value in a text: integers widened by their sign, floats as their own bits.
llvm::Value* bits_of(llvm::IRBuilderBase& builder, llvm::Value* value, ir::Scalar type);

}  // namespace cudapy::codegen
