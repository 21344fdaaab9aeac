// What a block does as a whole: its regions in order, and the branches and loops around barriers.
#include "codegen/cpu/block_emitter.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>

#include <algorithm>

#include "codegen/common/arithmetic.h"
#include "ir/warps.h"
#include "transform/block_turns.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::LocalSet;
using ir::Shape;
using ir::StmtKind;

namespace {

void add_reads(const ir::Block& block, LocalSet& reads);

void add_reads(const ir::Expr& expr, LocalSet& reads) {
  if (expr.kind == ir::ExprKind::Local) reads.insert(expr.local);
  for (const ir::ExprPtr& operand : expr.operands) add_reads(*operand, reads);
  add_reads(expr.body, reads);
}

void add_reads(const ir::Block& block, LocalSet& reads) {
  for (const ir::StmtPtr& stmt : block) {
    if (stmt->value) add_reads(*stmt->value, reads);
    for (const ir::ExprPtr& operand : stmt->operands) add_reads(*operand, reads);
    add_reads(stmt->body, reads);
    add_reads(stmt->else_body, reads);
  }
}

bool contains(const ir::Block& block, StmtKind kind) {
  return std::any_of(block.begin(), block.end(), [&](const ir::StmtPtr& stmt) {
    return stmt->kind == kind || contains(stmt->body, kind) || contains(stmt->else_body, kind);
  });
}

}  // namespace

BlockEmitter::BlockEmitter(IRBuilderBase& builder, const ir::Function& kernel,
                           const ir::Liveness& liveness, BodyEmitter& body,
                           const LaunchValues& launch)
    : builder_(builder),
      kernel_(kernel),
      liveness_(liveness),
      body_(body),
      launch_(launch),
      uniform_(kernel),
      width_(body.options_.gang_width),
      has_barrier_(contains(kernel.body, StmtKind::Barrier)),
      runs_whole_(has_barrier_ || kernel.runs_warps),
      crosses_rows_(ir::warps_cross_rows(kernel)),
      has_returns_(contains(kernel.body, StmtKind::Return)),
      takes_turns_(transform::takes_turns(kernel)),
      slots_(kernel.locals.size()) {}

void BlockEmitter::run(Value* block_begin, Value* block_end) {
  find_slots(kernel_.body);
  make_slots();
  make_shared_arrays();
  make_gang_memory();
  emit_count(builder_, block_begin, block_end, "block", [&](Value* number) {
    start_block_of_threads(number);
    block(kernel_.body);
  });
}

// Variables that live where a region begins, or are read by the block as a whole.
void BlockEmitter::find_slots(const ir::Block& block) {
  for (const ir::StmtPtr& stmt : block) {
    if (stmt->kind == StmtKind::Region) {
      use_slots(liveness_.of(*stmt).before);
      continue;
    }
    LocalSet reads(kernel_.locals.size());
    if (stmt->value) add_reads(*stmt->value, reads);
    for (const ir::ExprPtr& operand : stmt->operands) add_reads(*operand, reads);
    use_slots(reads);
    find_slots(stmt->body);
    find_slots(stmt->else_body);
  }
}

void BlockEmitter::use_slots(const LocalSet& locals) {
  for (size_t i = static_cast<size_t>(kernel_.parameter_count); i < slots_.size(); ++i) {
    const bool is_value = kernel_.locals[i].type.is_scalar();
    if (is_value && locals.contains(static_cast<LocalId>(i))) slots_[i].is_used = true;
  }
}

void BlockEmitter::block(const ir::Block& block) {
  for (const ir::StmtPtr& stmt : block) statement(*stmt);
}

void BlockEmitter::statement(const ir::Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::Region:
      return region(stmt);
    case StmtKind::If:
      return if_(stmt);
    case StmtKind::While:
      return while_(stmt);
    case StmtKind::For:
      return for_(stmt);
    case StmtKind::Break:
      return jump(loops_.back().done);
    case StmtKind::Continue:
      return jump(loops_.back().next_turn);
    case StmtKind::Barrier:
      if (stmt.vote != ir::BarrierVote::None) vote(stmt);
      return;  // all gangs have come to it
    default:
      return;
  }
}

