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
  if (intrinsic != ir::Intrinsic::SyncWarp || arguments->empty())
    return warp_operation(intrinsic, std::move(*arguments), expr.span);
  ir::ExprPtr mask = std::move((*arguments)[0]);
  return behind_mask(std::move(mask), warp_operation(intrinsic, {}, expr.span));
}

ir::ExprPtr FunctionLowering::warp_operation(ir::Intrinsic intrinsic,
                                             std::vector<ir::ExprPtr> operands, Span span) {
  ir::ExprPtr result = make_expr(ir::ExprKind::Intrinsic, span);
  result->intrinsic = intrinsic;
  result->operands = std::move(operands);
  if (ir::is_shuffle(intrinsic)) {
    if (result->operands.size() == 2) result->operands.push_back(make_integer(ir::kWarpSize, span));
    if (!is_segment(*result->operands[2])) {
      return error("warp-width", result->operands[2]->span,
                   "a warp is cut into segments of 1, 2, 4, 8, 16 or 32 lanes, which are known "
                   "when the kernel is compiled",
                   "write one of these numbers, or a name from outside the kernel that stands for "
                   "one");
    }
  } else if (intrinsic == ir::Intrinsic::LaneId || intrinsic == ir::Intrinsic::WarpId) {
    result->operands.push_back(number_in_block(span));
  }
  return result;
}

// Of the lanes that come together those take part whose bits are set:
//     ballot_sync(m, p)      ballot(p) & m
//     any_sync(m, p)         (ballot(p) & m) != 0
//     all_sync(m, p)         (ballot(not p) & m) == 0
//     match_any_sync(m, v)   match_any(v) & m
// A shuffle reads from lanes that have to be in its mask, so that it matters no more.
ir::ExprPtr FunctionLowering::call_masked(const syntax::Expr& expr, ir::Intrinsic intrinsic) {
  const ir::IntrinsicInfo& info = ir::info(intrinsic);
  auto arguments = positional(expr, size_t{1} + info.least, size_t{1} + info.most);
  if (!arguments) return make_integer(0, expr.span);
  const Span span = expr.span;
  const ir::LocalId mask = temporary("mask", span);
  function_.locals[static_cast<size_t>(mask)].declared = ir::Type::of(ir::Scalar::U32);
  ir::ExprPtr given = std::move((*arguments)[0]);
  arguments->erase(arguments->begin());
  ir::ExprPtr value;
  if (ir::is_shuffle(intrinsic)) {
    value = warp_operation(intrinsic, std::move(*arguments), span);
  } else {
    const bool is_all = intrinsic == ir::Intrinsic::All;
    const bool is_any = intrinsic == ir::Intrinsic::Any;
    if (is_all) {
      (*arguments)[0] = make_expr(ir::ExprKind::Unary, span, std::move((*arguments)[0]));
      (*arguments)[0]->unary_op = ir::UnaryOp::Not;
    }
    ir::ExprPtr lanes = warp_operation(is_all || is_any ? ir::Intrinsic::Ballot : intrinsic,
                                       std::move(*arguments), span);
    value = make_binary(ir::BinaryOp::BitAnd, span, std::move(lanes), make_local(mask, span));
    if (is_all || is_any) {
      value = make_expr(ir::ExprKind::Compare, span, std::move(value), make_integer(0, span));
      value->compare_op = is_all ? ir::CompareOp::Equal : ir::CompareOp::NotEqual;
    }
  }
  ir::ExprPtr result = behind_mask(std::move(given), std::move(value));
  result->body[0]->local = mask;
  return result;
}

// match_all(v): the lanes that came, if all of them give one value, else 0:
//     { %same = match_any(v); yield %same if %same == activemask() else 0 }
// With a mask both are cut to its bits.
ir::ExprPtr FunctionLowering::call_match_all(const syntax::Expr& expr, bool is_masked) {
  const Span span = expr.span;
  const size_t count = is_masked ? 2 : 1;
  auto arguments = positional(expr, count, count);
  if (!arguments) return make_integer(0, span);
  ir::ExprPtr result = make_expr(ir::ExprKind::Sequence, span);
  ir::ExprPtr value = std::move(arguments->back());
  arguments->pop_back();
  std::vector<ir::ExprPtr> operands;
  operands.push_back(std::move(value));
  ir::ExprPtr same = warp_operation(ir::Intrinsic::MatchAny, std::move(operands), span);
  ir::ExprPtr lanes = warp_operation(ir::Intrinsic::ActiveMask, {}, span);
  if (is_masked) {
    const ir::LocalId mask = mask_variable(std::move(arguments->front()), result->body);
    same = make_binary(ir::BinaryOp::BitAnd, span, std::move(same), make_local(mask, span));
    lanes = make_binary(ir::BinaryOp::BitAnd, span, std::move(lanes), make_local(mask, span));
  }
  const ir::LocalId kept = mask_variable(std::move(same), result->body);
  ir::ExprPtr all =
      make_expr(ir::ExprKind::Compare, span, make_local(kept, span), std::move(lanes));
  all->compare_op = ir::CompareOp::Equal;
  ir::ExprPtr chosen =
      make_expr(ir::ExprKind::Select, span, std::move(all), make_local(kept, span));
  chosen->operands.push_back(make_integer(0, span));
  result->operands.push_back(std::move(chosen));
  return result;
}

ir::LocalId FunctionLowering::mask_variable(ir::ExprPtr value, ir::Block& into) {
  auto keep = std::make_unique<ir::Stmt>();
  keep->kind = ir::StmtKind::Assign;
  keep->span = value->span;
  keep->local = temporary("mask", value->span);
  keep->value = std::move(value);
  const ir::LocalId mask = keep->local;
  function_.locals[static_cast<size_t>(mask)].declared = ir::Type::of(ir::Scalar::U32);
  into.push_back(std::move(keep));
  return mask;
}

// { %mask = mask; yield value }
ir::ExprPtr FunctionLowering::behind_mask(ir::ExprPtr mask, ir::ExprPtr value) {
  ir::ExprPtr result = make_expr(ir::ExprKind::Sequence, value->span);
  auto keep = std::make_unique<ir::Stmt>();
  keep->kind = ir::StmtKind::Assign;
  keep->span = mask->span;
  keep->local = temporary("mask", mask->span);
  keep->value = std::move(mask);
  result->body.push_back(std::move(keep));
  result->operands.push_back(std::move(value));
  return result;
}

}  // namespace cudapy::frontend
