// Loops.
//
//     preheader -> header: phis of what a turn changes; the test -> body -> ... -> latch -> header
//                                                   \-> done             \-> done, when no lane is
//                                                   left
//
// If lanes leave at different turns, the mask of those still in is a phi too, and a variable that
// is read after the loop is blended once a turn, at the latch; what is dead after it is not.
#include <llvm/IR/Constants.h>

#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::Shape;

void BodyEmitter::emit_loop(const ir::Stmt& stmt) {
  Range range = stmt.kind == ir::StmtKind::For ? open_range(stmt) : Range{};
  Loop loop{.stmt = &stmt, .liveness = &liveness_.of(stmt)};
  loop.masked = (stmt.divergent_exit || stmt.divergent_return) && !scalar_code();
  loop.divergent_continue = stmt.divergent_continue && !scalar_code();
  loop.open_arms = open_arms_;
  if (range.turns_to_poll == 0) loop.turns_to_poll = turns_to_poll(stmt);
  loop.entry = state_;
  open_loop(loop, range);
  loops_.push_back(&loop);

  BasicBlock* header = builder_.GetInsertBlock();
  std::vector<Arrival> ends;
  LoopTest test = emit_loop_test(loop, range, ends);
  if (test.uniform) test.uniform = agreed(stmt, test.uniform);
  BasicBlock* body = new_block("body");
  BasicBlock* done = new_block("done");
  Mask goes_on = test.varying ? mask_and(state_.mask, test.varying) : state_.mask;
  builder_.CreateCondBr(test.varying ? any(goes_on) : test.uniform, body, done);
  start_block(done);
  if (range.limit) go_past_limit(loop, range, header);
  ends.push_back(arrive());
  start_block(body);
  state_.mask = loop.body_mask = goes_on;
  LaneState body_start = state_;
  emit_block(stmt.body);
  if (state_.reachable) loop.continues.push_back(arrive());
  close_turn(loop, range, header, body_start, ends);
  loops_.pop_back();
  finish_loop(loop, std::move(ends));
}

bool BodyEmitter::is_live_after(const Loop& loop, LocalId local) const {
  return loop.liveness->after.contains(local) || is_divergent_result(local);
}

// Starts the header: phis for variables, mask and parked lanes, with what they hold before the
// first turn.
void BodyEmitter::open_loop(Loop& loop, Range& range) {
  BasicBlock* preheader = builder_.GetInsertBlock();
  BasicBlock* header = new_block("loop");
  builder_.CreateBr(header);
  start_block(header);

  size_t locals = kernel_.locals.size();
  ir::LocalSet assigned = ir::assigned_in(loop.stmt->body, locals);
  if (loop.stmt->value) ir::add_assigned(*loop.stmt->value, assigned);
  bool returns = loop.stmt->divergent_return && frames_.back().divergent;
  for (size_t i = 0; i < locals; ++i) {
    auto id = static_cast<LocalId>(i);
    bool live = loop.liveness->header.contains(id) || loop.liveness->after.contains(id);
    bool carried = assigned.contains(id) && live && kernel_.locals[i].type.is_scalar();
    if (!carried && !(returns && is_result(frames_.back(), id))) continue;
    PHINode* phi = builder_.CreatePHI(local_type(id), 2);
    Value* before = state_.variables[i].current();
    phi->addIncoming(before ? before : PoisonValue::get(phi->getType()), preheader);
    loop.carried.push_back(id);
    loop.carried_phis.push_back(phi);
    state_.variables[i].set(phi);
  }
  if (range.counter != ir::kNoLocal) start_range(range, preheader);
  if (loop.turns_to_poll > 0) {
    loop.turns_left = builder_.CreatePHI(builder_.getInt32Ty(), 3, "turns_left");
    loop.turns_left->addIncoming(builder_.getInt32(static_cast<uint32_t>(loop.turns_to_poll)),
                                 preheader);
  }
  if (loop.masked) {
    loop.mask_phi = mask_phi(2);
    loop.mask_phi->addIncoming(full_mask(state_.mask), preheader);
    state_.mask = loop.mask_phi;
  }
  loop.turn_mask = state_.mask;

  auto parked_phi = [&](Mask before) {
    PHINode* phi = mask_phi(2);
    phi->addIncoming(before ? before : no_lanes(), preheader);
    return phi;
  };
  if (returns) {
    Mask& returned = state_.parked[frames_.back().parked];
    returned = loop.returned_phi = parked_phi(returned);
  }
  loop.continued = state_.parked.size();
  state_.parked.push_back(nullptr);
  loop.broken = state_.parked.size();
  bool counts_broken = loop.masked && !loop.stmt->else_body.empty();
  if (counts_broken) loop.broken_phi = parked_phi(nullptr);
  state_.parked.push_back(loop.broken_phi);
  open_stretch(loop, range, preheader);
}