void BlockEmitter::jump(BasicBlock* target) {
  builder_.CreateBr(target);
  builder_.SetInsertPoint(new_block("behind_jump"));
}

void BlockEmitter::region(const ir::Stmt& stmt) {
  LocalSet used(slots_.size());
  add_reads(stmt.body, used);
  LocalSet left = ir::assigned_in(stmt.body, slots_.size());
  used.insert_all(left);
  const LocalSet& after = liveness_.of(stmt).after;
  for (size_t i = 0; i < slots_.size(); ++i) {
    auto id = static_cast<LocalId>(i);
    if (!slots_[i].is_used || !after.contains(id)) left.erase(id);
  }
  std::vector<size_t> of_block;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].of_block && left.contains(static_cast<LocalId>(i))) of_block.push_back(i);
  }
  for (const size_t i : of_block)
    builder_.CreateStore(builder_.CreateLoad(slots_[i].type, slots_[i].current), slots_[i].next);
  gangs([&](const Gang& gang) {
    enter(gang, used);
    std::vector<Arrival> returns = body_.emit_region(stmt.body);
    BasicBlock* end = new_block("gang_end");
    if (body_.state_.reachable) {
      leave(gang, left);
      if (has_returns_ && width_ > 1) store_mask(gang.number, body_.full_mask(body_.state_.mask));
      builder_.CreateBr(end);
    }
    for (const Arrival& arrival : returns) {
      builder_.SetInsertPoint(arrival.block);
      store_mask(gang.number, nullptr);
      builder_.CreateBr(end);
    }
    builder_.SetInsertPoint(end);
  });
  for (const size_t i : of_block)
    builder_.CreateStore(builder_.CreateLoad(slots_[i].type, slots_[i].next), slots_[i].current);
}

void BlockEmitter::if_(const ir::Stmt& stmt) {
  Value* condition = agreed(*stmt.value, stmt.fault_site);
  BasicBlock* then_block = new_block("block_then");
  BasicBlock* else_block = new_block("block_else");
  BasicBlock* done = new_block("block_endif");
  builder_.CreateCondBr(condition, then_block, else_block);
  builder_.SetInsertPoint(then_block);
  block(stmt.body);
  builder_.CreateBr(done);
  builder_.SetInsertPoint(else_block);
  block(stmt.else_body);
  builder_.CreateBr(done);
  builder_.SetInsertPoint(done);
}

void BlockEmitter::else_and_done(const ir::Stmt& stmt, BasicBlock* exhausted, BasicBlock* done) {
  builder_.SetInsertPoint(exhausted);
  block(stmt.else_body);
  builder_.CreateBr(done);
  builder_.SetInsertPoint(done);
}

void BlockEmitter::while_(const ir::Stmt& stmt) {
  BasicBlock* header = new_block("block_while");
  BasicBlock* body = new_block("block_body");
  BasicBlock* exhausted = new_block("block_exhausted");
  BasicBlock* done = new_block("block_done");
  builder_.CreateBr(header);
  builder_.SetInsertPoint(header);
  builder_.CreateCondBr(agreed(*stmt.value, stmt.fault_site), body, exhausted);
  builder_.SetInsertPoint(body);
  body_.emit_poll();
  loops_.push_back({header, done});
  block(stmt.body);
  loops_.pop_back();
  builder_.CreateBr(header);
  else_and_done(stmt, exhausted, done);
}

