// The entry: finds out which thread this is, and whether it was asked for.
//
//   x = (ctaid.x + first_block.x) * ntid.x + tid.x, and so on
//   br (x < threads.x and y < threads.y and z < threads.z), wanted, exit
//   wanted: br (x < bound), ..., exit              for each guard that was made a bound
#include "codegen/nvptx/emit_kernel.h"

#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"
#include "runtime/cpu/kernel_abi.h"
#include "runtime/cuda/kernel_abi.h"

namespace cudapy::codegen::nvptx {

using namespace llvm;

namespace {

constexpr unsigned kGlobalMemory = 1;  // address spaces
constexpr unsigned kSharedMemory = 3;

const cpu::TargetInfo& thread_target() {
  static const cpu::TargetInfo target = [] {
    cpu::TargetInfo info;
    info.isa = "nvptx";
    info.triple = "nvptx64-nvidia-cuda";
    info.native_vector_bits = 0;
    info.vector_registers = 255;
    info.has_fma = true;
    info.is_gpu = true;
    return info;
  }();
  return target;
}

constexpr Intrinsic::ID kThread[3] = {Intrinsic::nvvm_read_ptx_sreg_tid_x,
                                      Intrinsic::nvvm_read_ptx_sreg_tid_y,
                                      Intrinsic::nvvm_read_ptx_sreg_tid_z};
constexpr Intrinsic::ID kBlock[3] = {Intrinsic::nvvm_read_ptx_sreg_ctaid_x,
                                     Intrinsic::nvvm_read_ptx_sreg_ctaid_y,
                                     Intrinsic::nvvm_read_ptx_sreg_ctaid_z};
constexpr Intrinsic::ID kBlockSize[3] = {Intrinsic::nvvm_read_ptx_sreg_ntid_x,
                                         Intrinsic::nvvm_read_ptx_sreg_ntid_y,
                                         Intrinsic::nvvm_read_ptx_sreg_ntid_z};

class KernelEmitter {
 public:
  KernelEmitter(const ir::Function& kernel, bool fastmath, Module& module)
      : kernel_(kernel),
        builder_(module.getContext()),
        liveness_(kernel),
        body_(builder_, kernel, liveness_, thread_target(),
              {.gang_width = 1, .fastmath = fastmath}) {
    make_function(module);
    builder_.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function_));
    exit_ = BasicBlock::Create(module.getContext(), "exit", function_);
    if (fastmath) builder_.setFastMathFlags(FastMathFlags::getFast());
  }

  void run() {
    bind_arguments();
    make_declared_arrays();
    const cpu::ThreadPosition position = find_thread();
    for (const ir::ExprPtr& bound : kernel_.clip_x) {
      Value* limit = body_.emit_launch_constant(*bound);
      leave_unless(
          emit_compare(builder_, ir::CompareOp::Less, bound->type.scalar, position.idx, limit));
    }
    body_.set_fault_handling(ConstantPointerNull::get(builder_.getPtrTy()), exit_);
    body_.set_rows_inside(false);
    body_.emit_gang(position, nullptr);
    builder_.CreateBr(exit_);
    builder_.SetInsertPoint(exit_);
    builder_.CreateRetVoid();
    // Whole blocks run where their threads meet.
    if (function_->getParent()->getFunction(cpu::kDeviceBarrier) != nullptr)
      asked_for_->setCondition(builder_.getTrue());
  }

  std::string name() const { return function_->getName().str(); }

 private:
  void make_function(Module& module) {
    LLVMContext& context = module.getContext();
    SmallVector<Type*, 16> types;
    for (ir::LocalId id = 0; id < kernel_.parameter_count; ++id) {
      const ir::Type& type = local(id).type;
      if (type.is_array()) {
        types.push_back(PointerType::get(context, kGlobalMemory));
        types.append(shape_words(type), builder_.getInt64Ty());
      } else {
        types.push_back(memory_type(context, type.scalar));
      }
    }
    launch_ = static_cast<unsigned>(types.size());
    types.append(3, builder_.getInt64Ty());
    types.append(6, builder_.getInt32Ty());
    function_ = Function::Create(FunctionType::get(builder_.getVoidTy(), types, false),
                                 GlobalValue::ExternalLinkage,
                                 runtime::cuda_entry_name(kernel_.name), module);
    function_->setCallingConv(CallingConv::PTX_Kernel);
    function_->setDoesNotThrow();
    for (unsigned i = 0; i < 3; ++i) bound_parameter(launch_ + i, i > 0 || !kernel_.wide_index);
  }

  const ir::Local& local(ir::LocalId id) const { return kernel_.locals[static_cast<size_t>(id)]; }

  // Says that an i64 parameter is no negative number, and fits an int32 if it is `narrow`.
  void bound_parameter(unsigned number, bool narrow) {
    const ConstantRange range(APInt(64, 0),
                              APInt(64, narrow ? uint64_t{1} << 31U : uint64_t{1} << 63U));
    function_->addParamAttr(number, Attribute::get(builder_.getContext(), Attribute::Range, range));
  }

