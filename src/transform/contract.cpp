#include "transform/contract.h"

namespace cudapy::transform {

namespace {

using namespace ir;

void contract_block(Block& block);

bool is_product(const Expr& expr) {
  return expr.kind == ExprKind::Binary && expr.binary_op == BinaryOp::Multiply;
}

ExprPtr negated(ExprPtr operand) {
  auto negate = std::make_unique<Expr>();
  negate->kind = ExprKind::Unary;
  negate->unary_op = UnaryOp::Negate;
  negate->type = operand->type;
  negate->span = operand->span;
  negate->operands.push_back(std::move(operand));
  return negate;
}

// product + addend, with the product's left factor or the addend negated as asked.
void become_fma(Expr& expr, ExprPtr product, ExprPtr addend, bool negate_product,
                bool negate_addend) {
  ExprPtr a = std::move(product->operands[0]);
  ExprPtr b = std::move(product->operands[1]);
  expr.kind = ExprKind::Math;
  expr.math = MathFunction::Fma;
  expr.operands.clear();
  expr.operands.push_back(negate_product ? negated(std::move(a)) : std::move(a));
  expr.operands.push_back(std::move(b));
  expr.operands.push_back(negate_addend ? negated(std::move(addend)) : std::move(addend));
}

void contract_expr(Expr& expr) {
  for (ExprPtr& operand : expr.operands) contract_expr(*operand);
  contract_block(expr.body);
  bool add = expr.kind == ExprKind::Binary && expr.binary_op == BinaryOp::Add;
  bool subtract = expr.kind == ExprKind::Binary && expr.binary_op == BinaryOp::Subtract;
  if (!(add || subtract) || !is_float(expr.type)) return;
  ExprPtr& left = expr.operands[0];
  ExprPtr& right = expr.operands[1];
  if (is_product(*left)) {
    become_fma(expr, std::move(left), std::move(right), false, subtract);
  } else if (is_product(*right)) {
    become_fma(expr, std::move(right), std::move(left), subtract, false);
  }
}

void contract_block(Block& block) {
  for (StmtPtr& stmt : block) {
    if (stmt->value) contract_expr(*stmt->value);
    for (ExprPtr& operand : stmt->operands) contract_expr(*operand);
    contract_block(stmt->body);
    contract_block(stmt->else_body);
  }
}

}  // namespace

void contract(Function& function) {
  contract_block(function.body);
}

}  // namespace cudapy::transform
