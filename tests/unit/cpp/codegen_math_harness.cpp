// See codegen_math_harness.h.
#include "codegen_math_harness.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "codegen/math/emit.h"
#include "jit/compile_module.h"
#include "runtime/cpu/symbols.h"

namespace cudapy::tests {
namespace {

llvm::Type* element_type(llvm::IRBuilderBase& builder, Element element) {
  switch (element) {
    case Element::kBool:
    case Element::kInt8:
      return builder.getInt8Ty();
    case Element::kInt16:
      return builder.getInt16Ty();
    case Element::kInt32:
      return builder.getInt32Ty();
    case Element::kInt64:
      return builder.getInt64Ty();
    case Element::kFloat:
      return builder.getFloatTy();
    case Element::kDouble:
      return builder.getDoubleTy();
  }
  return nullptr;
}

llvm::Type* shaped(llvm::Type* element, unsigned lanes) {
  return lanes == 0 ? element : llvm::FixedVectorType::get(element, lanes);
}

llvm::Value* test_mask(llvm::IRBuilderBase& builder, unsigned lanes) {
  if (lanes == 0) return builder.getTrue();
  llvm::SmallVector<llvm::Constant*, 64> bits;
  for (unsigned i = 0; i < lanes; ++i) bits.push_back(builder.getInt1(i % 3 != 2));
  return llvm::ConstantVector::get(bits);
}

// void code(ptr arguments, ptr result, i64 vectors): for each vector, load, emit, store.
void fill_loop(llvm::Function* function, const Build& build, const std::vector<Element>& arguments,
               Element result, const Emitter& emit, const codegen::cpu::TargetInfo& target) {
  llvm::LLVMContext& context = function->getContext();
  auto* entry = llvm::BasicBlock::Create(context, "entry", function);
  auto* body = llvm::BasicBlock::Create(context, "body", function);
  auto* done = llvm::BasicBlock::Create(context, "done", function);
  llvm::IRBuilder<> builder(entry);
  std::vector<llvm::Value*> pointers;
  for (unsigned i = 0; i < arguments.size(); ++i) {
    llvm::Value* slot = builder.CreateConstGEP1_64(builder.getPtrTy(), function->getArg(0), i);
    pointers.push_back(builder.CreateLoad(builder.getPtrTy(), slot));
  }
  builder.CreateBr(body);
  builder.SetInsertPoint(body);
  llvm::PHINode* index = builder.CreatePHI(builder.getInt64Ty(), 2);
  index->addIncoming(builder.getInt64(0), entry);
  llvm::Value* first = builder.CreateMul(index, builder.getInt64(std::max(1u, build.lanes)));
  auto place = [&](Element element, llvm::Value* base) {
    return builder.CreateGEP(element_type(builder, element), base, first);
  };
  std::vector<llvm::Value*> values;
  for (unsigned i = 0; i < arguments.size(); ++i) {
    llvm::Type* type = shaped(element_type(builder, arguments[i]), build.lanes);
    values.push_back(
        builder.CreateAlignedLoad(type, place(arguments[i], pointers[i]), llvm::Align(1)));
  }
  llvm::Value* mask = build.masked ? test_mask(builder, build.lanes) : nullptr;
  llvm::Value* value = emit(builder, values, mask, target);
  if (result == Element::kBool)
    value = builder.CreateZExt(value, shaped(builder.getInt8Ty(), build.lanes));
  builder.CreateAlignedStore(value, place(result, function->getArg(1)), llvm::Align(1));
  llvm::Value* next = builder.CreateAdd(index, builder.getInt64(1));
  index->addIncoming(next, builder.GetInsertBlock());
  builder.CreateCondBr(builder.CreateICmpSLT(next, function->getArg(2)), body, done);
  builder.SetInsertPoint(done);
  builder.CreateRetVoid();
}

Element element_of(ir::MathKind kind, bool is_double) {
  switch (kind) {
    case ir::MathKind::Int32:
      return Element::kInt32;
    case ir::MathKind::Int64:
      return Element::kInt64;
    case ir::MathKind::Bool:
      return Element::kBool;
    default:
      return is_double ? Element::kDouble : Element::kFloat;
  }
}

}  // namespace

ArrayFunction::ArrayFunction(const Build& build, std::vector<Element> arguments, Element result,
                             const Emitter& emit)
    : lanes_(build.lanes) {
  std::string error;
  jit::Target target = jit::create_target(build.isa, error);
  if (!error.empty()) throw std::runtime_error(error);
  llvm::LLVMContext context;
  llvm::Module module("test", context);
  jit::prepare_module(module, target);
  llvm::Type* pointer = llvm::PointerType::get(context, 0);
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {pointer, pointer, llvm::Type::getInt64Ty(context)}, false);
  auto* function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "code", module);
  fill_loop(function, build, arguments, result, emit, target.info);
  jit::CompileRequest request;
  request.want_asm = std::getenv("CUDAPY_MATH_ASM") != nullptr;
  jit::CompileResult compiled;
  runtime::CodeImage image;
  if (!jit::compile_module(module, "code", target, request, image, compiled))
    throw std::runtime_error(compiled.error);
  code_ = runtime::load_image(image, runtime::resolve_runtime_symbol, error);
  if (!code_) throw std::runtime_error(error);
  assembly_ = compiled.asm_text;
}

