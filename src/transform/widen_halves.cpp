// a + b of float16 becomes float16(float32(a) + float32(b)). See widen_halves.h.
#include "transform/widen_halves.h"

#include <memory>
#include <utility>
#include <vector>

namespace cudapy::transform {

using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

namespace {

constexpr Type kFloat32 = Type::of(ir::Scalar::F32);

ExprPtr cast(ExprPtr operand, const Type& type) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Cast;
  expr->type = type;
  expr->span = operand->span;
  expr->operands.push_back(std::move(operand));
  return expr;
}

// Computes with the values of its operands.
bool computes(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Unary:
    case ExprKind::Binary:
    case ExprKind::Compare:
    case ExprKind::Math:
      return true;
    case ExprKind::Intrinsic:
      return !ir::is_view(expr.intrinsic);
    default:
      return false;
  }
}

void widen_all(std::vector<ExprPtr>& operands) {
  for (ExprPtr& operand : operands) {
    if (ir::is_half(operand->type)) operand = cast(std::move(operand), kFloat32);
  }
}

void widen(ir::Block& block);

void widen(ExprPtr& expr) {
  for (ExprPtr& operand : expr->operands) widen(operand);
  widen(expr->body);
  if (!computes(*expr)) return;
  widen_all(expr->operands);
  if (!ir::is_half(expr->type)) return;
  const Type type = std::exchange(expr->type, kFloat32);
  expr = cast(std::move(expr), type);
}

void widen(ir::Block& block) {
  for (ir::StmtPtr& stmt : block) {
    if (stmt->value) widen(stmt->value);
    for (ExprPtr& operand : stmt->operands) widen(operand);
    widen(stmt->body);
    widen(stmt->else_body);
  }
}

}  // namespace

void widen_halves(ir::Function& function) {
  widen(function.body);
}

}  // namespace cudapy::transform
