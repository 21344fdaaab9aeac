// Lowering of `for`. A range with one variable becomes a For of the tree; everything else, arrays,
// enumerate and zip, becomes a For over an index whose body begins by assigning the variables:
//
//   for i, x in enumerate(A):        for i in range(0, len(A), 1):
//       ...                              x = A[i]
//                                        ...
#include <algorithm>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

// The value of a constant or negated constant; nullopt for others.
std::optional<int64_t> constant_integer(const ir::Expr& expr) {
  if (expr.kind != ir::ExprKind::Constant || expr.constant.kind == ir::ConstantValue::Kind::Float)
    return std::nullopt;
  return expr.constant.integer;
}

}  // namespace

void FunctionLowering::lower_for(const syntax::Stmt& stmt) {
  if (pack_of(stmt.value)) return lower_pack_loop(stmt);
  std::optional<Iterable> over = iterable(stmt.value);
  if (!over) {  // read on for further mistakes
    mark_targets(stmt.targets);
    enter_loop(stmt);
    const Flow after = flow_;
    ++loop_depth_;
    lower_block(stmt.body);
    --loop_depth_;
    flow_ = after;
    lower_block(stmt.else_body);
    flow_ = after;
    return;
  }
  if (over->kind == Iterable::Kind::Range && stmt.targets[0].kind == ExprKind::Name) {
    return lower_range_loop(stmt, std::move(*over));
  }
  lower_index_loop(stmt, std::move(*over));
}

// Where the name cannot be one, the loop gets another and is read on for further mistakes.
ir::LocalId FunctionLowering::loop_variable(const syntax::Expr& name) {
  const std::optional<ir::LocalId> local = assignable(name);
  return local ? *local : temporary("index", name.span);
}

void FunctionLowering::lower_range_loop(const syntax::Stmt& stmt, Iterable range) {
  const syntax::Expr& target = stmt.targets[0];
  const Flow before = flow_;
  enter_loop(stmt);
  const ir::LocalId local = loop_variable(target);
  ++loop_depth_;
  ir::Block body = lower_block(stmt.body);
  --loop_depth_;
  ir::Stmt& loop = emit(ir::StmtKind::For, stmt.span);
  loop.local = local;
  loop.operands.push_back(std::move(range.start));
  loop.operands.push_back(std::move(range.stop));
  loop.operands.push_back(std::move(range.step));
  flow_.reachable = before.reachable;
  finish_loop(stmt, loop, std::move(body));
}

void FunctionLowering::lower_index_loop(const syntax::Stmt& stmt, Iterable over) {
  const Flow before = flow_;
  keep_once(over);
  ir::ExprPtr count = count_of(over);
  enter_loop(stmt);
  // `for i, x in enumerate(A)`: i itself counts.
  const syntax::Expr& target = stmt.targets[0];
  const bool counts_itself = over.kind == Iterable::Kind::Enumerate &&
                             target.kind == ExprKind::Tuple && target.operands.size() == 2 &&
                             target.operands[0].kind == ExprKind::Name &&
                             constant_integer(*over.start) == 0;
  const ir::LocalId local =
      counts_itself ? loop_variable(target.operands[0]) : temporary("index", target.span);
  const ir::ExprPtr index = make_local(local, target.span);
  ir::Block head;
  ir::Block* const outer = std::exchange(block_, &head);
  if (counts_itself)
    bind_element(target.operands[1], over.parts[0], *index);
  else
    bind_element(target, over, *index);
  block_ = outer;
  ++loop_depth_;
  ir::Block body = lower_block(stmt.body);
  --loop_depth_;
  body.insert(body.begin(), std::make_move_iterator(head.begin()),
              std::make_move_iterator(head.end()));
  ir::Stmt& loop = emit(ir::StmtKind::For, stmt.span);
  loop.local = local;
  loop.operands.push_back(make_integer(0, stmt.value.span));
  loop.operands.push_back(std::move(count));
  loop.operands.push_back(make_integer(1, stmt.value.span));
  flow_.reachable = before.reachable;
  finish_loop(stmt, loop, std::move(body));
}

