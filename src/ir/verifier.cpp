// One walk over a typed tree; each node is held against what tree.h says of its kind.
#include "ir/verifier.h"

#include "ir/printer.h"

namespace cudapy::ir {

namespace {

class Verifier {
 public:
  Verifier(const Function& function, const Program* program)
      : function_(function), program_(program) {}

  std::vector<std::string> run() {
    const auto parameters = static_cast<size_t>(function_.parameter_count);
    if (parameters > function_.locals.size()) {
      problems_.push_back(function_.name + ": more parameters than locals");
      return problems_;
    }
    for (size_t i = 0; i < function_.locals.size(); ++i) {
      const Local& local = function_.locals[i];
      if (local.type.weak || local.type.is_unknown() || local.type.is_void()) {
        report("the local " + local.name + " has the type " + to_string(local.type));
      }
      const bool declared = local.storage != Storage::Value;
      if (local.type.is_array() != declared && i >= parameters)
        report("the local " + local.name + " is an array that is not declared, or no array");
      if (declared && local.extents.size() != local.type.rank)
        report("the array " + local.name + " has the wrong number of extents");
      if (!local.sizes.empty()) sizes(local);
      if (local.table.empty() == (local.storage == Storage::Constant))
        report("the array " + local.name + " lacks its elements, or has some");
    }
    if (!function_.written.empty() && function_.written.size() != parameters)
      report("`written` has the wrong size");
    uint8_t bounded_axes = 0;
    for (const Clip& clip : function_.clips) {
      expr(*clip.bound);
      if (clip.op == CompareOp::Less || clip.op == CompareOp::LessEqual)
        bounded_axes = static_cast<uint8_t>(bounded_axes | 1U << clip.axis);
    }
    if ((function_.repeated_axes & ~bounded_axes) != 0)
      report("an axis is repeated that no clip bounds");
    for (const IndexHull& hull : function_.hulls) {
      if (hull.base) expr(*hull.base);
      for (const IndexHull::Part& part : hull.parts) {
        expr(*part.factor);
        if ((part.axis < 0) != (part.first && part.last)) report("a part of a hull lacks its ends");
        for (const ExprPtr* end : {&part.first, &part.last})
          if (*end) expr(**end);
      }
    }
    result_ = function_.result;
    block(function_.body);
    return std::move(problems_);
  }

 private:
  void sizes(const Local& array) {
    if (array.storage != Storage::Block || array.sizes.size() != array.extents.size())
      report("the array " + array.name + " has sizes that no launch decides");
    for (const ArraySize& size : array.sizes) {
      for (const SizeStep& step : size) {
        if (step.kind != SizeStep::Kind::Parameter) continue;
        const bool is_parameter = step.value >= 0 && step.value < function_.parameter_count;
        if (!is_parameter || !is_integer(function_.locals[static_cast<size_t>(step.value)].type))
          report("the size of " + array.name + " is made of what is no integer parameter");
      }
    }
  }

  void report(const std::string& what) { problems_.push_back(function_.name + ": " + what); }
  void report(const Expr& expr, const std::string& what) {
    report(what + ": " + print(expr, function_));
  }

  bool has_local(LocalId id) const {
    return id >= 0 && static_cast<size_t>(id) < function_.locals.size();
  }
  const Type& type_of(LocalId id) const { return function_.locals[static_cast<size_t>(id)].type; }

  // A wrong count of operands ends the look at a node: the other checks index into them.
  bool arity(const Expr& expr, size_t count) {
    if (expr.operands.size() == count) return true;
    report("an expression of kind " + std::to_string(static_cast<int>(expr.kind)) + " has " +
           std::to_string(expr.operands.size()) + " operands, not " + std::to_string(count));
    return false;
  }

  void same(const Expr& expr, const Type& a, const Type& b, const char* what) {
    if (a == b) return;
    report(expr, std::string(what) + ": " + to_string(a) + " and " + to_string(b));
  }

