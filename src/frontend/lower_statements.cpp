// Lowering of statements but assignments and `for`.
#include <algorithm>
#include <string_view>
#include <utility>

#include "frontend/function_lowering.h"
#include "frontend/refused_syntax.h"

namespace cudapy::frontend {

using syntax::ExprKind;
using syntax::StmtKind;

ir::Stmt& FunctionLowering::emit(ir::StmtKind kind, Span span) {
  block_->push_back(std::make_unique<ir::Stmt>());
  ir::Stmt& stmt = *block_->back();
  stmt.kind = kind;
  stmt.span = span;
  return stmt;
}

// What stands behind a return, break or continue is read for its mistakes and left out.
ir::Block FunctionLowering::lower_block(std::span<const syntax::Stmt> body) {
  ir::Block block;
  ir::Block dead;
  ir::Block* const outer = std::exchange(block_, &block);
  for (const syntax::Stmt& stmt : body) {
    if (!flow_.reachable) block_ = &dead;
    lower_statement(stmt);
  }
  block_ = outer;
  return block;
}

void FunctionLowering::lower_statement(const syntax::Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::Expression:
      return lower_expression_statement(stmt);
    case StmtKind::Assign:
      return lower_assign(stmt);
    case StmtKind::AugmentAssign:
      return lower_augmented(stmt);
    case StmtKind::AnnotAssign:
      return lower_annotated(stmt);
    case StmtKind::If:
      return lower_if(stmt);
    case StmtKind::While:
      return lower_while(stmt);
    case StmtKind::For:
      return lower_for(stmt);
    case StmtKind::Break:
    case StmtKind::Continue:
      emit(stmt.kind == StmtKind::Break ? ir::StmtKind::Break : ir::StmtKind::Continue, stmt.span);
      flow_.reachable = false;
      return;
    case StmtKind::Pass:
      return;
    case StmtKind::Return:
      return lower_return(stmt);
    case StmtKind::FunctionDef:
      return lower_definition(stmt);
    case StmtKind::Assert:
      return lower_assert(stmt);
    case StmtKind::Raise:
      return lower_raise(stmt);
    case StmtKind::Unsupported:
      return lower_refused(stmt);
  }
}

void FunctionLowering::lower_expression_statement(const syntax::Stmt& stmt) {
  const syntax::Expr& value = stmt.value;
  if (value.kind == ExprKind::String) return;  // a docstring, or a remark in its form
  if (value.kind == ExprKind::Unsupported && value.text == "Ellipsis") return;
  if (lower_barrier(value) || lower_vote(value)) return;
  if (is_print(value)) return lower_print(value, stmt.span);
  ir::ExprPtr lowered = lower(value);
  emit(ir::StmtKind::Evaluate, stmt.span).value = std::move(lowered);
}

void FunctionLowering::lower_if(const syntax::Stmt& stmt) {
  if (const std::optional<bool> truth = pack_truth(stmt.value)) {
    for (ir::StmtPtr& made : lower_block(*truth ? stmt.body : stmt.else_body))
      block_->push_back(std::move(made));
    return;
  }
  ir::ExprPtr condition = lower_vote(stmt.value);
  if (!condition) condition = lower(stmt.value);
  const Flow before = flow_;
  ir::Block body = lower_block(stmt.body);
  const Flow after_body = std::exchange(flow_, before);
  ir::Block else_body = lower_block(stmt.else_body);
  // Which functions names stand for may be chosen by a constant from outside.
  std::optional<decltype(flow_.functions)> chosen;
  if (!flow_.functions.empty() || !after_body.functions.empty()) {
    const std::optional<bool> truth = known_truth(stmt.value);
    if (truth) chosen = *truth ? after_body.functions : flow_.functions;
  }
  join(after_body);
  if (chosen) flow_.functions = std::move(*chosen);
  ir::Stmt& result = emit(ir::StmtKind::If, stmt.span);
  result.value = std::move(condition);
  result.body = std::move(body);
  result.else_body = std::move(else_body);
}

// A later turn sees what an earlier one assigned.
void FunctionLowering::enter_loop(const syntax::Stmt& stmt) {
  const BoundNames bound = bound_names(stmt.body);
  for (const auto& [name, span] : bound.variables) {
    const auto known = flow_.functions.find(name);
    if (known != flow_.functions.end()) {
      auto either = std::make_shared<FunctionValue>();
      either->is_ambiguous = true;
      known->second = std::move(either);
    } else if (!bound.functions.contains(name)) {
      mark_assigned(name);
    }
  }
}

