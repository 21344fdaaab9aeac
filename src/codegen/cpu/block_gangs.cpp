// The gangs of a block, and the memory in which they keep what lives from one region to the next.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/MathExtras.h>

#include <algorithm>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/block_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::LocalSet;
using ir::Shape;
using ir::Storage;

namespace {

constexpr uint64_t kCacheLine = 64;

}  // namespace

void emit_count(IRBuilderBase& builder, Value* begin, Value* end, const char* name,
                const std::function<void(Value*)>& body) {
  BasicBlock* before = builder.GetInsertBlock();
  BasicBlock* loop = BasicBlock::Create(builder.getContext(), name, before->getParent());
  BasicBlock* done = BasicBlock::Create(builder.getContext(), "done", before->getParent());
  builder.CreateCondBr(builder.CreateICmpSLT(begin, end), loop, done);
  builder.SetInsertPoint(loop);
  PHINode* counter = builder.CreatePHI(builder.getInt64Ty(), 2, name);
  counter->addIncoming(begin, before);
  body(counter);
  Value* next = builder.CreateAdd(counter, builder.getInt64(1), "", /*HasNUW=*/true,
                                  /*HasNSW=*/true);
  counter->addIncoming(next, builder.GetInsertBlock());
  builder.CreateCondBr(builder.CreateICmpSLT(next, end), loop, done);
  builder.SetInsertPoint(done);
}

Value* first_lanes(IRBuilderBase& builder, int gang_width, Value* count) {
  auto width = static_cast<unsigned>(gang_width);
  SmallVector<Constant*, 32> lanes;
  for (unsigned lane = 0; lane < width; ++lane) lanes.push_back(builder.getInt32(lane));
  Value* limit = builder.CreateVectorSplat(width, builder.CreateTrunc(count, builder.getInt32Ty()));
  return builder.CreateICmpULT(ConstantVector::get(lanes), limit);
}

ThreadPosition position_of(IRBuilderBase& builder, const ir::Function& kernel,
                           const LaunchValues& launch, const GangPlace& place) {
  auto narrow = [&](Value* value, bool wide) {
    return wide ? value
                : builder.CreateTrunc(value, builder.getInt32Ty(), "", /*IsNUW=*/true,
                                      /*IsNSW=*/true);
  };
  ThreadPosition position;
  position.idx = narrow(place.thread[0], kernel.wide_index);
  position.idy = narrow(place.thread[1], kernel.wide_index);
  position.idz = narrow(place.thread[2], kernel.wide_index);
  if (!kernel.uses_block_shape) return position;
  for (size_t i = 0; i < 3; ++i) {
    position.block_values[i] = narrow(builder.CreateNSWSub(place.thread[i], place.begin[i]), false);
    position.block_values[3 + i] = narrow(place.number[i], false);
    const bool sees_others = launch.seen_block[i] != nullptr;
    position.block_values[6 + i] =
        narrow(sees_others ? launch.seen_block[i] : launch.block[i], false);
    position.block_values[9 + i] =
        narrow(sees_others ? launch.seen_grid[i] : launch.grid[i], false);
  }
  return position;
}

void number_of_block(IRBuilderBase& builder, const LaunchValues& launch, Value* block,
                     Value* (&number)[3]) {
  Value* rest = builder.CreateUDiv(block, launch.grid[0]);
  number[0] = builder.CreateURem(block, launch.grid[0]);
  number[1] = builder.CreateURem(rest, launch.grid[1]);
  number[2] = builder.CreateUDiv(rest, launch.grid[1]);
}

// In the entry block, so that it is made once and may be promoted to a register.
AllocaInst* BlockEmitter::make_alloca(Type* type, const char* name) {
  BasicBlock& entry = builder_.GetInsertBlock()->getParent()->getEntryBlock();
  IRBuilder<> at_entry(&entry, entry.begin());
  return at_entry.CreateAlloca(type, nullptr, name);
}

void BlockEmitter::make_slots() {
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    auto id = static_cast<LocalId>(i);
    const ir::Local& local = kernel_.locals[i];
    if (!slot.is_used) continue;
    slot.of_block = uniform_.is_uniform(id) && body_.shape_of(id) == Shape::Uniform;
    slot.type = memory_type(builder_.getContext(), local.type.scalar);
    slot.bytes = static_cast<uint64_t>(ir::size_of(local.type.scalar));
    if (slot.of_block) {
      slot.current = make_alloca(slot.type, local.name.c_str());
      slot.next = make_alloca(slot.type, local.name.c_str());
      builder_.CreateStore(Constant::getNullValue(slot.type), slot.current);
    } else if (body_.shape_of(id) == Shape::Varying) {
      slot.type = body_.vector_of(slot.type);
      slot.bytes *= static_cast<uint64_t>(width_);
    }
  }
}

