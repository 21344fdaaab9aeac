// Arrays that a kernel does nothing with but add to, atomically, without asking for what was there:
// the bins of a histogram. Where such an array is small beside the threads that a call of the
// kernel runs, the call counts in memory of its own, without atomic operations, and adds what it
// counted at its end. Integers only: their sums do not depend on the order.
#pragma once

#include <vector>

#include "codegen/cpu/body_emitter.h"
#include "ir/tree.h"

namespace cudapy::codegen::cpu {

// Parameters that qualify, at most kMostPrivateBins.
std::vector<ir::LocalId> find_private_bins(const ir::Function& kernel);

inline constexpr size_t kMostPrivateBins = 2;

struct PrivateBins {
  ir::LocalId array = ir::kNoLocal;
  llvm::Value* memory = nullptr;  // null at run time: the array itself is used
};

// At the kernel's entry. `threads`: how many this call runs, an upper bound. `arrays`: what the
// kernel was given, by LocalId.
PrivateBins open_private_bins(llvm::IRBuilderBase& builder, const ir::Function& kernel,
                              ir::LocalId array, const std::vector<ArrayValue>& arrays,
                              llvm::Value* threads);

// Where all ways out of the kernel meet.
void close_private_bins(llvm::IRBuilderBase& builder, const ir::Function& kernel,
                        const PrivateBins& bins, const ArrayValue& array);

}  // namespace cudapy::codegen::cpu
