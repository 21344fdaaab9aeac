// The fixpoint over a body, and what can be wrong with statements.
#include <algorithm>

#include "ir/each_expression.h"
#include "sema/inference.h"

namespace cudapy::sema {

using ir::Expr;
using ir::LocalId;
using ir::Scalar;
using ir::Stmt;
using ir::StmtKind;
using ir::Type;

Type Inference::wrong(const char* code, Span span, std::string message, std::string help,
                      std::vector<DiagnosticNote> notes) {
  if (!reporting()) return kErroneous;
  // A helper is looked at once for each list of argument types; what is wrong with all of them is
  // said once.
  for (const Diagnostic& error : diagnostics_->errors()) {
    const bool same_place = error.span.source == span.source && error.span.line == span.line &&
                            error.span.column == span.column &&
                            error.span.end_column == span.end_column;
    if (same_place && error.code == code) return kErroneous;
  }
  Diagnostic& error = diagnostics_->error(code, span, std::move(message), std::move(help));
  error.notes = std::move(notes);
  if (called_from_) error.notes.push_back(*called_from_);
  return kErroneous;
}

bool Inference::pass() {
  changed_ = false;
  if (reporting()) {
    seen_.assign(instance_.types.size(), {});
    for (const Flow::Use& use : instance_.flow.unassigned) {
      const std::string& name = instance_.local(use.local).name;
      Seen& seen = seen_[static_cast<size_t>(use.local)];
      if (seen.complained) continue;
      seen.complained = true;
      wrong("used-before-assignment", use.span, "`" + name + "` is used before it is given a value",
            "assign it before this line, for example `" + name + " = 0`");
    }
  }
  block(instance_.function.body);
  if (reporting() && unknown_ && diagnostics_->ok()) {
    wrong("unknown-type", *unknown_, "the type of this value can't be found",
          "give the variables in it a type, for example `x: cp.float32 = 0`");
  }
  const bool gives_value = instance_.result.is_scalar() || instance_.result.is_aggregate();
  if (gives_value && instance_.flow.end_reachable && instance_.source != 0) {
    wrong(
        "missing-return", instance_.function.span,
        "`" + instance_.function.name + "` returns a value, but its end can be reached without one",
        "end it with a `return` that gives a value");
  }
  return changed_;
}

bool Inference::settle_weak_locals() {
  bool any = false;
  for (size_t i = 0; i < instance_.types.size(); ++i) {
    Type& type = instance_.types[i];
    const bool weak = type.is_aggregate() ? !(settled(type, default_float()) == type)
                                          : type.is_scalar() && type.weak;
    if (!weak) continue;
    const LocalFlow& flow = instance_.flow.locals[i];
    const bool parameter = instance_.is_parameter(static_cast<LocalId>(i));
    // A name that stands for one expression is as weak as that expression.
    if (parameter ? flow.assignments == 0 : flow.single != nullptr) continue;
    any = true;
    type = type == Type::weak_int() ? Type::of(instance_.alone[i]) : settled(type, default_float());
  }
  return any;
}

void Inference::raise_local(LocalId local, const Type& type) {
  if (!instance_.local(local).declared.is_unknown() && !instance_.is_parameter(local)) return;
  // What is wrong with the value is said where it is assigned; the variable keeps the type that its
  // other assignments give it.
  if (is_erroneous(type) || type.is_void()) return;
  Type& known = instance_.types[static_cast<size_t>(local)];
  const Type raised = join_in_variable(known, type, default_float());
  if (raised == known) return;
  known = raised;
  changed_ = true;
}

// What the weak integers given to one variable need when nothing else decides its type.
void Inference::note_alone(Scalar& alone_type, const Expr& value) {
  if (!(value.type == Type::weak_int())) return;
  const Scalar raised = promote(alone_type, alone(value, instance_, instances_).scalar);
  if (raised != alone_type) changed_ = true;
  alone_type = raised;
}

void Inference::block(ir::Block& block) {
  for (const ir::StmtPtr& stmt : block) this->stmt(*stmt);
}

void Inference::condition(Expr& expr) {
  infer(expr);
  if (reporting() && !expr.type.is_unknown()) is_value(expr, "a condition");
}

// tile = shared(256, A.dtype)
void Inference::declare_like(const Stmt& stmt) {
  const Type element = infer(*stmt.operands[0]);
  if (element.is_unknown()) return;
  const ir::Local& local = instance_.local(stmt.local);
  const Type type = Type::array_of(element, static_cast<uint8_t>(local.extents.size()));
  raise_local(stmt.local, type);
  const bool of_block = local.storage == ir::Storage::Block;
  if (!reporting() || !ir::is_too_large(local.extents, ir::item_size(type), of_block)) return;
  const std::pair<std::string, std::string> text = ir::too_large_text(of_block);
  wrong("array-size", stmt.span, text.first, text.second);
}

// What the launch makes the size of a shared array of are integers that stay what they were.
void Inference::declare(const Stmt& stmt) {
  if (!stmt.operands.empty()) declare_like(stmt);
  if (!reporting()) return;
  for (const ir::ArraySize& size : instance_.local(stmt.local).sizes) {
    for (const ir::SizeStep& step : size) {
      if (step.kind != ir::SizeStep::Kind::Parameter) continue;
      const auto parameter = static_cast<LocalId>(step.value);
      const Type& type = instance_.types[static_cast<size_t>(parameter)];
      const std::string name = "`" + instance_.local(parameter).name + "`";
      if (!type.is_unknown() && !ir::is_integer(type)) {
        wrong("array-shape", stmt.span,
              "the shape of a shared array is made of integers, and " + name + " is " +
                  describe(type),
              "pass it as an integer");
      } else if (instance_.flow.locals[static_cast<size_t>(parameter)].assignments > 0) {
        wrong("array-shape", stmt.span,
              "the launch decides how large this array is, and " + name +
                  " is assigned in the kernel",
              "use another name for what is assigned");
      }
    }
  }
}

// What a fault's record has room for.
void Inference::check_text_size(const Stmt& stmt) {
  size_t count = 0;
  for (const ir::ExprPtr& operand : stmt.operands) count += ir::is_complex(operand->type) ? 2 : 1;
  if (!reporting() || count <= ir::kMostRaisedValues) return;
  wrong("message", stmt.operands[0]->span,
        "the message of an exception in a kernel holds at most " +
            std::to_string(ir::kMostRaisedValues) + " values, not " + std::to_string(count) +
            ": a complex number is two",
        "leave some out, or `print` them before");
}

void Inference::stmt(Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::Assign:
      return assign(stmt);
    case StmtKind::Store:
      return store(stmt);
    case StmtKind::If:
    case StmtKind::While:
      condition(*stmt.value);
      break;
    case StmtKind::For:
      loop_over_range(stmt);
      break;
    case StmtKind::Break:
    case StmtKind::Continue:
    case StmtKind::Region:
    case StmtKind::Define:
      return;
    case StmtKind::Declare:
      return declare(stmt);
    case StmtKind::Barrier:
      for (const ir::ExprPtr& operand : stmt.operands) infer(*operand);
      return;
    case StmtKind::Print:
    case StmtKind::Raise:
      for (const ir::ExprPtr& operand : stmt.operands) {
        infer(*operand);
        if (!reporting() || operand->type.is_unknown()) continue;
        is_value(*operand, stmt.kind == StmtKind::Print ? "`print`" : "a message");
      }
      if (stmt.kind == StmtKind::Raise) check_text_size(stmt);
      return;
    case StmtKind::Return:
      return give_back(stmt);
    case StmtKind::Evaluate:
      infer(*stmt.value);
      return;
  }
  block(stmt.body);
  block(stmt.else_body);
}

