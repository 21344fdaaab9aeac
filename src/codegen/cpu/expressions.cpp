// Expressions: each in the cheapest form that its shape allows.
#include <llvm/IR/Constants.h>

#include "codegen/common/arithmetic.h"
#include "codegen/common/intrinsics.h"
#include "codegen/cpu/body_emitter.h"
#include "codegen/cpu/speculation.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::ExprKind;
using ir::Shape;

Lanes BodyEmitter::emit(const ir::Expr& expr) {
  Shape shape = shape_of(expr);
  switch (expr.kind) {
    case ExprKind::Constant:
      return {emit_constant(builder_.getContext(), expr.type.scalar, expr.constant)};
    case ExprKind::Local:
      return emit_local(expr);
    case ExprKind::ThreadIndex:
      return {emit_thread_index(expr), shape, expr.stride};
    case ExprKind::And:
    case ExprKind::Or:
      return emit_logical(expr);
    case ExprKind::Select:
      return emit_select(expr);
    case ExprKind::Sequence:
      return emit_sequence(expr);
    case ExprKind::Load:
      return emit_load(expr);
    case ExprKind::Len:
      return {emit_length(expr)};
    case ExprKind::Stride:
      return {emit_stride(expr)};
    case ExprKind::Bound:
      return emit_bound(expr);
    case ExprKind::Intrinsic:
      return emit_device_function(expr);
    case ExprKind::Atomic:
      return emit_atomic(expr, /*is_used=*/true);
    case ExprKind::Call:
      return emit_call(expr);
    case ExprKind::Argument:
      return {arguments_[static_cast<size_t>(expr.field)], shape, 0};
    default:
      break;
  }
  if (wraps_progression(expr)) return emit_wrapped_progression(expr);
  SmallVector<Value*, 4> operands;
  for (const ir::ExprPtr& operand : expr.operands) operands.push_back(emit_as(*operand, shape));
  return {emit_operation(expr, operands), shape, expr.stride};
}

// An operand of a varying operation is a vector; of a linear one, lane 0's value.
Value* BodyEmitter::emit_as(const ir::Expr& expr, Shape shape) {
  return shape == Shape::Varying ? emit_vector(expr) : emit_scalar(expr);
}

Lanes BodyEmitter::emit_local(const ir::Expr& expr) {
  Value* value = state_.variables[index(expr.local)].current();
  if (!value) value = PoisonValue::get(local_type(expr.local));
  return {value, shape_of(expr.local), kernel_.locals[index(expr.local)].stride};
}

Value* BodyEmitter::emit_thread_index(const ir::Expr& expr) {
  switch (expr.thread_index) {
    case ir::ThreadIndex::Idx:
      return position_.idx;
    case ir::ThreadIndex::Idy:
      return position_.idy;
    case ir::ThreadIndex::Idz:
      return position_.idz;
    default:
      break;
  }
  auto first = static_cast<size_t>(ir::ThreadIndex::ThreadIdxX);
  return position_.block_values[static_cast<size_t>(expr.thread_index) - first];
}

MathOptions BodyEmitter::math_options(Shape shape) {
  return {options_.fastmath, target_.has_fma, shape == Shape::Varying ? state_.mask : nullptr,
          target_.native_vector_bits};
}

Value* BodyEmitter::emit_operation(const ir::Expr& expr, ArrayRef<Value*> operands) {
  ir::Scalar operand_type = expr.operands[0]->type.scalar;
  switch (expr.kind) {
    case ExprKind::Unary:
      return emit_unary(builder_, expr.unary_op, operand_type, operands[0]);
    case ExprKind::Binary:
      if (expr.fault_site >= 0) check_operand(expr.binary_op, operands[1], expr.fault_site);
      return emit_binary(builder_, expr.binary_op, operand_type, operands[0], operands[1],
                         math_options(shape_of(expr)));
    case ExprKind::Compare:
      return emit_compare(builder_, expr.compare_op, operand_type, operands[0], operands[1]);
    case ExprKind::Cast:
      return emit_cast(builder_, operands[0], operand_type, expr.type.scalar);
    case ExprKind::Math:
      return emit_math(builder_, expr.math, operands, math_options(shape_of(expr)));
    default:
      llvm_unreachable("not an expression of a typed, inlined tree");
  }
}

Lanes BodyEmitter::emit_device_function(const ir::Expr& expr) {
  if (ir::is_warp_operation(expr.intrinsic)) return emit_warp_operation(expr);
  if (expr.intrinsic == ir::Intrinsic::LaneId || expr.intrinsic == ir::Intrinsic::WarpId)
    return emit_warp_place(expr);
  SmallVector<Value*, 4> operands;
  for (const ir::ExprPtr& operand : expr.operands)
    operands.push_back(emit_as(*operand, shape_of(expr)));
  if (ir::is_view(expr.intrinsic)) {
    Type* scalar = type_of(expr.type.scalar);
    Type* type = operands[0]->getType()->getWithNewType(scalar);
    return {builder_.CreateBitCast(operands[0], type), shape_of(expr), 0};
  }
  const bool is_signed = ir::is_signed(expr.type.scalar);
  return {emit_intrinsic(builder_, expr.intrinsic, operands, is_signed), shape_of(expr), 0};
}