  void expr(const Expr& expr) {
    for (const ExprPtr& operand : expr.operands) {
      if (!operand) return report("an expression has a null operand");
      this->expr(*operand);
    }
    const bool may_be_void = expr.kind == ExprKind::Call || expr.kind == ExprKind::Sequence ||
                             expr.kind == ExprKind::Intrinsic;
    const bool may_be_array = expr.kind == ExprKind::Local || expr.kind == ExprKind::Load ||
                              expr.kind == ExprKind::Sequence;
    if (expr.type.weak || expr.type.is_unknown() || (expr.type.is_void() && !may_be_void) ||
        (expr.type.is_array() && !may_be_array)) {
      report(expr, "an expression has the type " + to_string(expr.type));
    }
    switch (expr.kind) {
      case ExprKind::Constant:
        return constant(expr);
      case ExprKind::Local:
        if (!has_local(expr.local)) return report(expr, "no such local");
        return same(expr, expr.type, type_of(expr.local), "a local is read at another type");
      case ExprKind::ThreadIndex:
        return thread_index(expr);
      case ExprKind::Unary:
        return unary(expr);
      case ExprKind::Binary:
        return binary(expr);
      case ExprKind::Compare:
        if (!arity(expr, 2)) return;
        same(expr, expr.operands[0]->type, expr.operands[1]->type,
             "compared values differ in type");
        return same(expr, expr.type, Type::of(Scalar::Bool), "a comparison is not a bool");
      case ExprKind::And:
      case ExprKind::Or:
        if (!arity(expr, 2)) return;
        for (const ExprPtr& operand : expr.operands)
          same(expr, operand->type, Type::of(Scalar::Bool), "not a bool");
        return same(expr, expr.type, Type::of(Scalar::Bool), "not a bool");
      case ExprKind::Select:
        return select(expr);
      case ExprKind::Cast:
        if (!arity(expr, 1)) return;
        if (!expr.operands[0]->type.is_scalar()) report(expr, "a cast of what is no number");
        return;
      case ExprKind::Math:
        return math(expr);
      case ExprKind::Call:
        return call(expr);
      case ExprKind::Sequence:
        return sequence(expr);
      case ExprKind::Load:
        if (expr.type.is_array() && !program_) return report(expr, "a view is left");
        return element(expr.operands, expr.type, expr.byte_offset, "a load");
      case ExprKind::Len:
        return array_number(expr, index_type());
      case ExprKind::Stride:
        return array_number(expr, Type::of(Scalar::I64));
      case ExprKind::Intrinsic:
        return intrinsic(expr);
      case ExprKind::Atomic:
        return atomic(expr);
      case ExprKind::CallBuiltin:
        return report(expr, "a builtin is left");
      case ExprKind::MakeAggregate:
        return make_aggregate(expr);
      case ExprKind::Field:
        return field(expr);
      case ExprKind::Slice:
        return slice(expr);
      case ExprKind::Bound:
        return bound(expr);
      case ExprKind::Argument:
        if (!in_definition_) report(expr, "an argument outside of a definition");
        return;
    }
  }

  void select(const Expr& expr) {
    if (!arity(expr, 3)) return;
    same(expr, expr.operands[0]->type, Type::of(Scalar::Bool), "a condition is not a bool");
    same(expr, expr.operands[1]->type, expr.type, "the first arm of a select");
    same(expr, expr.operands[2]->type, expr.type, "the second arm of a select");
  }

  // A length or a stride.
  void array_number(const Expr& expr, const Type& type) {
    if (!arity(expr, 1)) return;
    const Expr& array = *expr.operands[0];
    if (!array.type.is_array() || array.kind != ExprKind::Local)
      return report(expr, "len of what is no array");
    if (expr.axis < 0 || expr.axis >= array.type.rank) report(expr, "no such dimension");
    same(expr, expr.type, type, "len has the wrong type");
  }

  void slice(const Expr& expr) {
    if (!program_) return report(expr, "a slice is left");
    if (!arity(expr, 3)) return;
    for (const ExprPtr& operand : expr.operands)
      same(expr, operand->type, index_type(), "a part of a slice");
    same(expr, expr.type, index_type(), "a slice");
  }