void FunctionLowering::finish_loop(const syntax::Stmt& stmt, ir::Stmt& loop, ir::Block body) {
  loop.body = std::move(body);
  const Flow after = flow_;
  // The tree grows while the else block is lowered, but into a block of its own: `loop` stays where
  // it is.
  loop.else_body = lower_block(stmt.else_body);
  join(after);
}

// Gives what a `for` can run over; nullopt: an error was added.
std::optional<FunctionLowering::Iterable> FunctionLowering::iterable(const syntax::Expr& expr) {
  if (expr.kind == ExprKind::Call && path_of(expr.operands[0])) {
    const FunctionPtr function = resolve_callee(expr.operands[0]);
    const Resolved* callee = function ? &function->target : nullptr;
    if (callee == nullptr) {
      lower_arguments_for_errors(expr);
      return std::nullopt;
    }
    if (callee->kind == Resolved::Kind::Special) {
      if (callee->special == SpecialForm::Range) return range_iterable(expr);
      if (callee->special == SpecialForm::Enumerate) return enumerate_iterable(expr);
      if (callee->special == SpecialForm::Zip) return zip_iterable(expr);
    }
    if (callee->kind == Resolved::Kind::Unsupported) {
      error("unsupported-function", expr.operands[0].span, callee->message, callee->help);
      return std::nullopt;
    }
  }
  // A row, an array, or what gives a tuple.
  const bool is_tuple = expr.kind == ExprKind::Tuple || expr.kind == ExprKind::Attribute ||
                        expr.kind == ExprKind::Binary || expr.kind == ExprKind::Call ||
                        expr.kind == ExprKind::Conditional;
  if (is_tuple || expr.kind == ExprKind::Name || expr.kind == ExprKind::Subscript) {
    const size_t before = diagnostics_.errors().size();
    ir::ExprPtr array = lower(expr);
    if (diagnostics_.errors().size() != before) return std::nullopt;
    if (array->kind == ir::ExprKind::Constant || array->kind == ir::ExprKind::ThreadIndex) {
      refuse_iterable(expr);
      return std::nullopt;
    }
    // A row: indexed once. A tuple from outside is as it is wherever it is looked at.
    const bool is_captured =
        array->kind == ir::ExprKind::MakeAggregate && path_of(expr).has_value();
    if (array->kind == ir::ExprKind::Load) array = keep_always(std::move(array), "row");
    if (array->kind != ir::ExprKind::Local && !is_captured)
      array = keep_always(std::move(array), "tuple");
    Iterable result;
    result.kind = Iterable::Kind::Array;
    result.span = expr.span;
    result.array = std::move(array);
    return result;
  }
  refuse_iterable(expr);
  return std::nullopt;
}

void FunctionLowering::refuse_iterable(const syntax::Expr& expr) {
  std::string help =
      "write `for i in range(n)`, `for x in A`, `for i, x in enumerate(A)`, or `for x, y in zip(A, "
      "B)`";
  if (expr.kind == ExprKind::Number) help = "write `for i in range(n)`";
  if (expr.kind == ExprKind::Subscript)
    help = "loop over the indices: `for i in range(start, stop)`";
  error("not-iterable", expr.span, "a loop in a kernel runs over a range or an array",
        std::move(help));
}

std::optional<FunctionLowering::Iterable> FunctionLowering::range_iterable(
    const syntax::Expr& call) {
  auto arguments = positional(call, 1, 3);
  if (!arguments) return std::nullopt;
  Iterable result;
  result.kind = Iterable::Kind::Range;
  result.span = call.span;
  const bool has_start = arguments->size() > 1;
  result.start = has_start ? std::move((*arguments)[0]) : make_integer(0, call.span);
  result.stop = std::move((*arguments)[has_start ? 1 : 0]);
  result.step = arguments->size() > 2 ? std::move((*arguments)[2]) : make_integer(1, call.span);
  if (std::optional<int64_t> step = constant_integer(*result.step)) {
    if (*step == 0) {
      error("range-step-zero", call.operands[3].span, "the step of a range cannot be 0",
            "count up with 1 or down with -1");
      return std::nullopt;
    }
    result.step_value = *step;
  }
  return result;
}