// Memory that nothing else points to; the kernel ends where there is none.
Value* BlockEmitter::memory(int32_t which, Value* bytes) {
  Module& module = *builder_.GetInsertBlock()->getModule();
  Type* pointer = builder_.getPtrTy();
  FunctionCallee callee = module.getOrInsertFunction("cudapy_block_memory", pointer, pointer,
                                                     builder_.getInt32Ty(), builder_.getInt64Ty());
  auto* function = cast<Function>(callee.getCallee());
  function->setDoesNotThrow();
  function->addRetAttr(Attribute::NoAlias);
  CallInst* data = builder_.CreateCall(
      callee, {body_.fault_record_, builder_.getInt32(static_cast<uint32_t>(which)), bytes});
  data->addRetAttr(Attribute::getWithAlignment(builder_.getContext(), Align(kCacheLine)));
  BasicBlock* there = new_block("memory");
  builder_.CreateCondBr(builder_.CreateIsNull(data), body_.fault_exit_, there);
  builder_.SetInsertPoint(there);
  return data;
}

// Once for their sizes, and again for where they are.
void BlockEmitter::make_shared_arrays() {
  Value* bytes = i64(0);
  std::vector<std::pair<LocalId, Value*>> places;
  for (size_t i = 0; i < kernel_.locals.size(); ++i) {
    if (kernel_.locals[i].storage != Storage::Block) continue;
    const auto local = static_cast<LocalId>(i);
    places.emplace_back(local, bytes);
    Value* own = body_.set_block_array(local, nullptr, launch_.block);
    own = builder_.CreateAnd(builder_.CreateAdd(own, i64(kCacheLine - 1)),
                             i64(-static_cast<int64_t>(kCacheLine)));
    bytes = builder_.CreateAdd(bytes, own);
  }
  if (places.empty()) return;
  shared_ = memory(0, bytes);
  shared_bytes_ = bytes;
  for (auto [local, offset] : places) {
    Value* data = builder_.CreateGEP(builder_.getInt8Ty(), shared_, offset);
    body_.set_block_array(local, data, launch_.block);
  }
}

// One array for each variable, of as many places as a block has gangs; the largest places first, so
// that all are aligned.
void BlockEmitter::make_gang_memory() {
  Value* width = i64(width_);
  Value* per_row =
      builder_.CreateUDiv(builder_.CreateAdd(launch_.block[0], i64(width_ - 1)), width);
  Value* rows = builder_.CreateMul(launch_.block[1], launch_.block[2]);
  gangs_most_ = builder_.CreateMul(per_row, rows);
  if (crosses_rows_) {
    Value* threads = builder_.CreateMul(launch_.block[0], rows);
    gangs_most_ = builder_.CreateUDiv(builder_.CreateAdd(threads, i64(width_ - 1)), width);
  }
  struct Part {
    Value** data;
    uint64_t bytes;
  };
  std::vector<Part> parts;
  for (size_t i = 0; i < slots_.size(); ++i) {
    const ir::Local& local = kernel_.locals[i];
    if (local.storage == Storage::Thread) {
      auto bytes = static_cast<uint64_t>(element_count(local) * ir::size_of(local.type.scalar));
      slots_[i].bytes = alignTo(bytes * static_cast<uint64_t>(width_), kCacheLine);
    }
    const bool of_gang = slots_[i].is_used && !slots_[i].of_block;
    if (of_gang || local.storage == Storage::Thread)
      parts.push_back({&slots_[i].gangs, slots_[i].bytes});
  }
  if (has_returns_) parts.push_back({&masks_, sizeof(uint64_t)});
  if (parts.empty()) return;
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.bytes > b.bytes; });
  uint64_t all = 0;
  for (const Part& part : parts) all += part.bytes;
  Value* data = memory(1, builder_.CreateMul(gangs_most_, builder_.getInt64(all)));
  uint64_t before = 0;
  for (const Part& part : parts) {
    *part.data = builder_.CreateGEP(builder_.getInt8Ty(), data,
                                    builder_.CreateMul(gangs_most_, builder_.getInt64(before)));
    before += part.bytes;
  }
}

