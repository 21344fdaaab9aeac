// Checks of indices, divisors and the counts of shifts. What is right costs scalar comparisons
// beside the vector code, or, for gathers, one of vectors; what is wrong leaves the kernel:
//
//     br (first < length and last < length), access, look_closer
//   look_closer:                                   only where a progression touches an end of its
//   array
//     br any(mask and not (index < length)), fault, access
//   fault:
//     call cudapy_record_fault(record, site, index, length, idx, idy, idz)
//     ret
// A GPU's thread has one index to look at, and ends at a fault in a way of its own (FaultEnd).
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;

namespace {

FunctionCallee fault_recorder(Module& module, IRBuilderBase& builder) {
  Type* i64 = builder.getInt64Ty();
  FunctionCallee callee =
      module.getOrInsertFunction("cudapy_record_fault", builder.getVoidTy(), builder.getPtrTy(),
                                 builder.getInt32Ty(), i64, i64, i64, i64, i64);
  auto* function = cast<Function>(callee.getCallee());
  function->addFnAttr(Attribute::Cold);
  function->setDoesNotThrow();
  return callee;
}

FunctionCallee raise_recorder(Module& module, IRBuilderBase& builder) {
  Type* i64 = builder.getInt64Ty();
  Type* i32 = builder.getInt32Ty();
  Type* pointer = builder.getPtrTy();
  FunctionCallee callee = module.getOrInsertFunction("cudapy_record_raise", builder.getVoidTy(),
                                                     pointer, i32, pointer, i32, i64, i64, i64);
  auto* function = cast<Function>(callee.getCallee());
  function->addFnAttr(Attribute::Cold);
  function->setDoesNotThrow();
  return callee;
}

}  // namespace

// Goes on in a new block if `fine`, else in the block returned, which is cold.
BasicBlock* BodyEmitter::branch_unless(Value* fine) {
  BasicBlock* go_on = new_block("checked");
  BasicBlock* otherwise = new_block("suspect");
  builder_.CreateCondBr(fine, go_on, otherwise,
                        MDBuilder(builder_.getContext()).createBranchWeights(1U << 20U, 1));
  start_block(go_on);
  return otherwise;
}

// In a block of its own; the builder comes back to where it was. `lane` (i64) null: the first lane
// that is on.
void BodyEmitter::emit_fault(BasicBlock* block, int32_t site, const Fault& fault) {
  IRBuilderBase::InsertPointGuard guard(builder_);
  if (block) start_block(block);
  Value* lane = fault.lane;
  if (!lane) lane = state_.mask ? first_lane(state_.mask) : builder_.getInt64(0);
  auto wide = [&](Value* value) {
    return builder_.CreateSExtOrTrunc(value, builder_.getInt64Ty());
  };
  const auto of_lane = [&](Value* value) {
    return wide(value->getType()->isVectorTy() ? builder_.CreateExtractElement(value, lane)
                                               : value);
  };
  Value* x = of_lane(position_.idx);
  if (!position_.idx->getType()->isVectorTy()) x = builder_.CreateAdd(x, lane);
  x = own_thread(x, 0);
  Value* number = builder_.getInt32(static_cast<uint32_t>(site));
  Value* at = fault.index ? wide(fault.index) : builder_.getInt64(0);
  Value* length = fault.length ? fault.length : builder_.getInt64(0);
  if (fault_end_) {
    fault_end_(number, at, length, x);
    return;
  }
  Module& module = *builder_.GetInsertBlock()->getModule();
  Value* y = own_thread(of_lane(position_.idy), 1);
  Value* z = own_thread(of_lane(position_.idz), 2);
  if (fault.values) {
    builder_.CreateCall(
        raise_recorder(module, builder_),
        {fault_record_, number, fault.values, builder_.getInt32(fault.value_count), x, y, z});
  } else {
    builder_.CreateCall(fault_recorder(module, builder_),
                        {fault_record_, number, at, length, x, y, z});
  }
  builder_.CreateBr(fault_exit_);
}

Value* BodyEmitter::own_thread(Value* index, size_t axis) {
  return position_.ahead[axis] ? builder_.CreateSub(index, position_.ahead[axis]) : index;
}

// The number, i64, of the lowest lane of a mask that has one.
Value* BodyEmitter::first_lane(Value* mask) {
  Value* bits =
      builder_.CreateBitCast(mask, builder_.getIntNTy(static_cast<unsigned>(options_.gang_width)));
  Value* zeros = builder_.CreateBinaryIntrinsic(Intrinsic::cttz, bits, builder_.getTrue());
  return builder_.CreateZExtOrTrunc(zeros, builder_.getInt64Ty());
}

