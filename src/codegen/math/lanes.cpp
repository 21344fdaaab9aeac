// Calls of the scalar functions of runtime/math for single lanes.
#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Module.h>

#include <string>

#include "codegen/math/formulas.h"

namespace cudapy::codegen::math {
namespace {

using llvm::BasicBlock;
using llvm::Function;
using llvm::Type;
using llvm::Value;

Type* result_type(llvm::IRBuilderBase& builder, ir::MathKind kind, Type* real) {
  switch (kind) {
    case ir::MathKind::Int32:
      return builder.getInt32Ty();
    case ir::MathKind::Int64:
      return builder.getInt64Ty();
    case ir::MathKind::Bool:
      return builder.getInt1Ty();
    default:
      return real;
  }
}

// declare float @cudapy_math_sinf(float), reached through the image's table of addresses.
llvm::FunctionCallee declare(llvm::Module& module, llvm::IRBuilderBase& builder,
                             ir::MathFunction function, llvm::ArrayRef<Value*> args) {
  const ir::MathInfo& info = ir::info(function);
  llvm::SmallVector<Type*, 4> types;
  Type* real = nullptr;
  for (unsigned i = 0; i < args.size(); ++i) {
    types.push_back(args[i]->getType()->getScalarType());
    if (info.arguments[i] == ir::MathKind::Float) real = types.back();
  }
  std::string name = "cudapy_math_" + std::string(info.name) + (real->isFloatTy() ? "f" : "");
  llvm::FunctionCallee callee = module.getOrInsertFunction(
      name, llvm::FunctionType::get(result_type(builder, info.result, real), types, false));
  auto* declared = llvm::cast<Function>(callee.getCallee());
  declared->setDSOLocal(false);
  declared->setDoesNotThrow();
  declared->setWillReturn();
  declared->setDoesNotAccessMemory();
  declared->addFnAttr(llvm::Attribute::NonLazyBind);
  return callee;
}

// The loop over set bits; args, lane bits and the result so far come in as the function's.
void fill_lane_loop(Function* loop, llvm::FunctionCallee callee, unsigned count) {
  llvm::IRBuilder<> builder(BasicBlock::Create(loop->getContext(), "entry", loop));
  BasicBlock* body = BasicBlock::Create(loop->getContext(), "lane", loop);
  BasicBlock* done = BasicBlock::Create(loop->getContext(), "done", loop);
  llvm::SmallVector<Value*, 5> slots;  // the arguments', then the result's
  for (unsigned i = 0; i < count + 1; ++i) {
    Value* value = loop->getArg(i);
    slots.push_back(builder.CreateAlloca(value->getType()));
    builder.CreateStore(value, slots.back());
  }
  Value* lanes = loop->getArg(count + 1);
  Type* bits_type = lanes->getType();
  Value* none = llvm::ConstantInt::get(bits_type, 0);
  BasicBlock* entry = builder.GetInsertBlock();
  builder.CreateCondBr(builder.CreateICmpEQ(lanes, none), done, body);

  builder.SetInsertPoint(body);
  llvm::PHINode* left = builder.CreatePHI(bits_type, 2);
  Value* lane =
      builder.CreateIntrinsic(llvm::Intrinsic::cttz, {bits_type}, {left, builder.getTrue()});
  Value* index = builder.CreateZExtOrTrunc(lane, builder.getInt64Ty());
  auto element = [&](unsigned slot) {
    Type* type = loop->getArg(slot)->getType()->getScalarType();
    return builder.CreateInBoundsGEP(type, slots[slot], index);
  };
  llvm::SmallVector<Value*, 4> arguments;
  for (unsigned i = 0; i < count; ++i) {
    Type* type = loop->getArg(i)->getType()->getScalarType();
    arguments.push_back(builder.CreateLoad(type, element(i)));
  }
  builder.CreateStore(builder.CreateCall(callee, arguments), element(count));
  Value* rest =
      builder.CreateAnd(left, builder.CreateSub(left, llvm::ConstantInt::get(bits_type, 1)));
  left->addIncoming(lanes, entry);
  left->addIncoming(rest, body);
  builder.CreateCondBr(builder.CreateICmpEQ(rest, none), done, body);

  builder.SetInsertPoint(done);
  builder.CreateRet(builder.CreateLoad(loop->getReturnType(), slots[count]));
}

Value* lane_bits(const Context& context, Bool lanes) {
  return context.builder.CreateBitCast(lanes.value, context.builder.getIntNTy(context.lanes));
}

// cudapy.math.lanes.sin.v16f32(x, result so far, lanes): out of line, as the caller's fast path
// should not pay for it in registers.
Function* lane_loop(const Context& context, ir::MathFunction function, llvm::ArrayRef<Value*> args,
                    Type* result) {
  Function* caller = context.builder.GetInsertBlock()->getParent();
  llvm::Module& module = *caller->getParent();
  const ir::MathInfo& info = ir::info(function);
  Type* real = args.back()->getType()->getScalarType();
  for (unsigned i = 0; i < args.size(); ++i) {
    if (info.arguments[i] == ir::MathKind::Float) real = args[i]->getType()->getScalarType();
  }
  std::string name = "cudapy.math.lanes." + std::string(info.name) + ".v" +
                     std::to_string(context.lanes) + (real->isFloatTy() ? "f32" : "f64");
  if (Function* existing = module.getFunction(name)) return existing;
  llvm::SmallVector<Type*, 6> types;
  for (Value* arg : args) types.push_back(arg->getType());
  types.push_back(result);
  types.push_back(context.builder.getIntNTy(context.lanes));
  auto* loop = Function::Create(llvm::FunctionType::get(result, types, false),
                                llvm::GlobalValue::InternalLinkage, name, module);
  copy_target_attributes(*caller, *loop);
  loop->setCallingConv(llvm::CallingConv::Fast);
  loop->setDoesNotThrow();
  loop->setWillReturn();
  loop->setDoesNotAccessMemory();
  loop->addFnAttr(llvm::Attribute::NoInline);
  fill_lane_loop(loop, declare(module, context.builder, function, args), args.size());
  return loop;
}

}  // namespace

void copy_target_attributes(const Function& from, Function& to) {
  for (const char* name : {"target-cpu", "target-features", "tune-cpu", "min-legal-vector-width",
                           "prefer-vector-width", "denormal-fp-math", "denormal-fp-math-f32"}) {
    if (from.hasFnAttribute(name)) to.addFnAttr(from.getFnAttribute(name));
  }
}

Value* call_lanes(const Context& context, ir::MathFunction function, llvm::ArrayRef<Value*> args,
                  Bool lanes, Value* otherwise) {
  llvm::IRBuilderBase& builder = context.builder;
  llvm::Module& module = *builder.GetInsertBlock()->getModule();
  if (context.lanes == 0) {
    return builder.CreateCall(declare(module, builder, function, args), args);
  }
  Function* loop = lane_loop(context, function, args, otherwise->getType());
  llvm::SmallVector<Value*, 6> all(args.begin(), args.end());
  all.push_back(otherwise);
  all.push_back(lane_bits(context, lanes));
  llvm::CallInst* call = builder.CreateCall(loop, all);
  call->setCallingConv(llvm::CallingConv::Fast);
  return call;
}

Real with_rare_lanes(Real fast, Bool rare, ir::MathFunction function, llvm::ArrayRef<Value*> args) {
  const Context& context = *fast.context;
  llvm::IRBuilderBase& builder = context.builder;
  Value* any = rare.value;
  if (context.lanes != 0) {
    Value* lanes = lane_bits(context, rare);
    any = builder.CreateICmpNE(lanes, llvm::ConstantInt::get(lanes->getType(), 0));
  }
  BasicBlock* before = builder.GetInsertBlock();
  Function* parent = before->getParent();
  BasicBlock* slow = BasicBlock::Create(parent->getContext(), "rare", parent);
  BasicBlock* after = BasicBlock::Create(parent->getContext(), "common", parent);
  llvm::MDNode* unlikely = llvm::MDBuilder(parent->getContext()).createUnlikelyBranchWeights();
  builder.CreateCondBr(any, slow, after, unlikely);
  builder.SetInsertPoint(slow);
  Value* mended = call_lanes(context, function, args, rare, fast.value);
  slow = builder.GetInsertBlock();
  builder.CreateBr(after);
  builder.SetInsertPoint(after);
  llvm::PHINode* result = builder.CreatePHI(fast.value->getType(), 2);
  result->addIncoming(fast.value, before);
  result->addIncoming(mended, slow);
  return {&context, result};
}

}  // namespace cudapy::codegen::math
