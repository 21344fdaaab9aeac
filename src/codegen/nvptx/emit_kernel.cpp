// The entry: finds out which thread this is, and whether it was asked for.
//
//   x = ctaid.x * ntid.x + tid.x, and so on
//   br (x < threads.x and y < threads.y and z < threads.z), wanted, exit
//   wanted: br (x < bound), ..., exit              for each guard that was made a bound
//     br (all row accesses are inside their arrays), body without their checks, body with them;
//                                                or only the latter (transform::gpu_threads), or
//                                                only the former (transform::row_limits)
//   fault:                                         of each check its own
//     call cudapy_record_fault(...); unreachable
//
// Where threads may stand for W neighbours (transform::gpu_threads) there is another entry for
// launches in which they do:
//
//   begin = W * x; end = min(begin + W, threads.x, bounds)
//     br (begin + W <= end and all row accesses of the gang are inside their arrays), gang, each
//   gang:  the body at a width of W                accesses of 16 bytes
//   each:  for i in [begin, end): the body
#include "codegen/nvptx/emit_kernel.h"

#include <llvm/BinaryFormat/Dwarf.h>
#include <llvm/IR/ConstantRange.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"
#include "codegen/math/fast_flags.h"
#include "runtime/cpu/kernel_abi.h"
#include "runtime/cuda/kernel_abi.h"
#include "transform/filled_arrays.h"
#include "transform/gpu_threads.h"

namespace cudapy::codegen::nvptx {

using namespace llvm;

namespace {

constexpr unsigned kGlobalMemory = 1;  // address spaces
constexpr unsigned kSharedMemory = 3;
constexpr uint64_t kChunk = 16;      // bytes that one access moves
constexpr uint64_t kMostRounds = 8;  // of stores that are written out

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
  // `width`: how many neighbours a thread stands for.
  KernelEmitter(const ir::Function& kernel, const KernelOptions& options, Module& module, int width)
      : kernel_(kernel),
        width_(width),
        threads_(transform::gpu_threads(kernel)),
        filled_(transform::arrays_filled_before_read(kernel)),
        reads_apart_(options.vetted_arrays && !threads_.has_fences),
        rows_inside_(options.vetted_arrays && threads_.limits.are_known()),
        builder_(module.getContext()),
        liveness_(kernel),
        body_(builder_, kernel, liveness_, thread_target(),
              {.gang_width = 1, .fastmath = options.fastmath}),
        gang_body_(
            builder_, kernel, liveness_, thread_target(),
            {.gang_width = width, .fastmath = options.fastmath, .aligned_gangs = width > 1}) {
    make_function(module);
    builder_.SetInsertPoint(BasicBlock::Create(module.getContext(), "entry", function_));
    exit_ = BasicBlock::Create(module.getContext(), "exit", function_);
    if (options.fastmath) builder_.setFastMathFlags(fast_flags());
    if (!options.line_files.empty()) make_line_scopes(options.line_files);
  }

  void run() {
    bind_arguments();
    make_declared_arrays();
    for (cpu::BodyEmitter* body : {&body_, &gang_body_})
      cpu::set_constant_arrays(*body, builder_, kernel_, kGlobalMemory);
    if (shares_) cpu::call_device_barrier(builder_, cpu::kDeviceBarrier, nullptr);
    body_.set_prints(function_->getArg(launch_ + 9));
    end_threads_at_faults();
    if (body_.has_definitions()) prepare_definitions();
    if (width_ > 1)
      emit_neighbours();
    else
      emit_thread();
    builder_.SetInsertPoint(exit_);
    builder_.CreateRetVoid();
  }

  std::string name() const { return function_->getName().str(); }

 private:
  std::string entry_name() const {
    return width_ > 1 ? runtime::cuda_gang_entry_name(kernel_.name)
                      : runtime::cuda_entry_name(kernel_.name);
  }

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
    types.append(8, builder_.getInt32Ty());
    function_ = Function::Create(FunctionType::get(builder_.getVoidTy(), types, false),
                                 GlobalValue::ExternalLinkage, kEntryPrefix + entry_name(), module);
    function_->setCallingConv(CallingConv::PTX_Kernel);
    function_->setDoesNotThrow();
    if (width_ > 1) function_->addFnAttr(kGangAttribute);
    if (has_one_shape()) {
      const int32_t (&block)[3] = kernel_.block;
      function_->addFnAttr("nvvm.reqntid", std::to_string(block[0]) + "," +
                                               std::to_string(block[1]) + "," +
                                               std::to_string(block[2]));
    }
    for (unsigned i = 0; i < 3; ++i) bound_parameter(launch_ + i, i > 0 || !kernel_.wide_index);
  }

