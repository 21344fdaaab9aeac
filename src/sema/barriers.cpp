#include "sema/barriers.h"

#include <algorithm>

namespace cudapy::sema {

namespace {

using namespace ir;

class BarrierCheck {
 public:
  BarrierCheck(const Program& program, Diagnostics& diagnostics)
      : program_(program),
        diagnostics_(diagnostics),
        states_(program.functions.size(), State::Unknown) {}

  void run() {
    for (size_t i = 0; i < program_.functions.size(); ++i) {
      const bool returns_matter = i > 0 && waits(static_cast<int32_t>(i));
      block(program_.functions[i].body, returns_matter, /*in_loop=*/false);
    }
  }

 private:
  enum class State : uint8_t { Unknown, Open, Waits, Free };

  // Whether a function has a barrier, or calls one that has.
  bool waits(int32_t index) {
    State& state = states_[static_cast<size_t>(index)];
    if (state == State::Unknown) {
      state = State::Open;
      const bool found = waits(program_.functions[static_cast<size_t>(index)].body);
      states_[static_cast<size_t>(index)] = found ? State::Waits : State::Free;
      return found;
    }
    return state == State::Waits;
  }

  bool waits(const Block& block) {
    return std::any_of(block.begin(), block.end(), [&](const StmtPtr& stmt) {
      return stmt->kind == StmtKind::Barrier || (stmt->value && waits(*stmt->value)) ||
             std::any_of(stmt->operands.begin(), stmt->operands.end(),
                         [&](const ExprPtr& operand) { return waits(*operand); }) ||
             waits(stmt->body) || waits(stmt->else_body);
    });
  }

  bool waits(const Expr& expr) {
    if (expr.kind == ExprKind::Call && waits(expr.callee)) return true;
    return waits(expr.body) || std::any_of(expr.operands.begin(), expr.operands.end(),
                                           [&](const ExprPtr& operand) { return waits(*operand); });
  }

  void block(const Block& statements, bool returns_matter, bool in_loop) {
    for (const StmtPtr& stmt : statements) {
      if (returns_matter && in_loop && stmt->kind == StmtKind::Return) {
        diagnostics_.error("barrier-helper", stmt->span,
                           "a function with a barrier cannot return from inside a loop",
                           "leave the loop with `break`, and return after it");
      }
      if (stmt->value) value(*stmt, *stmt->value);
      for (const ExprPtr& operand : stmt->operands) nested(*operand);
      const bool loop = stmt->kind == StmtKind::While || stmt->kind == StmtKind::For;
      block(stmt->body, returns_matter, in_loop || loop);
      block(stmt->else_body, returns_matter, in_loop);
    }
  }

  // What a statement is about may be the call of a function with a barrier; no part of it may.
  void value(const Stmt& stmt, const Expr& expr) {
    const bool alone = expr.kind == ExprKind::Call &&
                       (stmt.kind == StmtKind::Assign || stmt.kind == StmtKind::Evaluate ||
                        stmt.kind == StmtKind::Return);
    if (!alone) return nested(expr);
    for (const ExprPtr& operand : expr.operands) nested(*operand);
  }

  void nested(const Expr& expr) {
    if (expr.kind == ExprKind::Call && waits(expr.callee)) {
      const std::string& name = program_.functions[static_cast<size_t>(expr.callee)].name;
      diagnostics_.error("barrier-helper", expr.span,
                         "`" + name + "` has a barrier, and is called inside an expression",
                         "assign its result to a variable of the same type on a line of its own");
    }
    for (const ExprPtr& operand : expr.operands) nested(*operand);
    block(expr.body, /*returns_matter=*/false, /*in_loop=*/false);
  }

  const Program& program_;
  Diagnostics& diagnostics_;
  std::vector<State> states_;
};

}  // namespace

void check_barriers(const Program& typed, Diagnostics& diagnostics) {
  BarrierCheck(typed, diagnostics).run();
}

}  // namespace cudapy::sema