Value* BodyEmitter::emit_length(const ir::Expr& expr) {
  Value* length = array_of(*expr.operands[0]).shape[static_cast<size_t>(expr.axis)];
  if (expr.type.scalar == ir::Scalar::I64) return length;
  return builder_.CreateTrunc(length, builder_.getInt32Ty(), "", /*IsNUW=*/true, /*IsNSW=*/true);
}

// Along a dimension that has no second element it is that of rows that follow each other:
//     strides[axis] if shape[axis] > 1 else shape[axis + 1] * shape[axis + 2] * ...
Value* BodyEmitter::emit_stride(const ir::Expr& expr) {
  const auto& array = array_of(*expr.operands[0]);
  const auto axis = static_cast<size_t>(expr.axis);
  Value* stride = builder_.getInt64(1);
  for (size_t i = axis + 1; i < array.shape.size(); ++i)
    stride = builder_.CreateMul(stride, array.shape[i]);
  if (axis >= array.strides.size()) return stride;
  Value* has_second = builder_.CreateICmpSGT(array.shape[axis], builder_.getInt64(1));
  return builder_.CreateSelect(has_second, array.strides[axis], stride);
}

Lanes BodyEmitter::emit_logical(const ir::Expr& expr) {
  Shape shape = shape_of(expr);
  Value* first = emit_as(*expr.operands[0], shape);
  bool is_and = expr.kind == ExprKind::And;
  Value* wanted = is_and ? first : builder_.CreateNot(first);
  Value* second = emit_lazily(*expr.operands[1], shape, wanted);
  return {is_and ? builder_.CreateAnd(first, second) : builder_.CreateOr(first, second), shape, 0};
}

Lanes BodyEmitter::emit_select(const ir::Expr& expr) {
  Shape shape = shape_of(expr);
  Value* condition = emit_as(*expr.operands[0], shape_of(*expr.operands[0]));
  Value* if_true = emit_lazily(*expr.operands[1], shape, condition);
  Value* if_false = emit_lazily(*expr.operands[2], shape, builder_.CreateNot(condition));
  return {builder_.CreateSelect(condition, if_true, if_false), shape, expr.stride};
}

// Where it is cheap the expression runs for all lanes, loads under the mask; otherwise
//     br any(wanted), evaluate, skip
//   evaluate: ...
//   skip: phi [value, evaluate], [0, before]
Value* BodyEmitter::emit_lazily(const ir::Expr& expr, Shape shape, Value* wanted) {
  Speculation speculation = speculation_of(kernel_, expr);
  bool varying = wanted->getType()->isVectorTy();
  LaneState before = state_;
  if (varying) state_.mask = mask_and(state_.mask, wanted);
  bool run_for_all = varying ? speculation.worth_running_unasked()
                             : speculation.worth_running_unasked() && !speculation.has_load;
  if (run_for_all) {
    Value* value = emit_as(expr, shape);
    state_ = std::move(before);
    return value;
  }
  BasicBlock* start = builder_.GetInsertBlock();
  Value* condition = varying ? any(state_.mask) : wanted;
  BasicBlock* evaluate = new_block("evaluate");
  BasicBlock* skip = new_block("evaluated");
  builder_.CreateCondBr(condition, evaluate, skip);
  start_block(evaluate);
  Value* value = emit_as(expr, shape);
  BasicBlock* end = builder_.GetInsertBlock();
  builder_.CreateBr(skip);
  start_block(skip);
  PHINode* phi = builder_.CreatePHI(value->getType(), 2);
  phi->addIncoming(value, end);
  phi->addIncoming(Constant::getNullValue(value->getType()), start);
  state_ = std::move(
      before);  // what it assigned is dead: temporaries, and an inlined function's variables
  return phi;
}

Lanes BodyEmitter::emit_sequence(const ir::Expr& expr) {
  if (!expr.is_frame) {
    emit_block(expr.body);
    return expr.operands.empty() ? Lanes{} : emit(*expr.operands[0]);
  }
  LaneState entry = state_;
  std::vector<ir::LocalId> results = expr.results;
  if (expr.local != ir::kNoLocal) results.push_back(expr.local);
  for (ir::LocalId result : results) state_.variables[index(result)].chain.clear();
  frames_.push_back({.results = std::move(results),
                     .divergent = expr.divergent_return && !scalar_code(),
                     .parked = state_.parked.size()});
  state_.parked.push_back(nullptr);
  emit_block(expr.body);
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  end_frame(std::move(frame), entry);
  if (expr.local == ir::kNoLocal) return {};
  Value* result = state_.variables[index(expr.local)].current();
  if (!result) result = PoisonValue::get(local_type(expr.local));
  return {result, shape_of(expr.local), kernel_.locals[index(expr.local)].stride};
}

Value* BodyEmitter::emit_launch_constant(const ir::Expr& expr) {
  return emit_row_constant(expr, {});
}

Value* BodyEmitter::emit_row_constant(const ir::Expr& expr, const ThreadPosition& row) {
  position_ = row;
  state_ = {};
  state_.variables.resize(kernel_.locals.size());
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i]) state_.variables[i].set(parameters_[i]);
  }
  return emit_scalar(expr);
}

}  // namespace cudapy::codegen::cpu
