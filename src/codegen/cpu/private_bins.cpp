#include "codegen/cpu/private_bins.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <algorithm>

#include "codegen/common/arithmetic.h"
#include "runtime/cpu/private_bins.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;

namespace {

constexpr int64_t kMostBytes = 65'536;  // of one array's copies: stays in the nearest caches
constexpr int64_t kThreadsPerBin = 4;   // at least: opening and closing costs two or three a bin

// Counts, for each parameter, whether it is mentioned other than as the target of such an addition.
class Search {
 public:
  explicit Search(const ir::Function& kernel)
      : kernel_(kernel), added_(count()), otherwise_(count()) {
    block(kernel.body);
  }

  std::vector<ir::LocalId> found() const {
    std::vector<ir::LocalId> bins;
    for (size_t i = 0; i < count(); ++i) {
      if (added_[i] && !otherwise_[i] && bins.size() < kMostPrivateBins)
        bins.push_back(static_cast<ir::LocalId>(i));
    }
    return bins;
  }

 private:
  size_t count() const { return static_cast<size_t>(kernel_.parameter_count); }

  void block(const ir::Block& statements) {
    for (const ir::StmtPtr& stmt : statements) {
      if (stmt->kind == ir::StmtKind::Evaluate && is_addition(*stmt->value)) {
        const ir::Expr& place = *stmt->value->operands[0];
        added_[static_cast<size_t>(place.operands[0]->local)] = true;
        expression(*place.operands[1]);
        expression(*stmt->value->operands[1]);
      } else if (stmt->value) {
        expression(*stmt->value);
      }
      for (const ir::ExprPtr& operand : stmt->operands) expression(*operand);
      block(stmt->body);
      block(stmt->else_body);
    }
  }

