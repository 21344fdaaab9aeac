// CUDA's device functions that are no math functions: bits, random numbers, fences, the clock; and
// the operations of `atomic`. One catalogue for all stages.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cudapy::ir {

enum class Intrinsic : uint8_t {
  // both trees. Integers of less than 32 bits are widened first.
  Popc,
  Clz,
  Ffs,       // int32; clz(0) is the width, ffs(0) is 0
  Brev,      // the operand's type
  BytePerm,  // uint32, three times; uint32
  MulHigh,   // both of the result's type: the upper half of the product
  Clock,     // no operands; int64
  Fence,
  FenceBlock,  // no operands; void
  // untyped tree only: sema makes them of Philox words. Operands: seed, counter [, second counter];
  // RandInt: seed, counter, low, high [, second counter].
  RandBits,
  Rand,
  Rand64,
  RandInt,
  Normal,
  Normal64,
  // typed tree only: one word of Philox 4x32-10. Operands: key, counter, upper counter, all uint64;
  // uint32
  Philox0,
  Philox1,
  Philox2,
  Philox3,
};

struct IntrinsicInfo {
  std::string_view name;
  uint8_t least;  // operands, as the user calls it
  uint8_t most;
  bool has_effect;  // is not to be dropped, doubled or moved
};

const IntrinsicInfo& info(Intrinsic intrinsic);
std::optional<Intrinsic> find_intrinsic(std::string_view name);
std::vector<std::string_view> intrinsic_names();

enum class AtomicOp : uint8_t {
  Add,
  Sub,
  Min,
  Max,
  And,
  Or,
  Xor,
  Exchange,
  CompareExchange,
  Inc,
  Dec
};

std::string_view name_of(AtomicOp op);  // "add", as behind `atomic.`
std::optional<AtomicOp> find_atomic(std::string_view name);
std::vector<std::string_view> atomic_names();

// Takes integers alone: bits, exchange under a condition, counters that wrap.
constexpr bool needs_integer(AtomicOp op) {
  return op == AtomicOp::And || op == AtomicOp::Or || op == AtomicOp::Xor ||
         op >= AtomicOp::CompareExchange;
}
constexpr int value_count(AtomicOp op) {
  return op == AtomicOp::CompareExchange ? 2 : 1;
}

}  // namespace cudapy::ir
