#include "transform/single_assignments.h"

namespace cudapy::transform {

using namespace ir;

SingleAssignments::SingleAssignments(const Function& function)
    : parameters_(function.parameter_count),
      counts_(function.locals.size()),
      values_(function.locals.size()) {
  count(function.body);
}

void SingleAssignments::count(const Block& block) {
  for (const StmtPtr& stmt : block) {
    for (LocalId assigned : {stmt->local, stmt->counter}) {
      if (assigned == kNoLocal) continue;
      ++counts_[static_cast<size_t>(assigned)];
      values_[static_cast<size_t>(assigned)] =
          stmt->kind == StmtKind::Assign ? stmt->value.get() : nullptr;
    }
    if (stmt->value) count(*stmt->value);
    for (const ExprPtr& operand : stmt->operands) count(*operand);
    count(stmt->body);
    count(stmt->else_body);
  }
}

void SingleAssignments::count(const Expr& expr) {
  // A frame's result is assigned by its returns.
  if (expr.kind == ExprKind::Sequence && expr.local != kNoLocal)
    counts_[static_cast<size_t>(expr.local)] += 2;
  for (LocalId result : expr.results) counts_[static_cast<size_t>(result)] += 2;
  for (const ExprPtr& operand : expr.operands) count(*operand);
  count(expr.body);
}

}  // namespace cudapy::transform