namespace {

// The first statement that gives `local` a float.
const Stmt* first_float(const ir::Block& block, LocalId local) {
  for (const ir::StmtPtr& stmt : block) {
    const bool given = stmt->kind == StmtKind::Assign && stmt->local == local;
    if (given && ir::is_float(stmt->value->type)) return stmt.get();
    for (const ir::Block* nested : {&stmt->body, &stmt->else_body}) {
      if (const Stmt* found = first_float(*nested, local)) return found;
    }
  }
  return nullptr;
}

bool reads(const Expr& expr, LocalId local) {
  bool found = false;
  ir::each_expression(expr, [&](const Expr& part) {
    found = found || (part.kind == ir::ExprKind::Local && part.local == local);
  });
  return found;
}

bool assigned_without_reading(const ir::Block& block, LocalId local) {
  return std::any_of(block.begin(), block.end(), [&](const ir::StmtPtr& stmt) {
    if (stmt->local == local && !(stmt->value && reads(*stmt->value, local))) return true;
    return assigned_without_reading(stmt->body, local) ||
           assigned_without_reading(stmt->else_body, local);
  });
}

// "is a float32 here": what a message says of one of two assignments that disagree.
std::string holds(const Type& type, const char* where) {
  return (type.is_void() ? "has no value" : "is " + describe(type)) + " " + where;
}

}  // namespace

