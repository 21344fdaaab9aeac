// Warps of a GPU have instructions for what their lanes do together; each names the lanes that take
// part. Those are found out first:
//
//     bar.warp.sync 0xffffffff;      where all lanes come together, which may have drifted apart
//     activemask.b32 %mask;          without those that have left
//
// A shuffle from a lane that does not take part is undefined, so its result is chosen only if that
// lane's bit is in the mask. Where the source is outside of the segment the instructions give the
// lane's own value; a distance of 32 and more, of which they read five bits, is looked at here.
#include "codegen/nvptx/warps.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IntrinsicsNVPTX.h>

namespace cudapy::codegen::nvptx {

using namespace llvm;
using WarpOp = ir::Intrinsic;

namespace {

constexpr uint32_t kAllLanes = 0xFFFFFFFF;
constexpr uint32_t kLastLane = ir::kWarpSize - 1;

class WarpEmitter {
 public:
  WarpEmitter(IRBuilderBase& builder, const WarpCall& call) : builder_(builder), call_(call) {}

  Value* run() {
    Value* lanes = lanes_together();
    switch (call_.op) {
      case WarpOp::ActiveMask:
        return lanes;
      case WarpOp::SyncWarp:
        if (call_.is_divergent) emit(Intrinsic::nvvm_bar_warp_sync, {lanes});
        return nullptr;
      case WarpOp::Ballot:
        return emit(Intrinsic::nvvm_vote_ballot_sync, {lanes, call_.operands[0]});
      case WarpOp::Any:
        return emit(Intrinsic::nvvm_vote_any_sync, {lanes, call_.operands[0]});
      case WarpOp::All:
        return emit(Intrinsic::nvvm_vote_all_sync, {lanes, call_.operands[0]});
      case WarpOp::MatchAny:
        return match(lanes);
      default:
        return shuffle(lanes);
    }
  }

 private:
  Value* number(uint32_t value) { return builder_.getInt32(value); }

  Value* emit(Intrinsic::ID which, ArrayRef<Value*> operands) {
    return builder_.CreateIntrinsic(which, ArrayRef<Type*>(), operands);
  }

  Value* lanes_together() {
    if (!call_.is_divergent) emit(Intrinsic::nvvm_bar_warp_sync, {number(kAllLanes)});
    return emit(Intrinsic::nvvm_activemask, {});
  }

  // As an integer of 32 or 64 bits.
  Value* bits_of(Value* value) {
    const unsigned size = value->getType()->getScalarSizeInBits();
    if (value->getType()->isFloatingPointTy())
      value = builder_.CreateBitCast(value, builder_.getIntNTy(size));
    return size < 32 ? builder_.CreateZExt(value, builder_.getInt32Ty()) : value;
  }

  Value* match(Value* lanes) {
    Value* bits = bits_of(call_.operands[0]);
    const bool is_wide = bits->getType()->isIntegerTy(64);
    return emit(is_wide ? Intrinsic::nvvm_match_any_sync_i64 : Intrinsic::nvvm_match_any_sync_i32,
                {lanes, bits});
  }

  Value* shuffle(Value* lanes) {
    Value* own = call_.operands[0];
    Value* bits = bits_of(own);
    Value* moved = nullptr;
    if (bits->getType()->isIntegerTy(64)) {
      Type* half = builder_.getInt32Ty();
      Value* low = shuffle_word(lanes, builder_.CreateTrunc(bits, half));
      Value* high = shuffle_word(lanes, builder_.CreateTrunc(builder_.CreateLShr(bits, 32), half));
      Type* whole = bits->getType();
      moved = builder_.CreateOr(builder_.CreateShl(builder_.CreateZExt(high, whole), 32),
                                builder_.CreateZExt(low, whole));
    } else {
      moved = shuffle_word(lanes, bits);
    }
    moved = own->getType()->isFloatingPointTy() ? builder_.CreateBitCast(moved, own->getType())
                                                : builder_.CreateTrunc(moved, own->getType());
    return builder_.CreateSelect(is_there(lanes), moved, own);
  }

  uint32_t width() const {
    return static_cast<uint32_t>(cast<ConstantInt>(call_.operands[2])->getZExtValue());
  }

  Value* shuffle_word(Value* lanes, Value* word) {
    const bool is_up = call_.op == WarpOp::ShflUp;
    const Intrinsic::ID which = is_up                          ? Intrinsic::nvvm_shfl_sync_up_i32
                                : call_.op == WarpOp::ShflDown ? Intrinsic::nvvm_shfl_sync_down_i32
                                : call_.op == WarpOp::ShflXor  ? Intrinsic::nvvm_shfl_sync_bfly_i32
                                                               : Intrinsic::nvvm_shfl_sync_idx_i32;
    // The bits of a lane's number that name its segment, and where the source stops.
    const uint32_t segment = (ir::kWarpSize - width()) << 8U;
    return emit(which, {lanes, word, call_.operands[1], number(segment | (is_up ? 0 : kLastLane))});
  }

  // Whether the source takes part. One outside of the segment may as well: the instruction gave the
  // lane's own value.
  Value* is_there(Value* lanes) {
    Value* self = builder_.CreateIntrinsic(Intrinsic::nvvm_read_ptx_sreg_laneid, {});
    Value* lane = call_.operands[1];
    Value* source = nullptr;
    switch (call_.op) {
      case WarpOp::ShflUp:
        source = builder_.CreateSub(self, lane);
        break;
      case WarpOp::ShflDown:
        source = builder_.CreateAdd(self, lane);
        break;
      case WarpOp::ShflXor:
        source = builder_.CreateXor(self, lane);
        break;
      default:
        source = builder_.CreateOr(builder_.CreateAnd(lane, number(width() - 1)),
                                   builder_.CreateAnd(self, number(~(width() - 1))));
        break;
    }
    source = builder_.CreateAnd(source, number(kLastLane));
    Value* bit = builder_.CreateAnd(builder_.CreateLShr(lanes, source), number(1));
    Value* takes_part = builder_.CreateICmpNE(bit, number(0));
    if (call_.op == WarpOp::Shfl) return takes_part;
    return builder_.CreateAnd(takes_part, builder_.CreateICmpULT(lane, number(ir::kWarpSize)));
  }

  IRBuilderBase& builder_;
  const WarpCall& call_;
};

}  // namespace

Value* emit_warp_operation(IRBuilderBase& builder, const WarpCall& call) {
  return WarpEmitter(builder, call).run();
}

}  // namespace cudapy::codegen::nvptx