  void bound(const Expr& expr) {
    if (!arity(expr, 2)) return;
    if (!is_integer(expr.operands[0]->type)) report(expr, "an index is no integer");
    same(expr, expr.operands[1]->type, index_type(), "the length of a slice");
    same(expr, expr.type, index_type(), "an index of a slice");
  }

  void make_aggregate(const Expr& expr) {
    if (!is_compound(expr.type)) return report(expr, "no aggregate is made");
    const std::vector<Type> elements = elements_of(expr.type);
    if (!arity(expr, elements.size())) return;
    for (size_t i = 0; i < elements.size(); ++i)
      same(expr, expr.operands[i]->type, elements[i], "an element of an aggregate");
  }

  void field(const Expr& expr) {
    if (!arity(expr, 1)) return;
    const Type& whole = expr.operands[0]->type;
    if (!is_compound(whole)) return report(expr, "a field of what is no aggregate");
    const auto index = static_cast<size_t>(expr.field);
    const std::vector<Type> elements = elements_of(whole);
    if (index >= elements.size()) return report(expr, "no such field");
    same(expr, expr.type, elements[index], "a field");
  }

  Type index_type() const { return Type::of(function_.wide_index ? Scalar::I64 : Scalar::I32); }

  void constant(const Expr& expr) {
    const ConstantValue::Kind kind = expr.constant.kind;
    const bool fits = is_bool(expr.type)      ? kind == ConstantValue::Kind::Bool
                      : is_integer(expr.type) ? kind == ConstantValue::Kind::Integer
                      : is_complex(expr.type) ? kind == ConstantValue::Kind::Complex
                                              : kind == ConstantValue::Kind::Float;
    if (!fits) report(expr, "a constant's value is not of its type");
    if (expr.constant.exceeds_int64 && !(expr.type == Type::of(Scalar::U64)))
      report(expr, "only a uint64 exceeds int64");
  }

  void thread_index(const Expr& expr) {
    const bool global = expr.thread_index <= ThreadIndex::Idz;
    same(expr, expr.type, global ? index_type() : Type::of(Scalar::I32),
         "a thread index has the wrong type");
    if (!global && !function_.uses_block_shape) report(expr, "uses_block_shape is not set");
  }

  void unary(const Expr& expr) {
    if (!arity(expr, 1)) return;
    same(expr, expr.type, expr.operands[0]->type, "a unary operation changes the type");
    if (expr.unary_op == UnaryOp::Plus) report(expr, "a unary plus is left");
    if ((expr.unary_op == UnaryOp::Not) != is_bool(expr.type))
      report(expr, "a unary operation on the wrong type");
    if (expr.unary_op == UnaryOp::Invert && !is_integer(expr.type))
      report(expr, "~ of what is no integer");
  }

  void binary(const Expr& expr) {
    if (!arity(expr, 2)) return;
    same(expr, expr.operands[0]->type, expr.type, "the left operand");
    same(expr, expr.operands[1]->type, expr.type, "the right operand");
    switch (expr.binary_op) {
      case BinaryOp::Divide:
        if (!is_float(expr.type) && !is_complex(expr.type))
          report(expr, "a true division of what is no float");
        break;
      case BinaryOp::ShiftLeft:
      case BinaryOp::ShiftRight:
        if (!is_integer(expr.type)) report(expr, "a shift of what is no integer");
        break;
      case BinaryOp::BitAnd:
      case BinaryOp::BitOr:
      case BinaryOp::BitXor:
        if (!is_integer(expr.type) && !is_bool(expr.type))
          report(expr, "a bit operation on floats");
        break;
      default:
        if (is_bool(expr.type)) report(expr, "arithmetic on bools");
        break;
    }
  }

  void math(const Expr& expr) {
    const MathInfo& function = info(expr.math);
    if (!arity(expr, function.arity)) return;
    Type floating = Type::unknown();
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      if (function.arguments[i] != MathKind::Float) continue;
      if (floating.is_unknown()) floating = expr.operands[i]->type;
      same(expr, floating, expr.operands[i]->type, "the float arguments differ in type");
    }
    if (!is_float(floating)) report(expr, "a math function of what is no float");
    const auto type_for = [&](MathKind kind) {
      switch (kind) {
        case MathKind::Int32:
          return Type::of(Scalar::I32);
        case MathKind::Int64:
          return Type::of(Scalar::I64);
        case MathKind::Bool:
          return Type::of(Scalar::Bool);
        default:
          return floating;
      }
    };
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      same(expr, expr.operands[i]->type, type_for(function.arguments[i]), "an argument");
    }
    same(expr, expr.type, type_for(function.result), "the result of a math function");
  }