void Inference::assign(Stmt& stmt) {
  const Type type = infer(*stmt.value);
  const ir::Local& local = instance_.local(stmt.local);
  const LocalFlow& flow = instance_.flow.locals[static_cast<size_t>(stmt.local)];
  if (!reporting()) {
    raise_local(stmt.local, type);
    const bool varies =
        instances_.options().wide_index && flow.single == nullptr && type == Type::weak_int();
    note_alone(instance_.alone[static_cast<size_t>(stmt.local)], *stmt.value);
    if (varies) instance_.alone[static_cast<size_t>(stmt.local)] = Scalar::I64;
    return;
  }
  if (type.is_unknown()) return;
  const std::string name = "`" + local.name + "`";
  if (type.is_void()) {
    wrong("no-value", stmt.value->span,
          "the function returns no value that " + name + " could hold",
          "give the function a `return` with a value");
    return;
  }
  Seen& seen = seen_[static_cast<size_t>(stmt.local)];
  const bool parameter = instance_.is_parameter(stmt.local);
  if (seen.type.is_unknown()) {
    seen.type = parameter ? instance_.parameters[static_cast<size_t>(stmt.local)] : type;
    seen.span = parameter ? local.span : stmt.span;
  }
  if (seen.complained) return;
  if (is_erroneous(instance_.type_of(stmt.local)) &&
      is_erroneous(join(seen.type, type, default_float()))) {
    seen.complained = true;
    wrong("type-changes", stmt.span,
          name + " " + holds(type, "here") + " and " + describe(seen.type) + " there",
          "a variable has one type in a kernel: use two names",
          {{seen.span, name + " " + holds(seen.type, "here")}});
    return;
  }
  if (type.is_array() && (flow.assignments > 1 || flow.maybe_unassigned || parameter)) {
    seen.complained = true;
    wrong("array-reassigned", stmt.span,
          "an array can't be assigned to " + name + " more than once, or only sometimes",
          "use the array's own name, or choose between elements: `A[i] if condition else B[i]`");
    return;
  }
  if (!local.declared.is_unknown() && !parameter)
    check_conversion(*stmt.value, local.declared, name);
}

void Inference::store(Stmt& stmt) {
  std::vector<ir::ExprPtr> indices;  // of fields
  for (auto count = field_indices(stmt); count > 0; --count) {
    infer(*stmt.operands.back());
    indices.push_back(std::move(stmt.operands.back()));
    stmt.operands.pop_back();
  }
  for (const ir::ExprPtr& operand : stmt.operands) infer(*operand);
  const Type whole = element(stmt.operands, stmt.span);
  while (!indices.empty()) {
    stmt.operands.push_back(std::move(indices.back()));
    indices.pop_back();
  }
  const Type target = stored_field(stmt, whole);
  const Type value = infer(*stmt.value);
  if (!reporting() || target.is_unknown() || value.is_unknown()) return;
  const Expr& array = *stmt.operands[0];
  const std::string name = array.kind == ir::ExprKind::Local
                               ? "`" + instance_.local(array.local).name + "`"
                               : "this array";
  if (target.is_array()) return refuse_view(stmt, name);
  if (!target.is_aggregate() && !is_value(*stmt.value, "a store")) return;
  const std::string what = stmt.fields.empty() ? "an element" : "`" + stored_name(stmt) + "`";
  check_conversion(*stmt.value, target, what + " of " + name);
}

void Inference::refuse_view(const Stmt& stmt, const std::string& name) {
  const size_t indices = stmt.operands.size() - 1;
  const bool is_cut =
      std::any_of(stmt.operands.begin(), stmt.operands.end(),
                  [](const ir::ExprPtr& operand) { return operand->kind == ir::ExprKind::Slice; });
  if (is_cut) {
    wrong("whole-array", stmt.operands[0]->span,
          "this cuts " + name + ", and a store in a kernel needs one element",
          "let each thread store its own, or write a loop: `for i in range(start, stop)`");
    return;
  }
  wrong("whole-array", stmt.operands[0]->span,
        name + " has " + std::to_string(stmt.operands[0]->type.rank) + " dimensions, and " +
            std::to_string(indices) + " of them " + (indices == 1 ? "is" : "are") +
            " indexed: a store needs one element",
        "give all indices, in a loop where a whole row is meant");
}

