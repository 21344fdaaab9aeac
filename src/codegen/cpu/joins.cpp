// Merging states where paths meet, and blending a variable's chain into one value.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>

#include <algorithm>

#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::Shape;

BasicBlock* BodyEmitter::new_block(const char* name) {
  return BasicBlock::Create(builder_.getContext(), name, builder_.GetInsertBlock()->getParent());
}

Arrival BodyEmitter::arrive() {
  return {builder_.GetInsertBlock(), state_};
}

bool BodyEmitter::is_divergent_result(LocalId local) const {
  return std::any_of(frames_.begin(), frames_.end(), [&](const Frame& frame) {
    return frame.divergent && is_result(frame, local);
  });
}

bool BodyEmitter::is_result(const Frame& frame, LocalId local) {
  return std::find(frame.results.begin(), frame.results.end(), local) != frame.results.end();
}

// Lanes that are off come back where the innermost loop ends (those that broke), at its next turn
// (those that continued) or where the frame ends (those that returned); outside of that they are
// gone for good, or an `if` blends them.
bool BodyEmitter::keeps_old_lanes(LocalId local) const {
  if (is_divergent_result(local)) return true;
  if (loops_.empty()) return false;
  const Loop& loop = *loops_.back();
  return (loop.masked && loop.stmt->divergent_exit && loop.liveness->after.contains(local)) ||
         (loop.divergent_continue && loop.liveness->header.contains(local));
}

//   v1 = value assigned first; v2 = select(mask2, value2, v1); ...
Value* BodyEmitter::resolve(const Variable& variable, const Variable* base, Mask mask) {
  const auto& chain = variable.chain;
  size_t shared = 0;
  if (base) {
    while (shared < chain.size() && shared < base->chain.size() &&
           chain[shared] == base->chain[shared])
      ++shared;
  }
  Value* value = shared > 0 ? chain[shared - 1].value : nullptr;
  for (size_t i = shared; i < chain.size(); ++i) {
    const Assigned& assigned = chain[i];
    bool covers = !value || !assigned.mask || assigned.mask == mask;
    value = covers ? assigned.value : builder_.CreateSelect(assigned.mask, assigned.value, value);
  }
  return value;
}

Value* BodyEmitter::phi_of(const std::vector<Arrival>& arrivals, ArrayRef<Value*> values) {
  PHINode* phi = builder_.CreatePHI(values[0]->getType(), static_cast<unsigned>(arrivals.size()));
  for (size_t i = 0; i < arrivals.size(); ++i) phi->addIncoming(values[i], arrivals[i].block);
  return phi;
}

void BodyEmitter::join(std::vector<Arrival> arrivals, const LaneState& base, const LiveTest& live,
                       const char* name) {
  if (arrivals.empty()) {
    state_.reachable = false;
    return;
  }
  if (arrivals.size() == 1) {
    state_ = std::move(arrivals[0].state);
    return start_block(arrivals[0].block);
  }
  auto all_same = [&](auto&& part) {
    return std::all_of(arrivals.begin() + 1, arrivals.end(), [&](const Arrival& arrival) {
      return part(arrival.state) == part(arrivals[0].state);
    });
  };

  // What is dead here may still be read by lanes that left a loop, or this turn of it, on the way.
  bool lanes_leave = std::any_of(arrivals.begin(), arrivals.end(), [&](const Arrival& arrival) {
    return arrival.state.mask != base.mask;
  });
  // Blends belong to the arriving blocks, before their branches; phis come after.
  LaneState merged = arrivals[0].state;
  std::vector<std::pair<LocalId, SmallVector<Value*, 4>>> locals;
  for (size_t i = 0; i < merged.variables.size(); ++i) {
    auto id = static_cast<LocalId>(i);
    if (all_same([i](const LaneState& state) -> const Variable& { return state.variables[i]; }))
      continue;
    merged.variables[i] = base.variables[i];
    if (!live(id) && !(lanes_leave && keeps_old_lanes(id))) continue;
    SmallVector<Value*, 4> values;
    for (Arrival& arrival : arrivals) {
      start_block(arrival.block);
      Value* value = resolve(arrival.state.variables[i], &base.variables[i], base.mask);
      values.push_back(value ? value : PoisonValue::get(local_type(id)));
    }
    locals.emplace_back(id, std::move(values));
  }
  BasicBlock* block = new_block(name);
  for (Arrival& arrival : arrivals) {
    start_block(arrival.block);
    builder_.CreateBr(block);
  }
  start_block(block);
  for (auto& [id, values] : locals) {
    bool keep = shape_of(id) == Shape::Varying && keeps_old_lanes(id);
    merged.variables[index(id)].assign(phi_of(arrivals, values), base.mask, keep);
  }

  auto merge_masks = [&](auto&& part, Value* if_null) {
    SmallVector<Value*, 4> masks;
    for (Arrival& arrival : arrivals)
      masks.push_back(part(arrival.state) ? part(arrival.state) : if_null);
    return phi_of(arrivals, masks);
  };
  if (auto mask = [](const LaneState& state) { return state.mask; }; !all_same(mask)) {
    merged.mask = merge_masks(mask, full_mask(nullptr));
  }
  for (size_t slot = 0; slot < merged.parked.size(); ++slot) {
    auto parked = [slot](const LaneState& state) { return state.parked[slot]; };
    if (!all_same(parked)) merged.parked[slot] = merge_masks(parked, no_lanes());
  }
  state_ = std::move(merged);
}

}  // namespace cudapy::codegen::cpu
