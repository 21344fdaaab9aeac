// Depth first over the calls of each function: programs have few of them.
#include "ir/call_cycles.h"

#include <set>

namespace cudapy::ir {

namespace {

void visit_calls(const Expr& expr, const std::function<void(const Expr&)>& visit) {
  for (const ExprPtr& operand : expr.operands) visit_calls(*operand, visit);
  for_each_call(expr.body, visit);
  if (expr.kind == ExprKind::Call) visit(expr);
}

void mark(size_t function, const std::vector<std::set<size_t>>& callees, std::vector<bool>& found) {
  for (const size_t callee : callees[function]) {
    if (found[callee]) continue;
    found[callee] = true;
    mark(callee, callees, found);
  }
}

}  // namespace

void for_each_call(const Block& block, const std::function<void(const Expr&)>& visit) {
  for (const StmtPtr& stmt : block) {
    if (stmt->value) visit_calls(*stmt->value, visit);
    for (const ExprPtr& operand : stmt->operands) visit_calls(*operand, visit);
    for_each_call(stmt->body, visit);
    for_each_call(stmt->else_body, visit);
  }
}

std::vector<std::vector<bool>> reachable_functions(const Program& program) {
  const size_t count = program.functions.size();
  std::vector<std::set<size_t>> callees(count);
  for (size_t i = 0; i < count; ++i) {
    for_each_call(program.functions[i].body,
                  [&](const Expr& call) { callees[i].insert(static_cast<size_t>(call.callee)); });
  }
  std::vector<std::vector<bool>> reached(count, std::vector<bool>(count));
  for (size_t i = 0; i < count; ++i) mark(i, callees, reached[i]);
  return reached;
}

std::vector<bool> functions_in_cycles(const Program& program) {
  const std::vector<std::vector<bool>> reached = reachable_functions(program);
  std::vector<bool> result(reached.size());
  for (size_t i = 0; i < reached.size(); ++i) result[i] = reached[i][i];
  return result;
}

}  // namespace cudapy::ir