bool Inference::only_from_itself(LocalId local) const {
  return instance_.local(local).name[0] != '%' &&
         !assigned_without_reading(instance_.function.body, local);
}

std::vector<DiagnosticNote> Inference::origin_of_float(const Expr& expr) const {
  if (expr.kind != ir::ExprKind::Local || name_of(expr) == "this") return {};
  const Stmt* stmt = first_float(instance_.function.body, expr.local);
  if (!stmt) return {};
  return {{stmt->span, name_of(expr) + " is given " + describe(stmt->value->type) + " here"}};
}

DiagnosticNote Inference::note_of_call(const Expr& call, const std::vector<Type>& passed) const {
  const ir::Function& callee = instances_.untyped(call.callee);
  std::string types;
  for (size_t i = 0; i < passed.size(); ++i) {
    types += (i ? ", " : "") + ("`" + callee.locals[i].name) + "` " + describe(passed[i]);
  }
  return {call.span, "called here" + (types.empty() ? "" : " with " + types)};
}

void Inference::check_conversion(const Expr& value, const Type& to, const std::string& what) {
  const Type& from = value.type;
  if (from.is_unknown() || to.is_unknown()) return;
  if (to.is_array() || from.is_array() || to.is_aggregate() || from.is_aggregate()) {
    if (from == to || (!from.is_array() && assignable(from, to))) return;
    wrong("argument-type", value.span,
          what + " is " + describe(to) + ", and " + name_of(value) + " is " + describe(from),
          !from.is_scalar() && to.is_scalar() ? "pass one element: index it" : "");
    return;
  }
  if (!assignable(from, to) && ir::is_complex(from)) {
    wrong("complex-to-real", value.span,
          what + " is " + describe(to) + ", and " + name_of(value) + " is " + describe(from),
          "say which part: `.real`, `.imag`, or `abs(...)`");
    return;
  }
  if (!assignable(from, to)) {
    const std::string cast = cast_name(to.scalar);
    const bool to_bool = to.scalar == Scalar::Bool;
    wrong("float-to-int", value.span,
          what + " is " + describe(to) + ", and " + name_of(value) + " is " + describe(from),
          to_bool ? "write `... != 0`, or `bool(...)`"
                  : "say how: `" + cast +
                        "(...)` cuts off the fraction, `round(...)` rounds, `//` divides integers",
          origin_of_float(value));
    return;
  }
  if (!(from == Type::weak_int()) || !ir::is_integer(to)) return;
  const WeakResult result = constant_of(value, instance_);
  if (result.number && !fits(*result.number, to.scalar)) {
    wrong("constant-out-of-range", value.span,
          what + " is " + describe(to) + ", which can't hold " + to_string(*result.number),
          "write `" + cast_name(to.scalar) + "(...)` to keep its lowest bits");
  }
}

void Inference::check_range(const Stmt& stmt) {
  for (const ir::ExprPtr& operand : stmt.operands) {
    if (operand->type.is_unknown() || !is_value(*operand, "`range`")) continue;
    if (!ir::is_float(operand->type) && !ir::is_complex(operand->type)) continue;
    wrong("float-range", operand->span,
          "`range` needs integers, and " + name_of(*operand) + " is " + describe(operand->type),
          "write `int(...)` around it, or `//` where it was made with `/`");
  }
  const WeakResult step = constant_of(*stmt.operands[2], instance_);
  if (step.number && !step.number->truth()) {
    wrong("zero-step", stmt.operands[2]->span, "the step of a `range` can't be zero");
  }
}

