// CUDA's device functions that are no math functions: bits, random numbers, fences, the clock, what
// the lanes of a warp do together; and the operations of `atomic`. One catalogue for all stages.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/type.h"

namespace cudapy::ir {

enum class Intrinsic : uint8_t {
  // both trees. Integers of less than 32 bits are widened first.
  Popc,
  Clz,
  Ffs,       // int32; clz(0) is the width, ffs(0) is 0
  Brev,      // the operand's type
  BytePerm,  // uint32, three times; uint32
  MulHigh,   // both of the result's type: the upper half of the product
  // The bits of a number as another type of its size: `x.view(T)`. Untyped: x, and a zero of the
  // type wanted. Typed: x. The others say by their names what is converted to what is viewed as
  // what, and are in the untyped tree only.
  View,
  FloatAsInt,
  FloatAsUint,
  IntAsFloat,
  UintAsFloat,
  DoubleAsLonglong,
  LonglongAsDouble,
  Clock,  // no operands; int64
  Fence,
  FenceBlock,
  FenceSystem,  // no operands; void
  // Warps: 32 threads of a block whose numbers, x fastest, follow each other. Only lanes that come
  // to an operation together take part in it; what a lane that does not would have given is the
  // reader's own value.
  Shfl,      // the value, a lane of the segment, the segments' length; typed: the result's type,
  ShflUp,    // int32, and a constant power of two up to 32
  ShflDown,  // the value, a distance, the length
  ShflXor,   // the value, the bits in which the lanes' numbers differ, the length
  Ballot,    // a bool; uint32: bit i is lane i's
  Any,
  All,         // a bool; bool
  MatchAny,    // a number or bool; uint32: the lanes that have it, bit for bit
  ActiveMask,  // no operands; uint32
  SyncWarp,    // no operands; void
  LaneId,      // the thread's number in its block, int32; int32
  WarpId,
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

constexpr bool is_view(Intrinsic intrinsic) {
  return intrinsic >= Intrinsic::View && intrinsic <= Intrinsic::LonglongAsDouble;
}
// Of a view that has a name: from what, to what.
struct ViewTypes {
  Scalar from;
  Scalar to;
};
ViewTypes view_types(Intrinsic intrinsic);

// What lanes of a warp do together; neither lane_id nor warp_id.
constexpr bool is_warp_operation(Intrinsic intrinsic) {
  return intrinsic >= Intrinsic::Shfl && intrinsic <= Intrinsic::SyncWarp;
}
// Has a form that is told by a mask which lanes take part: shfl_sync, ...
constexpr bool takes_mask(Intrinsic intrinsic) {
  return intrinsic >= Intrinsic::Shfl && intrinsic <= Intrinsic::MatchAny;
}
constexpr bool is_shuffle(Intrinsic intrinsic) {
  return intrinsic >= Intrinsic::Shfl && intrinsic <= Intrinsic::ShflXor;
}
constexpr int kWarpSize = 32;

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
