#include "transform/near_progressions.h"

namespace cudapy::transform {

using namespace ir;

NearProgressions::NearProgressions(const Function& function) : variables_(function.locals.size()) {
  block(function.body);
}

void NearProgressions::block(const Block& block) {
  for (const StmtPtr& stmt : block) statement(*stmt);
}

void NearProgressions::statement(const Stmt& stmt) {
  if (stmt.value) inside(*stmt.value);
  for (const ExprPtr& operand : stmt.operands) inside(*operand);
  if (stmt.kind == StmtKind::Assign) {
    variable(stmt.local).values.push_back(stmt.value.get());
  } else if (stmt.kind == StmtKind::For) {
    // A counter moves on by what its threads share, or it is none of these.
    const bool together = stmt.operands[2]->shape == Shape::Uniform;
    for (const LocalId counter : {stmt.local, stmt.counter}) {
      if (counter == kNoLocal) continue;
      variable(counter).values.push_back(stmt.operands[0].get());
      variable(counter).is_other |= !together;
    }
  } else if (stmt.kind == StmtKind::Return && !frames_.empty()) {
    const Expr& frame = *frames_.back();
    if (frame.local != kNoLocal && stmt.value)
      variable(frame.local).values.push_back(stmt.value.get());
    for (size_t i = 0; i < stmt.operands.size(); ++i)
      variable(frame.results[i]).values.push_back(stmt.operands[i].get());
  } else if (stmt.local != kNoLocal) {
    variable(stmt.local).is_other = true;
  }
  block(stmt.body);
  block(stmt.else_body);
}

void NearProgressions::inside(const Expr& expr) {
  for (const ExprPtr& operand : expr.operands) inside(*operand);
  if (expr.is_frame) frames_.push_back(&expr);
  block(expr.body);
  if (expr.is_frame) frames_.pop_back();
}

// Of two values, of which one or the other is taken.
NearProgressions::Kind NearProgressions::either(Kind a, Kind b) {
  if (a == Kind::Other || b == Kind::Other) return Kind::Other;
  return a == Kind::Near || b == Kind::Near ? Kind::Near : Kind::Other;
}

NearProgressions::Kind NearProgressions::kind_of(const Expr& expr) {
  if (!is_integer(expr.type)) return Kind::Other;
  if (expr.shape == Shape::Uniform) return Kind::Uniform;
  if (expr.shape == Shape::Linear) return expr.stride == 1 ? Kind::Near : Kind::Other;
  switch (expr.kind) {
    case ExprKind::Local:
      return kind_of(expr.local);
    case ExprKind::Cast:
    case ExprKind::Bound:
      return kind_of(*expr.operands[0]);
    case ExprKind::Select:
      return either(kind_of(*expr.operands[1]), kind_of(*expr.operands[2]));
    case ExprKind::Sequence:
      if (!expr.operands.empty()) return kind_of(*expr.operands[0]);
      return expr.local != kNoLocal ? kind_of(expr.local) : Kind::Other;
    case ExprKind::Binary:
      return kind_of_binary(expr);
    default:
      return Kind::Other;
  }
}

NearProgressions::Kind NearProgressions::kind_of_binary(const Expr& expr) {
  const Kind a = kind_of(*expr.operands[0]);
  const Kind b = kind_of(*expr.operands[1]);
  const bool moved = a == Kind::Near && b == Kind::Uniform;
  switch (expr.binary_op) {
    case BinaryOp::Minimum:
    case BinaryOp::Maximum:
      return either(a, b);
    case BinaryOp::Add:
    case BinaryOp::BitAnd:
      return moved || (a == Kind::Uniform && b == Kind::Near) ? Kind::Near : Kind::Other;
    case BinaryOp::Subtract:
    case BinaryOp::Modulo:
      return moved ? Kind::Near : Kind::Other;
    default:
      return Kind::Other;
  }
}

// What is assigned in terms of the variable itself, `i += step`, is as near as the rest.
NearProgressions::Kind NearProgressions::kind_of(LocalId local) {
  Variable& of = variable(local);
  if (of.is_known) return of.kind;
  if (of.in_progress) return Kind::Near;
  of.in_progress = true;
  bool starts_near = false;
  bool is_near = !of.is_other && !of.values.empty();
  for (const Expr* value : of.values) {
    const Kind kind = is_near ? kind_of(*value) : Kind::Other;
    is_near = is_near && kind != Kind::Other;
    starts_near = starts_near || kind == Kind::Near;
  }
  of.in_progress = false;
  of.is_known = true;
  of.kind = is_near && starts_near ? Kind::Near : Kind::Other;
  return of.kind;
}

}  // namespace cudapy::transform
