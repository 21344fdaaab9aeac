// Calls of functions that call themselves, and these functions.
//
//     br any(mask), call, called
//   call:
//     br (depth < limit and stack pointer > end of the stack), go on, fault
//     context = where the thread is, ...                   in the kernel alone
//     { result, stopped } = call @cudapy_recursive_0(context, mask, depth + 1, arguments)
//     br stopped, exit, called
//   called: phi [result, call], [0, before]
//
// Where no lane makes a call it is left out: that is what ends a recursion.
#include "codegen/cpu/definitions.h"

#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/Module.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;
using ir::LocalId;
using ir::Shape;

namespace {

class ArrayWalk {
 public:
  explicit ArrayWalk(const ir::Function& kernel) : kernel_(kernel) {}

  void block(const ir::Block& block) {
    for (const ir::StmtPtr& stmt : block) {
      if (stmt->kind == ir::StmtKind::Declare) declared.insert(stmt->local);
      if (stmt->value) expression(*stmt->value);
      for (const ir::ExprPtr& operand : stmt->operands) expression(*operand);
      this->block(stmt->body);
      this->block(stmt->else_body);
    }
  }

  std::set<LocalId> used;
  std::set<LocalId> declared;

 private:
  void expression(const ir::Expr& expr) {
    if (expr.kind == ir::ExprKind::Local &&
        kernel_.locals[static_cast<size_t>(expr.local)].type.is_array())
      used.insert(expr.local);
    for (const ir::ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
  }

  const ir::Function& kernel_;
};

// Halves and masks are passed as their bits: what a target's calls do with them differs.
Type* passed_type(Type* type) {
  Type* element = type->getScalarType();
  LLVMContext& context = type->getContext();
  if (element->isIntegerTy(1)) {
    auto* vector = dyn_cast<FixedVectorType>(type);
    return Type::getIntNTy(context, vector ? vector->getNumElements() : 8);
  }
  if (element->isHalfTy() || element->isBFloatTy())
    return type->getWithNewType(Type::getInt16Ty(context));
  return type;
}

Value* pass(IRBuilderBase& builder, Value* value) {
  Type* type = passed_type(value->getType());
  if (type == value->getType()) return value;
  if (value->getType()->isIntegerTy(1)) return builder.CreateZExt(value, type);
  return builder.CreateBitCast(value, type);
}

Value* receive(IRBuilderBase& builder, Value* value, Type* type) {
  if (type == value->getType()) return value;
  if (type->isIntegerTy(1)) return builder.CreateTrunc(value, type);
  return builder.CreateBitCast(value, type);
}

}  // namespace

Definitions find_definitions(const ir::Function& kernel) {
  Definitions found;
  std::set<LocalId> used;
  std::map<LocalId, int32_t> owners;
  std::vector<std::pair<int32_t, std::set<LocalId>>> uses;
  for (const ir::StmtPtr& stmt : kernel.body) {
    if (stmt->kind != ir::StmtKind::Define) continue;
    ArrayWalk walk(kernel);
    walk.block(stmt->value->body);
    const int32_t number = stmt->value->callee;
    for (const LocalId array : walk.declared) owners[array] = number;
    used.insert(walk.used.begin(), walk.used.end());
    uses.emplace_back(number, std::move(walk.used));
    found.by_number[number] = {stmt->value.get(), std::move(walk.declared), nullptr};
  }
  found.arrays.assign(used.begin(), used.end());
  for (const auto& [number, arrays] : uses) {
    for (const LocalId array : arrays) {
      const auto owner = owners.find(array);
      if (owner != owners.end() && owner->second != number) found.handed_on.insert(array);
    }
  }
  return found;
}

// The fields of the context, as they are here: null for what this kernel does not have.
template <class Visit>
void BodyEmitter::for_each_of_context(Visit visit) {
  visit(position_.idx);
  visit(position_.idy);
  visit(position_.idz);
  for (Value*& value : position_.block_values) visit(value);
  visit(fault_record_);
  visit(interruption_);
  visit(prints_);
  visit(stack_end_);
  for (const LocalId id : definitions_->arrays) {
    ArrayValue& array = arrays_[index(id)];
    visit(array.data);
    for (Value*& length : array.shape) visit(length);
    for (Value*& stride : array.strides) visit(stride);
  }
}

// In the kernel: before a call. Arrays that calls declare are not known here, but have their place.
void BodyEmitter::fill_context() {
  for (const auto& [number, definition] : definitions_->by_number) {
    for (const LocalId array : definition.declared) {
      arrays_[index(array)] = declared_array(builder_, kernel_.locals[index(array)],
                                             PoisonValue::get(builder_.getPtrTy()));
    }
  }
  SmallVector<Type*, 32> types;
  for_each_of_context([&](Value*& value) {
    if (value) types.push_back(value->getType());
  });
  if (!definitions_->context) definitions_->context = StructType::get(builder_.getContext(), types);
  if (!context_) context_ = entry_slot(definitions_->context);
  unsigned field = 0;
  for_each_of_context([&](Value*& value) {
    if (!value) return;
    if (!isa<PoisonValue>(value))
      builder_.CreateStore(value, builder_.CreateStructGEP(definitions_->context, context_, field));
    ++field;
  });
}

// In a definition: before a call, where others use what this call, or one before it, has declared.
void BodyEmitter::hand_on_arrays() {
  unsigned field = 0;
  std::map<Value*, bool> wanted;
  for (const LocalId id : definitions_->handed_on) wanted[arrays_[index(id)].data] = true;
  for_each_of_context([&](Value*& value) {
    if (!value) return;
    if (wanted.contains(value))
      builder_.CreateStore(value, builder_.CreateStructGEP(definitions_->context, context_, field));
    ++field;
  });
}

// `caller` has what the context has.
void BodyEmitter::read_context(const BodyEmitter& caller) {
  position_ = caller.position_;
  fault_record_ = caller.fault_record_;
  interruption_ = caller.interruption_;
  prints_ = caller.prints_;
  stack_end_ = caller.stack_end_;
  arrays_ = caller.arrays_;
  unsigned field = 0;
  for_each_of_context([&](Value*& value) {
    if (!value) return;
    value = builder_.CreateLoad(value->getType(),
                                builder_.CreateStructGEP(definitions_->context, context_, field++));
  });
}

Lanes BodyEmitter::emit_call(const ir::Expr& call) {
  const Shape shape = scalar_code() ? Shape::Uniform : Shape::Varying;
  SmallVector<Value*, 8> arguments;
  for (const ir::ExprPtr& operand : call.operands) arguments.push_back(emit_as(*operand, shape));
  BasicBlock* start = builder_.GetInsertBlock();
  BasicBlock* called = nullptr;
  if (state_.mask) {
    BasicBlock* go = new_block("call");
    called = new_block("called");
    builder_.CreateCondBr(any(state_.mask), go, called);
    start_block(go);
  }
  SmallVector<Value*, 4> results = call_definition(call, arguments);
  if (called) {
    BasicBlock* end = builder_.GetInsertBlock();
    builder_.CreateBr(called);
    start_block(called);
    for (Value*& result : results) {
      PHINode* phi = builder_.CreatePHI(result->getType(), 2);
      phi->addIncoming(result, end);
      phi->addIncoming(Constant::getNullValue(result->getType()), start);
      result = phi;
    }
  }
  for (size_t i = 0; i < call.results.size(); ++i)
    emit_assign(call.results[i], {results[i], shape, 0});
  if (call.type.is_void()) return {};
  return {results[0], shape, 0};
}

// The results, in the types of their values.
SmallVector<Value*, 4> BodyEmitter::call_definition(const ir::Expr& call,
                                                    ArrayRef<Value*> arguments) {
  check_depth(call);
  Value* depth =
      depth_ ? builder_.CreateNUWAdd(depth_, builder_.getInt32(1)) : builder_.getInt32(1);
  if (!depth_)
    fill_context();
  else if (!definitions_->handed_on.empty())
    hand_on_arrays();
  SmallVector<Value*, 8> passed{context_};
  if (!scalar_code()) passed.push_back(pass(builder_, full_mask(state_.mask)));
  passed.push_back(depth);
  for (Value* argument : arguments) passed.push_back(pass(builder_, argument));
  Function* function = definition(call, passed, arguments);
  CallInst* result = builder_.CreateCall(function, passed);
  result->setCallingConv(function->getCallingConv());
  SmallVector<Value*, 4> results;
  const SmallVector<Type*, 4> types = result_types(*definitions_->by_number[call.callee].frame);
  for (unsigned i = 0; i < types.size(); ++i) {
    Value* value = result->getType()->isStructTy() ? builder_.CreateExtractValue(result, i)
                                                   : static_cast<Value*>(result);
    results.push_back(receive(builder_, value, types[i]));
  }
  if (fault_exit_) {
    Value* stopped = builder_.CreateExtractValue(result, static_cast<unsigned>(types.size()));
    BasicBlock* leave = branch_unless(builder_.CreateICmpEQ(stopped, builder_.getInt8(0)));
    IRBuilderBase::InsertPointGuard guard(builder_);
    start_block(leave);
    builder_.CreateBr(fault_exit_);
  }
  return results;
}

void BodyEmitter::check_depth(const ir::Expr& call) {
  if (depth_) {
    BasicBlock* deep =
        branch_unless(builder_.CreateICmpULT(depth_, builder_.getInt32(ir::kRecursionLimit)));
    emit_fault(deep, call.fault_site, {});
  }
  if (!stack_end_) return;
  uint64_t declared = 0;
  for (const LocalId array : definitions_->by_number[call.callee].declared)
    declared += array_bytes(array);
  Value* stack = builder_.CreateConstGEP1_64(builder_.getInt8Ty(), stack_pointer(), -declared);
  BasicBlock* full = branch_unless(builder_.CreateICmpUGT(stack, stack_end_));
  emit_fault(full, call.fault_site + 1, {});
}

// A GPU's frame is known by a place in it.
Value* BodyEmitter::stack_pointer() {
  if (!target_.is_gpu) return builder_.CreateStackSave();
  if (!frame_) frame_ = entry_slot(builder_.getInt32Ty());
  return frame_;
}

SmallVector<Type*, 4> BodyEmitter::result_types(const ir::Expr& frame) {
  SmallVector<Type*, 4> types;
  const auto add = [&](LocalId result) {
    Type* type = type_of(kernel_.locals[index(result)].type.scalar);
    types.push_back(scalar_code() ? type : vector_of(type));
  };
  if (frame.local != ir::kNoLocal) add(frame.local);
  for (const LocalId result : frame.results) add(result);
  return types;
}

// `passed` and `arguments`: of a call of it.
Function* BodyEmitter::definition(const ir::Expr& call, ArrayRef<Value*> passed,
                                  ArrayRef<Value*> arguments) {
  Definition& wanted = definitions_->by_number[call.callee];
  if (wanted.function) return wanted.function;
  Module& module = *builder_.GetInsertBlock()->getModule();
  SmallVector<Type*, 8> parameters;
  for (Value* value : passed) parameters.push_back(value->getType());
  SmallVector<Type*, 4> results;
  for (Type* type : result_types(*wanted.frame)) results.push_back(passed_type(type));
  if (!target_.is_gpu) results.push_back(builder_.getInt8Ty());
  Type* returned = StructType::get(builder_.getContext(), results);
  if (target_.is_gpu && results.size() < 2)
    returned = results.empty() ? builder_.getVoidTy() : results[0];
  auto* type = FunctionType::get(returned, parameters, false);
  wanted.function = Function::Create(type, GlobalValue::InternalLinkage,
                                     "cudapy_recursive_" + std::to_string(call.callee), module);
  wanted.function->setDoesNotThrow();
  wanted.function->addFnAttr(Attribute::NoInline);
  if (!target_.is_gpu) wanted.function->setCallingConv(CallingConv::Fast);
  IRBuilder<> builder(builder_.getContext());
  builder.setFastMathFlags(builder_.getFastMathFlags());
  BodyEmitter body(builder, kernel_, liveness_, target_, options_);
  body.definitions_ = definitions_;
  body.emit_definition(wanted, *this, arguments);
  return wanted.function;
}

void BodyEmitter::emit_definition(const Definition& definition, const BodyEmitter& caller,
                                  ArrayRef<Value*> arguments) {
  Function* function = definition.function;
  start_block(BasicBlock::Create(builder_.getContext(), "entry", function));
  unsigned next = 0;
  context_ = function->getArg(next++);
  read_context(caller);
  for (const LocalId array : definition.declared)
    arrays_[index(array)] =
        declared_array(builder_, kernel_.locals[index(array)], array_of_call(array));
  Mask mask = scalar_code()
                  ? nullptr
                  : receive(builder_, function->getArg(next++), vector_of(builder_.getInt1Ty()));
  depth_ = function->getArg(next++);
  for (Value* argument : arguments)
    arguments_.push_back(receive(builder_, function->getArg(next++), argument->getType()));
  if (definitions_->open)
    definitions_->open(*this, *function);
  else
    fault_exit_ = BasicBlock::Create(builder_.getContext(), "stopped", function);
  start_gang(position_, mask);
  poll_at_some_depths();
  emit_sequence(*definition.frame);
  return_results(*definition.frame, function->getReturnType());
  if (definitions_->close) definitions_->close(*this);
}

void BodyEmitter::return_results(const ir::Expr& frame, Type* type) {
  if (type->isVoidTy()) {
    builder_.CreateRetVoid();
    return;
  }
  Value* result = PoisonValue::get(type);
  unsigned field = 0;
  const auto give = [&](LocalId local) {
    Value* value = state_.variables[index(local)].current();
    if (!value) return void(++field);
    const Lanes lanes{value, shape_of(local), kernel_.locals[index(local)].stride};
    value = pass(builder_, to_vector(lanes));
    result = type->isStructTy() ? builder_.CreateInsertValue(result, value, field++) : value;
  };
  if (frame.local != ir::kNoLocal) give(frame.local);
  for (const LocalId local : frame.results) give(local);
  if (!fault_exit_) {
    builder_.CreateRet(result);
    return;
  }
  builder_.CreateRet(builder_.CreateInsertValue(result, builder_.getInt8(0), field));
  start_block(fault_exit_);
  builder_.CreateRet(
      builder_.CreateInsertValue(PoisonValue::get(type), builder_.getInt8(1), field));
}

// Calls that branch may go on for years without a loop. At every fourth depth, so that few ask.
void BodyEmitter::poll_at_some_depths() {
  if (interruption_ == nullptr) return;
  BasicBlock* poll = new_block("poll");
  BasicBlock* go_on = new_block("go_on");
  Value* every_fourth = builder_.CreateAnd(depth_, builder_.getInt32(3));
  builder_.CreateCondBr(builder_.CreateICmpEQ(every_fourth, builder_.getInt32(0)), poll, go_on);
  start_block(poll);
  emit_poll();
  builder_.CreateBr(go_on);
  start_block(go_on);
}

uint64_t BodyEmitter::array_bytes(LocalId array) const {
  const ir::Local& local = kernel_.locals[index(array)];
  const int64_t elements = element_count(local) * options_.gang_width;
  return static_cast<uint64_t>(elements * ir::size_of(local.type.scalar));
}

// Memory for an array that each call declares.
Value* BodyEmitter::array_of_call(LocalId array) {
  const ir::Local& local = kernel_.locals[index(array)];
  const auto count = static_cast<uint64_t>(element_count(local) * options_.gang_width);
  Type* type = ArrayType::get(memory_type(builder_.getContext(), local.type.scalar), count);
  AllocaInst* memory = builder_.CreateAlloca(type, nullptr, local.name);
  memory->setAlignment(Align(target_.is_gpu ? 16 : 64));
  return memory;
}

}  // namespace cudapy::codegen::cpu
