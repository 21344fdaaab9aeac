// Philox 4x32-10. Each word sits in the lower half of a 64-bit lane, so that a round is two
// multiplications of 32 by 32 bits, two shifts and two three-way xors a vector, without a shuffle;
// what the upper half holds in between is of no interest:
//
//   p0 = (x0 & 2**32 - 1) * M0    x0 = p1 >> 32 ^ x1 ^ k0    x1 = p1
//   p1 = (x2 & 2**32 - 1) * M1    x2 = p0 >> 32 ^ x3 ^ k1    x3 = p0
#include "codegen/common/intrinsics.h"

namespace cudapy::codegen {

using namespace llvm;

Value* emit_philox(IRBuilderBase& builder, Value* key, Value* counter, Value* upper, int word) {
  constexpr int kRounds = 10;
  constexpr uint64_t kMultiply0 = 0xD2511F53;
  constexpr uint64_t kMultiply1 = 0xCD9E8D57;
  constexpr uint64_t kWeyl0 = 0x9E3779B9;
  constexpr uint64_t kWeyl1 = 0xBB67AE85;
  Type* type = counter->getType();
  const auto constant = [&](uint64_t value) { return ConstantInt::get(type, value); };
  const auto high = [&](Value* value) { return builder.CreateLShr(value, constant(32)); };
  const auto product = [&](Value* value, uint64_t factor) {
    return builder.CreateMul(builder.CreateAnd(value, constant(0xFFFFFFFF)), constant(factor));
  };
  Value* x[4] = {counter, high(counter), upper, high(upper)};
  Value* key_low = key;
  Value* key_high = high(key);
  for (int round = 0; round < kRounds; ++round) {
    if (round > 0) {
      key_low = builder.CreateAdd(key_low, constant(kWeyl0));
      key_high = builder.CreateAdd(key_high, constant(kWeyl1));
    }
    Value* first = product(x[0], kMultiply0);
    Value* second = product(x[2], kMultiply1);
    x[0] = builder.CreateXor(builder.CreateXor(high(second), x[1]), key_low);
    x[2] = builder.CreateXor(builder.CreateXor(high(first), x[3]), key_high);
    x[1] = second;
    x[3] = first;
  }
  return builder.CreateTrunc(x[word], type->getWithNewBitWidth(32));
}

}  // namespace cudapy::codegen