  // What .loc and .file in PTX come from: profilers and sanitisers then show Python's lines. Code
  // outside of statements has the function's own line.
  void make_line_scopes(const std::vector<std::string>& files) {
    Module& module = *function_->getParent();
    if (module.getModuleFlag("Debug Info Version") == nullptr)
      module.addModuleFlag(Module::Warning, "Debug Info Version", DEBUG_METADATA_VERSION);
    DIBuilder made(module);
    std::vector<DIScope*> scopes;
    DISubprogram* function = nullptr;
    for (const std::string& path : files) {
      DIFile* file = made.createFile(path, "");
      if (function == nullptr) {
        made.createCompileUnit(DISourceLanguageName(dwarf::DW_LANG_Python), file, "cudapy",
                               /*isOptimized=*/true, "", 0, "", DICompileUnit::DebugDirectivesOnly);
        const auto line = static_cast<unsigned>(std::max(kernel_.span.line, 1));
        DISubroutineType* type = made.createSubroutineType(made.getOrCreateTypeArray({}));
        function = made.createFunction(file, kernel_.name, entry_name(), file, line, type, line,
                                       DINode::FlagZero, DISubprogram::SPFlagDefinition);
        function_->setSubprogram(function);
        builder_.SetCurrentDebugLocation(DILocation::get(module.getContext(), line, 1, function));
      }
      scopes.push_back(made.createLexicalBlockFile(function, file));
    }
    made.finalize();
    body_.set_line_scopes(scopes);
    gang_body_.set_line_scopes(std::move(scopes));
  }

