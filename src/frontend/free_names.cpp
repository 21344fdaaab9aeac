// Walks a function's body for reads, and takes away what the function binds.
#include "frontend/free_names.h"

#include <algorithm>
#include <set>
#include <span>

#include "frontend/bound_names.h"

namespace cudapy::frontend {
namespace {

class Reads {
 public:
  explicit Reads(const syntax::FunctionDef& definition)
      : bound_(bound_names(definition.body)), definition_(definition) {
    block(definition.body);
  }

  std::vector<std::string> take() { return std::move(names_); }

 private:
  [[nodiscard]] bool is_own(const std::string& name) const {
    if (bound_.variables.contains(name) || bound_.refused.contains(name)) return true;
    const auto& parameters = definition_.parameters;
    return std::any_of(parameters.begin(), parameters.end(),
                       [&](const syntax::Parameter& p) { return p.name == name; });
  }

  void add(const std::string& name) {
    if (!is_own(name) && seen_.insert(name).second) names_.push_back(name);
  }

  void nested(const syntax::FunctionDef& inner) {
    for (const std::string& name : free_names(inner)) add(name);
    for (const syntax::Parameter& parameter : inner.parameters) expression(parameter.default_value);
  }

  void expression(const syntax::Expr& expr) {
    if (expr.kind == syntax::ExprKind::Name) add(expr.text);
    if (expr.definition) nested(*expr.definition);
    for (const syntax::Expr& operand : expr.operands) expression(operand);
  }

  void block(std::span<const syntax::Stmt> body) {
    for (const syntax::Stmt& stmt : body) {
      for (const syntax::Expr& target : stmt.targets) expression(target);
      expression(stmt.value);
      if (stmt.definition) nested(*stmt.definition);
      block(stmt.body);
      block(stmt.else_body);
    }
  }

  BoundNames bound_;
  const syntax::FunctionDef& definition_;
  std::set<std::string> seen_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> free_names(const syntax::FunctionDef& definition) {
  return Reads(definition).take();
}

}  // namespace cudapy::frontend
