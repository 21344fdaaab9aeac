// The entry: loads the arguments, then loops over blocks, rows and gangs, with the body twice: for
// a full gang, and for the rest of a row under a mask.
//
//   for block in [block_begin, block_end):
//     for z, y of the block that were asked for, and that no guard around the kernel excludes:
//       x = first; while x + W <= end: body(x); x += W
//       if x < end: body(x) under the mask of the first end - x lanes
// Where checks were moved out of the body, that is what threads run whose accesses are known to be
// inside; others run under masks, checked.
#include "codegen/cpu/emit_kernel.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <cstddef>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/block_emitter.h"
#include "codegen/cpu/block_hulls.h"
#include "codegen/cpu/body_emitter.h"
#include "codegen/cpu/estimate_work.h"
#include "codegen/cpu/private_bins.h"
#include "codegen/math/fast_flags.h"
#include "runtime/cpu/kernel_abi.h"
#include "transform/block_turns.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

constexpr const char* kEntryName = "cudapy_kernel";
constexpr int kFewInstructions = 256;  // of a gang: a row's start takes some 40

class KernelEmitter {
 public:
  KernelEmitter(const ir::Function& kernel, const TargetInfo& target, const BodyOptions& options,
                Module& module)
      : kernel_(kernel),
        target_(target),
        options_(options),
        builder_(module.getContext()),
        liveness_(kernel),
        body_(builder_, kernel, liveness_, target, options) {
    Type* pointer = builder_.getPtrTy();
    Type* i64 = builder_.getInt64Ty();
    auto* type = FunctionType::get(builder_.getVoidTy(), {pointer, pointer, i64, i64}, false);
    function_ = Function::Create(type, GlobalValue::ExternalLinkage, kEntryName, module);
    function_->setDoesNotThrow();
    for (unsigned i : {0U, 1U}) {
      for (auto kind : {Attribute::ReadOnly, Attribute::NoAlias, Attribute::NonNull})
        function_->addParamAttr(i, kind);
    }
    builder_.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function_));
    if (options.fastmath) builder_.setFastMathFlags(fast_flags());
  }

  void run() {
    load_arguments();
    load_launch();
    if (!runs_whole_blocks(kernel_)) make_thread_arrays();
    set_constant_arrays(body_, builder_, kernel_, 0);
    BasicBlock* exit = BasicBlock::Create(builder_.getContext(), "exit", function_);
    Value* fault =
        load_at(function_->getArg(1), offsetof(runtime::Launch, fault), builder_.getPtrTy());
    body_.set_fault_handling(fault, exit);
    body_.set_prints(
        load_at(function_->getArg(1), offsetof(runtime::Launch, prints), builder_.getPtrTy()));
    body_.set_interruption(load_at(function_->getArg(1), offsetof(runtime::Launch, interruption),
                                   builder_.getPtrTy()));
    if (body_.has_definitions()) find_stack_end();
    open_bins();
    if (runs_whole_blocks(kernel_))
      BlockEmitter(builder_, kernel_, liveness_, body_, launch_)
          .run(function_->getArg(2), function_->getArg(3));
    else
      emit_blocks();
    builder_.CreateBr(exit);
    builder_.SetInsertPoint(exit);
    for (const PrivateBins& bins : bins_)
      close_private_bins(builder_, kernel_, bins, body_.arrays()[static_cast<size_t>(bins.array)]);
    builder_.CreateRetVoid();
  }

 private:
  struct Range {
    Value* begin = nullptr;
    Value* end = nullptr;
  };

  Value* i64(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }

  Value* load_at(Value* base, size_t offset, Type* type) {
    return builder_.CreateAlignedLoad(
        type, builder_.CreateConstGEP1_64(builder_.getInt8Ty(), base, offset),
        Align(type->isPointerTy() ? 8 : type->getScalarSizeInBits() / 8));
  }

  // In the layout that kernel_abi.h states.
  void load_arguments() {
    size_t offset = 0;
    auto place = [&](size_t align, size_t size) {
      offset = (offset + align - 1) / align * align;
      return std::exchange(offset, offset + size);
    };
    Value* arguments = function_->getArg(0);
    for (ir::LocalId id = 0; id < kernel_.parameter_count; ++id) {
      const ir::Type& type = kernel_.locals[static_cast<size_t>(id)].type;
      if (type.is_array()) {
        auto words = static_cast<size_t>(runtime::array_argument_words(type.rank, type.strided));
        size_t at = place(alignof(runtime::ArrayArgument), words * sizeof(int64_t));
        ArrayValue array;
        array.data = load_at(arguments, at, builder_.getPtrTy());
        for (size_t word = 1; word < words; ++word) {
          Value* value = load_at(arguments, at + word * sizeof(int64_t), builder_.getInt64Ty());
          (word <= type.rank ? array.shape : array.strides).push_back(value);
        }
        if (type.channels > 0) array.shape.back() = array.strides.back() = i64(type.channels);
        body_.set_array(id, std::move(array));
      } else {
        auto size = static_cast<size_t>(ir::size_of(type.scalar));
        Value* value =
            load_at(arguments, place(size, size), memory_type(builder_.getContext(), type.scalar));
        body_.set_parameter(id, from_memory(builder_, value, type.scalar));
      }
    }
  }

  // An array of each thread: of one gang at a time.
  void make_thread_arrays() {
    for (size_t i = 0; i < kernel_.locals.size(); ++i) {
      const ir::Local& local = kernel_.locals[i];
      if (local.storage != ir::Storage::Thread) continue;
      auto count = static_cast<uint64_t>(element_count(local) * options_.gang_width);
      Type* type = ArrayType::get(memory_type(builder_.getContext(), local.type.scalar), count);
      AllocaInst* array = builder_.CreateAlloca(type, nullptr, local.name);
      array->setAlignment(Align(64));
      body_.set_array(static_cast<ir::LocalId>(i), declared_array(builder_, local, array));
    }
  }

  // Calls need room below them for their frames and for what they call.
  void find_stack_end() {
    FunctionCallee find =
        function_->getParent()->getOrInsertFunction("cudapy_stack_end", builder_.getPtrTy());
    cast<Function>(find.getCallee())->setDoesNotThrow();
    body_.set_stack_end(builder_.CreateCall(find));
  }

  void open_bins() {
    const std::vector<ir::LocalId> found = find_private_bins(kernel_);
    if (found.empty()) return;
    Value* threads = builder_.CreateSub(function_->getArg(3), function_->getArg(2));
    for (Value* extent : launch_.block) threads = builder_.CreateMul(threads, extent);
    for (const ir::LocalId array : found) {
      bins_.push_back(open_private_bins(builder_, kernel_, array, body_.arrays(), threads));
      body_.set_private_bins(array, bins_.back().memory);
    }
  }

  void load_launch() {
    Value* launch = function_->getArg(1);
    for (size_t i = 0; i < 3; ++i) {
      size_t at = i * sizeof(int64_t);
      launch_.threads[i] =
          load_at(launch, offsetof(runtime::Launch, threads) + at, builder_.getInt64Ty());
      const int32_t size = kernel_.block[i];
      launch_.block[i] =
          size > 0 ? i64(size)
                   : load_at(launch, offsetof(runtime::Launch, block) + at, builder_.getInt64Ty());
      launch_.grid[i] =
          load_at(launch, offsetof(runtime::Launch, grid) + at, builder_.getInt64Ty());
    }
    for (Value*& first : launch_.first) first = i64(0);
    if (transform::takes_turns(kernel_)) load_seen_blocks();
    Value* asked_for[3];
    std::copy_n(launch_.threads, 3, asked_for);
    for (size_t i = 0; i < 3; ++i) {
      if (repeats(i)) launch_.threads[i] = i64(INT64_MAX);
    }
    for (const ir::Clip& clip : kernel_.clips) clip_launch(clip);
    for (size_t i = 0; i < 3; ++i) {
      if (!repeats(i)) continue;
      turns_[i].begin = std::exchange(launch_.first[i], i64(0));
      turns_[i].end = std::exchange(launch_.threads[i], asked_for[i]);
      extent_[i] = load_at(launch, offsetof(runtime::Launch, extent) + i * sizeof(int64_t),
                           builder_.getInt64Ty());
    }
  }

  void load_seen_blocks() {
    Value* launch = function_->getArg(1);
    for (size_t i = 0; i < 3; ++i) {
      const size_t at = i * sizeof(int64_t);
      launch_.seen_block[i] =
          load_at(launch, offsetof(runtime::Launch, seen_block) + at, builder_.getInt64Ty());
      Value* extent =
          load_at(launch, offsetof(runtime::Launch, extent) + at, builder_.getInt64Ty());
      launch_.seen_grid[i] = builder_.CreateUDiv(extent, launch_.seen_block[i]);
    }
  }

  void clip_launch(const ir::Clip& clip) {
    Value* bound = body_.emit_launch_constant(*clip.bound);
    bound = emit_cast(builder_, bound, clip.bound->type.scalar, ir::Scalar::I64);
    if (clip.op == ir::CompareOp::LessEqual || clip.op == ir::CompareOp::Greater)
      bound = builder_.CreateBinaryIntrinsic(Intrinsic::sadd_sat, bound, i64(1));
    const bool is_lower =
        clip.op == ir::CompareOp::Greater || clip.op == ir::CompareOp::GreaterEqual;
    Value*& end = (is_lower ? launch_.first : launch_.threads)[clip.axis];
    end = builder_.CreateBinaryIntrinsic(is_lower ? Intrinsic::smax : Intrinsic::smin, end, bound);
  }

  template <class Body>
  void emit_count(Value* begin, Value* end, const char* name, Body body) {
    cpu::emit_count(builder_, begin, end, name, body);
  }

  // Where the work of a gang is little, what comes before a row counts: there is code of its own
  // for blocks that fit, and blocks that don't are run under masks, and checked. Else, rows are
  // looked at one by one where the block does not fit.
  void emit_blocks() {
    emit_count(function_->getArg(2), function_->getArg(3), "block", [&](Value* block) {
      Value* number[3];
      Value* from[3];
      number_of_block(builder_, launch_, block, number);
      Value* begin[3];
      Value* end[3];
      for (size_t i = 0; i < 3; ++i) {
        begin[i] = builder_.CreateNSWMul(number[i], launch_.block[i]);
        end[i] = builder_.CreateBinaryIntrinsic(
            Intrinsic::smin, builder_.CreateNSWAdd(begin[i], launch_.block[i]), launch_.threads[i]);
        from[i] = builder_.CreateBinaryIntrinsic(Intrinsic::smax, begin[i], launch_.first[i]);
      }
      if (kernel_.repeated_axes != 0) return emit_turns(begin, end, number);
      Value* fits = options_.gang_width > 1 ? emit_block_fits(builder_, kernel_, body_, {from, end})
                                            : nullptr;
      const auto gang_of_row = [&](Value* y, Value* z) {
        return [this, y, z, &begin, &number](Value* x, Mask mask) {
          Value* thread[3] = {x, y, z};
          body_.emit_gang(position_of(thread, begin, number), mask);
        };
      };
      if (fits && is_light_) {
        emit_either(
            fits,
            [&] {
              emit_rows(from, end, [&](Value* y, Value* z) {
                emit_row_inside({from[0], end[0]}, gang_of_row(y, z));
              });
            },
            [&] {
              emit_rows(from, end, [&](Value* y, Value* z) {
                emit_masked_gangs(first_and_end({from[0], y, z}, end[0]), nullptr,
                                  gang_of_row(y, z));
              });
            });
        return;
      }
      emit_rows(from, end, [&](Value* y, Value* z) {
        Value* first[3] = {from[0], y, z};
        emit_row(first, end[0], fits, gang_of_row(y, z));
      });
    });
  }

  // What is repeated, turn after turn: of z and y around the block, of x around each of its rows,
  // so that the turns of a thread come in the order of the loops.
  //   for turn of z, turn of y: for z, y: for turn of x: row
  void emit_turns(Value* const (&begin)[3], Value* const (&end)[3], Value* const (&number)[3]) {
    ThreadPosition own;
    const auto rows_of = [&](Range z, Range y) {
      Value* from[3] = {begin[0], y.begin, z.begin};
      Value* to[3] = {end[0], y.end, z.end};
      emit_rows(from, to, [&](Value* at_y, Value* at_z) {
        each_turn(0, {begin[0], end[0]}, own, [&](Range x) {
          emit_row_of_turn(x, at_y, at_z, [&](Value* at_x, Mask mask) {
            Value* thread[3] = {at_x, at_y, at_z};
            ThreadPosition position = position_of(thread, begin, number);
            std::copy_n(own.ahead, 3, position.ahead);
            body_.emit_gang(position, mask);
          });
        });
      });
    };
    each_turn(2, {begin[2], end[2]}, own, [&](Range z) {
      each_turn(1, {begin[1], end[1]}, own, [&](Range y) { rows_of(z, y); });
    });
  }

  //   ahead = 0
  //   while begin + ahead < end of turns:
  //     body(max(begin + ahead, first of turns), min(end + ahead, end of turns)); ahead += extent
  template <class Body>
  void each_turn(size_t axis, Range own, ThreadPosition& position, Body body) {
    if (!repeats(axis)) {
      Value* begin =
          builder_.CreateBinaryIntrinsic(Intrinsic::smax, own.begin, launch_.first[axis]);
      return body(Range{begin, own.end});
    }
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* turn = BasicBlock::Create(builder_.getContext(), "turn", function_);
    BasicBlock* done = BasicBlock::Create(builder_.getContext(), "turns_done", function_);
    const Range all = turns_[axis];
    builder_.CreateCondBr(builder_.CreateICmpSLT(own.begin, all.end), turn, done);
    builder_.SetInsertPoint(turn);
    PHINode* ahead = builder_.CreatePHI(builder_.getInt64Ty(), 2, "ahead");
    ahead->addIncoming(i64(0), before);
    position.ahead[axis] = ahead;
    Value* begin = builder_.CreateNSWAdd(own.begin, ahead);
    body_.poll();
    body(Range{builder_.CreateBinaryIntrinsic(Intrinsic::smax, begin, all.begin),
               builder_.CreateBinaryIntrinsic(
                   Intrinsic::smin,
                   builder_.CreateBinaryIntrinsic(Intrinsic::sadd_sat, own.end, ahead), all.end)});
    Value* next = builder_.CreateBinaryIntrinsic(Intrinsic::sadd_sat, ahead, extent_[axis]);
    Value* next_begin = builder_.CreateBinaryIntrinsic(Intrinsic::sadd_sat, own.begin, next);
    ahead->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpSLT(next_begin, all.end), turn, done);
    builder_.SetInsertPoint(done);
  }

  template <class Gang>
  void emit_row_of_turn(Range x, Value* y, Value* z, Gang gang) {
    Value* first[3] = {x.begin, y, z};
    Value* end[3] = {x.end, builder_.CreateNSWAdd(y, i64(1)), builder_.CreateNSWAdd(z, i64(1))};
    Value* fits =
        options_.gang_width > 1 ? emit_block_fits(builder_, kernel_, body_, {first, end}) : nullptr;
    if (!fits || !is_light_) return emit_row(first, x.end, fits, gang);
    emit_either(
        fits, [&] { emit_row_inside(x, gang); },
        [&] { emit_masked_gangs(first_and_end(first, x.end), nullptr, gang); });
  }

  [[nodiscard]] bool repeats(size_t axis) const {
    return (kernel_.repeated_axes >> axis & 1U) != 0;
  }

  template <class Row>
  void emit_rows(Value* const (&from)[3], Value* const (&end)[3], Row row) {
    emit_count(from[2], end[2], "z",
               [&](Value* z) { emit_count(from[1], end[1], "y", [&](Value* y) { row(y, z); }); });
  }

  template <class Then, class Else>
  void emit_either(Value* condition, Then then, Else otherwise) {
    BasicBlock* first = BasicBlock::Create(builder_.getContext(), "block_fits", function_);
    BasicBlock* second = BasicBlock::Create(builder_.getContext(), "careful", function_);
    BasicBlock* done = BasicBlock::Create(builder_.getContext(), "block_done", function_);
    builder_.CreateCondBr(condition, first, second,
                          MDBuilder(builder_.getContext()).createBranchWeights(1U << 20U, 1));
    builder_.SetInsertPoint(first);
    then();
    builder_.CreateBr(done);
    builder_.SetInsertPoint(second);
    otherwise();
    builder_.CreateBr(done);
    builder_.SetInsertPoint(done);
  }

  // A row all of whose accesses are inside.
  template <class Gang>
  void emit_row_inside(Range row, Gang gang) {
    row = {row.begin, builder_.CreateBinaryIntrinsic(Intrinsic::smax, row.end, row.begin)};
    Value* reached = emit_full_gangs(row, gang);
    emit_last_gang({reached, row.end}, gang);
  }

  // `fits`: whether all row accesses of the block are inside their arrays; null: it is not known.
  template <class Gang>
  void emit_row(Value* const (&first)[3], Value* end, Value* fits, Gang gang) {
    if (options_.gang_width == 1) {
      body_.set_rows_inside(false);
      return emit_count(first[0], end, "x", [&](Value* x) { gang(x, nullptr); });
    }
    Range full = first_and_end(first, end);
    if (kernel_.row_accesses.empty()) {
      return emit_row_inside(full, gang);
    }
    emit_row_in_parts(full, part_inside(first, full, fits), gang);
  }

  // The part of a row where all row accesses are inside, and whether that is all of it.
  struct PartInside {
    Range range;
    Value* is_whole;
  };

  Range first_and_end(Value* const (&first)[3], Value* end) {
    return {first[0], builder_.CreateBinaryIntrinsic(Intrinsic::smax, end, first[0])};
  }

  // Gangs with all lanes on, as many as fit; returns where they stop.
  template <class Gang>
  Value* emit_full_gangs(Range range, Gang gang) {
    int width = options_.gang_width;
    Value* length = builder_.CreateNSWSub(range.end, range.begin);
    Value* gangs = builder_.CreateLShr(length, i64(Log2_32(static_cast<uint32_t>(width))));
    auto after = [&](Value* count) {
      return builder_.CreateNSWAdd(range.begin,
                                   builder_.CreateMul(count, i64(width), "", true, true));
    };
    body_.set_rows_inside(true);
    emit_count(i64(0), gangs, "gang", [&](Value* number) { gang(after(number), nullptr); });
    return after(gangs);
  }

  // What is left of a row of full gangs, under a mask.
  template <class Gang>
  void emit_last_gang(Range range, Gang gang) {
    BasicBlock* tail = BasicBlock::Create(builder_.getContext(), "tail", function_);
    BasicBlock* done = BasicBlock::Create(builder_.getContext(), "row_done", function_);
    builder_.CreateCondBr(builder_.CreateICmpSLT(range.begin, range.end), tail, done);
    builder_.SetInsertPoint(tail);
    body_.set_rows_inside(true);
    gang(range.begin, first_lanes(builder_.CreateNSWSub(range.end, range.begin)));
    builder_.CreateBr(done);
    builder_.SetInsertPoint(done);
  }

  // Gangs under masks, and checked. `fits`: whether row accesses are known to be inside all the
  // same; null: they are not.
  template <class Gang>
  void emit_masked_gangs(Range range, Value* fits, Gang gang) {
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* part = BasicBlock::Create(builder_.getContext(), "masked", function_);
    BasicBlock* done = BasicBlock::Create(builder_.getContext(), "masked_done", function_);
    builder_.CreateCondBr(builder_.CreateICmpSLT(range.begin, range.end), part, done);
    builder_.SetInsertPoint(part);
    PHINode* x = builder_.CreatePHI(builder_.getInt64Ty(), 2, "x");
    x->addIncoming(range.begin, before);
    body_.set_rows_inside(false, fits);
    gang(x, first_lanes(builder_.CreateNSWSub(range.end, x)));
    Value* next = builder_.CreateNSWAdd(x, i64(options_.gang_width));
    x->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpSLT(next, range.end), part, done);
    builder_.SetInsertPoint(done);
  }

  // Threads for which all row accesses are inside their arrays run unchecked in full gangs; those
  // before and after them, usually less than a gang, under masks, and checked if they must be. The
  // code for these stands once:
  //   part: phi [row's begin, inside's begin, first], [reached, row's end, last]
  //     masked gangs; br first part, full gangs, done
  //   full gangs -> part
  template <class Gang>
  void emit_row_in_parts(Range row, const PartInside& part_inside, Gang gang) {
    const Range& inside = part_inside.range;
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* part = BasicBlock::Create(builder_.getContext(), "part", function_);
    BasicBlock* full = BasicBlock::Create(builder_.getContext(), "full", function_);
    BasicBlock* done = BasicBlock::Create(builder_.getContext(), "parts_done", function_);
    builder_.CreateBr(part);
    builder_.SetInsertPoint(part);
    PHINode* begin = builder_.CreatePHI(builder_.getInt64Ty(), 2, "begin");
    PHINode* end = builder_.CreatePHI(builder_.getInt64Ty(), 2, "end");
    PHINode* is_first = builder_.CreatePHI(builder_.getInt1Ty(), 2, "is_first");
    begin->addIncoming(row.begin, before);
    end->addIncoming(inside.begin, before);
    is_first->addIncoming(builder_.getTrue(), before);
    emit_masked_gangs({begin, end}, part_inside.is_whole, gang);
    builder_.CreateCondBr(is_first, full, done);
    builder_.SetInsertPoint(full);
    Value* reached = emit_full_gangs(inside, gang);
    begin->addIncoming(reached, builder_.GetInsertBlock());
    end->addIncoming(row.end, builder_.GetInsertBlock());
    is_first->addIncoming(builder_.getFalse(), builder_.GetInsertBlock());
    builder_.CreateBr(part);
    builder_.SetInsertPoint(done);
  }

  //   br fits, known, look
  // look:                                        what holds for this row
  // known: phi [row, all], [inside, part]
  PartInside part_inside(Value* const (&first)[3], Range row, Value* fits) {
    if (!fits) return look_at_row(first, row);
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* look = BasicBlock::Create(builder_.getContext(), "look", function_);
    BasicBlock* known = BasicBlock::Create(builder_.getContext(), "known", function_);
    builder_.CreateCondBr(fits, known, look,
                          MDBuilder(builder_.getContext()).createBranchWeights(1U << 20U, 1));
    builder_.SetInsertPoint(look);
    const PartInside seen = look_at_row(first, row);
    BasicBlock* looked = builder_.GetInsertBlock();
    builder_.CreateBr(known);
    builder_.SetInsertPoint(known);
    auto either = [&](Value* all, Value* part) -> Value* {
      PHINode* phi = builder_.CreatePHI(all->getType(), 2);
      phi->addIncoming(all, before);
      phi->addIncoming(part, looked);
      return phi;
    };
    Value* begin = either(row.begin, seen.range.begin);
    Value* end = either(row.end, seen.range.end);
    return {{begin, end}, either(builder_.getTrue(), seen.is_whole)};
  }

  PartInside look_at_row(Value* const (&first)[3], Range row) {
    const Range inside = inside_of_row(first, row);
    return {inside, builder_.CreateAnd(builder_.CreateICmpEQ(inside.begin, row.begin),
                                       builder_.CreateICmpEQ(inside.end, row.end))};
  }

  // Their minimum or maximum, as a tree: the latency of a row's start counts where rows are short.
  Value* extreme(SmallVector<Value*, 8> values, Intrinsic::ID which) {
    while (values.size() > 1) {
      SmallVector<Value*, 8> halved;
      for (size_t i = 0; i + 1 < values.size(); i += 2) {
        halved.push_back(builder_.CreateBinaryIntrinsic(which, values[i], values[i + 1]));
      }
      if (values.size() % 2 == 1) halved.push_back(values.back());
      values = std::move(halved);
    }
    return values[0];
  }

  Value* row_bound(const ir::ExprPtr& bound, const ThreadPosition& position) {
    Value* value = body_.emit_row_constant(*bound, position);
    return emit_cast(builder_, value, bound->type.scalar, ir::Scalar::I64);
  }

  // The part of the row where 0 <= x + offset and x + last < length for every row access; nothing
  // of it if one without x is outside. A last offset below the first, of a loop without turns or
  // of one whose bounds have wrapped, counts as outside.
  Range inside_of_row(Value* const (&first)[3], Range row) {
    SmallVector<Value*, 8> begins{row.begin};
    SmallVector<Value*, 8> ends{row.end};
    ThreadPosition position = position_of(first, first, first);
    for (const ir::RowAccess& access : kernel_.row_accesses) {
      Value* length = body_.length_of(access.array, access.axis);
      Value* offset = access.offset ? row_bound(access.offset, position) : i64(0);
      Value* last = access.last ? row_bound(access.last, position) : offset;
      Value* fits = access.last ? builder_.CreateICmpSLE(offset, last) : builder_.getTrue();
      if (access.has_idx) {
        if (access.offset) begins.push_back(builder_.CreateNeg(offset));
        ends.push_back(builder_.CreateSub(length, last));
      } else {
        fits = builder_.CreateAnd(fits, builder_.CreateICmpSGE(offset, i64(0)));
        fits = builder_.CreateAnd(fits, builder_.CreateICmpSLT(last, length));
      }
      if (access.last || !access.has_idx)
        ends.push_back(builder_.CreateSelect(fits, row.end, row.begin));
    }
    Range inside;
    inside.begin =
        builder_.CreateBinaryIntrinsic(Intrinsic::smin, extreme(begins, Intrinsic::smax), row.end);
    inside.end = builder_.CreateBinaryIntrinsic(Intrinsic::smax, extreme(ends, Intrinsic::smin),
                                                inside.begin);
    return inside;
  }

  Value* first_lanes(Value* count) {
    return cpu::first_lanes(builder_, options_.gang_width, count);
  }

  ThreadPosition position_of(Value* const (&thread)[3], Value* const (&begin)[3],
                             Value* const (&number)[3]) {
    return cpu::position_of(builder_, kernel_, launch_, {thread, begin, number});
  }

  const ir::Function& kernel_;
  const TargetInfo& target_;
  BodyOptions options_;
  IRBuilder<> builder_;
  ir::Liveness liveness_;
  BodyEmitter body_;
  Function* function_ = nullptr;
  std::vector<PrivateBins> bins_;
  const bool is_light_ = estimate_work(kernel_).instructions <= kFewInstructions;
  LaunchValues launch_;
  // Of axes that are repeated: from where to where indices go, and how far each turn.
  Range turns_[3];
  Value* extent_[3] = {};
};

}  // namespace

EmittedKernel emit_kernel(const ir::Function& kernel, const TargetInfo& target,
                          const CodegenOptions& options, Module& module) {
  int width = kernel.runs_warps        ? ir::kWarpSize
              : options.gang_width > 0 ? options.gang_width
                                       : choose_gang_width(kernel, target);
  KernelEmitter(kernel, target, {.gang_width = width, .fastmath = options.fastmath}, module).run();
  return {kEntryName, width};
}

}  // namespace cudapy::codegen::cpu
