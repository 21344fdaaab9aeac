// Lowering of functions as values: definitions inside a function, lambdas, names for functions,
// functions handed to helpers; and the calls of all of them.
#include <algorithm>
#include <utility>

#include "frontend/free_names.h"
#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

std::string count_text(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

bool is_callable(Resolved::Kind kind) {
  using Kind = Resolved::Kind;
  return kind == Kind::Function || kind == Kind::Math || kind == Kind::Special ||
         kind == Kind::Cast;
}

FunctionPtr ambiguous_function() {
  auto value = std::make_shared<FunctionValue>();
  value->is_ambiguous = true;
  return value;
}

bool is_same(const FunctionValue& a, const FunctionValue& b) {
  if (&a == &b) return true;
  return !a.nested && !b.nested && !a.is_ambiguous && !b.is_ambiguous && shape_of(a) == shape_of(b);
}

// May change memory, which the other arguments of a call may read.
bool has_effect(const ir::Expr& expr) {
  if (expr.kind == ir::ExprKind::Call || expr.kind == ir::ExprKind::Atomic) return true;
  return std::any_of(expr.operands.begin(), expr.operands.end(),
                     [](const ir::ExprPtr& operand) { return has_effect(*operand); });
}

}  // namespace

void FunctionLowering::refuse_choice(const std::string& name, Span span) {
  error("function-choice", span,
        "which function " + (name.empty() ? "this" : "`" + name + "`") +
            " is would be known only when the kernel runs",
        "call each in a branch of its own: `y = f(x) if c else g(x)`");
}

// What two paths make of a name that stands for a function.
void FunctionLowering::join_functions(const Flow& other) {
  for (const auto& [name, function] : other.functions) {
    const auto [entry, added] = flow_.functions.try_emplace(name, function);
    if (!added && !is_same(*entry->second, *function)) entry->second = ambiguous_function();
  }
}

// Whether a condition is a constant from outside: such a choice is made here.
std::optional<bool> FunctionLowering::known_truth(const syntax::Expr& expr) {
  std::optional<ir::ConstantValue> value;
  if (expr.kind == ExprKind::Number) value = expr.constant;
  if (expr.kind == ExprKind::Unary && expr.unary_op == syntax::UnaryOp::Not) {
    const std::optional<bool> inner = known_truth(expr.operands[0]);
    return inner ? std::optional(!*inner) : std::nullopt;
  }
  const auto path = path_of(expr);
  if (path && !is_poisoned(path->front()) && !is_variable(path->front())) {
    const Resolved found = resolve(*path);
    if (found.kind == Resolved::Kind::Constant && found.consumed + 1 == path->size())
      value = found.constant;
  }
  if (!value) return std::nullopt;
  return value->kind == ir::ConstantValue::Kind::Float ? value->real != 0.0 : value->integer != 0;
}

// The function that an expression stands for; null: it stands for none, and nothing was reported.
FunctionPtr FunctionLowering::function_of(const syntax::Expr& expr, bool is_statement) {
  if (expr.kind == ExprKind::Lambda) return define(expr.definition, is_statement);
  if (expr.kind == ExprKind::Conditional) {
    if (const std::optional<bool> truth = known_truth(expr.operands[0]))
      return function_of(expr.operands[*truth ? 1 : 2], is_statement);
    if (!function_of(expr.operands[1], is_statement) ||
        !function_of(expr.operands[2], is_statement)) {
      return nullptr;
    }
    refuse_choice("", expr.span);
    return ambiguous_function();
  }
  if (expr.kind == ExprKind::Subscript && pack_of(expr.operands[0])) {
    const bool is_literal = expr.operands.size() == 2 && expr.operands[1].kind == ExprKind::Number;
    const PackElement* item = is_literal ? pack_element(expr) : nullptr;
    return item ? item->function : nullptr;
  }
  const auto path = path_of(expr);
  if (!path || is_poisoned(path->front())) return nullptr;
  if (const auto known = flow_.functions.find(path->front()); known != flow_.functions.end()) {
    if (path->size() > 1) return nullptr;
    if (known->second->is_ambiguous) refuse_choice(path->front(), expr.span);
    return known->second;
  }
  if (is_variable(path->front())) return nullptr;
  Resolved found = resolve(*path);
  if (!is_callable(found.kind) || found.consumed + 1 != path->size()) return nullptr;
  auto value = std::make_shared<FunctionValue>();
  value->target = std::move(found);
  return value;
}