void BlockEmitter::start_block_of_threads(Value* block) {
  number_of_block(builder_, launch_, block, number_);
  for (size_t i = 0; i < 3; ++i) {
    begin_[i] = builder_.CreateNSWMul(number_[i], launch_.block[i]);
    count_[i] = launch_.block[i];
    // Where no thread waits for another, those that were not asked for do not run.
    if (!runs_whole_) {
      count_[i] = builder_.CreateBinaryIntrinsic(
          Intrinsic::smin, count_[i], builder_.CreateNSWSub(launch_.threads[i], begin_[i]));
    }
  }
  row_threads_ = count_[0];
  gangs_per_row_ = builder_.CreateUDiv(builder_.CreateAdd(count_[0], i64(width_ - 1)), i64(width_));
  if (shared_)
    builder_.CreateMemSet(shared_, builder_.getInt8(0), shared_bytes_, Align(kCacheLine));
  if (masks_) {
    builder_.CreateMemSet(masks_, builder_.getInt8(0xff),
                          builder_.CreateMul(gangs_most_, i64(sizeof(uint64_t))), Align(8));
  }
}

void BlockEmitter::gangs(const GangBody& body) {
  return crosses_rows_ ? gangs_of_warps(body) : gangs_of_rows(body);
}

// for z, y: for full gangs: body; then the rest of the row under a mask
void BlockEmitter::gangs_of_rows(const GangBody& body) {
  emit_count(builder_, i64(0), count_[2], "z", [&](Value* z) {
    emit_count(builder_, i64(0), count_[1], "y", [&](Value* y) {
      Value* row = builder_.CreateAdd(builder_.CreateMul(z, count_[1]), y);
      Value* first = builder_.CreateMul(row, gangs_per_row_);
      gangs_in_turn(row_threads_, [&](Value* in_row, bool is_full) {
        Value* x = builder_.CreateMul(in_row, i64(width_));
        Mask mask = rest_of(row_threads_, x, is_full);
        Value* at[3] = {x, y, z};
        Value* thread[3];
        for (size_t i = 0; i < 3; ++i) thread[i] = builder_.CreateNSWAdd(begin_[i], at[i]);
        gang(position_of(builder_, kernel_, launch_, {thread, begin_, number_}),
             builder_.CreateAdd(first, in_row), mask, body);
      });
    });
  });
}

// The threads as they are numbered, x fastest.
void BlockEmitter::gangs_of_warps(const GangBody& body) {
  Value* threads = builder_.CreateMul(count_[0], builder_.CreateMul(count_[1], count_[2]));
  gangs_in_turn(threads, [&](Value* number, bool is_full) {
    Value* first = builder_.CreateMul(number, i64(width_));
    Mask mask = rest_of(threads, first, is_full);
    gang(position_of_warp(first), number, mask, body);
  });
}

// Full gangs, and the rest. With threads that return every gang has a mask, and one body does for
// both.
void BlockEmitter::gangs_in_turn(Value* threads, const OneGang& one) {
  Value* width = i64(width_);
  Value* all = builder_.CreateUDiv(builder_.CreateAdd(threads, i64(width_ - 1)), width);
  if (has_returns_ || width_ == 1) {
    return emit_count(builder_, i64(0), all, "gang",
                      [&](Value* number) { one(number, width_ == 1); });
  }
  Value* full = builder_.CreateUDiv(threads, width);
  emit_count(builder_, i64(0), full, "gang", [&](Value* number) { one(number, true); });
  emit_count(builder_, full, all, "tail", [&](Value* number) { one(number, false); });
}

// The lanes of a gang that begins at `first` of so many threads.
Mask BlockEmitter::rest_of(Value* threads, Value* first, bool is_full) {
  if (is_full) return nullptr;
  Value* rest = builder_.CreateBinaryIntrinsic(Intrinsic::smin, builder_.CreateSub(threads, first),
                                               i64(width_));
  return first_lanes(builder_, width_, rest);
}

//   %number = %first + <0, 1, 2, ...>; x = %number % nx; y = %number / nx % ny; z = ...
ThreadPosition BlockEmitter::position_of_warp(Value* first) {
  ThreadPosition position = position_of(builder_, kernel_, launch_, {begin_, begin_, number_});
  Type* i32 = builder_.getInt32Ty();
  const auto splat = [&](Value* value) {
    return body_.broadcast(builder_.CreateTrunc(value, i32));
  };
  Value* rest = body_.to_vector({builder_.CreateTrunc(first, i32), Shape::Linear, 1});
  Value** const index[3] = {&position.idx, &position.idy, &position.idz};
  for (size_t i = 0; i < 3; ++i) {
    Value* at = i < 2 ? builder_.CreateURem(rest, splat(count_[i])) : rest;
    if (i < 2) rest = builder_.CreateUDiv(rest, splat(count_[i]));
    position.block_values[i] = at;
    Type* type = body_.vector_of((*index[i])->getType());
    *index[i] =
        builder_.CreateAdd(body_.broadcast(*index[i]), builder_.CreateZExtOrTrunc(at, type));
  }
  return position;
}

