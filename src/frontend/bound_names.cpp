// Walks statements and the few expressions that bind names.
#include "frontend/bound_names.h"

namespace cudapy::frontend {
namespace {

using syntax::Expr;
using syntax::ExprKind;
using syntax::Stmt;
using syntax::StmtKind;

class Collector {
 public:
  explicit Collector(BoundNames& names) : names_(names) {}

  void block(std::span<const Stmt> body) {
    for (const Stmt& stmt : body) statement(stmt);
  }

 private:
  void target(const Expr& expr, bool refused) {
    switch (expr.kind) {
      case ExprKind::Name:
        if (refused)
          names_.refused.insert(expr.text);
        else
          names_.variables.emplace(expr.text, expr.span);
        return;
      case ExprKind::Tuple:
        for (const Expr& item : expr.operands) target(item, refused);
        return;
      case ExprKind::Unsupported:  // *rest
        for (const Expr& item : expr.operands) target(item, refused || expr.text != "Starred");
        return;
      default:
        expression(expr);
    }
  }

  void expression(const Expr& expr) {
    if (expr.kind == ExprKind::Unsupported && expr.text == "NamedExpr")
      target(expr.operands[0], true);
    for (const Expr& operand : expr.operands) expression(operand);
  }

  void statement(const Stmt& stmt) {
    const bool refused = stmt.kind == StmtKind::Unsupported;
    for (const Expr& item : stmt.targets) target(item, refused);
    for (const std::string& name : stmt.names) names_.refused.insert(name);
    if (stmt.definition) {
      names_.variables.emplace(stmt.definition->name, stmt.definition->span);
      names_.functions.insert(stmt.definition->name);
    }
    const bool names_lambda = stmt.kind == StmtKind::Assign && stmt.value.definition != nullptr;
    if (names_lambda && stmt.targets[0].kind == ExprKind::Name)
      names_.functions.insert(stmt.targets[0].text);
    expression(stmt.value);
    block(stmt.body);
    block(stmt.else_body);
  }

  BoundNames& names_;
};

}  // namespace

BoundNames bound_names(std::span<const syntax::Stmt> body) {
  BoundNames names;
  Collector(names).block(body);
  return names;
}

}  // namespace cudapy::frontend