  void expression(const ir::Expr& expr) {
    if (expr.kind == ir::ExprKind::Len || expr.kind == ir::ExprKind::Stride) return;
    if (expr.kind == ir::ExprKind::Local && expr.local < kernel_.parameter_count)
      otherwise_[static_cast<size_t>(expr.local)] = true;
    for (const ir::ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
  }

  bool is_addition(const ir::Expr& expr) const {
    if (expr.kind != ir::ExprKind::Atomic || expr.operands.size() != 2) return false;
    if (expr.atomic_op != ir::AtomicOp::Add && expr.atomic_op != ir::AtomicOp::Sub) return false;
    const ir::Expr& array = *expr.operands[0]->operands[0];
    if (array.local >= kernel_.parameter_count) return false;
    const bool is_plain = array.type.rank == 1 && !array.type.strided && !array.type.aggregate;
    return is_plain && ir::is_integer(array.type.scalar) && ir::size_of(array.type.scalar) >= 4;
  }

  const ir::Function& kernel_;
  std::vector<bool> added_;
  std::vector<bool> otherwise_;
};

FunctionCallee runtime_function(IRBuilderBase& builder, const char* name, Type* result,
                                ArrayRef<Type*> parameters) {
  Module& module = *builder.GetInsertBlock()->getModule();
  FunctionCallee callee =
      module.getOrInsertFunction(name, FunctionType::get(result, parameters, false));
  cast<Function>(callee.getCallee())->setDoesNotThrow();
  return callee;
}

struct Extent {
  Value* begin;
  Value* end;
};

// The addresses that an array's elements lie between.
Extent extent_of(IRBuilderBase& builder, const ArrayValue& array, const ir::Type& type) {
  Type* i64 = builder.getInt64Ty();
  Value* zero = builder.getInt64(0);
  Value* one = builder.getInt64(1);
  Value* size = builder.getInt64(static_cast<uint64_t>(ir::item_size(type)));
  Value* begin = builder.CreatePtrToInt(array.data, i64);
  Value* end = builder.CreateAdd(begin, size);
  for (size_t axis = 0; axis < array.shape.size(); ++axis) {
    Value* stride = axis < array.strides.size() ? array.strides[axis] : one;
    Value* last = builder.CreateSub(array.shape[axis], one);
    Value* reach = builder.CreateMul(builder.CreateMul(stride, last), size);
    begin = builder.CreateAdd(begin, builder.CreateBinaryIntrinsic(Intrinsic::smin, reach, zero));
    end = builder.CreateAdd(end, builder.CreateBinaryIntrinsic(Intrinsic::smax, reach, zero));
  }
  return {begin, end};
}

}  // namespace

std::vector<ir::LocalId> find_private_bins(const ir::Function& kernel) {
  return Search(kernel).found();
}

//     br 0 < length <= most and threads >= length * few and no other array overlaps it, open,
//     opened
//   open:   memory' = cudapy_open_bins(bytes)
//   opened: memory = phi null, memory'
PrivateBins open_private_bins(IRBuilderBase& builder, const ir::Function& kernel, ir::LocalId array,
                              const std::vector<ArrayValue>& arrays, Value* threads) {
  const auto at = static_cast<size_t>(array);
  const ir::Scalar element = kernel.locals[at].type.scalar;
  Value* length = arrays[at].shape[0];
  const int64_t copy_bytes = int64_t{ir::size_of(element)} * runtime::kBinCopies;
  Value* most = builder.getInt64(static_cast<uint64_t>(kMostBytes / copy_bytes));
  Value* few = builder.getInt64(static_cast<uint64_t>(kThreadsPerBin));
  Value* pays = builder.CreateICmpUGE(builder.CreateUDiv(threads, few), length);
  pays = builder.CreateAnd(pays, builder.CreateICmpULE(length, most));
  pays = builder.CreateAnd(pays, builder.CreateICmpNE(length, builder.getInt64(0)));
  const Extent own = extent_of(builder, arrays[at], kernel.locals[at].type);
  for (size_t other = 0; other < static_cast<size_t>(kernel.parameter_count); ++other) {
    if (other == at || !kernel.locals[other].type.is_array()) continue;
    const Extent there = extent_of(builder, arrays[other], kernel.locals[other].type);
    Value* apart = builder.CreateOr(builder.CreateICmpULE(there.end, own.begin),
                                    builder.CreateICmpUGE(there.begin, own.end));
    pays = builder.CreateAnd(pays, apart);
  }
  Function* function = builder.GetInsertBlock()->getParent();
  BasicBlock* before = builder.GetInsertBlock();
  BasicBlock* open = BasicBlock::Create(builder.getContext(), "open_bins", function);
  BasicBlock* opened = BasicBlock::Create(builder.getContext(), "opened_bins", function);
  builder.CreateCondBr(pays, open, opened);
  builder.SetInsertPoint(open);
  FunctionCallee opener =
      runtime_function(builder, "cudapy_open_bins", builder.getPtrTy(), {builder.getInt64Ty()});
  cast<Function>(opener.getCallee())->addRetAttr(Attribute::NoAlias);
  Value* size = builder.getInt64(static_cast<uint64_t>(copy_bytes));
  Value* memory = builder.CreateCall(opener, {builder.CreateMul(length, size)});
  builder.CreateBr(opened);
  builder.SetInsertPoint(opened);
  PHINode* phi = builder.CreatePHI(builder.getPtrTy(), 2, "bins");
  phi->addIncoming(ConstantPointerNull::get(builder.getPtrTy()), before);
  phi->addIncoming(memory, open);
  return {array, phi};
}

void close_private_bins(IRBuilderBase& builder, const ir::Function& kernel, const PrivateBins& bins,
                        const ArrayValue& array) {
  Type* pointer = builder.getPtrTy();
  const ir::Scalar element = kernel.locals[static_cast<size_t>(bins.array)].type.scalar;
  FunctionCallee closer = runtime_function(
      builder, ir::size_of(element) == 4 ? "cudapy_close_bins32" : "cudapy_close_bins64",
      builder.getVoidTy(), {pointer, pointer, builder.getInt64Ty()});
  builder.CreateCall(closer, {bins.memory, array.data, array.shape[0]});
}

Value* BodyEmitter::private_bins_of(const ir::Expr& atomic) const {
  if (atomic.atomic_op != ir::AtomicOp::Add && atomic.atomic_op != ir::AtomicOp::Sub)
    return nullptr;
  const ir::Expr& place = *atomic.operands[0];
  const auto found = private_bins_.find(place.operands[0]->local);
  // Lanes that meet at one place add up first, and then once.
  if (found == private_bins_.end()) return nullptr;
  return scalar_code() || !is_uniform_place(place.operands) ? found->second : nullptr;
}

//     br bins and what is known at run time to fit, mine, careful
//   careful: checks; br bins, mine, shared
//   mine:    bins[i] += v, lane by lane; lanes that are off add 0 to the first
//   shared:  atomically, to the array
void BodyEmitter::emit_private_add(const ir::Expr& expr, Value* bins) {
  const ir::Expr& place = *expr.operands[0];
  Lanes at = emit(*place.operands[1]);
  Lanes added = emit(*expr.operands[1]);
  BasicBlock* mine = new_block("own_bins");
  BasicBlock* shared = new_block("shared_bins");
  BasicBlock* done = new_block("added");
  Value* is_open = builder_.CreateIsNotNull(bins);
  if (is_checked(place.fault_site, place.row_axes, 0)) {
    Value* length = array_of(*place.operands[0]).shape[0];
    if (Value* fits = fits_at_run_time(place.fault_site, place.row_axes, 0, length)) {
      BasicBlock* careful = new_block("check");
      builder_.CreateCondBr(builder_.CreateAnd(fits, is_open), mine, careful,
                            MDBuilder(builder_.getContext()).createBranchWeights(1U << 20U, 1));
      start_block(careful);
    }
    check_index(length, *place.operands[1], at, place.fault_site);
  }
  builder_.CreateCondBr(is_open, mine, shared);
  start_block(mine);
  add_to_bins(expr, bins, at, added);
  builder_.CreateBr(done);
  start_block(shared);
  add_in_place(expr, at, added);
  builder_.CreateBr(done);
  start_block(done);
}

// Lanes that are neighbours add to different copies of the bins, so that equal ones need not wait
// for each other.
void BodyEmitter::add_to_bins(const ir::Expr& expr, Value* bins, const Lanes& at,
                              const Lanes& added) {
  Type* element = type_of(expr.type.scalar);
  const ir::Expr& place = *expr.operands[0];
  const ir::Scalar given = place.operands[1]->type.scalar;
  Value* length = array_of(*place.operands[0]).shape[0];
  auto add_one = [&](Value* base, Value* index, Value* value) {
    Value* wide = emit_cast(builder_, index, given, ir::Scalar::I64);
    Value* address = builder_.CreateGEP(element, base, wide);
    Value* old = builder_.CreateLoad(element, address);
    const bool adds = expr.atomic_op == ir::AtomicOp::Add;
    builder_.CreateStore(adds ? builder_.CreateAdd(old, value) : builder_.CreateSub(old, value),
                         address);
  };
  if (scalar_code()) return add_one(bins, at.value, added.value);
  const auto lanes_of = [&](const Lanes& lanes) -> Value* {
    Value* vector = to_vector(lanes);
    if (!state_.mask) return vector;
    return builder_.CreateSelect(state_.mask, vector, Constant::getNullValue(vector->getType()));
  };
  SmallVector<Value*, 64> indices = take_apart(lanes_of(at));
  const bool is_one_value = added.shape == Shape::Uniform && !state_.mask;
  SmallVector<Value*, 64> values;
  if (!is_one_value) values = take_apart(lanes_of(added));
  SmallVector<Value*, runtime::kBinCopies> copies;
  for (uint64_t copy = 0; copy < runtime::kBinCopies; ++copy)
    copies.push_back(
        builder_.CreateGEP(element, bins, builder_.CreateMul(length, builder_.getInt64(copy))));
  for (size_t lane = 0; lane < indices.size(); ++lane)
    add_one(copies[lane % copies.size()], indices[lane], is_one_value ? added.value : values[lane]);
}

// The lanes of a vector of integers, as scalars: out of words of 64 bits, which takes fewer moves
// between vectors and scalars than one for each lane.
SmallVector<Value*, 64> BodyEmitter::take_apart(Value* vector) {
  auto* type = cast<FixedVectorType>(vector->getType());
  const unsigned bits = type->getScalarSizeInBits();
  const unsigned count = type->getNumElements();
  SmallVector<Value*, 64> lanes;
  if (bits * count < 64) {
    for (unsigned lane = 0; lane < count; ++lane)
      lanes.push_back(builder_.CreateExtractElement(vector, lane));
    return lanes;
  }
  const unsigned words = bits * count / 64;
  Value* wide = builder_.CreateBitCast(vector, FixedVectorType::get(builder_.getInt64Ty(), words));
  for (unsigned word = 0; word < words; ++word) {
    Value* all = builder_.CreateExtractElement(wide, word);
    for (unsigned shift = 0; shift < 64; shift += bits)
      lanes.push_back(
          builder_.CreateTrunc(builder_.CreateLShr(all, shift), type->getElementType()));
  }
  return lanes;
}

void BodyEmitter::add_in_place(const ir::Expr& expr, const Lanes& at, const Lanes& added) {
  const AtomicTarget target{expr.atomic_op, expr.type.scalar, type_of(expr.type.scalar)};
  Place place = place_of(expr.operands[0]->operands, {at}, 0);
  if (scalar_code()) {
    emit_one_atomic(target, place.address, {added.value});
    return;
  }
  if (place.shape == Shape::Linear) place = in_each_lane(place, ir::Type::array(target.element), 0);
  emit_atomic_lanes(target, place.address, {to_vector(added)}, /*is_used=*/false);
}

}  // namespace cudapy::codegen::cpu
