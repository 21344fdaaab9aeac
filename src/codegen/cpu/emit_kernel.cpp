// The entry: loads the arguments, then loops over blocks, rows and gangs, with the body twice: for
// a full gang, and for the rest of a row under a mask.
//
//   for block in [block_begin, block_end):
//     for z, y of the block that were asked for:
//       x = first; while x + W <= end: body(x); x += W
//       if x < end: body(x) under the mask of the first end - x lanes
#include "codegen/cpu/emit_kernel.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include <cstddef>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"
#include "runtime/cpu/kernel_abi.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

constexpr const char* kEntryName = "cudapy_kernel";

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
    if (options.fastmath) builder_.setFastMathFlags(FastMathFlags::getFast());
  }

  void run() {
    load_arguments();
    load_launch();
    emit_blocks();
    builder_.CreateRetVoid();
  }

 private:
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
        size_t at = place(alignof(runtime::ArrayArgument), sizeof(runtime::ArrayArgument));
        body_.set_array(id, {load_at(arguments, at + offsetof(runtime::ArrayArgument, data),
                                     builder_.getPtrTy()),
                             load_at(arguments, at + offsetof(runtime::ArrayArgument, length),
                                     builder_.getInt64Ty())});
      } else {
        auto size = static_cast<size_t>(ir::size_of(type.scalar));
        Value* value =
            load_at(arguments, place(size, size), memory_type(builder_.getContext(), type.scalar));
        body_.set_parameter(id, from_memory(builder_, value, type.scalar));
      }
    }
  }

  void load_launch() {
    Value* launch = function_->getArg(1);
    for (size_t i = 0; i < 3; ++i) {
      size_t at = i * sizeof(int64_t);
      threads_[i] = load_at(launch, offsetof(runtime::Launch, threads) + at, builder_.getInt64Ty());
      block_[i] = load_at(launch, offsetof(runtime::Launch, block) + at, builder_.getInt64Ty());
      grid_[i] = load_at(launch, offsetof(runtime::Launch, grid) + at, builder_.getInt64Ty());
    }
    for (const ir::ExprPtr& bound : kernel_.clip_x) {
      Value* limit = body_.emit_launch_constant(*bound);
      limit = emit_cast(builder_, limit, bound->type.scalar, ir::Scalar::I64);
      threads_[0] = builder_.CreateBinaryIntrinsic(Intrinsic::smin, threads_[0], limit);
    }
  }

  // for counter in [begin, end): body(counter)
  template <class Body>
  void emit_count(Value* begin, Value* end, const char* name, Body body) {
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* loop = BasicBlock::Create(builder_.getContext(), name, function_);
    BasicBlock* done = BasicBlock::Create(builder_.getContext(), "done", function_);
    builder_.CreateCondBr(builder_.CreateICmpSLT(begin, end), loop, done);
    builder_.SetInsertPoint(loop);
    PHINode* counter = builder_.CreatePHI(builder_.getInt64Ty(), 2, name);
    counter->addIncoming(begin, before);
    body(counter);
    Value* next = builder_.CreateAdd(counter, i64(1), "", /*HasNUW=*/true, /*HasNSW=*/true);
    counter->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpSLT(next, end), loop, done);
    builder_.SetInsertPoint(done);
  }

  void emit_blocks() {
    emit_count(function_->getArg(2), function_->getArg(3), "block", [&](Value* block) {
      Value* rest = builder_.CreateUDiv(block, grid_[0]);
      Value* number[3] = {builder_.CreateURem(block, grid_[0]), builder_.CreateURem(rest, grid_[1]),
                          builder_.CreateUDiv(rest, grid_[1])};
      Value* begin[3];
      Value* end[3];
      for (size_t i = 0; i < 3; ++i) {
        begin[i] = builder_.CreateNSWMul(number[i], block_[i]);
        end[i] = builder_.CreateBinaryIntrinsic(
            Intrinsic::smin, builder_.CreateNSWAdd(begin[i], block_[i]), threads_[i]);
      }
      emit_count(begin[2], end[2], "z", [&](Value* z) {
        emit_count(begin[1], end[1], "y", [&](Value* y) {
          Value* first[3] = {begin[0], y, z};
          emit_row(first, end[0], begin, number);
        });
      });
    });
  }

  void emit_row(Value* const (&first)[3], Value* end, Value* const (&begin)[3],
                Value* const (&number)[3]) {
    auto gang = [&](Value* x, Mask mask) {
      Value* thread[3] = {x, first[1], first[2]};
      body_.emit_gang(position_of(thread, begin, number), mask);
    };
    int width = options_.gang_width;
    if (width == 1) return emit_count(first[0], end, "x", [&](Value* x) { gang(x, nullptr); });

    Value* length = builder_.CreateBinaryIntrinsic(Intrinsic::smax,
                                                   builder_.CreateNSWSub(end, first[0]), i64(0));
    Value* gangs = builder_.CreateLShr(length, i64(Log2_32(static_cast<uint32_t>(width))));
    emit_count(i64(0), gangs, "gang", [&](Value* number_of_gang) {
      Value* offset = builder_.CreateMul(number_of_gang, i64(width), "", true, true);
      gang(builder_.CreateNSWAdd(first[0], offset), nullptr);
    });
    Value* done = builder_.CreateMul(gangs, i64(width), "", true, true);
    BasicBlock* tail = BasicBlock::Create(builder_.getContext(), "tail", function_);
    BasicBlock* row_done = BasicBlock::Create(builder_.getContext(), "row_done", function_);
    builder_.CreateCondBr(builder_.CreateICmpSLT(done, length), tail, row_done);
    builder_.SetInsertPoint(tail);
    gang(builder_.CreateNSWAdd(first[0], done), first_lanes(builder_.CreateSub(length, done)));
    builder_.CreateBr(row_done);
    builder_.SetInsertPoint(row_done);
  }

  // <0, 1, 2, ...> < splat(count)
  Value* first_lanes(Value* count) {
    auto width = static_cast<unsigned>(options_.gang_width);
    SmallVector<Constant*, 32> lanes;
    for (unsigned lane = 0; lane < width; ++lane) lanes.push_back(builder_.getInt32(lane));
    Value* limit =
        builder_.CreateVectorSplat(width, builder_.CreateTrunc(count, builder_.getInt32Ty()));
    return builder_.CreateICmpULT(ConstantVector::get(lanes), limit);
  }

  ThreadPosition position_of(Value* const (&thread)[3], Value* const (&begin)[3],
                             Value* const (&number)[3]) {
    auto narrow = [&](Value* value, bool wide) {
      return wide ? value
                  : builder_.CreateTrunc(value, builder_.getInt32Ty(), "", /*IsNUW=*/true,
                                         /*IsNSW=*/true);
    };
    ThreadPosition position;
    position.idx = narrow(thread[0], kernel_.wide_index);
    position.idy = narrow(thread[1], kernel_.wide_index);
    position.idz = narrow(thread[2], kernel_.wide_index);
    if (!kernel_.uses_block_shape) return position;
    for (size_t i = 0; i < 3; ++i) {
      position.block_values[i] = narrow(builder_.CreateNSWSub(thread[i], begin[i]), false);
      position.block_values[3 + i] = narrow(number[i], false);
      position.block_values[6 + i] = narrow(block_[i], false);
      position.block_values[9 + i] = narrow(grid_[i], false);
    }
    return position;
  }

  const ir::Function& kernel_;
  const TargetInfo& target_;
  BodyOptions options_;
  IRBuilder<> builder_;
  ir::Liveness liveness_;
  BodyEmitter body_;
  Function* function_ = nullptr;
  Value* threads_[3] = {};
  Value* block_[3] = {};
  Value* grid_[3] = {};
};

}  // namespace

EmittedKernel emit_kernel(const ir::Function& kernel, const TargetInfo& target,
                          const CodegenOptions& options, Module& module) {
  int width = options.gang_width > 0 ? options.gang_width : choose_gang_width(kernel, target);
  KernelEmitter(kernel, target, {.gang_width = width, .fastmath = options.fastmath}, module).run();
  return {kEntryName, width};
}

}  // namespace cudapy::codegen::cpu