// Defaults are evaluated here, as in Python: `lambda x, k=k: ...` keeps today's k.
FunctionPtr FunctionLowering::define(const std::shared_ptr<const syntax::FunctionDef>& definition,
                                     bool is_statement) {
  auto value = std::make_shared<FunctionValue>();
  value->nested = definition;
  value->root = id_;
  value->is_open = true;
  for (const syntax::Parameter& parameter : definition->parameters) {
    NestedDefault& kept = value->defaults.emplace_back();
    const syntax::Expr& given = parameter.default_value;
    if (given.absent()) continue;
    if (!is_statement && given.kind == ExprKind::Name && is_variable(given.text)) {
      kept.variable = given.text;  // used at once, so it cannot change before
      continue;
    }
    ir::ExprPtr lowered = lower(given);
    if (lowered->kind == ir::ExprKind::Constant) {
      kept.constant = std::move(lowered);
    } else if (is_statement) {
      const ir::ExprPtr held = keep_always(std::move(lowered), "default");
      kept.variable = function_.locals[static_cast<size_t>(held->local)].name;
      variables_[kept.variable] = held->local;
      mark_assigned(kept.variable);
    } else {
      error("lambda-default", given.span,
            "the default of a lambda inside of an expression is a number or a variable",
            "assign the value to a variable on a line before, or name the lambda first");
    }
  }
  return value;
}

void FunctionLowering::lower_definition(const syntax::Stmt& stmt) {
  bind_function(stmt.definition->name, stmt.definition->span, define(stmt.definition, true));
}

void FunctionLowering::bind_function(const std::string& name, Span span, FunctionPtr function) {
  if (variables_.contains(name)) {
    const Span first = function_.locals[static_cast<size_t>(variables_.find(name)->second)].span;
    diagnostics_
        .error("type-changes", span, "`" + name + "` is a number or an array, and a function here",
               "give the function a name of its own")
        .notes.push_back({first, "it is assigned here"});
    bound_.refused.insert(name);
    return;
  }
  if (function->is_ambiguous) {  // it has been complained about
    bound_.refused.insert(name);
    return;
  }
  function_names_.emplace(name, span);
  flow_.functions[name] = std::move(function);
}

// False, with an error, where `name` stands for a function elsewhere in this one.
bool FunctionLowering::check_no_function(const std::string& name, Span span) {
  const auto found = function_names_.find(name);
  if (found == function_names_.end()) return true;
  diagnostics_
      .error("type-changes", span, "`" + name + "` is a function, and is assigned a value here",
             "give the value a name of its own")
      .notes.push_back({found->second, "the function is here"});
  bound_.refused.insert(name);
  return false;
}

// The function with its captures as they are now.
FunctionPtr FunctionLowering::captured(const FunctionPtr& function, Span span) {
  if (!function->is_open) return function;
  const syntax::FunctionDef& definition = *function->nested;
  auto copy = std::make_shared<FunctionValue>(*function);
  copy->is_open = false;
  if (!capturing_.insert(&definition).second) {
    auto itself = std::make_shared<FunctionValue>();
    itself->nested = function->nested;
    itself->is_recursive = true;
    return itself;
  }
  const auto capture = [&](const std::string& name, const std::string& as) {
    const ir::ExprPtr value = read_variable(name, span);
    if (value->kind == ir::ExprKind::Local) copy->variables.emplace_back(as, value->local);
  };
  for (const std::string& name : free_names(definition)) {
    if (is_poisoned(name)) continue;
    if (packs_.contains(name)) {
      error("variadic-parameter", span,
            "a function inside another cannot read its `" + name + "` yet",
            "give it what it needs as arguments: `f(*" + name + ")`");
      continue;
    }
    if (const auto known = flow_.functions.find(name); known != flow_.functions.end()) {
      if (known->second->is_ambiguous) refuse_choice(name, span);
      copy->functions.emplace_back(name, captured(known->second, span));
    } else if (is_variable(name)) {
      capture(name, name);
    }
  }
  for (NestedDefault& given : copy->defaults) {
    if (given.variable.empty()) continue;
    const std::string hidden = "=" + given.variable;  // a name that nothing inside can mean
    capture(given.variable, hidden);
    given.variable = hidden;
  }
  capturing_.erase(&definition);
  return copy;
}