// A gang whose threads have all returned is passed over.
void BlockEmitter::gang(const ThreadPosition& position, Value* number, Mask mask,
                        const GangBody& body) {
  BasicBlock* passed = nullptr;
  if (has_returns_) {
    Value* alive = load_mask(number);
    if (width_ > 1) alive = mask = body_.mask_and(mask, alive);
    BasicBlock* some = new_block("alive");
    passed = new_block("passed");
    builder_.CreateCondBr(body_.any(alive), some, passed);
    builder_.SetInsertPoint(some);
  }
  body({position, number, mask});
  if (!passed) return;
  builder_.CreateBr(passed);
  builder_.SetInsertPoint(passed);
}

Value* BlockEmitter::slot_address(const Slot& slot, Value* gang) {
  return builder_.CreateGEP(builder_.getInt8Ty(), slot.gangs,
                            builder_.CreateMul(gang, builder_.getInt64(slot.bytes)));
}

// Makes the gang's state: what was kept of the variables in `used`, and its threads' arrays.
void BlockEmitter::enter(const Gang& gang, const LocalSet& used) {
  body_.start_gang(gang.position, gang.mask);
  body_.set_rows_inside(false);
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    auto id = static_cast<LocalId>(i);
    const ir::Local& local = kernel_.locals[i];
    if (local.storage == Storage::Thread && gang.number)
      body_.set_array(id, declared_array(builder_, local, slot_address(slot, gang.number)));
    if (!slot.is_used || !used.contains(id)) continue;
    Value* address = slot.of_block ? slot.current : slot_address(slot, gang.number);
    Value* kept = builder_.CreateAlignedLoad(
        slot.type, address, Align(slot.of_block ? 1 : std::min(slot.bytes, kCacheLine)));
    body_.state_.variables[i].set(from_memory(builder_, kept, local.type.scalar));
  }
}

void BlockEmitter::leave(const Gang& gang, const LocalSet& left) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (!left.contains(static_cast<LocalId>(i))) continue;
    Value* value = body_.state_.variables[i].current();
    if (!value) continue;
    value = to_memory(builder_, value, kernel_.locals[i].type.scalar);
    if (!slot.of_block) {
      // Threads that take no part in a turn keep what they have.
      if (row_threads_ != count_[0] && gang.mask && value->getType()->isVectorTy()) {
        Value* old = builder_.CreateAlignedLoad(slot.type, slot_address(slot, gang.number),
                                                Align(std::min(slot.bytes, kCacheLine)));
        value = builder_.CreateSelect(gang.mask, value, old);
      }
      builder_.CreateAlignedStore(value, slot_address(slot, gang.number),
                                  Align(std::min(slot.bytes, kCacheLine)));
      continue;
    }
    // A gang whose lanes have all returned may not have been where the others were.
    if (has_returns_ && body_.state_.mask) {
      Value* old = builder_.CreateLoad(slot.type, slot.next);
      value = builder_.CreateSelect(body_.any(body_.state_.mask), value, old);
    }
    builder_.CreateStore(value, slot.next);
  }
}

// Null: no lane.
void BlockEmitter::store_mask(Value* gang, Value* mask) {
  Value* bits = i64(0);
  if (mask) {
    bits = builder_.CreateBitCast(mask, builder_.getIntNTy(static_cast<unsigned>(width_)));
    bits = builder_.CreateZExt(bits, builder_.getInt64Ty());
  }
  builder_.CreateStore(bits, builder_.CreateGEP(builder_.getInt64Ty(), masks_, gang));
}

// Of scalar code: an i1.
Value* BlockEmitter::load_mask(Value* gang) {
  Value* address = builder_.CreateGEP(builder_.getInt64Ty(), masks_, gang);
  Value* bits = builder_.CreateLoad(builder_.getInt64Ty(), address);
  if (width_ == 1) return builder_.CreateICmpNE(bits, i64(0));
  bits = builder_.CreateTrunc(bits, builder_.getIntNTy(static_cast<unsigned>(width_)));
  return builder_.CreateBitCast(bits, body_.vector_of(builder_.getInt1Ty()));
}

}  // namespace cudapy::codegen::cpu