  void call(const Expr& expr) {
    if (!program_) return inlined_call(expr);
    if (expr.callee < 0 || static_cast<size_t>(expr.callee) >= program_->functions.size()) {
      return report(expr, "no such function");
    }
    const Function& callee = program_->functions[static_cast<size_t>(expr.callee)];
    if (!arity(expr, static_cast<size_t>(callee.parameter_count))) return;
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      same(expr, expr.operands[i]->type, callee.locals[i].type, "an argument of a call");
    }
    same(expr, expr.type, callee.result, "the result of a call");
  }

  // Of a function that calls itself.
  void inlined_call(const Expr& expr) {
    const auto number = static_cast<size_t>(expr.callee);
    if (number >= function_.body.size() || function_.body[number]->kind != StmtKind::Define)
      return report(expr, "no such definition");
    for (const ExprPtr& operand : expr.operands) {
      if (operand->type.is_array()) report(*operand, "an array is passed to a definition");
    }
    for (const LocalId result : expr.results) {
      if (!has_local(result)) return report("a call has no such local");
    }
  }

  void define(const Stmt& stmt) {
    if (!stmt.value || stmt.value->kind != ExprKind::Sequence || !stmt.value->is_frame)
      return report("a definition is no frame");
    in_definition_ = true;
    expr(*stmt.value);
    in_definition_ = false;
  }

  void warp_operation(const Expr& expr) {
    const std::vector<ExprPtr>& operands = expr.operands;
    if (is_shuffle(expr.intrinsic)) {
      if (!arity(expr, 3)) return;
      same(expr, operands[0]->type, expr.type, "a shuffle of another type");
      same(expr, operands[1]->type, Type::of(Scalar::I32), "a shuffle's lane");
      const int64_t width = operands[2]->constant.integer;
      if (operands[2]->kind != ExprKind::Constant || width < 1 || width > kWarpSize ||
          (width & (width - 1)) != 0)
        report(expr, "a shuffle of segments that are no power of two");
      return;
    }
    const bool is_vote = expr.intrinsic >= Intrinsic::Ballot && expr.intrinsic <= Intrinsic::All;
    const bool has_operand = is_vote || expr.intrinsic == Intrinsic::MatchAny;
    if (!arity(expr, has_operand ? 1 : 0)) return;
    if (is_vote) same(expr, operands[0]->type, Type::of(Scalar::Bool), "a vote");
  }

  void intrinsic(const Expr& expr) {
    if (is_warp_operation(expr.intrinsic)) return warp_operation(expr);
    if (expr.intrinsic == Intrinsic::LaneId || expr.intrinsic == Intrinsic::WarpId) {
      if (arity(expr, 1))
        same(expr, expr.operands[0]->type, Type::of(Scalar::I32), "a thread's number");
      return;
    }
    if (is_view(expr.intrinsic)) {
      if (expr.intrinsic != Intrinsic::View || !arity(expr, 1)) return;
      const Type& from = expr.operands[0]->type;
      if (!from.is_scalar() || size_of(from.scalar) != size_of(expr.type.scalar))
        report(expr, "a view of another size: " + to_string(from));
      return;
    }
    const bool is_word = expr.intrinsic >= Intrinsic::Philox0;
    if (expr.intrinsic >= Intrinsic::RandBits && !is_word)
      return report(expr, "a random number is left");
    if (!arity(expr, ir::info(expr.intrinsic).least)) return;
    for (const ExprPtr& operand : expr.operands) {
      const bool fits = is_word ? operand->type == Type::of(Scalar::U64)
                        : expr.intrinsic == Intrinsic::BytePerm
                            ? operand->type == Type::of(Scalar::U32)
                        : expr.intrinsic == Intrinsic::MulHigh ? operand->type == expr.type
                                                               : is_integer(operand->type);
      if (!fits || size_of(operand->type.scalar) < 4)
        report(expr, "an operand of an intrinsic is " + to_string(operand->type));
    }
  }

  void atomic(const Expr& expr) {
    if (!arity(expr, size_t{1} + static_cast<size_t>(value_count(expr.atomic_op)))) return;
    if (expr.operands[0]->kind != ExprKind::Load) return report(expr, "an atomic without a place");
    for (const ExprPtr& operand : expr.operands)
      same(expr, operand->type, expr.type, "an atomic of several types");
    if (needs_integer(expr.atomic_op) && !is_integer(expr.type))
      report(expr, "an atomic of floats");
  }

  void sequence(const Expr& expr) {
    if (expr.is_frame) return frame(expr);
    if (expr.operands.size() > 1) return report("a sequence has several values");
    block(expr.body);
    same(expr, expr.type, expr.operands.empty() ? Type::void_() : expr.operands[0]->type,
         "the value of a sequence");
  }

  void frame(const Expr& expr) {
    if (!expr.operands.empty()) return report("a frame has operands");
    if (expr.local != kNoLocal && !has_local(expr.local))
      return report("a frame has no such local");
    for (const LocalId result : expr.results) {
      if (!has_local(result)) return report("a frame has no such local");
    }
    const Type outer_result = result_;
    const int outer_loops = loops_;
    const std::vector<LocalId>* const outer_results = results_;
    result_ = expr.local == kNoLocal ? Type::void_() : type_of(expr.local);
    results_ = &expr.results;
    loops_ = 0;
    block(expr.body);
    results_ = outer_results;
    same(expr, expr.type, result_, "the value of a frame");
    result_ = outer_result;
    loops_ = outer_loops;
  }

  void element(const std::vector<ExprPtr>& operands, const Type& type, int32_t byte_offset,
               const std::string& what) {
    if (operands.empty() || !operands[0]->type.is_array() || operands[0]->kind != ExprKind::Local) {
      return report(what + " from what is no array");
    }
    const size_t indices = operands.size() - 1;
    if (indices == 0 || indices > operands[0]->type.rank)
      report(*operands[0], what + " with the wrong number of indices");
    size_t slices = 0;
    for (size_t i = 1; i < operands.size(); ++i) {
      if (!is_integer(operands[i]->type)) report(*operands[i], "an index is no integer");
      if (operands[i]->kind == ExprKind::Slice) ++slices;
    }
    const Type element = operands[0]->type.indexed(indices - slices);
    if (!has_part(element, byte_offset, type)) same(*operands[0], type, element, what.c_str());
  }

  void block(const Block& block) {
    for (const StmtPtr& stmt : block) {
      if (!stmt) {
        report("a null statement");
      } else {
        this->stmt(*stmt);
      }
    }
  }

  void loop_body(const Stmt& stmt) {
    ++loops_;
    block(stmt.body);
    --loops_;
    block(stmt.else_body);
  }

  void condition(const Stmt& stmt) {
    if (!stmt.value) return report("a condition is missing");
    expr(*stmt.value);
    same(*stmt.value, stmt.value->type, Type::of(Scalar::Bool), "a condition is not a bool");
  }

  // Of a print or a raise.
  void texts(const Stmt& stmt) {
    for (const ExprPtr& operand : stmt.operands) {
      expr(*operand);
      if (!operand->type.is_scalar()) report(*operand, "what is made a text of is no number");
    }
  }

  void barrier(const Stmt& stmt) {
    if (stmt.vote == BarrierVote::None) return;
    if (stmt.operands.size() != 1 || !has_local(stmt.local))
      return report("a vote lacks its operand or its local");
    expr(*stmt.operands[0]);
    same(*stmt.operands[0], stmt.operands[0]->type, Type::of(Scalar::Bool), "a vote is not a bool");
    const Scalar wanted = stmt.vote == BarrierVote::Count ? Scalar::I32 : Scalar::Bool;
    if (!(type_of(stmt.local) == Type::of(wanted))) report("what a vote gives has the wrong type");
  }

  void stmt(const Stmt& stmt) {
    switch (stmt.kind) {
      case StmtKind::Assign:
        if (!stmt.value || !has_local(stmt.local))
          return report("an assignment lacks its value or its local");
        expr(*stmt.value);
        if (type_of(stmt.local).is_array()) report(*stmt.value, "an array is assigned");
        return same(*stmt.value, stmt.value->type, type_of(stmt.local),
                    "an assignment changes the type");
      case StmtKind::Store:
        if (!stmt.value) return report("a store lacks its value");
        for (const ExprPtr& operand : stmt.operands) expr(*operand);
        expr(*stmt.value);
        if (!stmt.value->type.is_scalar() && !stmt.value->type.is_aggregate())
          report(*stmt.value, "a store of what is no value");
        return element(stmt.operands, stmt.value->type, stmt.byte_offset, "a store");
      case StmtKind::If:
        condition(stmt);
        block(stmt.body);
        return block(stmt.else_body);
      case StmtKind::While:
        condition(stmt);
        return loop_body(stmt);
      case StmtKind::For:
        if (!has_local(stmt.local) || stmt.operands.size() != 3)
          return report("a for lacks its local or its range");
        for (const ExprPtr& operand : stmt.operands) {
          expr(*operand);
          same(*operand, operand->type, type_of(stmt.local),
               "a range and its variable differ in type");
        }
        if (!is_integer(type_of(stmt.local))) report("a loop variable is no integer");
        if (stmt.counter != kNoLocal && !has_local(stmt.counter))
          report("a for has no such counter");
        return loop_body(stmt);
      case StmtKind::Break:
      case StmtKind::Continue:
        if (loops_ == 0) report("a break or continue outside a loop");
        return;
      case StmtKind::Return:
        if (stmt.value) expr(*stmt.value);
        if (const Type type = stmt.value ? stmt.value->type : Type::void_(); !(type == result_)) {
          report("a return gives " + to_string(type) + ", not " + to_string(result_));
        }
        return return_operands(stmt);
      case StmtKind::Declare:
        if (!has_local(stmt.local) ||
            function_.locals[static_cast<size_t>(stmt.local)].storage != Storage::Thread)
          report("a declaration of what is no array of a thread");
        return;
      case StmtKind::Raise:
        if (stmt.exception.empty()) report("a raise of nothing");
        if (stmt.operands.size() > kMostRaisedValues) report("a raise of too many values");
        return texts(stmt);
      case StmtKind::Barrier:
        return barrier(stmt);
      case StmtKind::Region:
        return block(stmt.body);
      case StmtKind::Print:
        return texts(stmt);
      case StmtKind::Define:
        return define(stmt);
      case StmtKind::Evaluate:
        if (!stmt.value) return report("an evaluation lacks its value");
        return expr(*stmt.value);
    }
  }

  void return_operands(const Stmt& stmt) {
    const size_t wanted = results_ ? results_->size() : 0;
    if (stmt.operands.size() != wanted)
      return report("a return gives " + std::to_string(stmt.operands.size()) + " values, not " +
                    std::to_string(wanted));
    for (size_t i = 0; i < wanted; ++i) {
      expr(*stmt.operands[i]);
      same(*stmt.operands[i], stmt.operands[i]->type, type_of((*results_)[i]), "a result");
    }
  }

  const Function& function_;
  const Program* program_;
  std::vector<std::string> problems_;
  const std::vector<LocalId>* results_ = nullptr;  // of the frame that is walked
  Type result_;  // of the function, or of the frame that is walked
  int loops_ = 0;
  bool in_definition_ = false;
};

}  // namespace

std::vector<std::string> verify(const Program& program) {
  std::vector<std::string> problems;
  for (const Function& function : program.functions) {
    for (std::string& problem : Verifier(function, &program).run())
      problems.push_back(std::move(problem));
  }
  return problems;
}

std::vector<std::string> verify_inlined(const Function& function) {
  return Verifier(function, nullptr).run();
}

}  // namespace cudapy::ir