// Something that all threads share and that tells at run time that an index needs no check: of a
// row access, that rows fit; of an index of few values, that the array holds them all. Null: there
// is nothing.
Value* BodyEmitter::fits_at_run_time(int32_t site, uint8_t row_axes, size_t axis, Value* length) {
  if (rows_fit_ != nullptr && (row_axes >> axis & 1U) != 0) return rows_fit_;
  const int64_t greatest = kernel_.fault_sites[static_cast<size_t>(site) + axis].greatest;
  if (greatest < 0 || target_.is_gpu) return nullptr;
  return builder_.CreateICmpSGT(length, builder_.getInt64(static_cast<uint64_t>(greatest)));
}

// A branch around the checks of an index where this tells that they are not needed; the block
// behind the checks, for go_on_at.
BasicBlock* BodyEmitter::skip_where(Value* fits) {
  if (fits == nullptr) return nullptr;
  BasicBlock* check = new_block("check");
  BasicBlock* known = new_block("known");
  builder_.CreateCondBr(fits, known, check,
                        MDBuilder(builder_.getContext()).createBranchWeights(1U << 20U, 1));
  start_block(check);
  return known;
}

void BodyEmitter::go_on_at(BasicBlock* block) {
  if (block == nullptr) return;
  builder_.CreateBr(block);
  start_block(block);
}

void BodyEmitter::check_index(Value* length, const ir::Expr& index_expr, const Lanes& index,
                              int32_t site) {
  if (kernel_.fault_sites[static_cast<size_t>(site)].is_proved) return;
  ir::Scalar type = index_expr.type.scalar;
  if (target_.is_gpu && scalar_code()) return check_thread(index.value, type, length, site);
  Value* first = emit_cast(builder_, index.value, type, ir::Scalar::I64);
  if (index.shape == Shape::Uniform) {
    BasicBlock* suspect = branch_unless(builder_.CreateICmpULT(first, length));
    if (!state_.mask) return emit_fault(suspect, site, {nullptr, first, length});
    // Beside an index that varies, this code may run with every lane off.
    BasicBlock* go_on = builder_.GetInsertBlock();
    BasicBlock* fault = new_block("fault");
    start_block(suspect);
    builder_.CreateCondBr(any(state_.mask), fault, go_on);
    emit_fault(fault, site, {nullptr, first, length});
    return start_block(go_on);
  }
  if (index.shape == Shape::Varying) return check_lanes(index.value, type, length, site);

  int64_t span = int64_t{index.stride} * (options_.gang_width - 1);
  Value* last = builder_.CreateAdd(first, builder_.getInt64(static_cast<uint64_t>(span)));
  Value* inside = builder_.CreateAnd(builder_.CreateICmpULT(first, length),
                                     builder_.CreateICmpULT(last, length));
  BasicBlock* suspect = branch_unless(inside);
  BasicBlock* go_on = builder_.GetInsertBlock();
  start_block(suspect);
  check_lanes(to_vector(index), type, length, site);
  builder_.CreateBr(go_on);
  start_block(go_on);
}

// In 32 bits where that is what index and length have.
void BodyEmitter::check_thread(Value* index, ir::Scalar type, Value* length, int32_t site) {
  const bool fits = type == ir::Scalar::I32 || ir::size_of(type) < 4;
  if (fits && (!kernel_.wide_index || isa<ConstantInt>(length))) {
    index = emit_cast(builder_, index, type, ir::Scalar::I32);
    Value* limit = builder_.CreateTrunc(length, builder_.getInt32Ty(), "", true, true);
    BasicBlock* suspect = branch_unless(builder_.CreateICmpULT(index, limit));
    return emit_fault(suspect, site, {nullptr, index, length});
  }
  index = emit_cast(builder_, index, type, ir::Scalar::I64);
  BasicBlock* suspect = branch_unless(builder_.CreateICmpULT(index, length));
  emit_fault(suspect, site, {nullptr, index, length});
}

// An index of a slice, whose length may differ from lane to lane.
Lanes BodyEmitter::emit_bound(const ir::Expr& expr) {
  const ir::Expr& index_expr = *expr.operands[0];
  const ir::Expr& length_expr = *expr.operands[1];
  ir::Scalar type = index_expr.type.scalar;
  Lanes index = emit(index_expr);
  if (expr.fault_site >= 0) {
    Lanes length = emit(length_expr);
    length.value = emit_cast(builder_, length.value, length_expr.type.scalar, ir::Scalar::I64);
    if (length.shape == Shape::Uniform) {
      check_index(length.value, index_expr, index, expr.fault_site);
    } else {
      check_each(emit_cast(builder_, to_vector(index), type, ir::Scalar::I64), to_vector(length),
                 expr.fault_site);
    }
  }
  // A progression is one in the type of the index; what is wider has been found to be inside.
  Lanes result =
      shape_of(expr) == Shape::Varying ? Lanes{to_vector(index), Shape::Varying, 0} : index;
  result.value = emit_cast(builder_, result.value, type, expr.type.scalar);
  return result;
}

