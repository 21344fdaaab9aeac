#include "transform/typed_nodes.h"

#include <utility>

namespace cudapy::transform {

using namespace ir;

ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Binary;
  expr->binary_op = op;
  expr->type = a->type;
  expr->span = a->span;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

ExprPtr integer(int64_t value, Type type) {
  auto expr = std::make_unique<Expr>();
  expr->type = type;
  expr->constant.integer = value;
  return expr;
}

ExprPtr widened(ExprPtr expr) {
  if (!expr) return integer(0, kInt64);
  if (expr->type == kInt64) return expr;
  auto cast = std::make_unique<Expr>();
  cast->kind = ExprKind::Cast;
  cast->type = kInt64;
  cast->span = expr->span;
  cast->operands.push_back(std::move(expr));
  return cast;
}

}  // namespace cudapy::transform