// The counter is 64 bits wide and stays at the end of its type, which no end of a range is beyond.
void BlockEmitter::for_(const ir::Stmt& stmt) {
  const LocalId counter = stmt.counter != ir::kNoLocal ? stmt.counter : stmt.local;
  const ir::Scalar type = kernel_.locals[static_cast<size_t>(counter)].type.scalar;
  const bool is_signed = ir::is_signed(type);
  const ir::Scalar wide = is_signed ? ir::Scalar::I64 : ir::Scalar::U64;
  Value* range[3];
  for (size_t i = 0; i < 3; ++i)
    range[i] = emit_cast(builder_, agreed(*stmt.operands[i], stmt.fault_site), type, wide);
  AllocaInst* at = make_alloca(builder_.getInt64Ty(), "counter");
  builder_.CreateStore(range[0], at);

  BasicBlock* header = new_block("block_for");
  BasicBlock* body = new_block("block_body");
  BasicBlock* latch = new_block("block_latch");
  BasicBlock* exhausted = new_block("block_exhausted");
  BasicBlock* done = new_block("block_done");
  builder_.CreateBr(header);
  builder_.SetInsertPoint(header);
  Value* number = builder_.CreateLoad(builder_.getInt64Ty(), at);
  Value* up = is_signed ? builder_.CreateICmpSGT(range[2], i64(0))
                        : builder_.CreateICmpNE(range[2], i64(0));
  Value* goes_on = builder_.CreateAnd(up, is_signed ? builder_.CreateICmpSLT(number, range[1])
                                                    : builder_.CreateICmpULT(number, range[1]));
  if (is_signed) {
    Value* down = builder_.CreateAnd(builder_.CreateICmpSLT(range[2], i64(0)),
                                     builder_.CreateICmpSGT(number, range[1]));
    goes_on = builder_.CreateOr(goes_on, down);
  }
  builder_.CreateCondBr(goes_on, body, exhausted);
  builder_.SetInsertPoint(body);
  body_.emit_poll();
  if (const Slot& slot = slots_[static_cast<size_t>(counter)]; slot.is_used)
    builder_.CreateStore(to_memory(builder_, emit_cast(builder_, number, wide, type), type),
                         slot.current);
  loops_.push_back({latch, done});
  if (takes_turns_) {
    turn(stmt, number, range[1]);
  } else {
    block(stmt.body);
  }
  loops_.pop_back();
  builder_.CreateBr(latch);
  builder_.SetInsertPoint(latch);
  auto saturating = is_signed ? Intrinsic::sadd_sat : Intrinsic::uadd_sat;
  builder_.CreateStore(builder_.CreateBinaryIntrinsic(
                           saturating, builder_.CreateLoad(builder_.getInt64Ty(), at), range[2]),
                       at);
  builder_.CreateBr(header);
  else_and_done(stmt, exhausted, done);
}

// The threads x of the block for which base + x < end: there are no others of the loop.
//   %row = smin(%count, smax(0, %end - %base - %begin))
void BlockEmitter::turn(const ir::Stmt& stmt, Value* base, Value* end) {
  Value* left = builder_.CreateSub(builder_.CreateSub(end, base), begin_[0]);
  left = builder_.CreateBinaryIntrinsic(Intrinsic::smax, left, i64(0));
  row_threads_ = builder_.CreateBinaryIntrinsic(Intrinsic::smin, left, count_[0]);
  block(stmt.body);
  row_threads_ = count_[0];
}

// How many threads say yes; or no, where one no decides.
void BlockEmitter::vote(const ir::Stmt& stmt) {
  AllocaInst* votes = make_alloca(builder_.getInt32Ty(), "votes");
  builder_.CreateStore(builder_.getInt32(0), votes);
  LocalSet reads(slots_.size());
  add_reads(*stmt.operands[0], reads);
  gangs([&](const Gang& gang) {
    enter(gang, reads);
    vote_of_gang(stmt, votes);
  });
  const Slot& slot = slots_[static_cast<size_t>(stmt.local)];
  if (!slot.is_used) return;
  Value* result = builder_.CreateLoad(builder_.getInt32Ty(), votes);
  if (stmt.vote == ir::BarrierVote::Any)
    result = builder_.CreateICmpNE(result, builder_.getInt32(0));
  if (stmt.vote == ir::BarrierVote::All)
    result = builder_.CreateICmpEQ(result, builder_.getInt32(0));
  const ir::Scalar type = kernel_.locals[static_cast<size_t>(stmt.local)].type.scalar;
  builder_.CreateStore(to_memory(builder_, result, type), slot.current);
}