// Of a condition `uniform and varying` the first part is a branch of its own, which all lanes take
// together.
BodyEmitter::LoopTest BodyEmitter::emit_loop_test(const Loop& loop, Range& range,
                                                  std::vector<Arrival>& ends) {
  if (range.counter != ir::kNoLocal) return emit_range_test(range);
  return emit_condition(*loop.stmt->value, ends);
}

BodyEmitter::LoopTest BodyEmitter::emit_condition(const ir::Expr& expr,
                                                  std::vector<Arrival>& ends) {
  bool splits = expr.kind == ir::ExprKind::And && shape_of(expr) != Shape::Uniform &&
                shape_of(first_term(expr)) == Shape::Uniform;
  if (!splits) {
    Lanes condition = emit(expr);
    if (condition.shape == Shape::Uniform) return {.uniform = condition.value};
    return {.varying = condition.value};
  }
  LoopTest first = emit_condition(*expr.operands[0], ends);
  if (first.varying) {
    Value* second = emit_lazily(*expr.operands[1], Shape::Varying, first.varying);
    return {.varying = builder_.CreateAnd(first.varying, second)};
  }
  BasicBlock* next = new_block("next_term");
  BasicBlock* done = new_block("done");
  builder_.CreateCondBr(first.uniform, next, done);
  start_block(done);
  ends.push_back(arrive());
  start_block(next);
  return emit_condition(*expr.operands[1], ends);
}

const ir::Expr& BodyEmitter::first_term(const ir::Expr& expr) {
  const ir::Expr* term = &expr;
  while (term->kind == ir::ExprKind::And) term = term->operands[0].get();
  return *term;
}

// Merges the ways to the next turn, lets lanes that continued rejoin, and branches back, or out if
// no lane is left.
void BodyEmitter::close_turn(Loop& loop, Range& range, BasicBlock* header,
                             const LaneState& body_start, std::vector<Arrival>& ends) {
  if (loop.continues.empty()) return;
  auto live = [&](LocalId id) {
    return loop.liveness->header.contains(id) || is_live_after(loop, id);
  };
  join(std::move(loop.continues), body_start, live, "latch");
  if (Mask continued = state_.parked[loop.continued])
    state_.mask = mask_or(full_mask(state_.mask), continued);
  state_.parked[loop.continued] = nullptr;
  resolve_carried(loop, state_);

  bool lanes_left = loop.masked && state_.mask != loop.body_mask;
  if (lanes_left && loop.turns_left) {
    BasicBlock* again = new_block("again");
    BasicBlock* empty = new_block("empty");
    builder_.CreateCondBr(any(state_.mask), again, empty);
    start_block(empty);
    ends.push_back(arrive());
    start_block(again);
    lanes_left = false;
  }
  if (range.counter != ir::kNoLocal) advance_range(range);
  BasicBlock* latch = builder_.GetInsertBlock();
  for (size_t i = 0; i < loop.carried.size(); ++i) {
    loop.carried_phis[i]->addIncoming(state_.variables[index(loop.carried[i])].current(), latch);
  }
  auto parked = [&](size_t slot) { return state_.parked[slot] ? state_.parked[slot] : no_lanes(); };
  if (loop.mask_phi) loop.mask_phi->addIncoming(full_mask(state_.mask), latch);
  if (loop.returned_phi) loop.returned_phi->addIncoming(parked(frames_.back().parked), latch);
  if (loop.broken_phi) loop.broken_phi->addIncoming(parked(loop.broken), latch);
  if (loop.turns_left)
    loop.turns_left->addIncoming(builder_.CreateSub(loop.turns_left, builder_.getInt32(1)), latch);
  if (!lanes_left) return branch_to_next_turn(loop, header);
  BasicBlock* empty = new_block("empty");
  builder_.CreateCondBr(any(state_.mask), header, empty);
  start_block(empty);
  ends.push_back(arrive());
}

// Gives each carried variable one value that is right for all lanes that need it. Of a loop that
// all lanes leave together only those that entered it matter.
void BodyEmitter::resolve_carried(const Loop& loop, LaneState& state) {
  for (LocalId id : loop.carried) {
    Variable& variable = state.variables[index(id)];
    if (variable.chain.size() < 2) continue;
    Mask matters = loop.masked ? nullptr : loop.turn_mask;
    variable.set(keeps_old_lanes(id) ? resolve(variable, nullptr, matters) : variable.current());
  }
}