ir::ExprPtr FunctionLowering::call_function(const syntax::Expr& expr, const FunctionPtr& called) {
  const LoadedFunction* loaded = nullptr;
  if (!called->nested) {
    loaded = resolver_.load(called->target.function, expr.operands[0].span, diagnostics_);
    if (loaded == nullptr) {
      lower_arguments_for_errors(expr);
      return make_integer(0, expr.span);
    }
  }
  const size_t errors_before = diagnostics_.errors().size();
  const FunctionPtr callee = captured(called, expr.span);
  if (diagnostics_.errors().size() != errors_before) {
    lower_arguments_for_errors(expr);
    return make_integer(0, expr.span);
  }
  std::vector<Argument> arguments;
  if (!match_arguments(expr, *callee, loaded, arguments)) return make_integer(0, expr.span);
  Specialisation wanted{callee, {}};
  std::vector<ir::LocalId> captures;
  append_captures(*callee, captures);
  ir::ExprPtr result = make_expr(ir::ExprKind::Call, expr.span);
  for (Argument& argument : arguments) {
    if (argument.function) append_captures(*argument.function, captures);
    if (argument.value) result->operands.push_back(std::move(argument.value));
    wanted.arguments.push_back(std::move(argument.function));
  }
  for (const ir::LocalId captured : captures)
    result->operands.push_back(make_local(captured, expr.span));
  result->callee = program_.index_of(expr.span, wanted);
  return expr.keywords.empty() ? std::move(result) : in_written_order(std::move(result));
}

// Keywords may have put arguments into another order than they are written in, and evaluated:
//     f(b=g(), a=h())        { %argument = g(); yield f(h(), %argument) }, but for h() kept, too
ir::ExprPtr FunctionLowering::in_written_order(ir::ExprPtr call) {
  const auto comes_first = [](const ir::ExprPtr* a, const ir::ExprPtr* b) {
    return std::pair((*a)->span.line, (*a)->span.column) <
           std::pair((*b)->span.line, (*b)->span.column);
  };
  std::vector<ir::ExprPtr*> written;
  bool any_effect = false;
  for (ir::ExprPtr& operand : call->operands) {
    if (operand->kind == ir::ExprKind::Constant || operand->kind == ir::ExprKind::Local) continue;
    written.push_back(&operand);
    any_effect = any_effect || has_effect(*operand);
  }
  if (!any_effect || std::is_sorted(written.begin(), written.end(), comes_first)) return call;
  std::stable_sort(written.begin(), written.end(), comes_first);
  ir::ExprPtr sequence = make_expr(ir::ExprKind::Sequence, call->span);
  for (ir::ExprPtr* operand : written) {
    auto keep = std::make_unique<ir::Stmt>();
    keep->kind = ir::StmtKind::Assign;
    keep->span = (*operand)->span;
    keep->local = temporary("argument", keep->span);
    ir::ExprPtr read = make_local(keep->local, keep->span);
    keep->value = std::exchange(*operand, std::move(read));
    sequence->body.push_back(std::move(keep));
  }
  sequence->operands.push_back(std::move(call));
  return sequence;
}

FunctionLowering::Argument FunctionLowering::argument(const syntax::Expr& expr) {
  if (const FunctionPtr function = function_of(expr, false))
    return {nullptr, captured(function, expr.span)};
  return {lower(expr), nullptr};
}

