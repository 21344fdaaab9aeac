// What kernels call and a GPU has no library for: the recorders of faults and of prints, and exact
// argument reduction and division for the rare arguments that the formulas of codegen/math leave
// aside.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>

#include "codegen/cpu/body_emitter.h"
#include "codegen/math/formulas.h"
#include "codegen/nvptx/emit_kernel.h"
#include "runtime/cuda/kernel_abi.h"

namespace cudapy::codegen::nvptx {

using namespace llvm;
using math::Bool;
using math::Context;
using math::Int;
using math::Pair;
using math::Real;

namespace {

constexpr unsigned kGlobalMemory = 1;  // address space
constexpr unsigned kMostInlined = 48;  // records of faults in a kernel that are no calls

BasicBlock* add_block(IRBuilderBase& builder, const char* name) {
  return BasicBlock::Create(builder.getContext(), name, builder.GetInsertBlock()->getParent());
}

// ---- faults

Value* field(IRBuilderBase& builder, Value* base, size_t offset) {
  return builder.CreateConstGEP1_64(builder.getInt8Ty(), base, offset);
}

// Set by the loader: which kernel this is, and where to report.
GlobalVariable* make_handle(Module& module, const char* name, size_t size) {
  Type* bytes = ArrayType::get(Type::getInt64Ty(module.getContext()), size / sizeof(int64_t));
  auto* handle = new GlobalVariable(module, bytes, /*isConstant=*/false,
                                    GlobalValue::ExternalLinkage, Constant::getNullValue(bytes),
                                    name, nullptr, GlobalValue::NotThreadLocal, kGlobalMemory,
                                    /*isExternallyInitialized=*/true);
  handle->setAlignment(Align(8));
  return handle;
}

// The body of cudapy_record_fault(site, index, length, x, y, z, names_block, values), which ends
// the thread:
//   if (claim->claimed || atomicCAS(&claim->claimed, 0, 1)) exit;
//   report->... = ...;
//   if (values) report->values = *values;
//   __threadfence_system(); report->site = site; exit;
// Where there are few checks it is inlined at each: a call takes registers and a stack. Many copies
// would be most of the kernel's code, and of the time that it takes to be assembled.
void define_fault_recorder(Function& function) {
  using runtime::CudaFaultClaim;
  using runtime::CudaFaultHandle;
  using runtime::CudaFaultReport;
  Module& module = *function.getParent();
  IRBuilder<> builder(BasicBlock::Create(module.getContext(), "entry", &function));
  Type* i32 = builder.getInt32Ty();
  Type* pointer = PointerType::get(module.getContext(), kGlobalMemory);
  Value* handle = make_handle(module, runtime::kCudaFaultVariable, sizeof(CudaFaultHandle));
  Value* claim = builder.CreateAlignedLoad(
      pointer, field(builder, handle, offsetof(CudaFaultHandle, claim)), Align(8));
  Value* claimed = field(builder, claim, offsetof(CudaFaultClaim, claimed));
  BasicBlock* ask = add_block(builder, "ask");
  BasicBlock* report_fault = add_block(builder, "report");
  BasicBlock* done = add_block(builder, "done");
  Value* seen = builder.CreateAlignedLoad(i32, claimed, Align(4), /*isVolatile=*/true);
  builder.CreateCondBr(builder.CreateICmpEQ(seen, builder.getInt32(0)), ask, done);

  builder.SetInsertPoint(ask);
  Value* exchange = builder.CreateAtomicCmpXchg(
      claimed, builder.getInt32(0), builder.getInt32(1), Align(4), AtomicOrdering::Monotonic,
      AtomicOrdering::Monotonic, module.getContext().getOrInsertSyncScopeID("device"));
  builder.CreateCondBr(builder.CreateExtractValue(exchange, 1), report_fault, done);

  builder.SetInsertPoint(report_fault);
  Value* report = builder.CreateAlignedLoad(
      pointer, field(builder, claim, offsetof(CudaFaultClaim, report)), Align(8));
  const auto put = [&](size_t offset, Value* value) {
    const Align align(value->getType()->getScalarSizeInBits() / 8);
    builder.CreateAlignedStore(value, field(builder, report, offset), align, /*isVolatile=*/true);
  };
  put(offsetof(CudaFaultReport, kernel),
      builder.CreateAlignedLoad(i32, field(builder, handle, offsetof(CudaFaultHandle, kernel)),
                                Align(4)));
  put(offsetof(CudaFaultReport, index), function.getArg(1));
  put(offsetof(CudaFaultReport, length), function.getArg(2));
  for (unsigned i = 0; i < 3; ++i)
    put(offsetof(CudaFaultReport, thread) + i * sizeof(int64_t), function.getArg(3 + i));
  constexpr Intrinsic::ID kBlockSize[3] = {Intrinsic::nvvm_read_ptx_sreg_ntid_x,
                                           Intrinsic::nvvm_read_ptx_sreg_ntid_y,
                                           Intrinsic::nvvm_read_ptx_sreg_ntid_z};
  for (unsigned i = 0; i < 3; ++i) {
    put(offsetof(CudaFaultReport, block) + i * sizeof(int32_t),
        builder.CreateMul(builder.CreateIntrinsic(kBlockSize[i], {}), function.getArg(6)));
  }
  BasicBlock* put_values = add_block(builder, "values");
  BasicBlock* put_site = add_block(builder, "site");
  Value* values = function.getArg(7);
  builder.CreateCondBr(builder.CreateIsNull(values), put_site, put_values);
  builder.SetInsertPoint(put_values);
  for (size_t i = 0; i < runtime::kFaultValues; ++i) {
    const size_t offset = i * sizeof(int64_t);
    put(offsetof(CudaFaultReport, values) + offset,
        builder.CreateAlignedLoad(builder.getInt64Ty(), field(builder, values, offset), Align(8)));
  }
  builder.CreateBr(put_site);
  builder.SetInsertPoint(put_site);
  builder.CreateFence(AtomicOrdering::Release);
  put(offsetof(CudaFaultReport, site), function.getArg(0));
  builder.CreateBr(done);
  builder.SetInsertPoint(done);
  builder.CreateIntrinsic(Intrinsic::nvvm_exit, {});
  builder.CreateUnreachable();
  const bool is_inlined = !function.hasNUsesOrMore(kMostInlined + 1);
  for (const Attribute::AttrKind kind :
       {Attribute::NoReturn, Attribute::Cold, Attribute::NoUnwind,
        is_inlined ? Attribute::AlwaysInline : Attribute::NoInline})
    function.addFnAttr(kind);
}

// ---- prints

// The body of cudapy_print(launch, site, lanes, x, y, z, values, count, width) of one thread:
//   if (atomicAdd(&prints->records, 1) >= most) return;
//   place = atomicAdd(&prints->words, head + count);
//   if (place + head + count <= room) record = words + place, record[0] = ...
void define_print_recorder(Function& function) {
  using runtime::CudaPrintHandle;
  using runtime::CudaPrints;
  Module& module = *function.getParent();
  IRBuilder<> builder(BasicBlock::Create(module.getContext(), "entry", &function));
  Type* i64 = builder.getInt64Ty();
  Value* handle = make_handle(module, runtime::kCudaPrintVariable, sizeof(CudaPrintHandle));
  Value* prints = builder.CreateAlignedLoad(
      PointerType::get(module.getContext(), kGlobalMemory),
      field(builder, handle, offsetof(CudaPrintHandle, prints)), Align(8));
  Value* count = builder.CreateZExt(function.getArg(7), i64);
  Value* words = builder.CreateAdd(count, builder.getInt64(runtime::kCudaPrintHead));
  const auto take = [&](size_t counter, Value* amount) {
    return builder.CreateAtomicRMW(AtomicRMWInst::Add, field(builder, prints, counter), amount,
                                   Align(8), AtomicOrdering::Monotonic);
  };
  BasicBlock* ask = add_block(builder, "ask");
  BasicBlock* write = add_block(builder, "write");
  BasicBlock* copy = add_block(builder, "copy");
  BasicBlock* done = add_block(builder, "done");
  Value* number = take(offsetof(CudaPrints, records), builder.getInt64(1));
  builder.CreateCondBr(builder.CreateICmpULT(number, builder.getInt64(runtime::kCudaMostPrints)),
                       ask, done);

  builder.SetInsertPoint(ask);
  Value* place = take(offsetof(CudaPrints, words), words);
  Value* end = builder.CreateAdd(place, words);
  builder.CreateCondBr(builder.CreateICmpULE(end, builder.getInt64(runtime::kCudaPrintWords)),
                       write, done);

  builder.SetInsertPoint(write);
  Value* record = builder.CreateGEP(i64, field(builder, prints, sizeof(CudaPrints)), place);
  const auto word = [&](Value* base, Value* number) {
    return builder.CreateGEP(i64, base, number);
  };
  const auto pair = [&](Value* low, Value* high) {
    return builder.CreateOr(builder.CreateZExt(low, i64),
                            builder.CreateShl(builder.CreateZExt(high, i64), 32));
  };
  Value* kernel = builder.CreateAlignedLoad(
      builder.getInt32Ty(), field(builder, handle, offsetof(CudaPrintHandle, kernel)), Align(4));
  Value* head[] = {
      pair(builder.CreateAdd(function.getArg(1), builder.getInt32(1)), function.getArg(7)),
      pair(kernel, function.getArg(0)), function.getArg(3), function.getArg(4), function.getArg(5)};
  static_assert(std::size(head) == runtime::kCudaPrintHead);
  for (uint64_t i = 0; i < std::size(head); ++i)
    builder.CreateAlignedStore(head[i], word(record, builder.getInt64(i)), Align(8));
  builder.CreateCondBr(builder.CreateICmpEQ(count, builder.getInt64(0)), done, copy);

  builder.SetInsertPoint(copy);
  PHINode* i = builder.CreatePHI(i64, 2);
  i->addIncoming(builder.getInt64(0), write);
  Value* value = builder.CreateAlignedLoad(i64, word(function.getArg(6), i), Align(8));
  builder.CreateAlignedStore(
      value, word(record, builder.CreateAdd(i, builder.getInt64(runtime::kCudaPrintHead))),
      Align(8));
  Value* next = builder.CreateAdd(i, builder.getInt64(1));
  i->addIncoming(next, copy);
  builder.CreateCondBr(builder.CreateICmpEQ(next, count), done, copy);
  builder.SetInsertPoint(done);
  builder.CreateRetVoid();
}

// ---- circular functions of large arguments

// 64 zero bits, then those of 2/pi behind its point.
constexpr uint64_t kTwoOverPiBits[] = {
    0x0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
};

Value* table_of_two_over_pi(Module& module) {
  constexpr const char* kName = "cudapy_two_over_pi";
  if (GlobalVariable* existing = module.getNamedGlobal(kName)) return existing;
  Constant* bits = ConstantDataArray::get(module.getContext(), ArrayRef(kTwoOverPiBits));
  return new GlobalVariable(module, bits->getType(), /*isConstant=*/true,
                            GlobalValue::InternalLinkage, bits, kName, nullptr,
                            GlobalValue::NotThreadLocal, kGlobalMemory);
}

struct Angle {
  Pair angle;
  Int quadrant;
};

// Payne and Hanek's reduction of a positive double of 2^-35 * 2^53 and more. x = m 2^e, and of
// 2/pi the 192 bits from the one with weight 2^(1 - e) on decide x * 2/pi modulo 4; what is cut off
// is below 2^-137, and no double comes closer to a multiple of pi/2 than 2^-62.
Angle reduce_exactly(const Context& context, Value* x) {
  IRBuilderBase& b = context.builder;
  Type* i64 = b.getInt64Ty();
  Type* i128 = b.getInt128Ty();
  Value* bits = b.CreateBitCast(x, i64);
  Value* exponent = b.CreateLShr(bits, 52);
  Value* mantissa = b.CreateOr(b.CreateAnd(bits, (uint64_t{1} << 52U) - 1), uint64_t{1} << 52U);
  // Where the first wanted bit is in the table: e - 1 + 63, with e = exponent - 1075.
  Value* first = b.CreateSub(exponent, b.getInt64(1075 - 62));
  Value* word = b.CreateLShr(first, 6);
  Value* shift = b.CreateAnd(first, b.getInt64(63));
  Value* table = table_of_two_over_pi(*b.GetInsertBlock()->getModule());
  Value* words[4];
  for (uint64_t i = 0; i < 4; ++i) {
    words[i] = b.CreateAlignedLoad(i64, b.CreateGEP(i64, table, b.CreateAdd(word, b.getInt64(i))),
                                   Align(8));
  }
  const auto product = [&](int i) {
    Value* aligned = b.CreateIntrinsic(Intrinsic::fshl, {i64}, {words[i], words[i + 1], shift});
    return b.CreateMul(b.CreateZExt(mantissa, i128), b.CreateZExt(aligned, i128));
  };
  Value* low = product(2);
  Value* middle = b.CreateAdd(product(1), b.CreateLShr(low, 64));
  Value* high = b.CreateAdd(product(0), b.CreateLShr(middle, 64));  // modulo 2^64
  Value* top = b.CreateTrunc(high, i64);
  Value* turns = b.CreateOr(b.CreateShl(b.CreateZExt(top, i128), 64),
                            b.CreateZExt(b.CreateTrunc(middle, i64), i128));
  // The two bits before the point are the quadrant; the rest, as a signed fraction, is the angle.
  Value* fraction = b.CreateShl(turns, 2);
  Value* is_negative = b.CreateICmpSLT(fraction, ConstantInt::get(i128, 0));
  Value* quadrant = b.CreateAdd(b.CreateLShr(top, 62), b.CreateZExt(is_negative, i64));
  Value* magnitude = b.CreateSelect(is_negative, b.CreateNeg(fraction), fraction);
  Value* upper = b.CreateTrunc(b.CreateLShr(magnitude, 64), i64);
  Value* zeros = b.CreateIntrinsic(Intrinsic::ctlz, {i64}, {upper, b.getFalse()});
  Value* normal = b.CreateShl(magnitude, b.CreateZExt(zeros, i128));
  upper = b.CreateTrunc(b.CreateLShr(normal, 64), i64);
  Value* lower = b.CreateTrunc(normal, i64);
  Type* real = b.getDoubleTy();
  Value* head = b.CreateUIToFP(b.CreateAnd(upper, ~uint64_t{0x7FF}), real);
  Value* tail = b.CreateUIToFP(
      b.CreateOr(b.CreateShl(b.CreateAnd(upper, 0x7FF), 53), b.CreateLShr(lower, 11)), real);
  const Int scale_by{&context, b.CreateSub(b.getInt64(static_cast<uint64_t>(-64)), zeros)};
  const Real scale = math::exp2_int(scale_by, /*is_double=*/true);
  const Pair quarter_turns{Real{&context, head} * scale, Real{&context, tail} * 0x1p-53 * scale};
  const Pair angle =
      quarter_turns * math::constant_pair(scale, 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54);
  const Bool negative{&context, is_negative};
  return {math::select(negative, Pair{-angle.hi, -angle.lo}, angle), {&context, quadrant}};
}

Real large_circular(const Context& context, ir::MathFunction function, Value* x) {
  const Real given{&context, x};
  const Angle reduced = reduce_exactly(context, math::abs(given).value);
  Real y = function == ir::MathFunction::Tan ? math::tan_of_angle(reduced.angle, reduced.quadrant)
           : function == ir::MathFunction::Cos
               ? math::sin_of_angle(reduced.angle, reduced.quadrant + 1)
               : math::sin_of_angle(reduced.angle, reduced.quadrant);
  if (function != ir::MathFunction::Cos) y = math::flip_sign(y, given);
  const Bool is_finite = math::abs(given) < given.same(std::numeric_limits<double>::infinity());
  return math::select(is_finite, y, given - given);
}

// ---- remainders of large quotients

// x modulo y for positive, finite x and y: y 2^k is taken away for each k from the largest on,
// which is exact at every step.
//   while (x >= y) { t = ldexp(y, ilogb(x) - ilogb(y)); if (t > x) t /= 2; x -= t; }
Real divide_long(const Context& context, Real x, Real y) {
  IRBuilderBase& b = context.builder;
  BasicBlock* before = b.GetInsertBlock();
  BasicBlock* loop = add_block(b, "divide");
  BasicBlock* step = add_block(b, "step");
  BasicBlock* done = add_block(b, "divided");
  b.CreateBr(loop);
  b.SetInsertPoint(loop);
  PHINode* rest = b.CreatePHI(x.value->getType(), 2);
  rest->addIncoming(x.value, before);
  const Real left{&context, rest};
  b.CreateCondBr((left >= y).value, step, done);
  b.SetInsertPoint(step);
  const Int apart = math::ilogb(left) - math::ilogb(y);
  const Real shifted = math::ldexp(y, apart);
  const Real part = math::select(shifted > left, shifted * 0.5, shifted);
  rest->addIncoming((left - part).value, b.GetInsertBlock());
  b.CreateBr(loop);
  b.SetInsertPoint(done);
  return left;
}

Real long_fmod(const Context& context, Real x, Real y) {
  return math::copy_sign(divide_long(context, math::abs(x), math::abs(y)), x);
}

// Down to less than 2 y, where that is a number, then at most two subtractions; each is exact. Of a
// tiny y the half may not exist, of others the double need not.
Real long_remainder(const Context& context, Real x, Real y) {
  const Real ay = math::abs(y);
  const Bool doubles = ay < 0x1p1022;
  const Real start = math::abs(x);
  const Real divisor = math::select(doubles, ay + ay, ay.same(0x1.fffffffffffffp1023));
  Real rest = math::select(doubles, divide_long(context, start, divisor), start);
  const Bool tiny = ay < 0x1p-1020;
  const Real half = ay * 0.5;
  const Real once = rest - ay;
  const Bool reaches = (tiny & (rest + rest > ay)) | ((!tiny) & (rest > half));
  const Bool reaches_again = (tiny & (once + once >= ay)) | ((!tiny) & (once >= half));
  rest = math::select(reaches, math::select(reaches_again, once - ay, once), rest);
  return math::flip_sign(math::select(rest == 0.0, x.same(0.0), rest), x);
}

// ---- definitions

struct RareFunction {
  ir::MathFunction function;
  const char* name;
};

constexpr RareFunction kRareFunctions[] = {
    {ir::MathFunction::Sin, "sin"},
    {ir::MathFunction::Cos, "cos"},
    {ir::MathFunction::Tan, "tan"},
    {ir::MathFunction::Fmod, "fmod"},
    {ir::MathFunction::Remainder, "remainder"},
};

// The float32 form computes in float64 and rounds once: remainders are exact there, too.
void define_rare(Function& function, ir::MathFunction which) {
  IRBuilder<> builder(BasicBlock::Create(function.getContext(), "entry", &function));
  const Context context{builder, 0, /*has_fma=*/true, /*fast=*/false};
  const bool is_single = function.getReturnType()->isFloatTy();
  SmallVector<Real, 2> x;
  for (Argument& argument : function.args()) {
    const Real given{&context, &argument};
    x.push_back(is_single ? math::widen(given) : given);
  }
  const bool is_quotient = which == ir::MathFunction::Fmod || which == ir::MathFunction::Remainder;
  Real y = !is_quotient                      ? large_circular(context, which, x[0].value)
           : which == ir::MathFunction::Fmod ? long_fmod(context, x[0], x[1])
                                             : long_remainder(context, x[0], x[1]);
  if (is_single) y = math::narrow(y);
  builder.CreateRet(y.value);
  function.addFnAttr(Attribute::NoInline);
}

// Barrier 0, which all threads of a block come to.
void define_barrier(Function& function) {
  IRBuilder<> builder(BasicBlock::Create(function.getContext(), "entry", &function));
  Value* barrier = builder.getInt32(0);
  if (function.getName() == cpu::kDeviceBarrier) {
    builder.CreateIntrinsic(Intrinsic::nvvm_barrier_cta_sync_aligned_all, {barrier});
    builder.CreateRetVoid();
    return;
  }
  const Intrinsic::ID which = function.getName() == cpu::kDeviceBarrierCount
                                  ? Intrinsic::nvvm_barrier_cta_red_popc_aligned_all
                              : function.getName() == cpu::kDeviceBarrierAll
                                  ? Intrinsic::nvvm_barrier_cta_red_and_aligned_all
                                  : Intrinsic::nvvm_barrier_cta_red_or_aligned_all;
  builder.CreateRet(builder.CreateIntrinsic(which, {barrier, function.getArg(0)}));
}

std::optional<ir::MathFunction> rare_function(StringRef name) {
  if (!name.consume_front("cudapy_math_")) return std::nullopt;
  for (const RareFunction& rare : kRareFunctions) {
    if (name == rare.name || name == std::string(rare.name) + "f") return rare.function;
  }
  return std::nullopt;
}

}  // namespace

std::string define_runtime(Module& module) {
  SmallVector<Function*, 8> called;
  for (Function& function : module) {
    if (function.isDeclaration() && !function.isIntrinsic() && !function.use_empty())
      called.push_back(&function);
  }
  for (Function* function : called) {
    const StringRef name = function->getName();
    if (name == kRecordFault) {
      define_fault_recorder(*function);
    } else if (name == cpu::kPrint) {
      define_print_recorder(*function);
    } else if (name.starts_with(cpu::kDeviceBarrier)) {
      define_barrier(*function);
    } else if (const auto rare = rare_function(name)) {
      define_rare(*function, *rare);
    } else {
      return name.str();
    }
    function->setLinkage(GlobalValue::InternalLinkage);
    function->setDSOLocal(true);
  }
  return {};
}

}  // namespace cudapy::codegen::nvptx
