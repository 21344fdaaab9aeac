// Blocks, assignments, conditions, returns.
#include <llvm/IR/Constants.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <map>

#include "codegen/cpu/body_emitter.h"
#include "codegen/cpu/speculation.h"
#include "transform/block_turns.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::Shape;
using ir::StmtKind;

BodyEmitter::BodyEmitter(IRBuilderBase& builder, const ir::Function& kernel,
                         const ir::Liveness& liveness, const TargetInfo& target,
                         const BodyOptions& options)
    : builder_(builder),
      kernel_(kernel),
      liveness_(liveness),
      target_(target),
      options_(options),
      parameters_(kernel.locals.size()),
      arrays_(kernel.locals.size()),
      definitions_(std::make_shared<Definitions>(find_definitions(kernel))) {
  if (target.is_gpu) block_uniform_.emplace(kernel);
  if (options.aligned_gangs) aligned_.emplace(kernel, options.gang_width);
}

void BodyEmitter::start_gang(const ThreadPosition& position, Mask mask) {
  position_ = position;
  state_ = {};
  state_.mask = mask;
  state_.variables.resize(kernel_.locals.size());
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i])
      state_.variables[i].set(to_local({parameters_[i]}, static_cast<LocalId>(i)));
  }
}

// A part of the kernel's own frame. Gives the ways on which a gang as a whole returned; the mask
// that is left has the lanes that did not.
std::vector<Arrival> BodyEmitter::emit_region(const ir::Block& block) {
  state_.parked.push_back(nullptr);
  frames_.push_back({.divergent = kernel_.divergent_return && !scalar_code()});
  emit_block(block);
  std::vector<Arrival> returns = std::move(frames_.back().returns);
  frames_.pop_back();
  return returns;
}

void BodyEmitter::emit_gang(const ThreadPosition& position, Mask mask) {
  start_gang(position, mask);
  LaneState entry = state_;
  state_.parked.push_back(nullptr);
  frames_.push_back({.divergent = kernel_.divergent_return && !scalar_code()});
  emit_block(kernel_.body);
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  end_frame(std::move(frame), entry);
}

// Once lanes have left, the rest of the block is skipped when none remain, if it is worth the test.
void BodyEmitter::emit_block(const ir::Block& block, size_t begin) {
  for (size_t i = begin; i < block.size(); ++i) {
    if (const size_t stores = stores_of_pixel(block, i); stores > 1) {
      emit_pixel_stores(block, i, stores);
      i += stores - 1;
      continue;
    }
    if (const size_t stores = stores_of_element(block, i); stores > 1) {
      emit_element_stores(block, i, stores);
      i += stores - 1;
      continue;
    }
    Mask before = state_.mask;
    emit_statement(*block[i]);
    if (!state_.reachable) return;
    if (i + 1 == block.size() || state_.mask == before) continue;
    if (state_.mask && isa<Constant>(state_.mask)) return;
    if (!speculation_of(kernel_, block, i + 1).worth_running_unasked())
      return emit_rest_if_any(block, i + 1);
  }
}

void BodyEmitter::emit_rest_if_any(const ir::Block& block, size_t begin) {
  LaneState base = state_;
  BasicBlock* rest = new_block("rest");
  BasicBlock* skip = new_block("skip");
  builder_.CreateCondBr(any(full_mask(state_.mask)), rest, skip);
  std::vector<Arrival> arrivals;
  start_block(skip);
  arrivals.push_back(arrive());
  start_block(rest);
  emit_block(block, begin);
  if (state_.reachable) arrivals.push_back(arrive());
  join(std::move(arrivals), base, [](LocalId) { return true; }, "rested");
}

// What is emitted from here on comes from there.
void BodyEmitter::set_line(const Span& span) {
  if (span.line == 0 || span.source >= line_scopes_.size()) return;
  builder_.SetCurrentDebugLocation(
      DILocation::get(builder_.getContext(), static_cast<unsigned>(span.line),
                      static_cast<unsigned>(span.column) + 1, line_scopes_[span.source]));
}

void BodyEmitter::emit_statement(const ir::Stmt& stmt) {
  set_line(stmt.span);
  switch (stmt.kind) {
    case StmtKind::Assign:
      if (kernel_.locals[index(stmt.local)].type.is_array())
        arrays_[index(stmt.local)] = array_of(*stmt.value);
      else
        emit_assign(stmt.local, emit(*stmt.value));
      return;
    case StmtKind::Store:
      return emit_store(stmt);
    case StmtKind::Evaluate:
      if (stmt.value->kind == ir::ExprKind::Atomic)
        emit_atomic(*stmt.value, /*is_used=*/false);
      else
        emit(*stmt.value);
      return;
    case StmtKind::If:
      return emit_if(stmt);
    case StmtKind::While:
    case StmtKind::For:
      return emit_loop(stmt);
    case StmtKind::Break:
      return emit_break();
    case StmtKind::Continue:
      return emit_continue();
    case StmtKind::Return:
      return emit_return(stmt);
    case StmtKind::Raise:
      return emit_raise(stmt);
    case StmtKind::Print:
      return emit_print(stmt);
    case StmtKind::Declare:
      return emit_declaration(stmt);
    case StmtKind::Barrier:
      return emit_barrier(stmt);
    case StmtKind::Region:
      return;  // BlockEmitter takes the kernel apart at these
    case StmtKind::Define:
      return;  // emitted at its first call
  }
}

