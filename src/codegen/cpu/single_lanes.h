// Elements of one or two bytes under a mask, where no instruction loads or stores single ones: a
// short loop over the lanes that are on. LLVM would make a branch for each lane of each access,
// which takes long to compile.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <functional>

namespace cudapy::codegen::cpu {

// Of a lane's number, an i64.
using AddressOfLane = std::function<llvm::Value*(llvm::Value* lane)>;

// Zeros in lanes that are off.
llvm::Value* load_single_lanes(llvm::IRBuilderBase& builder, llvm::Value* mask, llvm::Type* vector,
                               const AddressOfLane& address);
void store_single_lanes(llvm::IRBuilderBase& builder, llvm::Value* mask, llvm::Value* value,
                        const AddressOfLane& address);
// From a vector of addresses.
llvm::Value* gather_single_lanes(llvm::IRBuilderBase& builder, llvm::Value* mask,
                                 llvm::Type* vector, llvm::Value* addresses);
void scatter_single_lanes(llvm::IRBuilderBase& builder, llvm::Value* mask, llvm::Value* value,
                          llvm::Value* addresses);

}  // namespace cudapy::codegen::cpu