std::optional<FunctionLowering::Iterable> FunctionLowering::enumerate_iterable(
    const syntax::Expr& call) {
  const size_t positional_count = call.operands.size() - 1 - call.keywords.size();
  const bool start_by_name = call.keywords.size() == 1 && call.keywords[0] == "start";
  if (positional_count < 1 || positional_count > 2 || (!call.keywords.empty() && !start_by_name) ||
      positional_count + call.keywords.size() > 2) {
    error("argument-count", call.span, "enumerate takes an array, and where to start counting",
          "write `enumerate(A)` or `enumerate(A, 1)`");
    return std::nullopt;
  }
  std::optional<Iterable> inner = iterable(call.operands[1]);
  if (!inner) return std::nullopt;
  Iterable result;
  result.kind = Iterable::Kind::Enumerate;
  result.span = call.span;
  result.start = call.operands.size() > 2 ? lower(call.operands[2]) : make_integer(0, call.span);
  result.parts.push_back(std::move(*inner));
  return result;
}

std::optional<FunctionLowering::Iterable> FunctionLowering::zip_iterable(const syntax::Expr& call) {
  if (!call.keywords.empty() || call.operands.size() < 2) {
    error("argument-count", call.span, "zip takes arrays, and no keywords in a kernel",
          "write `zip(A, B)`");
    return std::nullopt;
  }
  Iterable result;
  result.kind = Iterable::Kind::Zip;
  result.span = call.span;
  bool ok = true;
  for (size_t i = 1; i < call.operands.size(); ++i) {
    std::optional<Iterable> part = iterable(call.operands[i]);
    ok = ok && part.has_value();
    if (ok) result.parts.push_back(std::move(*part));
  }
  return ok ? std::optional(std::move(result)) : std::nullopt;
}

// Evaluates what the loop needs again on every turn into variables.
void FunctionLowering::keep_once(Iterable& over) {
  const auto keep_unless_constant = [&](ir::ExprPtr& value, const char* name) {
    if (value && value->kind != ir::ExprKind::Constant) value = keep_always(std::move(value), name);
  };
  keep_unless_constant(over.start, "start");
  keep_unless_constant(over.stop, "stop");
  for (Iterable& part : over.parts) keep_once(part);
}

// How many turns: len(A); the least of a zip; of a range max(0, (stop - start + step - 1) // step).
ir::ExprPtr FunctionLowering::count_of(const Iterable& over) {
  switch (over.kind) {
    case Iterable::Kind::Array: {
      std::vector<ir::ExprPtr> operands;
      operands.push_back(ir::clone(*over.array));
      return make_builtin(ir::Builtin::Len, over.span, std::move(operands));
    }
    case Iterable::Kind::Enumerate:
      return count_of(over.parts[0]);
    case Iterable::Kind::Zip: {
      if (over.parts.size() == 1) return count_of(over.parts[0]);
      std::vector<ir::ExprPtr> counts;
      counts.reserve(over.parts.size());
      for (const Iterable& part : over.parts) counts.push_back(count_of(part));
      return make_builtin(ir::Builtin::Min, over.span, std::move(counts));
    }
    case Iterable::Kind::Range:
      break;
  }
  if (over.step_value == 0) {
    return error("range-step", over.step->span,
                 "a range inside enumerate or zip needs a constant step",
                 "loop over the range itself, and count in a variable");
  }
  const bool up = over.step_value > 0;
  ir::ExprPtr distance =
      make_binary(ir::BinaryOp::Subtract, over.span, ir::clone(up ? *over.stop : *over.start),
                  ir::clone(up ? *over.start : *over.stop));
  const int64_t step = up ? over.step_value : -over.step_value;
  if (step != 1) {
    distance = make_binary(ir::BinaryOp::FloorDivide, over.span,
                           make_binary(ir::BinaryOp::Add, over.span, std::move(distance),
                                       make_integer(step - 1, over.span)),
                           make_integer(step, over.span));
  }
  std::vector<ir::ExprPtr> operands;
  operands.push_back(std::move(distance));
  operands.push_back(make_integer(0, over.span));
  return make_builtin(ir::Builtin::Max, over.span, std::move(operands));
}