// On the CPU a kernel with barriers is taken apart at them, and none is left; on a GPU
//   call void @cudapy_barrier()   or, with a vote,   call i32 @cudapy_barrier_count(i1 %vote)
void BodyEmitter::emit_barrier(const ir::Stmt& stmt) {
  if (!target_.is_gpu) return;
  const auto meet = [&](const char* name) {
    Value* vote = stmt.operands.empty() ? nullptr : emit_scalar(*stmt.operands[0]);
    Value* result = call_device_barrier(builder_, name, vote);
    if (vote) emit_assign(stmt.local, {result});
  };
  switch (stmt.vote) {
    case ir::BarrierVote::None:
      return meet(kDeviceBarrier);
    case ir::BarrierVote::Count:
      return meet(kDeviceBarrierCount);
    case ir::BarrierVote::All:
      return meet(kDeviceBarrierAll);
    case ir::BarrierVote::Any:
      return meet(kDeviceBarrierAny);
  }
}

Value* call_device_barrier(IRBuilderBase& builder, const char* name, Value* vote) {
  Type* result = !vote                                    ? builder.getVoidTy()
                 : StringRef(name) == kDeviceBarrierCount ? builder.getInt32Ty()
                                                          : vote->getType();
  SmallVector<Value*, 1> values;
  SmallVector<Type*, 1> types;
  if (vote) {
    values.push_back(vote);
    types.push_back(vote->getType());
  }
  FunctionCallee barrier = builder.GetInsertBlock()->getModule()->getOrInsertFunction(
      name, FunctionType::get(result, types, false));
  cast<Function>(barrier.getCallee())->addFnAttr(Attribute::Convergent);
  CallInst* call = builder.CreateCall(barrier, values);
  call->addFnAttr(Attribute::Convergent);
  return call;
}

// On a GPU: the condition of a branch or loop around a barrier. Where it is not known to be the
// same for all threads of the block they ask each other, and none goes on if they differ.
//   all = barrier_all(condition); any = barrier_any(condition); br (all == any), go on, fault
Value* BodyEmitter::agreed(const ir::Stmt& stmt, Value* condition) {
  if (!block_uniform_ || !stmt.block_level || stmt.fault_site < 0) return condition;
  const auto is_uniform = [&](const ir::ExprPtr& expr) {
    return !expr || block_uniform_->is_uniform(*expr);
  };
  if (is_uniform(stmt.value) && std::all_of(stmt.operands.begin(), stmt.operands.end(), is_uniform))
    return condition;
  Value* all = call_device_barrier(builder_, kDeviceBarrierAll, condition);
  Value* any = call_device_barrier(builder_, kDeviceBarrierAny, condition);
  BasicBlock* apart = branch_unless(builder_.CreateICmpEQ(all, any));
  emit_fault(apart, stmt.fault_site, {nullptr, nullptr, nullptr});
  return all;
}

void BodyEmitter::emit_assign(LocalId local, const Lanes& value) {
  bool keep = shape_of(local) == Shape::Varying && keeps_old_lanes(local);
  state_.variables[index(local)].assign(to_local(value, local), state_.mask, keep);
}

void BodyEmitter::emit_if(const ir::Stmt& stmt) {
  // Other threads are not here.
  if (transform::is_guard_of_turn(stmt)) return emit_block(stmt.body);
  Lanes condition = emit(*stmt.value);
  condition.value = agreed(stmt, condition.value);
  if (condition.shape == Shape::Uniform)
    emit_uniform_if(stmt, condition.value);
  else
    emit_varying_if(stmt, condition.value);
}

void BodyEmitter::emit_uniform_if(const ir::Stmt& stmt, Value* condition) {
  LaneState base = state_;
  BasicBlock* then_block = new_block("then");
  BasicBlock* else_block = new_block("else");
  builder_.CreateCondBr(condition, then_block, else_block);
  std::vector<Arrival> arrivals;
  for (auto [start, block] :
       {std::pair{then_block, &stmt.body}, std::pair{else_block, &stmt.else_body}}) {
    start_block(start);
    state_ = base;
    emit_block(*block);
    if (state_.reachable) arrivals.push_back(arrive());
  }
  const ir::LocalSet& after = liveness_.of(stmt).after;
  auto live = [&](LocalId id) { return after.contains(id) || is_divergent_result(id); };
  join(std::move(arrivals), base, live, "endif");
}

