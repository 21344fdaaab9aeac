// Asking, inside of loops that may be long, whether the launch was told to stop.
//
// Such a loop is put into another one, whose turns are some thousand of its own. A `for` whose
// counter and end all lanes share runs to the nearer of its end and a limit, so its turns cost what
// they did:
//
//     stretch: limit = phi min(stop, start + turns * step), limit'; br header
//     header:  br counter < limit, body, paused
//     paused:  br counter < stop, poll, done
//     poll:    limit' = min(stop, counter + turns * step)
//              br cudapy_poll(interruption), exit, stretch
//
// Others count turns down:
//
//     latch:   left' = left - 1; br left' == 0, poll, header
//
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include "codegen/cpu/body_emitter.h"
#include "codegen/cpu/estimate_work.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::Shape;

namespace {

MDNode* rarely(IRBuilderBase& builder) {
  return MDBuilder(builder.getContext()).createBranchWeights(1, 1U << 12U);
}

// It touches nothing that a kernel sees, so loads may move across it.
FunctionCallee poll_function(IRBuilderBase& builder) {
  Module& module = *builder.GetInsertBlock()->getModule();
  FunctionCallee callee =
      module.getOrInsertFunction("cudapy_poll", builder.getInt1Ty(), builder.getPtrTy());
  auto* function = cast<Function>(callee.getCallee());
  function->addRetAttr(Attribute::ZExt);
  function->addFnAttr(Attribute::Cold);
  function->addFnAttr(Attribute::WillReturn);
  function->setDoesNotThrow();
  function->setMemoryEffects(MemoryEffects::inaccessibleMemOnly());
  return callee;
}

}  // namespace

// Turns of `stmt` between two polls; 0: none are needed, or there is nobody to ask.
int BodyEmitter::turns_to_poll(const ir::Stmt& stmt) const {
  return interruption_ != nullptr ? turns_between_polls(stmt) : 0;
}

// Whether the limit of a range can be computed without wrapping around.
bool BodyEmitter::polls_by_limit(const Range& range) const {
  if (range.counter == ir::kNoLocal) return false;
  return range.shape == Shape::Uniform && range.stop.shape == Shape::Uniform &&
         ir::size_of(range.type) < 8;
}

// The end of the next turns of a range, counted from `counter`: no further than its stop.
Value* BodyEmitter::poll_limit(const Range& range, Value* counter) {
  const auto turns = static_cast<uint64_t>(range.turns_to_poll);
  Value* far =
      builder_.CreateNSWAdd(counter, builder_.CreateNSWMul(range.step, builder_.getInt64(turns)));
  Value* stop = widen(range, range.stop.value);
  auto nearer = [&](Intrinsic::ID which) {
    return builder_.CreateBinaryIntrinsic(which, far, stop);
  };
  if (const auto* step = dyn_cast<ConstantInt>(range.step))
    return nearer(step->isNegative() ? Intrinsic::smax : Intrinsic::smin);
  Value* down = builder_.CreateICmpSLT(range.step, builder_.getInt64(0));
  return builder_.CreateSelect(down, nearer(Intrinsic::smax), nearer(Intrinsic::smin));
}

// At each turn of a loop around barriers, which all threads of a block run through.
void BodyEmitter::emit_poll() {
  if (interruption_ == nullptr) return;
  BasicBlock* go_on = new_block("polled");
  Value* stops = builder_.CreateCall(poll_function(builder_), {interruption_});
  builder_.CreateCondBr(stops, fault_exit_, go_on, rarely(builder_));
  start_block(go_on);
}

// Between what comes before a loop and its head, whose phis have been made: the head of the outer
// loop, with phis of its own that the inner ones start from.
void BodyEmitter::open_stretch(Loop& loop, Range& range, BasicBlock* preheader) {
  const int turns = range.turns_to_poll > 0 ? range.turns_to_poll : loop.turns_to_poll;
  if (turns == 0) return;
  IRBuilderBase::InsertPointGuard guard(builder_);
  BasicBlock* header = builder_.GetInsertBlock();
  loop.stretch = new_block("stretch");
  preheader->getTerminator()->replaceSuccessorWith(header, loop.stretch);
  start_block(loop.stretch);
  for (PHINode& phi : header->phis()) {
    PHINode* outer = builder_.CreatePHI(phi.getType(), 2);
    outer->addIncoming(phi.getIncomingValueForBlock(preheader), preheader);
    phi.replaceIncomingBlockWith(preheader, loop.stretch);
    phi.setIncomingValueForBlock(loop.stretch, outer);
    loop.stretch_phis.push_back(outer);
  }
  if (range.turns_to_poll > 0) {
    range.limit = builder_.CreatePHI(range.start->getType(), 2, "limit");
    loop.stretch_phis.push_back(range.limit);
  }
  builder_.CreateBr(header);
  if (range.limit == nullptr) return;
  builder_.SetInsertPoint(preheader->getTerminator());
  range.limit->addIncoming(poll_limit(range, range.start), preheader);
}

// The builder's block asks, and goes on with another stretch; `values` are those of the head's
// phis.
void BodyEmitter::close_stretch(const Loop& loop, ArrayRef<Value*> values) {
  BasicBlock* from = builder_.GetInsertBlock();
  for (size_t i = 0; i < values.size(); ++i) loop.stretch_phis[i]->addIncoming(values[i], from);
  Value* stops = builder_.CreateCall(poll_function(builder_), {interruption_});
  builder_.CreateCondBr(stops, fault_exit_, loop.stretch, rarely(builder_));
}

// Where the test at the head of a loop has failed: another stretch if it was only the limit; else
// the builder stands where the loop is done.
void BodyEmitter::go_past_limit(const Loop& loop, const Range& range, BasicBlock* header) {
  BasicBlock* poll = new_block("poll");
  BasicBlock* done = new_block("done");
  builder_.CreateCondBr(emit_range_before(range, widen(range, range.stop.value)), poll, done,
                        rarely(builder_));
  start_block(poll);
  SmallVector<Value*, 8> values;
  for (PHINode& phi : header->phis()) values.push_back(&phi);
  values.push_back(poll_limit(range, range.phi));
  close_stretch(loop, values);
  start_block(done);
}

// The branch from the end of a turn to the head, whose phis have what they get from here.
void BodyEmitter::branch_to_next_turn(const Loop& loop, BasicBlock* header) {
  if (loop.turns_left == nullptr) {
    builder_.CreateBr(header);
    return;
  }
  BasicBlock* latch = builder_.GetInsertBlock();
  BasicBlock* poll = new_block("poll");
  Value* left = loop.turns_left->getIncomingValueForBlock(latch);
  builder_.CreateCondBr(builder_.CreateICmpEQ(left, builder_.getInt32(0)), poll, header,
                        rarely(builder_));
  start_block(poll);
  SmallVector<Value*, 8> values;
  for (PHINode& phi : header->phis()) {
    const bool counts = &phi == loop.turns_left;
    values.push_back(counts ? builder_.getInt32(static_cast<uint32_t>(loop.turns_to_poll))
                            : phi.getIncomingValueForBlock(latch));
  }
  close_stretch(loop, values);
}

}  // namespace cudapy::codegen::cpu
