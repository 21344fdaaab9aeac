// Depth first over the calls of each function: programs have few of them.
#include "ir/call_cycles.h"

#include <algorithm>
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

// Tarjan's strongly connected components of the graph of calls.
class Components {
 public:
  explicit Components(const Program& program)
      : callees_(program.functions.size()),
        number_(program.functions.size()),
        lowest_(program.functions.size()),
        is_open_(program.functions.size()),
        in_cycles_(program.functions.size()) {
    for (size_t i = 0; i < callees_.size(); ++i) {
      for_each_call(program.functions[i].body, [&](const Expr& call) {
        callees_[i].push_back(static_cast<size_t>(call.callee));
      });
    }
    for (size_t i = 0; i < callees_.size(); ++i) {
      if (number_[i] == 0) visit(i);
    }
  }

  [[nodiscard]] const std::vector<bool>& in_cycles() const { return in_cycles_; }

 private:
  void visit(size_t function) {
    number_[function] = lowest_[function] = ++visited_;
    is_open_[function] = true;
    open_.push_back(function);
    for (const size_t callee : callees_[function]) {
      if (number_[callee] == 0) visit(callee);
      if (is_open_[callee]) lowest_[function] = std::min(lowest_[function], lowest_[callee]);
      if (callee == function) in_cycles_[function] = true;
    }
    if (lowest_[function] == number_[function]) close(function);
  }

  void close(size_t first) {
    const bool is_cycle = open_.back() != first;
    for (bool more = true; more;) {
      const size_t function = open_.back();
      open_.pop_back();
      is_open_[function] = false;
      if (is_cycle) in_cycles_[function] = true;
      more = function != first;
    }
  }

  std::vector<std::vector<size_t>> callees_;
  std::vector<size_t> number_;  // in the order of the first visit; 0: not visited
  std::vector<size_t> lowest_;
  std::vector<bool> is_open_;
  std::vector<size_t> open_;
  std::vector<bool> in_cycles_;
  size_t visited_ = 0;
};

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
  return Components(program).in_cycles();
}

}  // namespace cudapy::ir