// Each lane's own index against a length of its own; both are i64s.
void BodyEmitter::check_each(Value* indices, Value* lengths, int32_t site) {
  Value* wrong = mask_and(state_.mask, builder_.CreateICmpUGE(indices, lengths));
  BasicBlock* fault = branch_unless(builder_.CreateNot(any(wrong)));
  BasicBlock* go_on = builder_.GetInsertBlock();
  start_block(fault);
  Value* lane = first_lane(wrong);
  emit_fault(nullptr, site,
             {lane, builder_.CreateExtractElement(indices, lane),
              builder_.CreateExtractElement(lengths, lane)});
  start_block(go_on);
}

// Each lane's own index. Signed ones are compared as unsigned, which refuses the negative ones as
// well.
void BodyEmitter::check_lanes(Value* indices, ir::Scalar type, Value* length, int32_t site) {
  bool narrow = ir::size_of(type) < 4 || type == ir::Scalar::I32;
  Value* limit = length;
  if (narrow) {
    indices = emit_cast(builder_, indices, type, ir::Scalar::I32);
    limit = builder_.CreateBinaryIntrinsic(Intrinsic::umin, length,
                                           builder_.getInt64(uint64_t{1} << 31U));
    limit = builder_.CreateTrunc(limit, builder_.getInt32Ty());
  } else {
    indices = emit_cast(builder_, indices, type, ir::Scalar::I64);
  }
  Value* outside = builder_.CreateICmpUGE(indices, broadcast(limit));
  Value* wrong = mask_and(state_.mask, outside);
  BasicBlock* fault = branch_unless(builder_.CreateNot(any(wrong)));
  BasicBlock* go_on = builder_.GetInsertBlock();
  start_block(fault);
  Value* lane = first_lane(wrong);
  Value* index =
      builder_.CreateSExt(builder_.CreateExtractElement(indices, lane), builder_.getInt64Ty());
  emit_fault(nullptr, site, {lane, index, length});
  start_block(go_on);
}

// Whoever comes here with a lane on has met the fault.
void BodyEmitter::emit_raise(const ir::Stmt& stmt) {
  Value* nobody = state_.mask ? builder_.CreateNot(any(state_.mask)) : builder_.getFalse();
  BasicBlock* fault = branch_unless(nobody);
  BasicBlock* go_on = builder_.GetInsertBlock();
  start_block(fault);
  Fault raised;
  if (!stmt.operands.empty()) {
    raised.lane = state_.mask ? first_lane(state_.mask) : builder_.getInt64(0);
    raised.values = emit_values_of_lane(stmt.operands, raised.lane);
    raised.value_count = static_cast<uint32_t>(stmt.operands.size());
  }
  emit_fault(nullptr, stmt.fault_site, raised);
  start_block(go_on);
}

// The values of a message in one lane, in memory.
Value* BodyEmitter::emit_values_of_lane(const std::vector<ir::ExprPtr>& operands, Value* lane) {
  Type* i64 = builder_.getInt64Ty();
  Value* values = fault_values_;
  if (!values) values = entry_slot(ArrayType::get(i64, operands.size()));
  for (size_t i = 0; i < operands.size(); ++i) {
    const Lanes lanes = emit(*operands[i]);
    const bool is_one = scalar_code() || lanes.shape == Shape::Uniform;
    Value* value = is_one ? lanes.value : builder_.CreateExtractElement(to_vector(lanes), lane);
    builder_.CreateAlignedStore(bits_of(builder_, value, operands[i]->type.scalar),
                                builder_.CreateConstGEP1_64(i64, values, i), Align(8));
  }
  return values;
}

// A divisor of zero; a negative count of a shift.
void BodyEmitter::check_operand(ir::BinaryOp op, Value* second, int32_t site) {
  Value* zero = Constant::getNullValue(second->getType());
  bool divides = op == ir::BinaryOp::FloorDivide || op == ir::BinaryOp::Modulo;
  Value* wrong =
      divides ? builder_.CreateICmpEQ(second, zero) : builder_.CreateICmpSLT(second, zero);
  bool varying = second->getType()->isVectorTy();
  if (varying) wrong = mask_and(state_.mask, wrong);
  BasicBlock* fault = branch_unless(builder_.CreateNot(any(wrong)));
  BasicBlock* go_on = builder_.GetInsertBlock();
  start_block(fault);
  emit_fault(nullptr, site, {varying ? first_lane(wrong) : nullptr, nullptr, nullptr});
  start_block(go_on);
}

}  // namespace cudapy::codegen::cpu