  void bind_arguments() {
    unsigned next = 0;
    for (ir::LocalId id = 0; id < kernel_.parameter_count; ++id) {
      const ir::Type& type = local(id).type;
      Argument* value = function_->getArg(next);
      if (!type.is_array()) {
        body_.set_parameter(id, from_memory(builder_, value, type.scalar));
        ++next;
        continue;
      }
      if (!kernel_.written[static_cast<size_t>(id)]) value->addAttr(Attribute::ReadOnly);
      cpu::ArrayValue array;
      array.data = value;
      for (unsigned word = 1; word <= shape_words(type); ++word) {
        const bool is_length = word <= type.rank;
        if (is_length) bound_parameter(next + word, !kernel_.wide_index);
        (is_length ? array.shape : array.strides).push_back(function_->getArg(next + word));
      }
      body_.set_array(id, std::move(array));
      next += 1 + shape_words(type);
    }
  }

  // Of an array argument: the lengths and strides behind its address.
  static unsigned shape_words(const ir::Type& type) {
    return static_cast<unsigned>(runtime::array_argument_words(type.rank, type.strided)) - 1;
  }

  // A thread's own array becomes registers where its indices are constants; a block's is in the
  // memory that its threads share.
  void make_declared_arrays() {
    for (size_t i = 0; i < kernel_.locals.size(); ++i) {
      const ir::Local& array = kernel_.locals[i];
      if (array.storage == ir::Storage::Value) continue;
      Type* type = ArrayType::get(memory_type(builder_.getContext(), array.type.scalar),
                                  static_cast<uint64_t>(cpu::element_count(array)));
      cpu::ArrayValue value;
      value.data =
          array.storage == ir::Storage::Thread ? thread_array(type, array.name) : block_array(type);
      for (int64_t extent : array.extents)
        value.shape.push_back(builder_.getInt64(static_cast<uint64_t>(extent)));
      body_.set_array(static_cast<ir::LocalId>(i), std::move(value));
    }
  }

  Value* thread_array(Type* type, const std::string& name) {
    AllocaInst* own = builder_.CreateAlloca(type, nullptr, name);
    own->setAlignment(Align(16));
    return own;
  }

  Value* block_array(Type* type) {
    auto* shared =
        new GlobalVariable(*function_->getParent(), type, /*isConstant=*/false,
                           GlobalValue::InternalLinkage, UndefValue::get(type), "cudapy_shared",
                           nullptr, GlobalValue::NotThreadLocal, kSharedMemory);
    shared->setAlignment(Align(16));
    return shared;
  }

  Value* special(Intrinsic::ID which) { return builder_.CreateIntrinsic(which, {}); }

  BranchInst* leave_unless(Value* wanted) {
    BasicBlock* go_on = BasicBlock::Create(builder_.getContext(), "wanted", function_, exit_);
    BranchInst* branch = builder_.CreateCondBr(wanted, go_on, exit_);
    builder_.SetInsertPoint(go_on);
    return branch;
  }

  // Blocks reach up to 1,023 threads past an int32: as unsigned numbers they don't wrap.
  cpu::ThreadPosition find_thread() {
    Value* thread[3];
    Value* inside[3];
    Value* block_values[12];
    for (unsigned i = 0; i < 3; ++i) {
      Value* block = builder_.CreateAdd(special(kBlock[i]), function_->getArg(launch_ + 3 + i));
      Value* size = special(kBlockSize[i]);
      Value* in_block = special(kThread[i]);
      const bool is_wide = kernel_.wide_index;
      auto widen = [&](Value* value) {
        return is_wide ? builder_.CreateZExt(value, builder_.getInt64Ty()) : value;
      };
      thread[i] =
          builder_.CreateAdd(builder_.CreateMul(widen(block), widen(size)), widen(in_block));
      Value* limit = function_->getArg(launch_ + i);
      if (!is_wide) limit = builder_.CreateTrunc(limit, builder_.getInt32Ty(), "", true, true);
      inside[i] = builder_.CreateICmpULT(thread[i], limit);
      block_values[i] = in_block;
      block_values[3 + i] = block;
      block_values[6 + i] = size;
      block_values[9 + i] = function_->getArg(launch_ + 6 + i);
    }
    asked_for_ = leave_unless(builder_.CreateAnd({inside[0], inside[1], inside[2]}));
    cpu::ThreadPosition position;
    position.idx = thread[0];
    position.idy = thread[1];
    position.idz = thread[2];
    std::copy_n(block_values, 12, position.block_values);
    return position;
  }

  const ir::Function& kernel_;
  IRBuilder<> builder_;
  ir::Liveness liveness_;
  cpu::BodyEmitter body_;
  Function* function_ = nullptr;
  BasicBlock* exit_ = nullptr;
  BranchInst* asked_for_ = nullptr;  // leaves threads beyond the launch out
  unsigned launch_ = 0;              // the first parameter behind the arguments
};

}  // namespace

std::string emit_kernel(const ir::Function& kernel, bool fastmath, Module& module) {
  KernelEmitter emitter(kernel, fastmath, module);
  emitter.run();
  return emitter.name();
}

}  // namespace cudapy::codegen::nvptx
