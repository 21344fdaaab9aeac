// Lowering of what the lanes of a warp do together:
//
//     shfl_down(v, d)     shfl_down(v, d, 32)
//     lane_id()           lane_id(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y *
//                         threadIdx.z))
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

namespace {

using ir::ThreadIndex;

ir::ExprPtr thread_index(ThreadIndex which, Span span) {
  ir::ExprPtr result = make_expr(ir::ExprKind::ThreadIndex, span);
  result->thread_index = which;
  return result;
}

// The thread's number in its block.
ir::ExprPtr number_in_block(Span span) {
  const auto with_rows = [&](ThreadIndex at, ThreadIndex size, ir::ExprPtr rows) {
    ir::ExprPtr before =
        make_binary(ir::BinaryOp::Multiply, span, thread_index(size, span), std::move(rows));
    return make_binary(ir::BinaryOp::Add, span, thread_index(at, span), std::move(before));
  };
  return with_rows(ThreadIndex::ThreadIdxX, ThreadIndex::BlockDimX,
                   with_rows(ThreadIndex::ThreadIdxY, ThreadIndex::BlockDimY,
                             thread_index(ThreadIndex::ThreadIdxZ, span)));
}

bool is_segment(const ir::Expr& width) {
  const ir::ConstantValue& value = width.constant;
  return width.kind == ir::ExprKind::Constant && value.kind == ir::ConstantValue::Kind::Integer &&
         value.integer >= 1 && value.integer <= ir::kWarpSize &&
         (value.integer & (value.integer - 1)) == 0;
}

}  // namespace

ir::ExprPtr FunctionLowering::call_warp_operation(const syntax::Expr& expr,
                                                  ir::Intrinsic intrinsic) {
  const ir::IntrinsicInfo& info = ir::info(intrinsic);
  auto arguments = positional(expr, info.least, info.most);
  if (!arguments) return make_integer(0, expr.span);
  ir::ExprPtr result = make_expr(ir::ExprKind::Intrinsic, expr.span);
  result->intrinsic = intrinsic;
  result->operands = std::move(*arguments);
  if (ir::is_shuffle(intrinsic)) {
    if (result->operands.size() == 2)
      result->operands.push_back(make_integer(ir::kWarpSize, expr.span));
    if (!is_segment(*result->operands[2])) {
      return error("warp-width", result->operands[2]->span,
                   "a warp is cut into segments of 1, 2, 4, 8, 16 or 32 lanes, which are known "
                   "when the kernel is compiled",
                   "write one of these numbers, or a name from outside the kernel that stands for "
                   "one");
    }
  } else if (intrinsic == ir::Intrinsic::LaneId || intrinsic == ir::Intrinsic::WarpId) {
    result->operands.push_back(number_in_block(expr.span));
  }
  return result;
}

}  // namespace cudapy::frontend
