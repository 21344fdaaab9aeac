// What is known at a point of the code being emitted: which lanes are on, and the values of
// variables.
//
// Blends are put off. A varying variable is a chain of values, each valid for the lanes of the mask
// under which it was assigned, the one before it for the rest. Lanes that are on read the last
// value as it is; the chain is blended into one value only where lanes that were off come back on,
// and only if they still need the variable there.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <vector>

#include "ir/tree.h"

namespace llvm {
class BasicBlock;
class Value;
}  // namespace llvm

namespace cudapy::codegen::cpu {

// Lanes that are on, <W x i1>; null: all of them.
using Mask = llvm::Value*;

struct Assigned {
  llvm::Value* value;  // a scalar for uniform and linear variables (of linear ones, lane 0's value)
  Mask mask;
  friend bool operator==(const Assigned&, const Assigned&) = default;
};

struct Variable {
  llvm::SmallVector<Assigned, 2> chain;  // oldest first; empty: not assigned yet

  [[nodiscard]] llvm::Value* current() const {
    return chain.empty() ? nullptr : chain.back().value;
  }
  void set(llvm::Value* value) { chain = {{value, nullptr}}; }
  // `keep`: lanes outside `mask` still need what the variable held.
  void assign(llvm::Value* value, Mask mask, bool keep) {
    if (!mask || !keep) return set(value);
    if (!chain.empty() && chain.back().mask == mask)
      chain.back().value = value;
    else
      chain.push_back({value, mask});
  }
  friend bool operator==(const Variable&, const Variable&) = default;
};

struct LaneState {
  Mask mask = nullptr;
  bool reachable = true;            // false behind a jump that all lanes take
  std::vector<Variable> variables;  // by LocalId
  // Masks that collect lanes that left for later: those that returned from a frame, broke from or
  // continued a loop. Frames and loops own slots, stack-like. Null: none so far.
  std::vector<Mask> parked;
};

// A way into a join: the state at the end of a block that still lacks its branch.
struct Arrival {
  llvm::BasicBlock* block;
  LaneState state;
};

}  // namespace cudapy::codegen::cpu