namespace {

bool is_barrier(const ir::StmtPtr& stmt) {
  return stmt->kind == ir::StmtKind::Barrier;
}

// while syncthreads_or(p):        while True:
//     ...                             barrier(%vote) -> %votes; if not %votes: break
//                                     ...
ir::ExprPtr vote_at_each_turn(ir::ExprPtr condition, ir::Block head, ir::Block& body) {
  const Span span = condition->span;
  auto leave = std::make_unique<ir::Stmt>();
  leave->kind = ir::StmtKind::Break;
  leave->span = span;
  auto test = std::make_unique<ir::Stmt>();
  test->kind = ir::StmtKind::If;
  test->span = span;
  test->value = make_expr(ir::ExprKind::Unary, span, std::move(condition));
  test->value->unary_op = ir::UnaryOp::Not;
  test->body.push_back(std::move(leave));
  head.push_back(std::move(test));
  for (ir::StmtPtr& made : body) head.push_back(std::move(made));
  body = std::move(head);
  return make_integer(1, span);
}

}  // namespace

void FunctionLowering::lower_while(const syntax::Stmt& stmt) {
  enter_loop(stmt);
  const Flow at_test = flow_;
  ir::Block head;
  ir::Block* const outer = std::exchange(block_, &head);
  ir::ExprPtr condition = lower_vote(stmt.value);
  if (!condition) condition = lower(stmt.value);
  block_ = outer;
  ++loop_depth_;
  ir::Block body = lower_block(stmt.body);
  --loop_depth_;
  if (std::any_of(head.begin(), head.end(), is_barrier)) {
    if (!stmt.else_body.empty()) {
      error("barrier-in-expression", stmt.value.span,
            "a loop whose condition is a barrier cannot have an `else`",
            "call it on a line of its own before the loop, and at the end of its body");
    }
    condition = vote_at_each_turn(std::move(condition), std::move(head), body);
  } else {
    for (ir::StmtPtr& made : head) block_->push_back(std::move(made));
  }
  flow_ = at_test;
  ir::Block else_body = lower_block(stmt.else_body);
  join(at_test);  // a break leaves past the `else`
  ir::Stmt& result = emit(ir::StmtKind::While, stmt.span);
  result.value = std::move(condition);
  result.body = std::move(body);
  result.else_body = std::move(else_body);
}

void FunctionLowering::lower_return(const syntax::Stmt& stmt) {
  const bool has_value = !stmt.value.absent() && stmt.value.kind != ExprKind::None;
  ir::ExprPtr value;
  const bool is_function =
      stmt.value.kind == ExprKind::Lambda ||
      (stmt.value.kind == ExprKind::Name && flow_.functions.contains(stmt.value.text));
  if (is_function) {
    value =
        error("function-value", stmt.value.span, "a function cannot be returned in a kernel",
              "call it here and return what it gives, or hand it to the function that calls it");
  } else if (has_value) {
    value = lower(stmt.value);
  }
  if (has_value && index_ == 0) {
    error(
        "kernel-returns-value", stmt.value.span,
        "a kernel returns nothing: its threads have nobody to return to",
        "store the value in an array argument, such as `Y[idx] = ...`, and write `return` alone to "
        "end the thread");
    value = nullptr;
  }
  emit(ir::StmtKind::Return, stmt.span).value = std::move(value);
  flow_.reachable = false;
}

void FunctionLowering::lower_refused(const syntax::Stmt& stmt) {
  // The first line says what it is; its body may be long.
  Span span = stmt.span;
  if (!stmt.body.empty() || stmt.text == "Decorated" || stmt.text == "ClassDef" ||
      stmt.text == "Match") {
    span.end_line = span.line;
    span.end_column = span.column + 1;
    const char* const keyword = stmt.text == "Decorated"  ? "def"
                                : stmt.text == "ClassDef" ? "class"
                                : stmt.text == "Match"    ? "match"
                                : stmt.text == "With"     ? "with"
                                : stmt.text == "Try"      ? "try"
                                                          : "";
    span.end_column =
        span.column + static_cast<int>(std::max<size_t>(1, std::string_view(keyword).size()));
  }
  refuse(stmt.text, span);
  for (const std::string& name : stmt.names) mark_assigned(name);
  // Nothing of it will be compiled; what it would have assigned counts as assigned.
  for (const auto& [name, place] : bound_names(stmt.body).variables) mark_assigned(name);
  ir::Block ignored = lower_block(stmt.body);
  flow_.reachable = true;
}

}  // namespace cudapy::frontend
