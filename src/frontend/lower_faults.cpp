// Lowering of `assert` and `raise`. Neither has a handler in a kernel: what is raised ends the
// launch. The message is put together after it, like what is printed.
//
//     assert c, f"got {x}"      if not c: raise AssertionError "got {0}" x
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

// The message of an exception, as str.format takes it, and the numbers in it.
std::string FunctionLowering::lower_message(const syntax::Expr& message,
                                            std::vector<ir::ExprPtr>& values) {
  if (message.absent() || message.kind == ExprKind::None) return {};
  std::string format = print_argument(message, values);
  if (values.size() > ir::kMostRaisedValues) {
    error("message", message.span,
          "the message of an exception in a kernel holds at most " +
              std::to_string(ir::kMostRaisedValues) + " values, not " +
              std::to_string(values.size()),
          "leave some out, or `print` them before");
    values.resize(ir::kMostRaisedValues);
  }
  return format;
}

void FunctionLowering::lower_assert(const syntax::Stmt& stmt) {
  ir::ExprPtr failed = make_expr(ir::ExprKind::Unary, stmt.value.span, lower(stmt.value));
  failed->unary_op = ir::UnaryOp::Not;
  auto raise = std::make_unique<ir::Stmt>();
  raise->message = lower_message(stmt.annotation, raise->operands);
  ir::Stmt& branch = emit(ir::StmtKind::If, stmt.span);
  branch.value = std::move(failed);
  raise->kind = ir::StmtKind::Raise;
  raise->span = stmt.span;
  raise->exception = "AssertionError";
  raise->is_assertion = true;
  branch.body.push_back(std::move(raise));
}

void FunctionLowering::lower_raise(const syntax::Stmt& stmt) {
  const bool is_call = stmt.value.kind == ExprKind::Call;
  const syntax::Expr& named = is_call ? stmt.value.operands[0] : stmt.value;
  flow_.reachable = false;
  if (named.absent() || named.kind == ExprKind::None) {
    error("raise", stmt.span, "a `raise` alone has nothing to raise in a kernel",
          "name the exception: `raise ValueError(\"...\")`");
    return;
  }
  if (!stmt.annotation.absent() && stmt.annotation.kind != ExprKind::None) {
    error("raise", stmt.annotation.span, "an exception of a kernel has no cause",
          "leave out `from` and what follows");
  }
  const auto path = path_of(named);
  const bool is_name = path && !is_variable(path->front()) && !is_poisoned(path->front());
  const Resolved found = is_name ? resolve(*path) : Resolved();
  if (found.kind == Resolved::Kind::Failed) return;
  if (is_name && found.kind == Resolved::Kind::NotFound) {
    value_of(found, named);
    return;
  }
  if (found.kind != Resolved::Kind::Exception || found.consumed + 1 != path->size()) {
    error("raise", named.span, "a kernel raises Python's own exceptions that are made of a text",
          "use ValueError, IndexError, RuntimeError or another of them");
    return;
  }
  std::string message;
  std::vector<ir::ExprPtr> values;
  if (is_call) {
    const size_t arguments = stmt.value.operands.size() - 1;
    if (!stmt.value.keywords.empty() || arguments > 1) {
      error("raise", stmt.value.span, "an exception of a kernel takes one text",
            "write `raise " + found.description + "(\"...\")`");
      return;
    }
    if (arguments == 1) message = lower_message(stmt.value.operands[1], values);
  }
  ir::Stmt& raise = emit(ir::StmtKind::Raise, stmt.span);
  raise.exception = found.description;
  raise.message = std::move(message);
  raise.operands = std::move(values);
}

}  // namespace cudapy::frontend
