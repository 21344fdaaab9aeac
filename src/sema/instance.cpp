// Making instances, and what is known about weak values in them.
#include "sema/instance.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ir/control_flow.h"
#include "sema/inference.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprKind;
using ir::Scalar;
using ir::Type;

namespace {

bool is_known(const ir::Expr& condition, const Instance& instance, bool& truth) {
  const WeakResult result = constant_of(condition, instance);
  if (result.number) truth = result.number->truth();
  return result.number.has_value();
}

// Drops the branches of every `if` whose condition is a constant, and what is not reached because
// of it, before anything in them is looked at: a kernel specialised by a captured flag need not
// make sense where the flag turns it off.
void prune(ir::Block& block, const Instance& instance) {
  for (size_t i = 0; i < block.size(); ++i) {
    ir::Stmt& stmt = *block[i];
    bool truth = false;
    if (stmt.kind == ir::StmtKind::If && is_known(*stmt.value, instance, truth)) {
      ir::Block taken = std::move(truth ? stmt.body : stmt.else_body);
      block.erase(block.begin() + static_cast<std::ptrdiff_t>(i));
      block.insert(block.begin() + static_cast<std::ptrdiff_t>(i),
                   std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
      --i;
      continue;
    }
    prune(stmt.body, instance);
    prune(stmt.else_body, instance);
    if (ir::always_leaves(stmt)) block.resize(i + 1);
  }
}

WeakResult constant_local(const Expr& expr, const Instance& instance) {
  const auto index = static_cast<size_t>(expr.local);
  if (index >= instance.flow.locals.size()) return {};  // before the analysis
  const LocalFlow& flow = instance.flow.locals[index];
  if (!flow.single || flow.maybe_unassigned || instance.is_parameter(expr.local)) return {};
  if (!instance.types[index].weak || !instance.types[index].is_scalar()) return {};
  if (instance.known[index] || instance.frozen) return {instance.known[index], nullptr};
  WeakResult result = constant_of(*flow.single->value, instance);
  instance.known[index] = result.number;
  result.error = nullptr;  // said where it is assigned
  return result;
}

WeakResult constant_builtin(const Expr& expr, const Instance& instance) {
  if (expr.builtin == ir::Builtin::Len && !expr.operands.empty() &&
      expr.operands[0]->type.is_aggregate()) {
    const size_t count = expr.operands[0]->type.aggregate->elements.size();
    return {weak_integer(static_cast<int64_t>(count)), nullptr};
  }
  if (expr.builtin == ir::Builtin::Ndim) {
    const Type& type = expr.operands[0]->type;
    return type.is_array() ? WeakResult{weak_integer(type.rank), nullptr} : WeakResult{};
  }
  std::vector<WeakNumber> numbers;
  for (const ir::ExprPtr& operand : expr.operands) {
    const WeakResult result = constant_of(*operand, instance);
    if (!result.number) return {};
    numbers.push_back(*result.number);
  }
  switch (expr.builtin) {
    case ir::Builtin::Min:
    case ir::Builtin::Max: {
      if (numbers.empty()) return {};
      const auto op =
          expr.builtin == ir::Builtin::Min ? ir::BinaryOp::Minimum : ir::BinaryOp::Maximum;
      WeakResult best{numbers[0], nullptr};
      for (size_t i = 1; i < numbers.size() && best.number; ++i)
        best = evaluate(op, *best.number, numbers[i]);
      return best;
    }
    case ir::Builtin::Pow:
      return numbers.size() == 2 ? evaluate(ir::BinaryOp::Power, numbers[0], numbers[1])
                                 : WeakResult{};
    case ir::Builtin::Len:
    case ir::Builtin::Shape:
    case ir::Builtin::Strides:
    case ir::Builtin::Dtype:
    case ir::Builtin::Transpose:
    case ir::Builtin::Size:
      return {};
    default:
      return numbers.size() == 1 ? evaluate(expr.builtin, numbers[0]) : WeakResult{};
  }
}

}  // namespace

WeakResult constant_of(const Expr& expr, const Instance& instance) {
  switch (expr.kind) {
    case ExprKind::Constant:
      return {weak_number(expr), nullptr};
    case ExprKind::Local:
      return constant_local(expr, instance);
    case ExprKind::CallBuiltin:
      return constant_builtin(expr, instance);
    case ExprKind::Unary:
    case ExprKind::Binary:
    case ExprKind::Compare:
    case ExprKind::And:
    case ExprKind::Or:
    case ExprKind::Select:
      break;
    default:
      return {};
  }
  const WeakResult first = constant_of(*expr.operands[0], instance);
  if (!first.number) return {};
  switch (expr.kind) {
    case ExprKind::Unary:
      return evaluate(expr.unary_op, *first.number);
    case ExprKind::And:
      return first.number->truth() ? constant_of(*expr.operands[1], instance) : first;
    case ExprKind::Or:
      return first.number->truth() ? first : constant_of(*expr.operands[1], instance);
    case ExprKind::Select:
      return constant_of(*expr.operands[first.number->truth() ? 1 : 2], instance);
    default:
      break;
  }
  const WeakResult second = constant_of(*expr.operands[1], instance);
  if (!second.number) return {};
  if (expr.kind == ExprKind::Compare)
    return {evaluate(expr.compare_op, *first.number, *second.number), nullptr};
  return evaluate(expr.binary_op, *first.number, *second.number);
}

void freeze_constants(Instance& instance) {
  Expr name;
  name.kind = ExprKind::Local;
  for (size_t i = 0; i < instance.types.size(); ++i) {
    name.local = static_cast<ir::LocalId>(i);
    constant_of(name, instance);
  }
  instance.frozen = true;
}

Type alone(const Expr& expr, const Instance& instance, Instances& instances) {
  if (!expr.type.weak || !expr.type.is_scalar()) return expr.type;
  if (!ir::is_integer(expr.type)) return settled(expr.type, instances.default_float());
  const WeakResult result = constant_of(expr, instance);
  if (result.number) return Type::of(integer_type_of(*result.number).value_or(Scalar::I64));
  switch (expr.kind) {
    case ExprKind::Local:
      return Type::of(instance.alone[static_cast<size_t>(expr.local)]);
    case ExprKind::Call: {
      const Instance* callee = instances.find(expr.callee, passed_types(expr, instance, instances));
      return Type::of(callee ? callee->result_alone : Scalar::I32);
    }
    default:
      break;
  }
  Scalar widest = Scalar::I32;
  for (const ir::ExprPtr& operand : expr.operands) {
    const Type type = alone(*operand, instance, instances);
    if (ir::is_integer(type) && operand->type.weak) widest = promote(widest, type.scalar);
  }
  return Type::of(widest);
}

Type strengthened(const Expr& weak, const Type& partner, const Instance& instance,
                  Instances& instances) {
  if (weak.type == Type::weak_int() && !partner.weak && ir::is_integer(partner)) {
    const WeakResult result = constant_of(weak, instance);
    if (result.number && !fits(*result.number, partner.scalar))
      return alone(weak, instance, instances);
  }
  return weak.type;
}

Type common_type(const Expr& a, const Expr& b, const Instance& instance, Instances& instances) {
  return arithmetic(strengthened(a, b.type, instance, instances),
                    strengthened(b, a.type, instance, instances), instances.default_float());
}

std::vector<Type> passed_types(const Expr& call, const Instance& caller, Instances& instances) {
  const ir::Function& callee = instances.untyped(call.callee);
  std::vector<Type> types;
  types.reserve(call.operands.size());
  for (size_t i = 0; i < call.operands.size(); ++i) {
    const Type& declared = callee.locals[i].declared;
    Type type = call.operands[i]->type;
    if (!declared.is_unknown()) {
      type = declared;
    } else if (callee.signature && i < callee.signature->parameters.size() &&
               !callee.signature->parameters[i].is_unknown()) {
      type = callee.signature->parameters[i];
    } else if (type == Type::weak_int()) {
      // A weak parameter is held in an int32; what needs more is passed as what it is alone.
      const Type alone_type = alone(*call.operands[i], caller, instances);
      if (alone_type != kInt32) type = alone_type;
    } else if (type.is_aggregate()) {
      type = settled(type, instances.default_float());
    }
    // How an array lies in memory is the argument's alone.
    const Type& given = call.operands[i]->type;
    if (type.is_array() && given.is_array()) {
      type.strided = given.strided;
      type.channels = given.channels;
      if (ir::same_fields(type.element(), given.element())) type.aggregate = given.aggregate;
    }
    types.push_back(type);
  }
  return types;
}

Instance* Instances::find(int32_t function, const std::vector<Type>& parameters) {
  for (Instance* instance : of_function_[static_cast<size_t>(function)]) {
    if (instance->parameters == parameters) return instance;
  }
  return nullptr;
}

namespace {

// More open calls of one function, each with arguments of other types, have no end.
constexpr int kMostOpenInstances = 24;
constexpr int kNone = std::numeric_limits<int>::max();

bool returns_value(const ir::Block& block) {
  return std::any_of(block.begin(), block.end(), [](const ir::StmtPtr& stmt) {
    return (stmt->kind == ir::StmtKind::Return && stmt->value) || returns_value(stmt->body) ||
           returns_value(stmt->else_body);
  });
}

}  // namespace

Instance& Instances::get(int32_t function, const std::vector<Type>& parameters) {
  if (Instance* known = find(function, parameters)) return refer_to(*known);
  if (Instance* one = runaway_instance(function)) return refer_to(*one);
  Instance& instance = instances_.emplace_back();
  of_function_[static_cast<size_t>(function)].push_back(&instance);
  instance.source = function;
  instance.parameters = parameters;
  instance.function = ir::clone(untyped(function));
  prune(instance.function.body, instance);
  instance.flow = analyze_flow(instance.function);
  const size_t count = instance.function.locals.size();
  instance.types.resize(count);
  instance.alone.resize(count, Scalar::I32);
  instance.known.resize(count);
  infer(instance);
  return instance;
}

Instance& Instances::refer_to(Instance& instance) {
  const int place = instance.depth >= 0 ? instance.depth : instance.waits_for;
  if (place >= 0) lowest_ = std::min(lowest_, place);
  return instance;
}

Instance* Instances::runaway_instance(int32_t function) {
  int open = 0;
  Instance* last = nullptr;
  for (Instance* instance : of_function_[static_cast<size_t>(function)]) {
    if (instance->depth < 0) continue;
    ++open;
    last = instance;
  }
  if (open < kMostOpenInstances) return nullptr;
  runaway_ = function;
  return last;
}

// To a fixpoint. A function that is called by those that it calls is asked for its result before
// that is known, which then counts as Unknown: what depends on it is looked at again when more is
// known, until nothing changes in the whole cycle.
void Instances::infer(Instance& instance) {
  for (size_t i = 0; i < instance.types.size(); ++i) {
    instance.types[i] = i < instance.parameters.size() ? instance.parameters[i]
                                                       : instance.function.locals[i].declared;
  }
  if (instance.function.signature) instance.result = instance.function.signature->result;
  const int outer = std::exchange(lowest_, kNone);
  const size_t first = waiting_.size();
  const int depth = depth_++;
  instance.depth = depth;
  Inference inference(instance, *this);
  while (inference.pass()) {
  }
  if (lowest_ <= depth) {
    instance.is_recursive = true;
    waiting_.push_back(&instance);
    if (lowest_ == depth)
      infer_cycle(first);
    else
      instance.waits_for = lowest_;
  } else {
    while (inference.settle_weak_locals()) {
      while (inference.pass()) {
      }
    }
    if (instance.result.is_unknown() && !is_erroneous(instance.result))
      instance.result = Type::void_();
  }
  instance.depth = -1;
  --depth_;
  lowest_ = std::min(outer, lowest_ < depth ? lowest_ : kNone);
}

// The instances that wait from `first` on. The result of a function that calls itself is not weak.
void Instances::infer_cycle(size_t first) {
  const auto settle = [&](Instance& instance) {
    const Type before = instance.result;
    if (before.is_scalar() || before.is_aggregate()) instance.result = result_type(instance);
    return !(before == instance.result);
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = first; i < waiting_.size(); ++i) {
      Inference inference(*waiting_[i], *this);
      while (inference.pass()) changed = true;
    }
    if (changed) continue;
    for (size_t i = first; i < waiting_.size(); ++i) {
      if (Inference(*waiting_[i], *this).settle_weak_locals()) changed = true;
      if (settle(*waiting_[i])) changed = true;
    }
  }
  for (size_t i = first; i < waiting_.size(); ++i) {
    Instance& instance = *waiting_[i];
    instance.waits_for = -1;
    if (!instance.result.is_unknown() || is_erroneous(instance.result)) continue;
    instance.is_endless = returns_value(instance.function.body);
    instance.result = instance.is_endless ? kErroneous : Type::void_();
  }
  waiting_.resize(first);
}

Type Instances::parameter_type(const Instance& instance, size_t parameter) const {
  const Type& passed = instance.parameters[parameter];
  if (!passed.is_scalar() || !passed.weak) return passed;
  const Type& type = instance.types[parameter];
  if (!type.weak) return type;
  return ir::is_integer(type) ? Type::of(instance.alone[parameter]) : settled(type, default_float_);
}

Type Instances::result_type(const Instance& instance) const {
  const Type& result = instance.result;
  if (result.is_aggregate()) return settled(result, default_float_);
  if (!result.is_scalar() || !result.weak) return result;
  return ir::is_integer(result) ? Type::of(instance.result_alone) : settled(result, default_float_);
}

}  // namespace cudapy::sema