// The arrival in terms of the state before the loop: carried variables assigned under the mask at
// entry.
Arrival BodyEmitter::leave_loop(const Loop& loop, Arrival arrival) {
  start_block(arrival.block);
  LaneState outside = loop.entry;
  for (size_t slot = 0; slot < outside.parked.size(); ++slot)
    outside.parked[slot] = arrival.state.parked[slot];
  // Kept through the join before the else block, dropped after it.
  outside.parked.push_back(loop.broken_phi ? arrival.state.parked[loop.broken] : nullptr);
  for (LocalId id : loop.carried) {
    if (!is_live_after(loop, id)) continue;
    Value* value = resolve(arrival.state.variables[index(id)], nullptr, nullptr);
    bool keep = shape_of(id) == Shape::Varying && keeps_old_lanes(id);
    outside.variables[index(id)].assign(value, loop.entry.mask, keep);
  }
  return {arrival.block, std::move(outside)};
}

void BodyEmitter::finish_loop(Loop& loop, std::vector<Arrival> ends) {
  auto live = [&](LocalId id) { return is_live_after(loop, id); };
  LaneState entry = loop.entry;
  entry.parked.push_back(nullptr);
  std::vector<Arrival> arrivals;
  arrivals.reserve(ends.size());
  for (Arrival& end : ends) arrivals.push_back(leave_loop(loop, std::move(end)));
  if (!loop.stmt->else_body.empty()) {
    join(std::move(arrivals), entry, live, "else");
    emit_loop_else(loop);
    arrivals.clear();
    if (state_.reachable) arrivals.push_back(arrive());
  }
  for (Arrival& jump : loop.breaks) arrivals.push_back(leave_loop(loop, std::move(jump)));
  for (Arrival& arrival : arrivals) arrival.state.parked.pop_back();
  join(std::move(arrivals), loop.entry, live, "left");
  if (state_.reachable && loop.returned_phi) {
    state_.mask = mask_and_not(state_.mask, state_.parked[frames_.back().parked]);
  }
}

// For the lanes that neither broke nor returned.
void BodyEmitter::emit_loop_else(const Loop& loop) {
  Mask mask = state_.mask;
  Mask left = state_.parked.back();
  if (loop.returned_phi) {
    Mask returned = state_.parked[frames_.back().parked];
    left = left && returned ? mask_or(left, returned) : left ? left : returned;
  }
  if (!left) return emit_block(loop.stmt->else_body);
  Mask else_mask = mask_and_not(mask, left);
  ArmResult arm = emit_arm(loop.stmt->else_body, else_mask, loop.liveness->after);
  for (auto [id, value] : arm.values) {
    Value* old = state_.variables[index(id)].current();
    Value* blend = old ? builder_.CreateSelect(else_mask, value, old) : value;
    state_.variables[index(id)].assign(blend, mask, keeps_old_lanes(id));
  }
  if (arm.mask != else_mask) state_.mask = mask_or(arm.mask, mask_and(full_mask(mask), left));
}

// Whether the lanes that are on are all that is left of this turn, those apart that have continued.
bool BodyEmitter::all_lanes_of_turn(const Loop& loop) const {
  return open_arms_ == loop.open_arms;
}

void BodyEmitter::jump_to(std::vector<Arrival>& arrivals) {
  arrivals.push_back(arrive());
  arrivals.back().state.parked.resize(loops_.back()->broken + 1);
  state_.reachable = false;
}

// All lanes of this turn jump, or those that are on are taken out of the mask.
void BodyEmitter::emit_break() {
  Loop& loop = *loops_.back();
  const bool some_have_left_for_else =
      loop.masked && loop.stmt->divergent_exit && !loop.stmt->else_body.empty();
  const bool some_go_on = state_.parked[loop.continued] != nullptr;
  if (all_lanes_of_turn(loop) && !some_have_left_for_else && !some_go_on)
    return jump_to(loop.breaks);
  if (loop.broken_phi) park(loop.broken, state_.mask);
  state_.mask = no_lanes();
}

void BodyEmitter::emit_continue() {
  Loop& loop = *loops_.back();
  if (all_lanes_of_turn(loop)) return jump_to(loop.continues);
  park(loop.continued, state_.mask);
  state_.mask = no_lanes();
}

}  // namespace cudapy::codegen::cpu