  // Whether all launches have blocks of the shape that the code was made for.
  bool has_one_shape() const { return kernel_.block[0] > 0 && kernel_.uses_block_shape; }

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
      Argument* argument = function_->getArg(next);
      Value* value = argument;
      if (!type.is_array()) {
        value = from_memory(builder_, value, type.scalar);
        body_.set_parameter(id, value);
        gang_body_.set_parameter(id, value);
        ++next;
        continue;
      }
      // Arrays that are written get no such promise: threads may hand each other values in them,
      // and LLVM takes what nobody else can reach for untouched by barriers.
      if (!kernel_.written[static_cast<size_t>(id)]) {
        argument->addAttr(Attribute::ReadOnly);
        if (reads_apart_) argument->addAttr(Attribute::NoAlias);
      }
      cpu::ArrayValue array;
      array.data = value;
      for (unsigned word = 1; word <= shape_words(type); ++word) {
        const bool is_length = word <= type.rank;
        if (is_length) bound_parameter(next + word, !kernel_.wide_index);
        (is_length ? array.shape : array.strides).push_back(function_->getArg(next + word));
      }
      gang_body_.set_array(id, array);
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
    const bool by_launch = has_launch_sized_arrays(kernel_);
    Value* end = builder_.getInt64(0);
    for (size_t i = 0; i < kernel_.locals.size(); ++i) {
      const ir::Local& array = kernel_.locals[i];
      const auto id = static_cast<ir::LocalId>(i);
      if (array.storage == ir::Storage::Thread) {
        Type* type = ArrayType::get(memory_type(builder_.getContext(), array.type.scalar),
                                    static_cast<uint64_t>(cpu::element_count(array)));
        body_.set_array(id, cpu::declared_array(builder_, array, thread_array(type, array.name)));
      }
      if (array.storage != ir::Storage::Block) continue;
      if (by_launch)
        end = builder_.CreateAdd(end, launch_sized_array(id, end));
      else
        body_.set_block_array(
            id, block_array(static_cast<uint64_t>(known_bytes(array)), !filled_[i]), block_size_);
    }
    if (!by_launch) return;
    bool needs_zeros = false;
    for (size_t i = 0; i < kernel_.locals.size(); ++i)
      needs_zeros |= kernel_.locals[i].storage == ir::Storage::Block && !filled_[i];
    if (!needs_zeros) return;
    Value* chunks = builder_.CreateUDiv(end, builder_.getInt64(kChunk));
    clear_in_turns(launch_memory(), builder_.CreateTrunc(chunks, builder_.getInt32Ty()));
  }

  // Behind what begins at `begin`; returns how far the next one is away. As in block_bytes.
  Value* launch_sized_array(ir::LocalId array, Value* begin) {
    if (block_size_[0] == nullptr) {
      for (unsigned axis = 0; axis < 3; ++axis)
        block_size_[axis] = builder_.CreateZExt(block_size(axis), builder_.getInt64Ty());
    }
    Value* data = builder_.CreateGEP(builder_.getInt8Ty(), launch_memory(), begin);
    Value* bytes = body_.set_block_array(array, data, block_size_);
    bytes = builder_.CreateAdd(bytes, builder_.getInt64(ir::kBlockArrayAlign - 1));
    return builder_.CreateAnd(bytes,
                              builder_.getInt64(static_cast<uint64_t>(-ir::kBlockArrayAlign)));
  }

  // What the launch gives beside what the kernel asks for itself.
  Value* launch_memory() {
    constexpr const char* kName = "cudapy_launch_memory";
    Module& module = *function_->getParent();
    if (GlobalVariable* known = module.getGlobalVariable(kName)) return known;
    auto* memory = new GlobalVariable(module, ArrayType::get(builder_.getInt8Ty(), 0),
                                      /*isConstant=*/false, GlobalValue::ExternalLinkage, nullptr,
                                      kName, nullptr, GlobalValue::NotThreadLocal, kSharedMemory);
    memory->setAlignment(Align(ir::kBlockArrayAlign));
    return memory;
  }

  Value* thread_array(Type* type, const std::string& name) {
    AllocaInst* own = builder_.CreateAlloca(type, nullptr, name);
    own->setAlignment(Align(16));
    return own;
  }

  // In whole chunks.
  Value* block_array(uint64_t bytes, bool needs_zeros) {
    const uint64_t chunks = (bytes + kChunk - 1) / kChunk;
    Type* type = ArrayType::get(builder_.getInt32Ty(), chunks * (kChunk / 4));
    auto* shared =
        new GlobalVariable(*function_->getParent(), type, /*isConstant=*/false,
                           GlobalValue::InternalLinkage, UndefValue::get(type), "cudapy_shared",
                           nullptr, GlobalValue::NotThreadLocal, kSharedMemory);
    shared->setAlignment(Align(kChunk));
    if (needs_zeros) clear(shared, chunks);
    return shared;
  }

  // Zeros, the threads of a block side by side.
  void clear(Value* shared, uint64_t chunks) {
    const auto most = static_cast<uint32_t>(chunks);
    if (!has_one_shape()) return clear_in_turns(shared, builder_.getInt32(most));
    const int32_t (&block)[3] = kernel_.block;
    const auto threads = static_cast<uint32_t>(block[0] * block[1] * block[2]);
    if (most > kMostRounds * threads) return clear_in_turns(shared, builder_.getInt32(most));
    Value* number = number_in_block();
    for (uint32_t first = 0; first < most; first += threads) {
      Value* chunk = builder_.CreateAdd(number, builder_.getInt32(first), "", true, true);
      BasicBlock* done = nullptr;
      if (first + threads > most) {
        BasicBlock* rest = new_block("clear");
        done = new_block("cleared");
        builder_.CreateCondBr(builder_.CreateICmpULT(chunk, builder_.getInt32(most)), rest, done);
        builder_.SetInsertPoint(rest);
      }
      clear_chunk(shared, chunk);
      if (done == nullptr) continue;
      builder_.CreateBr(done);
      builder_.SetInsertPoint(done);
    }
    shares_ = true;
  }

  // for (chunk = thread's number in the block; chunk < end; chunk += threads of the block)
  //   shared[chunk] = 0
  void clear_in_turns(Value* shared, Value* end) {
    Value* number = number_in_block();
    Value* threads = block_size(0);
    for (const unsigned axis : {1U, 2U}) threads = builder_.CreateMul(threads, block_size(axis));
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* loop = new_block("clear");
    BasicBlock* done = new_block("cleared");
    builder_.CreateCondBr(builder_.CreateICmpULT(number, end), loop, done);
    builder_.SetInsertPoint(loop);
    PHINode* chunk = builder_.CreatePHI(builder_.getInt32Ty(), 2);
    chunk->addIncoming(number, before);
    clear_chunk(shared, chunk);
    Value* next = builder_.CreateAdd(chunk, threads);
    chunk->addIncoming(next, loop);
    builder_.CreateCondBr(builder_.CreateICmpULT(next, end), loop, done);
    builder_.SetInsertPoint(done);
    shares_ = true;
  }

  void clear_chunk(Value* shared, Value* chunk) {
    Type* type = FixedVectorType::get(builder_.getInt32Ty(), kChunk / 4);
    builder_.CreateAlignedStore(Constant::getNullValue(type),
                                builder_.CreateGEP(type, shared, chunk), Align(kChunk));
  }

  Value* number_in_block() {
    Value* number = place_in_block(2);
    for (const unsigned axis : {1U, 0U}) {
      number =
          builder_.CreateAdd(builder_.CreateMul(number, block_size(axis)), place_in_block(axis));
    }
    return number;
  }

  Value* special(Intrinsic::ID which) { return builder_.CreateIntrinsic(which, {}); }

  // blockDim
  Value* block_size(unsigned axis) {
    if (has_one_shape()) return builder_.getInt32(static_cast<uint32_t>(kernel_.block[axis]));
    return special(kBlockSize[axis]);
  }

  // threadIdx
  Value* place_in_block(unsigned axis) {
    if (!has_one_shape()) return special(kThread[axis]);
    const auto size = static_cast<uint32_t>(kernel_.block[axis]);
    if (size == 1) return builder_.getInt32(0);
    CallInst* place = builder_.CreateIntrinsic(kThread[axis], {});
    place->addRangeRetAttr(ConstantRange(APInt(32, 0), APInt(32, size)));
    return place;
  }

  BasicBlock* new_block(const char* name) {
    return BasicBlock::Create(builder_.getContext(), name, function_, exit_);
  }

  MDNode* likely() { return MDBuilder(builder_.getContext()).createBranchWeights(1U << 20U, 1); }

  void leave_unless(Value* wanted) {
    BasicBlock* go_on = new_block("wanted");
    builder_.CreateCondBr(wanted, go_on, exit_);
    builder_.SetInsertPoint(go_on);
  }

  // ---- which thread this is, in idx's type

  Type* index_type() { return builder_.getIntNTy(kernel_.wide_index ? 64 : 32); }

  Value* to_index(Value* value) { return builder_.CreateZExtOrTrunc(value, index_type()); }

  // A number of the launch that fits idx's type.
  Value* limit(Value* number) {
    return kernel_.wide_index ? number
                              : builder_.CreateTrunc(number, builder_.getInt32Ty(), "", true, true);
  }

  Value* block_number(unsigned axis) {
    Value* block = special(kBlock[axis]);
    return axis == 0 ? block : builder_.CreateAdd(block, function_->getArg(launch_ + 2 + axis));
  }

  // Blocks reach up to 1,023 threads past an int32: as unsigned numbers they don't wrap.
  Value* thread_number(unsigned axis) {
    Value* block = to_index(block_number(axis));
    Value* size = to_index(block_size(axis));
    return builder_.CreateAdd(builder_.CreateMul(block, size), to_index(place_in_block(axis)));
  }

  // Along axes that threads do not see a block has one of them, and none beyond the launch.
  cpu::ThreadPosition find_thread() {
    Value* idx = thread_number(0);
    Value* wanted = builder_.CreateICmpULT(idx, limit(function_->getArg(launch_)));
    cpu::ThreadPosition position = find_row(wanted);
    position.idx = idx;
    if (!threads_.is_cooperative) leave_unless(wanted);
    if (kernel_.uses_block_shape) find_place_in_block(position);
    return position;
  }

  // `wanted`: a condition so far, null: none. Leaves whether the row was asked for as well.
  cpu::ThreadPosition find_row(Value*& wanted) {
    Value* thread[3] = {};
    for (unsigned axis = 1; axis < 3; ++axis) {
      if (axis >= static_cast<unsigned>(threads_.rank)) {
        thread[axis] = ConstantInt::get(index_type(), 0);
        continue;
      }
      thread[axis] = thread_number(axis);
      Value* inside =
          builder_.CreateICmpULT(thread[axis], limit(function_->getArg(launch_ + axis)));
      wanted = wanted ? builder_.CreateAnd(wanted, inside) : inside;
    }
    cpu::ThreadPosition position;
    position.idy = thread[1];
    position.idz = thread[2];
    return position;
  }

  void find_place_in_block(cpu::ThreadPosition& position) {
    for (unsigned axis = 0; axis < 3; ++axis) {
      position.block_values[axis] = place_in_block(axis);
      position.block_values[3 + axis] = block_number(axis);
      position.block_values[6 + axis] = block_size(axis);
      position.block_values[9 + axis] = function_->getArg(launch_ + 6 + axis);
    }
  }

  // ---- one thread

  void emit_thread() {
    const cpu::ThreadPosition position = find_thread();
    for (const ir::Clip& clip : kernel_.clips) leave_unless(inside_clip(clip, position));
    if (!threads_.looks_ahead || rows_inside_) return emit_body(position, rows_inside_);
    BasicBlock* inside = new_block("inside");
    BasicBlock* careful = new_block("careful");
    Value* all = rows_inside(position, 1);
    // Threads that meet have to go the same way.
    if (threads_.is_cooperative)
      all = cpu::call_device_barrier(builder_, cpu::kDeviceBarrierAll, all);
    builder_.CreateCondBr(all, inside, careful, likely());
    builder_.SetInsertPoint(inside);
    emit_body(position, /*rows_inside=*/true);
    builder_.SetInsertPoint(careful);
    emit_body(position, /*rows_inside=*/false);
  }

  Value* inside_clip(const ir::Clip& clip, const cpu::ThreadPosition& position) {
    Value* const index[] = {position.idx, position.idy, position.idz};
    Value* bound = body_.emit_launch_constant(*clip.bound);
    return emit_compare(builder_, clip.op, clip.bound->type.scalar, index[clip.axis], bound);
  }

  void emit_body(const cpu::ThreadPosition& position, bool rows_inside) {
    body_.set_rows_inside(rows_inside);
    body_.emit_gang(position, nullptr);
    builder_.CreateBr(exit_);
  }

  // Whether all indices that are row accesses are inside their arrays, for `width` threads side by
  // side.
  Value* rows_inside(const cpu::ThreadPosition& position, int width) {
    Value* all = nullptr;
    for (const ir::RowAccess& access : kernel_.row_accesses) {
      Value* inside = access.last ? range_inside(access, position, width)
                                  : index_inside(access, position, width);
      all = all ? builder_.CreateAnd(all, inside) : inside;
    }
    return all;
  }

  // idx + offset < length, as the kernel itself computes the sum: where it does so in 32 bits it is
  // one unsigned comparison of these.
  Value* index_inside(const ir::RowAccess& access, const cpu::ThreadPosition& position, int width) {
    Value* length = body_.length_of(access.array, access.axis);
    const bool is_wide =
        kernel_.wide_index || (access.offset && access.offset->type.scalar != ir::Scalar::I32);
    Value* index = is_wide         ? wide_offset(access.offset, position)
                   : access.offset ? body_.emit_row_constant(*access.offset, position)
                                   : nullptr;
    if (access.has_idx) {
      Value* idx = is_wide ? wide_idx(position) : position.idx;
      index = index ? builder_.CreateAdd(idx, index) : idx;
    }
    if (!is_wide) length = limit(length);
    length = less_others(length, access, width);
    return builder_.CreateICmpULT(index, length);
  }

  // offset <= last and 0 <= idx + offset and idx + last < length
  Value* range_inside(const ir::RowAccess& access, const cpu::ThreadPosition& position, int width) {
    Value* first = wide_offset(access.offset, position);
    Value* last = wide_offset(access.last, position);
    Value* inside = builder_.CreateICmpSLE(first, last);
    if (access.has_idx) {
      first = builder_.CreateAdd(wide_idx(position), first);
      last = builder_.CreateAdd(wide_idx(position), last);
    }
    Value* length = less_others(body_.length_of(access.array, access.axis), access, width);
    inside = builder_.CreateAnd(inside, builder_.CreateICmpSGE(first, builder_.getInt64(0)));
    return builder_.CreateAnd(inside, builder_.CreateICmpSLT(last, length));
  }

  // What is left of a length for the first of `width` threads.
  Value* less_others(Value* length, const ir::RowAccess& access, int width) {
    if (width == 1 || !access.has_idx) return length;
    return builder_.CreateBinaryIntrinsic(
        Intrinsic::usub_sat, length,
        ConstantInt::get(length->getType(), static_cast<uint64_t>(width) - 1));
  }

  Value* wide_idx(const cpu::ThreadPosition& position) {
    return builder_.CreateZExt(position.idx, builder_.getInt64Ty());
  }

  Value* wide_offset(const ir::ExprPtr& offset, const cpu::ThreadPosition& position) {
    if (!offset) return builder_.getInt64(0);
    Value* value = body_.emit_row_constant(*offset, position);
    return emit_cast(builder_, value, offset->type.scalar, ir::Scalar::I64);
  }

  // ---- a thread for several neighbours

  void emit_neighbours() {
    Value* wanted = nullptr;
    cpu::ThreadPosition position = find_row(wanted);
    if (wanted) leave_unless(wanted);
    Value* width = ConstantInt::get(index_type(), static_cast<uint64_t>(width_));
    Value* begin = builder_.CreateMul(thread_number(0), width, "begin");
    Value* first = ConstantInt::get(index_type(), 0);
    Value* end = limit(function_->getArg(launch_));
    for (const ir::Clip& clip : kernel_.clips) {
      if (clip.axis == 0)
        narrow(clip, first, end);
      else
        leave_unless(inside_clip(clip, position));
    }
    position.idx = begin;
    BasicBlock* gang = new_block("gang");
    BasicBlock* each = new_block("each");
    Value* stop = builder_.CreateAdd(begin, width);
    builder_.CreateCondBr(is_gang(position, stop, first, end), gang, each, likely());
    builder_.SetInsertPoint(gang);
    gang_body_.set_rows_inside(true);
    gang_body_.emit_gang(position, nullptr);
    builder_.CreateBr(exit_);
    builder_.SetInsertPoint(each);
    emit_each(position, builder_.CreateBinaryIntrinsic(Intrinsic::umax, begin, first),
              builder_.CreateBinaryIntrinsic(Intrinsic::umin, stop, end));
  }

  // What a bound along x leaves of the threads in [first, end).
  void narrow(const ir::Clip& clip, Value*& first, Value*& end) {
    Value* bound = body_.emit_launch_constant(*clip.bound);
    // No thread has the greatest index of its type.
    if (clip.op == ir::CompareOp::LessEqual || clip.op == ir::CompareOp::Greater)
      bound = builder_.CreateBinaryIntrinsic(Intrinsic::sadd_sat, bound,
                                             ConstantInt::get(index_type(), 1));
    bound =
        builder_.CreateBinaryIntrinsic(Intrinsic::smax, bound, ConstantInt::get(index_type(), 0));
    if (clip.op == ir::CompareOp::Greater || clip.op == ir::CompareOp::GreaterEqual)
      first = builder_.CreateBinaryIntrinsic(Intrinsic::umax, first, bound);
    else
      end = builder_.CreateBinaryIntrinsic(Intrinsic::umin, end, bound);
  }

  Value* is_gang(const cpu::ThreadPosition& position, Value* stop, Value* first, Value* end) {
    Value* all = builder_.CreateAnd(builder_.CreateICmpULE(stop, end),
                                    builder_.CreateICmpUGE(position.idx, first));
    Value* inside = rows_inside(position, width_);
    return inside ? builder_.CreateAnd(all, inside) : all;
  }

  void emit_each(cpu::ThreadPosition position, Value* begin, Value* end) {
    BasicBlock* before = builder_.GetInsertBlock();
    BasicBlock* loop = new_block("neighbour");
    builder_.CreateCondBr(builder_.CreateICmpULT(begin, end), loop, exit_);
    builder_.SetInsertPoint(loop);
    PHINode* idx = builder_.CreatePHI(index_type(), 2, "idx");
    idx->addIncoming(begin, before);
    position.idx = idx;
    body_.set_rows_inside(false);
    body_.emit_gang(position, nullptr);
    Value* next = builder_.CreateAdd(idx, ConstantInt::get(index_type(), 1));
    idx->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpULT(next, end), loop, exit_);
  }

  // ---- faults

  // Each fault is recorded in a block of its own, from which no way leads on:
  //
  //   call cudapy_record_fault(...); unreachable
  //
  // Were there one that all faults lead to, threads that part at a branch would not meet again
  // behind it: the assembler takes the first block that all ways lead to for the place where they
  // do. The phis of such a block would cost every check moves as well, whether it fails or not.
  void end_threads_at_faults() {
    AllocaInst* values = make_value_slot(builder_, *function_);
    const auto end = [this, values](Value* site, Value* index, Value* length, Value* idx) {
      record_fault(builder_, {site, index, length}, values,
                   {idx, thread_number(1), thread_number(2)}, function_->getArg(launch_ + 10));
    };
    body_.set_fault_end(end, values);
    gang_body_.set_fault_end(end, values);
  }

  // Zeros, where a thread puts the values of what it raises. Null: nothing has some.
  AllocaInst* make_value_slot(IRBuilderBase& builder, Function& function) const {
    const bool has_values = std::ranges::any_of(kernel_.fault_sites, [](const ir::FaultSite& site) {
      return site.kind == ir::FaultKind::Raise && !site.values.empty();
    });
    if (!has_values) return nullptr;
    IRBuilderBase::InsertPointGuard guard(builder);
    BasicBlock& entry = function.getEntryBlock();
    builder.SetInsertPoint(&entry, entry.begin());
    Type* words = ArrayType::get(builder.getInt64Ty(), runtime::kFaultValues);
    AllocaInst* slot = builder.CreateAlloca(words, nullptr, "raised");
    builder.CreateAlignedStore(Constant::getNullValue(words), slot, Align(8));
    return slot;
  }

  struct Fault {
    Value* site = nullptr;   // i32; the others are i64
    Value* index = nullptr;  // of an index fault, with the array's length
    Value* length = nullptr;
  };

  // Ends the thread; `thread`: its idx, idy and idz.
  static void record_fault(IRBuilderBase& builder, const Fault& fault, AllocaInst* values,
                           std::array<Value*, 3> thread, Value* names_block) {
    Type* i64 = builder.getInt64Ty();
    Type* types[] = {builder.getInt32Ty(), i64, i64, i64, i64, i64, builder.getInt32Ty(),
                     builder.getPtrTy()};
    FunctionCallee recorder = builder.GetInsertBlock()->getModule()->getOrInsertFunction(
        kRecordFault, FunctionType::get(builder.getVoidTy(), types, false));
    for (Value*& place : thread) place = builder.CreateZExt(place, i64);
    CallInst* call = builder.CreateCall(
        recorder,
        {fault.site, fault.index, fault.length, thread[0], thread[1], thread[2], names_block,
         values ? static_cast<Value*>(values) : ConstantPointerNull::get(builder.getPtrTy())});
    call->setDoesNotReturn();
    builder.CreateUnreachable();
  }

  // ---- functions that call themselves. The faults of one meet in a block, which looks up there
  // which thread this is: kept at hand for each of them, that would be kept through all calls.
  struct FaultMeeting {
    BasicBlock* block = nullptr;
    PHINode* site = nullptr;
    PHINode* index = nullptr;
    PHINode* length = nullptr;
    AllocaInst* values = nullptr;
  };

  void prepare_definitions() {
    body_.set_stack_end(find_stack_end());
    body_.set_definition_faults(
        function_->getArg(launch_ + 10),
        [this](cpu::BodyEmitter& body, Function& function) {
          meet_at_faults(body, function);
          if (function_->getSubprogram() != nullptr) make_line_scopes(body, function);
        },
        [this](cpu::BodyEmitter& body) { finish_fault_meeting(body); });
  }

  // How far calls may go down from the kernel's frame: the loader sets it, which knows what the
  // kernel's functions take and what the driver gives.
  Value* find_stack_end() {
    Type* i64 = builder_.getInt64Ty();
    auto* room = new GlobalVariable(*function_->getParent(), i64, /*isConstant=*/false,
                                    GlobalValue::ExternalLinkage, builder_.getInt64(0),
                                    runtime::kCudaStackVariable, nullptr,
                                    GlobalValue::NotThreadLocal, kGlobalMemory,
                                    /*isExternallyInitialized=*/true);
    room->setAlignment(Align(8));
    BasicBlock& entry = function_->getEntryBlock();
    IRBuilder<> at_entry(&entry, entry.begin());
    Value* frame = at_entry.CreateAlloca(builder_.getInt32Ty(), nullptr, "frame");
    Value* below = builder_.CreateNeg(builder_.CreateAlignedLoad(i64, room, Align(8)));
    return builder_.CreateGEP(builder_.getInt8Ty(), frame, below);
  }

  void meet_at_faults(cpu::BodyEmitter& body, Function& function) {
    IRBuilderBase& builder = body.builder();
    FaultMeeting& meeting = meetings_[&function];
    meeting.values = make_value_slot(builder, function);
    meeting.block = BasicBlock::Create(builder.getContext(), "fault", &function);
    IRBuilderBase::InsertPointGuard guard(builder);
    builder.SetInsertPoint(meeting.block);
    meeting.site = builder.CreatePHI(builder.getInt32Ty(), 0, "site");
    meeting.index = builder.CreatePHI(builder.getInt64Ty(), 0, "index");
    meeting.length = builder.CreatePHI(builder.getInt64Ty(), 0, "length");
    const auto end = [&builder, meeting](Value* site, Value* index, Value* length, Value* /*idx*/) {
      BasicBlock* from = builder.GetInsertBlock();
      meeting.site->addIncoming(site, from);
      meeting.index->addIncoming(index, from);
      meeting.length->addIncoming(length, from);
      builder.CreateBr(meeting.block);
    };
    body.set_fault_end(end, meeting.values);
  }

  void finish_fault_meeting(cpu::BodyEmitter& body) {
    IRBuilderBase& builder = body.builder();
    const FaultMeeting& meeting = meetings_.at(builder.GetInsertBlock()->getParent());
    if (meeting.site->getNumIncomingValues() == 0) {
      meeting.block->eraseFromParent();
      return;
    }
    builder.SetInsertPoint(meeting.block);
    body.reload_context();
    const cpu::ThreadPosition& at = body.position();
    record_fault(builder, {meeting.site, meeting.index, meeting.length}, meeting.values,
                 {at.idx, at.idy, at.idz}, body.fault_record());
  }

  // Of a function that calls itself: it has lines of its own, in the same files.
  void make_line_scopes(cpu::BodyEmitter& body, Function& function) {
    DISubprogram* kernel = function_->getSubprogram();
    DIBuilder made(*function_->getParent(), /*AllowUnresolved=*/true, kernel->getUnit());
    DISubprogram* own = made.createFunction(
        kernel->getFile(), function.getName(), function.getName(), kernel->getFile(),
        kernel->getLine(), kernel->getType(), kernel->getLine(), DINode::FlagZero,
        DISubprogram::SPFlagDefinition | DISubprogram::SPFlagLocalToUnit);
    function.setSubprogram(own);
    std::vector<DIScope*> scopes;
    for (const DIScope* scope : body_.line_scopes())
      scopes.push_back(made.createLexicalBlockFile(own, scope->getFile()));
    made.finalizeSubprogram(own);
    body.builder().SetCurrentDebugLocation(
        DILocation::get(builder_.getContext(), kernel->getLine(), 1, own));
    body.set_line_scopes(std::move(scopes));
  }

  const ir::Function& kernel_;
  int width_;
  transform::GpuThreads threads_;
  std::vector<bool> filled_;  // per local: a block's array that needs no zeros
  bool reads_apart_;
  bool rows_inside_;  // of all threads of a launch
  IRBuilder<> builder_;
  ir::Liveness liveness_;
  cpu::BodyEmitter body_;
  cpu::BodyEmitter gang_body_;                        // of several neighbours, or of one
  std::map<const Function*, FaultMeeting> meetings_;  // of functions that call themselves
  Function* function_ = nullptr;
  BasicBlock* exit_ = nullptr;
  bool shares_ = false;        // has arrays of a block
  Value* block_size_[3] = {};  // in kernels whose arrays depend on it
  unsigned launch_ = 0;        // the first parameter behind the arguments
};

}  // namespace

std::string emit_kernel(const ir::Function& kernel, const KernelOptions& options, Module& module) {
  KernelEmitter emitter(kernel, options, module, 1);
  emitter.run();
  const int width = transform::gpu_threads(kernel).per_thread;
  if (width > 1) KernelEmitter(kernel, options, module, width).run();
  return emitter.name();
}

}  // namespace cudapy::codegen::nvptx