// The single value that turn `index` has.
ir::ExprPtr FunctionLowering::element_of(const Iterable& over, const ir::Expr& index) {
  if (over.kind == Iterable::Kind::Array) {
    return make_expr(ir::ExprKind::Load, over.span, ir::clone(*over.array), ir::clone(index));
  }
  ir::ExprPtr steps = ir::clone(index);
  if (over.step_value != 1) {
    steps = make_binary(ir::BinaryOp::Multiply, over.span, std::move(steps), ir::clone(*over.step));
  }
  return make_binary(ir::BinaryOp::Add, over.span, ir::clone(*over.start), std::move(steps));
}

// What a turn gives to one variable: the element, or a tuple of several.
ir::ExprPtr FunctionLowering::value_of_turn(const Iterable& over, const ir::Expr& index) {
  if (over.kind == Iterable::Kind::Array || over.kind == Iterable::Kind::Range)
    return element_of(over, index);
  ir::ExprPtr result = make_expr(ir::ExprKind::MakeAggregate, over.span);
  if (over.kind == Iterable::Kind::Enumerate) {
    const bool from_zero = constant_integer(*over.start) == 0;
    result->operands.push_back(from_zero ? ir::clone(index)
                                         : make_binary(ir::BinaryOp::Add, over.span,
                                                       ir::clone(*over.start), ir::clone(index)));
  }
  for (const Iterable& part : over.parts) result->operands.push_back(value_of_turn(part, index));
  return result;
}

void FunctionLowering::bind_element(const syntax::Expr& target, const Iterable& over,
                                    const ir::Expr& index) {
  if (over.kind == Iterable::Kind::Array || over.kind == Iterable::Kind::Range) {
    if (target.kind != ExprKind::Tuple || over.kind == Iterable::Kind::Array)
      return assign(target, element_of(over, index));
    error("unpack-count", target.span, "each turn of this loop has one value",
          "write one variable, or loop over `enumerate(A)` or `zip(A, B)`");
    return mark_targets({&target, 1});
  }
  const bool has_star =
      std::any_of(target.operands.begin(), target.operands.end(),
                  [&](const syntax::Expr& item) { return is_starred_value(item); });
  if (target.kind != ExprKind::Tuple || has_star) return assign(target, value_of_turn(over, index));
  const size_t values = over.kind == Iterable::Kind::Enumerate ? 2 : over.parts.size();
  if (target.operands.size() != values) {
    const char* const name = over.kind == Iterable::Kind::Enumerate ? "enumerate" : "zip";
    error("unpack-count", target.span,
          std::string("each turn of this ") + name + " has " + std::to_string(values) + " values",
          std::string("write as many variables: `for ") + (values == 2 ? "a, b" : "a, b, c") +
              " in ...`");
    return mark_targets({&target, 1});
  }
  if (over.kind == Iterable::Kind::Zip) {
    for (size_t i = 0; i < values; ++i) bind_element(target.operands[i], over.parts[i], index);
    return;
  }
  ir::ExprPtr number = ir::clone(index);
  if (constant_integer(*over.start) != 0) {
    number = make_binary(ir::BinaryOp::Add, over.span, ir::clone(*over.start), std::move(number));
  }
  assign(target.operands[0], std::move(number));
  bind_element(target.operands[1], over.parts[0], index);
}

}  // namespace cudapy::frontend