// Both arms in turn, each under its mask; then
//   x = select(condition, x of the first, x of the second)
void BodyEmitter::emit_varying_if(const ir::Stmt& stmt, Value* condition) {
  Mask mask = state_.mask;
  Mask then_mask = mask_and(mask, condition);
  Mask else_mask = mask_and(mask, builder_.CreateNot(condition));
  const ir::LocalSet& after = liveness_.of(stmt).after;
  ArmResult if_true = emit_arm(stmt.body, then_mask, after);
  ArmResult if_false = emit_arm(stmt.else_body, else_mask, after);

  std::map<LocalId, std::pair<Value*, Value*>> merged;
  for (auto [id, value] : if_true.values)
    merged[id] = {value, state_.variables[index(id)].current()};
  for (auto [id, value] : if_false.values) {
    Value* other = merged.contains(id) ? merged[id].first : state_.variables[index(id)].current();
    merged[id] = {other, value};
  }
  for (auto [id, values] : merged) {
    auto [a, b] = values;
    Value* blend = !a ? b : !b ? a : builder_.CreateSelect(condition, a, b);
    state_.variables[index(id)].assign(blend, mask, keeps_old_lanes(id));
  }
  bool lanes_left = if_true.mask != then_mask || if_false.mask != else_mask;
  if (lanes_left) state_.mask = mask_or(if_true.mask, if_false.mask);
}

// Leaves state_ as it was, but for lanes that the arm parked.
BodyEmitter::ArmResult BodyEmitter::emit_arm(const ir::Block& block, Mask mask,
                                             const ir::LocalSet& live_after) {
  if (block.empty()) return {{}, mask};
  LaneState base = state_;
  state_.mask = mask;
  bool guarded = !speculation_of(kernel_, block).worth_running_unasked();
  BasicBlock* start = builder_.GetInsertBlock();
  BasicBlock* skip = nullptr;
  if (guarded) {
    BasicBlock* arm = new_block("arm");
    skip = new_block("armed");
    builder_.CreateCondBr(any(mask), arm, skip);
    start_block(arm);
  }
  ++open_arms_;
  emit_block(block);
  --open_arms_;

  // What is dead after the arm may be read by lanes that left the loop, or this turn of it, in the
  // arm.
  bool lanes_leave = state_.mask != mask;
  ArmResult result;
  for (size_t i = 0; i < base.variables.size(); ++i) {
    auto id = static_cast<LocalId>(i);
    if (state_.variables[i] == base.variables[i] || shape_of(id) != Shape::Varying) continue;
    bool live = live_after.contains(id) || is_divergent_result(id);
    if (!live && !(lanes_leave && keeps_old_lanes(id))) continue;
    result.values.emplace_back(id, resolve(state_.variables[i], &base.variables[i], mask));
  }
  result.mask = state_.mask;
  std::vector<Mask> parked = state_.parked;
  if (guarded) {
    BasicBlock* end = builder_.GetInsertBlock();
    builder_.CreateBr(skip);
    start_block(skip);
    auto merge = [&](Value* from_arm, Value* otherwise) -> Value* {
      PHINode* phi = builder_.CreatePHI(from_arm->getType(), 2);
      phi->addIncoming(from_arm, end);
      phi->addIncoming(otherwise ? otherwise : PoisonValue::get(from_arm->getType()), start);
      return phi;
    };
    for (auto& [id, value] : result.values)
      value = merge(value, base.variables[index(id)].current());
    if (result.mask != mask) result.mask = merge(result.mask, mask);
    for (size_t slot = 0; slot < parked.size(); ++slot) {
      Mask old = base.parked[slot];
      if (parked[slot] != old) parked[slot] = merge(parked[slot], old ? old : no_lanes());
    }
  }
  state_ = std::move(base);
  state_.parked = std::move(parked);
  return result;
}

void BodyEmitter::park(size_t slot, Mask mask) {
  Mask& parked = state_.parked[slot];
  parked = parked ? mask_or(parked, full_mask(mask)) : full_mask(mask);
}

void BodyEmitter::emit_return(const ir::Stmt& stmt) {
  bool divergent = frames_.back().divergent;
  std::vector<Lanes> values;
  if (stmt.value) values.push_back(emit(*stmt.value));
  for (const ir::ExprPtr& operand : stmt.operands) values.push_back(emit(*operand));
  for (size_t i = 0; i < frames_.back().results.size(); ++i) {
    LocalId result = frames_.back().results[i];
    state_.variables[index(result)].assign(to_local(values[i], result), state_.mask, divergent);
  }
  if (divergent) {
    park(frames_.back().parked, state_.mask);
    state_.mask = no_lanes();
  } else {
    frames_.back().returns.push_back(arrive());
    state_.reachable = false;
  }
}

void BodyEmitter::end_frame(Frame frame, const LaneState& entry) {
  std::vector<Arrival> arrivals = std::move(frame.returns);
  if (state_.reachable) {
    for (LocalId id : frame.divergent ? frame.results : std::vector<LocalId>()) {
      Variable& result = state_.variables[index(id)];
      if (Value* value = resolve(result, nullptr, entry.mask)) result.set(value);
    }
    arrivals.push_back(arrive());
  }
  for (Arrival& arrival : arrivals) {
    arrival.state.parked.resize(entry.parked.size());
    arrival.state.mask = entry.mask;
  }
  join(std::move(arrivals), entry, [&](LocalId id) { return is_result(frame, id); }, "returned");
}

}  // namespace cudapy::codegen::cpu
