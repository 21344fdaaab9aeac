// Comparisons that the typed tree needs beside the user's, and what is raised where they hold.
#include "sema/builder.h"

namespace cudapy::sema {

using ir::CompareOp;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::StmtKind;
using ir::StmtPtr;

ExprPtr Builder::compare_node(CompareOp op, ExprPtr a, ExprPtr b) {
  ExprPtr test = node(ExprKind::Compare, kBool, a->span);
  test->compare_op = op;
  test->operands.push_back(std::move(a));
  test->operands.push_back(std::move(b));
  return test;
}

ExprPtr Builder::compare_with(CompareOp op, const Expr& value, int64_t constant) {
  return compare_node(op, ir::clone(value), number(weak_integer(constant), value.type, value.span));
}

ExprPtr Builder::either(ExprPtr a, ExprPtr b) {
  ExprPtr test = node(ExprKind::Or, kBool, a->span);
  test->operands.push_back(std::move(a));
  test->operands.push_back(std::move(b));
  return test;
}

// Whether an index, which may count from the end, is that of element `i` of `count`.
ExprPtr Builder::is_position(const Expr& index, int64_t i, int64_t count) {
  return either(compare_with(CompareOp::Equal, index, i),
                compare_with(CompareOp::Equal, index, i - count));
}

StmtPtr Builder::raise_outside_of_tuple(const Expr& index, int64_t count, Span span) {
  return raise_if(either(compare_with(CompareOp::Less, index, -count),
                         compare_with(CompareOp::GreaterEqual, index, count)),
                  raise("IndexError", "tuple index out of range", span));
}

// As an assertion: not in kernels without checks.
StmtPtr Builder::raise(const char* exception, std::string message, Span span) {
  auto made = std::make_unique<ir::Stmt>();
  made->kind = StmtKind::Raise;
  made->span = span;
  made->exception = exception;
  made->message = std::move(message);
  made->is_assertion = true;
  return made;
}

StmtPtr Builder::raise_if(ExprPtr condition, StmtPtr raise) {
  auto test = std::make_unique<ir::Stmt>();
  test->kind = StmtKind::If;
  test->span = raise->span;
  test->value = std::move(condition);
  test->body.push_back(std::move(raise));
  return test;
}

}  // namespace cudapy::sema