void ArrayFunction::run(const std::vector<const void*>& arguments, void* result,
                        int64_t count) const {
  const int64_t vectors = count / std::max(1u, lanes_);
  if (vectors == 0) return;
  using Entry = void (*)(const void* const*, void*, int64_t);
  reinterpret_cast<Entry>(const_cast<void*>(code_.entry()))(arguments.data(), result, vectors);
}

ArrayFunction compile_math(ir::MathFunction function, const Build& build) {
  const ir::MathInfo& info = ir::info(function);
  std::vector<Element> arguments;
  for (unsigned i = 0; i < info.arity; ++i)
    arguments.push_back(element_of(info.arguments[i], build.is_double));
  auto emit = [&](llvm::IRBuilderBase& builder, const std::vector<llvm::Value*>& values,
                  llvm::Value* mask, const codegen::cpu::TargetInfo& target) {
    codegen::MathOptions options;
    options.fast = build.fast;
    options.has_fma = target.has_fma;
    options.native_vector_bits = target.native_vector_bits;
    options.mask = mask;
    return codegen::emit_math(builder, function, values, options);
  };
  return {build, arguments, element_of(info.result, build.is_double), emit};
}

std::vector<std::string> runnable_levels() {
  std::vector<std::string> levels = {""};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) levels.push_back("avx512");
  if (__builtin_cpu_supports("x86-64-v3")) levels.push_back("avx2");
  if (__builtin_cpu_supports("x86-64-v2")) levels.push_back("sse4");
#endif
  return levels;
}

namespace {

template <typename T>
double error_in_ulp(T result, long double exact) {
  constexpr double kWrong = std::numeric_limits<double>::infinity();
  if (std::isnan(exact) || std::isnan(result))
    return std::isnan(exact) && std::isnan(result) ? 0 : kWrong;
  T nearest = static_cast<T>(exact);
  if (std::isinf(exact) || exact == 0)
    return result == nearest && std::signbit(result) == std::signbit(exact) ? 0 : kWrong;
  if (result != 0 && std::signbit(result) != std::signbit(exact)) return kWrong;
  // What rounds to infinity may also be the largest number, an ulp below it.
  int exponent = std::max(std::ilogb(exact), std::numeric_limits<T>::min_exponent - 1);
  constexpr int kMost = std::numeric_limits<T>::max_exponent - 1;
  exponent = std::min(exponent, kMost);
  long double ulp = std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits + 1);
  if (std::isinf(result)) {
    long double beyond = std::ldexp(1.0L, kMost + 1);
    return std::fabs(exact) >= beyond ? 0 : static_cast<double>((beyond - std::fabs(exact)) / ulp);
  }
  if (std::isinf(nearest) && std::fabs(exact) > std::ldexp(1.0L, kMost + 1)) return kWrong;
  return static_cast<double>(std::fabs(result - exact) / ulp);
}

}  // namespace

double ulp_error(float result, long double exact) {
  return error_in_ulp(result, exact);
}
double ulp_error(double result, long double exact) {
  return error_in_ulp(result, exact);
}

}  // namespace cudapy::tests