void Inference::loop_over_range(Stmt& stmt) {
  Type type = Type::unknown();
  for (const ir::ExprPtr& operand : stmt.operands) {
    type = join(type, infer(*operand) == kBool ? kInt32 : beside(*operand, type), default_float());
  }
  for (const ir::ExprPtr& operand : stmt.operands) {
    if (operand->type.is_unknown()) type = operand->type;
    if (type.is_unknown()) break;
    type = join(type, operand->type == kBool ? kInt32 : beside(*operand, type), default_float());
  }
  if (ir::is_float(type) || ir::is_complex(type)) type = kErroneous;
  if (!reporting()) {
    raise_local(stmt.local, type);
    for (const ir::ExprPtr& operand : stmt.operands) {
      note_alone(instance_.alone[static_cast<size_t>(stmt.local)], *operand);
    }
    return;
  }
  check_range(stmt);
  const ir::Local& local = instance_.local(stmt.local);
  const Type& final_type = instance_.type_of(stmt.local);
  Seen& seen = seen_[static_cast<size_t>(stmt.local)];
  if (seen.type.is_unknown() && !type.is_unknown()) {
    const bool parameter = instance_.is_parameter(stmt.local);
    seen.type = parameter ? instance_.parameters[static_cast<size_t>(stmt.local)] : type;
    seen.span = parameter ? local.span : stmt.span;
  }
  const bool clash = !type.is_unknown() && (ir::is_float(final_type) ||
                                            is_erroneous(join(seen.type, type, default_float())));
  if (!clash || seen.complained) return;
  seen.complained = true;
  wrong("type-changes", local.span,
        "the loop variable `" + local.name + "` is " +
            describe(ir::is_float(final_type) ? final_type : seen.type) + " elsewhere",
        "use another name for one of them");
}

void Inference::give_back(Stmt& stmt) {
  const bool kernel = instance_.source == 0;
  const Type type = stmt.value ? infer(*stmt.value) : Type::void_();
  if (stmt.value && type.is_unknown()) {
    if (is_erroneous(type) && !kernel) instance_.result = kErroneous;
    if (reporting() && instance_.is_endless && diagnostics_->ok()) {
      wrong("recursion", stmt.span,
            "`" + instance_.function.name + "` only ever returns what its own calls return",
            "return a value that needs no further call where the recursion ends, for example "
            "`if n == 0: return 0`");
    }
    return;
  }
  const std::optional<ir::Signature>& signature = instance_.function.signature;
  const Type declared = signature ? signature->result : Type::unknown();
  if (!reporting()) {
    if (kernel || type.is_void() || !declared.is_unknown()) return;
    const Type raised =
        join(instance_.result, type.is_array() ? kErroneous : type, default_float());
    if (!(raised == instance_.result)) changed_ = true;
    instance_.result = raised;
    note_alone(instance_.result_alone, *stmt.value);
    return;
  }
  if (type.is_void()) {
    if (!kernel && !instance_.result.is_void() && !instance_.result.is_unknown()) {
      wrong("missing-return", stmt.span,
            "`" + instance_.function.name + "` returns a value elsewhere, and nothing here",
            "return a value here too");
    }
    return;
  }
  if (seen_result_.type.is_unknown()) seen_result_ = {type, stmt.span, false};
  if (is_erroneous(instance_.result) && !type.is_array() && !seen_result_.type.is_array() &&
      is_erroneous(join(seen_result_.type, type, default_float()))) {
    wrong("results-differ", stmt.span,
          "`" + instance_.function.name + "` returns " + describe(type) + " here and " +
              describe(seen_result_.type) + " there",
          "a function returns as many values on every path",
          {{seen_result_.span, "it returns " + describe(seen_result_.type) + " here"}});
  }
  if (kernel) {
    wrong("kernel-returns-value", stmt.span, "a kernel can't return a value",
          "store it in an array that the kernel is given: `out[idx] = ...`");
  } else if (type.is_array()) {
    wrong("returns-array", stmt.value->span, "a function can't return an array",
          "return an element, or store to the array here");
  } else if (declared.is_void()) {
    wrong("void-returns-value", stmt.span,
          "`" + instance_.function.name + "` returns a value, and its signature says `void`",
          "put the type of the value first in the signature", {{signature->span, "the signature"}});
  } else if (!declared.is_unknown()) {
    check_conversion(*stmt.value, declared, "the result of `" + instance_.function.name + "`");
  }
}

void report_mistakes(Instance& instance, Instances& instances, Diagnostics& diagnostics,
                     std::optional<DiagnosticNote> called_from) {
  if (instance.reported) return;
  instance.reported = true;
  const size_t errors_before = diagnostics.errors().size();
  Inference(instance, instances, diagnostics, std::move(called_from)).pass();
  instance.faulty = diagnostics.errors().size() != errors_before;
}

}  // namespace cudapy::sema