// Python's rule: positional arguments first, then keywords, then defaults.
bool FunctionLowering::match_arguments(const syntax::Expr& expr, const FunctionValue& callee,
                                       const LoadedFunction* loaded,
                                       std::vector<Argument>& matched) {
  const syntax::FunctionDef& definition = loaded ? loaded->definition : *callee.nested;
  const std::vector<syntax::Parameter>& parameters = definition.parameters;
  const size_t positional_count = expr.operands.size() - 1 - expr.keywords.size();
  const auto by_position = static_cast<size_t>(
      std::count_if(parameters.begin(), parameters.end(),
                    [](const syntax::Parameter& p) { return !p.keyword_only; }));
  const size_t errors_before = diagnostics_.errors().size();
  matched.resize(parameters.size());
  const auto by_name = static_cast<size_t>(
      std::count_if(parameters.begin(), parameters.end(), [&](const syntax::Parameter& p) {
        return !p.keyword_only && std::ranges::find(expr.keywords, p.name) != expr.keywords.end();
      }));
  std::vector<Argument> given;
  const bool takes_any = !definition.rest.empty();
  if (!given_arguments(expr, takes_any ? static_cast<size_t>(-1) : by_position - by_name, given))
    return false;
  std::vector<Argument> rest;
  for (size_t i = 0; i < given.size(); ++i) {
    if (i < by_position)
      matched[i] = std::move(given[i]);
    else
      rest.push_back(std::move(given[i]));
  }
  if (!rest.empty() && definition.rest.empty()) {
    diagnostics_
        .error("argument-count", expr.operands[std::min(1 + by_position, positional_count)].span,
               "`" + definition.name + "` takes " + count_text(by_position, "argument") +
                   ", and is given " + std::to_string(given.size()))
        .notes.push_back({definition.span, "the function is here"});
  }
  for (size_t i = 0; i < expr.keywords.size(); ++i) match_keyword(expr, i, definition, matched);
  if (diagnostics_.errors().size() != errors_before) return false;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (matched[i].given() || !parameters[i].has_default) continue;
    matched[i] =
        loaded ? default_argument(*loaded, i, expr.span) : nested_default(callee, i, expr.span);
  }
  report_missing(expr, definition, matched);
  for (Argument& item : rest) matched.push_back(std::move(item));
  return diagnostics_.errors().size() == errors_before;
}

void FunctionLowering::match_keyword(const syntax::Expr& expr, size_t keyword,
                                     const syntax::FunctionDef& definition,
                                     std::vector<Argument>& matched) {
  const std::vector<syntax::Parameter>& parameters = definition.parameters;
  const std::string& name = expr.keywords[keyword];
  const Span span = expr.keyword_spans[keyword];
  Argument given = argument(expr.operands[expr.operands.size() - expr.keywords.size() + keyword]);
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const syntax::Parameter& p) { return p.name == name; });
  const DiagnosticNote place{definition.span, "the function is here"};
  if (found == parameters.end()) {
    diagnostics_
        .error("argument-name", span, "`" + definition.name + "` has no parameter `" + name + "`")
        .notes.push_back(place);
    return;
  }
  if (found->positional_only) {
    diagnostics_
        .error("argument-name", span,
               "`" + definition.name + "` takes `" + name + "` by position only",
               "write the argument without `" + name + "=`")
        .notes.push_back(place);
    return;
  }
  Argument& slot = matched[static_cast<size_t>(found - parameters.begin())];
  if (slot.given())
    error("argument-name", span, "`" + name + "` is given twice", "remove one of the two");
  slot = std::move(given);
}

void FunctionLowering::report_missing(const syntax::Expr& expr,
                                      const syntax::FunctionDef& definition,
                                      const std::vector<Argument>& matched) {
  std::string missing;
  size_t count = 0;
  for (size_t i = 0; i < matched.size(); ++i) {
    if (matched[i].given()) continue;
    missing += (count++ == 0 ? "`" : ", `") + definition.parameters[i].name + "`";
  }
  if (count == 0) return;
  diagnostics_
      .error("argument-count", expr.span,
             "the call of `" + definition.name + "` lacks " +
                 (count == 1 ? "its argument " : "its arguments ") + missing)
      .notes.push_back({definition.span, "the function is here"});
}

FunctionLowering::Argument FunctionLowering::default_argument(const LoadedFunction& callee,
                                                              size_t parameter, Span span) {
  const auto& value = callee.defaults[parameter];
  if (value && value->is_constant)
    return {make_constant(value->constant, value->type, span), nullptr};
  if (value && value->function) {
    auto function = std::make_shared<FunctionValue>();
    function->target = *value->function;
    return {nullptr, std::move(function)};
  }
  return {error("captured-object", span,
                "the default of `" + callee.definition.parameters[parameter].name + "` is " +
                    (value ? value->description : std::string("unknown")) +
                    ", which a kernel cannot use",
                "give the argument in the call, or make the default a number"),
          nullptr};
}

FunctionLowering::Argument FunctionLowering::nested_default(const FunctionValue& callee,
                                                            size_t parameter, Span span) {
  const NestedDefault& value = callee.defaults[parameter];
  if (value.constant) {
    ir::ExprPtr constant = ir::clone(*value.constant);
    constant->span = span;
    return {std::move(constant), nullptr};
  }
  for (const auto& [name, variable] : callee.variables) {
    if (name == value.variable) return {make_local(variable, span), nullptr};
  }
  return {make_integer(0, span), nullptr};  // its definition was refused
}

}  // namespace cudapy::frontend