void BlockEmitter::vote_of_gang(const ir::Stmt& stmt, AllocaInst* votes) {
  Value* yes = body_.emit_vector(*stmt.operands[0]);
  if (stmt.vote == ir::BarrierVote::All) yes = builder_.CreateNot(yes);
  Value* count = yes;
  if (width_ > 1) {
    yes = body_.mask_and(body_.state_.mask, yes);
    Value* bits = builder_.CreateBitCast(yes, builder_.getIntNTy(static_cast<unsigned>(width_)));
    count = builder_.CreateUnaryIntrinsic(Intrinsic::ctpop, bits);
  }
  count = builder_.CreateZExtOrTrunc(count, builder_.getInt32Ty());
  Value* before = builder_.CreateLoad(builder_.getInt32Ty(), votes);
  builder_.CreateStore(builder_.CreateAdd(before, count), votes);
}

// The value, if it is made of what the block knows.
Value* BlockEmitter::known_for_block(const ir::Expr& expr) {
  if (body_.shape_of(expr) != Shape::Uniform || !uniform_.is_uniform(expr)) return nullptr;
  LocalSet reads(slots_.size());
  add_reads(expr, reads);
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (!reads.contains(static_cast<LocalId>(i))) continue;
    if (slots_[i].is_used && !slots_[i].of_block) return nullptr;
  }
  Gang first{position_of(builder_, kernel_, launch_, {begin_, begin_, number_}), nullptr, nullptr};
  enter(first, reads);
  return body_.emit_scalar(expr);
}

Value* BlockEmitter::agreed(const ir::Expr& expr, int32_t site) {
  if (Value* known = known_for_block(expr)) return known;
  Type* type = body_.type_of(expr.type.scalar);
  AllocaInst* result = make_alloca(type, "agreed");
  AllocaInst* seen = make_alloca(builder_.getInt1Ty(), "seen");
  // With no thread left a condition is false and a range empty.
  builder_.CreateStore(Constant::getNullValue(type), result);
  builder_.CreateStore(builder_.getFalse(), seen);
  LocalSet reads(slots_.size());
  add_reads(expr, reads);
  gangs([&](const Gang& gang) {
    enter(gang, reads);
    agree_in_gang(expr, site, result, seen);
  });
  return builder_.CreateLoad(type, result);
}

//   first = value of the first lane that is on
//   br any(lanes that have another value) or (seen and first != result), fault
void BlockEmitter::agree_in_gang(const ir::Expr& expr, int32_t site, AllocaInst* result,
                                 AllocaInst* seen) {
  Lanes lanes = body_.emit(expr);
  Mask mask = body_.state_.mask;
  Value* lane = mask ? body_.first_lane(mask) : i64(0);
  Value* first = lanes.value;
  Value* differ = nullptr;
  if (lanes.shape != Shape::Uniform) {
    Value* vector = body_.to_vector(lanes);
    first = builder_.CreateExtractElement(vector, lane);
    differ = body_.mask_and(mask, builder_.CreateICmpNE(vector, body_.broadcast(first)));
  }
  if (site >= 0) {
    Value* others = builder_.CreateLoad(first->getType(), result);
    Value* wrong = builder_.CreateAnd(builder_.CreateLoad(builder_.getInt1Ty(), seen),
                                      builder_.CreateICmpNE(first, others));
    if (differ) {
      Value* some = body_.any(differ);
      lane = builder_.CreateSelect(some, body_.first_lane(differ), lane);
      wrong = builder_.CreateOr(wrong, some);
    }
    BasicBlock* fault = body_.branch_unless(builder_.CreateNot(wrong));
    body_.emit_fault(fault, site, {lane, nullptr, nullptr});
  }
  builder_.CreateStore(first, result);
  builder_.CreateStore(builder_.getTrue(), seen);
}

}  // namespace cudapy::codegen::cpu
