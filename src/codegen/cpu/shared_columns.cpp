#include "codegen/cpu/shared_columns.h"

#include <algorithm>

#include "ir/each_expression.h"
#include "ir/liveness.h"

namespace cudapy::codegen::cpu {

namespace {

using namespace ir;

class SharedColumns {
 public:
  explicit SharedColumns(const Function& kernel) : kernel_(kernel), of_rows_(kernel.locals.size()) {
    do {
      changed_ = false;
      look_for_rows(kernel.body);
    } while (changed_);
  }

  [[nodiscard]] bool block(const Block& statements, bool in_loop) const {
    return std::ranges::any_of(statements, [&](const StmtPtr& stmt) {
      const bool loops = stmt->kind == StmtKind::For || stmt->kind == StmtKind::While;
      return (stmt->value && expression(*stmt->value, in_loop || loops)) ||
             std::ranges::any_of(
                 stmt->operands,
                 [&](const ExprPtr& operand) { return expression(*operand, in_loop); }) ||
             block(stmt->body, in_loop || loops) || block(stmt->else_body, in_loop);
    });
  }

 private:
  [[nodiscard]] bool expression(const Expr& expr, bool in_loop) const {
    if (in_loop && expr.kind == ExprKind::Load && is_of_column(expr)) return true;
    return block(expr.body, in_loop) ||
           std::ranges::any_of(expr.operands, [&](const ExprPtr& operand) {
             return expression(*operand, in_loop);
           });
  }

  [[nodiscard]] bool is_of_column(const Expr& load) const {
    if (kernel_.locals[static_cast<size_t>(load.operands[0]->local)].storage != Storage::Value)
      return false;
    bool varies = false;
    for (size_t i = 1; i < load.operands.size(); ++i) {
      varies = varies || load.operands[i]->shape != Shape::Uniform;
      if (is_of_row(*load.operands[i])) return false;
    }
    return varies;
  }

  // Whether an expression depends on y or z.
  [[nodiscard]] bool is_of_row(const Expr& expr) const {
    bool found = false;
    each_expression(expr, [&](const Expr& part) {
      if (part.kind == ExprKind::Local) found = found || of_rows_.contains(part.local);
      if (part.kind == ExprKind::ThreadIndex) found = found || is_along_rows(part.thread_index);
    });
    return found;
  }

  static bool is_along_rows(ThreadIndex index) {
    return index == ThreadIndex::Idy || index == ThreadIndex::Idz ||
           index == ThreadIndex::ThreadIdxY || index == ThreadIndex::ThreadIdxZ ||
           index == ThreadIndex::BlockIdxY || index == ThreadIndex::BlockIdxZ;
  }

  void look_for_rows(const Block& statements) {
    for (const StmtPtr& stmt : statements) {
      if (stmt->value) look_for_rows(stmt->value->body);
      const bool is_given =
          (stmt->value && is_of_row(*stmt->value)) ||
          (stmt->kind == StmtKind::For &&
           std::ranges::any_of(stmt->operands, [&](auto& operand) { return is_of_row(*operand); }));
      for (const LocalId local : {stmt->local, stmt->counter}) {
        if (!is_given || local == kNoLocal || of_rows_.contains(local)) continue;
        of_rows_.insert(local);
        changed_ = true;
      }
      look_for_rows(stmt->body);
      look_for_rows(stmt->else_body);
    }
  }

  const Function& kernel_;
  LocalSet of_rows_;
  bool changed_ = false;
};

}  // namespace

bool shares_columns(const Function& kernel) {
  return SharedColumns(kernel).block(kernel.body, false);
}

}  // namespace cudapy::codegen::cpu
