// Depth first over the calls; each function is measured once.
#include "ir/nesting.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace cudapy::ir {
namespace {

class Measure {
 public:
  explicit Measure(const Program& program) : program_(program), known_(program.functions.size()) {}

  Nesting function(size_t index) {
    if (known_[index]) return *known_[index];
    known_[index] = Nesting{};  // while it is measured: a call from inside
    const Nesting inside = block(program_.functions[index].body);
    known_[index] = Nesting{inside.levels + 1, inside.calls + 1};
    return *known_[index];
  }

 private:
  static void raise(Nesting& deepest, const Nesting& other) {
    deepest.levels = std::max(deepest.levels, other.levels);
    deepest.calls = std::max(deepest.calls, other.calls);
  }

  Nesting block(const Block& block) {
    Nesting deepest;
    for (const StmtPtr& stmt : block) {
      if (stmt->value) raise(deepest, expr(*stmt->value));
      for (const ExprPtr& operand : stmt->operands) raise(deepest, expr(*operand));
      raise(deepest, this->block(stmt->body));
      raise(deepest, this->block(stmt->else_body));
    }
    ++deepest.levels;
    return deepest;
  }

  Nesting expr(const Expr& expr) {
    Nesting deepest;
    for (const ExprPtr& operand : expr.operands) raise(deepest, this->expr(*operand));
    if (!expr.body.empty()) raise(deepest, block(expr.body));
    if (expr.kind == ExprKind::Call) raise(deepest, function(static_cast<size_t>(expr.callee)));
    ++deepest.levels;
    return deepest;
  }

  const Program& program_;
  std::vector<std::optional<Nesting>> known_;
};

}  // namespace

Nesting nesting(const Program& program) {
  return Measure(program).function(0);
}

}  // namespace cudapy::ir
