// Makers of the untyped tree's nodes.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

ir::ExprPtr make_expr(ir::ExprKind kind, Span span) {
  auto expr = std::make_unique<ir::Expr>();
  expr->kind = kind;
  expr->span = span;
  return expr;
}

ir::ExprPtr make_expr(ir::ExprKind kind, Span span, ir::ExprPtr first) {
  ir::ExprPtr expr = make_expr(kind, span);
  expr->operands.push_back(std::move(first));
  return expr;
}

ir::ExprPtr make_expr(ir::ExprKind kind, Span span, ir::ExprPtr first, ir::ExprPtr second) {
  ir::ExprPtr expr = make_expr(kind, span, std::move(first));
  expr->operands.push_back(std::move(second));
  return expr;
}

ir::ExprPtr make_integer(int64_t value, Span span) {
  ir::ExprPtr expr = make_expr(ir::ExprKind::Constant, span);
  expr->constant.integer = value;
  return expr;
}

ir::ExprPtr make_constant(const ir::ConstantValue& value, const ir::Type& type, Span span) {
  ir::ExprPtr expr = make_expr(ir::ExprKind::Constant, span);
  expr->constant = value;
  expr->type = type;
  return expr;
}

ir::ExprPtr make_local(ir::LocalId local, Span span) {
  ir::ExprPtr expr = make_expr(ir::ExprKind::Local, span);
  expr->local = local;
  return expr;
}

ir::ExprPtr make_binary(ir::BinaryOp op, Span span, ir::ExprPtr left, ir::ExprPtr right) {
  ir::ExprPtr expr = make_expr(ir::ExprKind::Binary, span, std::move(left), std::move(right));
  expr->binary_op = op;
  return expr;
}

ir::ExprPtr make_builtin(ir::Builtin builtin, Span span, std::vector<ir::ExprPtr> operands) {
  ir::ExprPtr expr = make_expr(ir::ExprKind::CallBuiltin, span);
  expr->builtin = builtin;
  expr->operands = std::move(operands);
  return expr;
}

namespace {

int cost_of(const ir::Expr& expr) {
  constexpr int kDear = 1000;
  switch (expr.kind) {
    case ir::ExprKind::Constant:
    case ir::ExprKind::Local:
    case ir::ExprKind::ThreadIndex:
      return 1;
    case ir::ExprKind::Unary:
      return 1 + cost_of(*expr.operands[0]);
    case ir::ExprKind::Binary:
      if (expr.binary_op != ir::BinaryOp::Add && expr.binary_op != ir::BinaryOp::Subtract &&
          expr.binary_op != ir::BinaryOp::Multiply) {
        return kDear;
      }
      return 1 + cost_of(*expr.operands[0]) + cost_of(*expr.operands[1]);
    default:
      return kDear;
  }
}

}  // namespace

bool is_cheap(const ir::Expr& expr) {
  return cost_of(expr) <= 5;
}

}  // namespace cudapy::frontend
