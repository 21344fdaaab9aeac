// A walk of the function, repeated until nothing changes: variables only go from uniform to
// varying.
#include "transform/block_uniform.h"

#include <algorithm>

namespace cudapy::transform {

using namespace ir;

BlockUniform::BlockUniform(const Function& function) : varies_(function.locals.size(), false) {
  do {
    changed_ = false;
    block(function.body, true);
  } while (changed_);
}

bool BlockUniform::is_uniform(const Expr& expr) const {
  switch (expr.kind) {
    case ExprKind::Local:
      return is_uniform(expr.local);
    case ExprKind::ThreadIndex:
      return expr.thread_index >= ThreadIndex::BlockIdxX;
    case ExprKind::Constant:
    case ExprKind::Unary:
    case ExprKind::Binary:
    case ExprKind::Compare:
    case ExprKind::And:
    case ExprKind::Or:
    case ExprKind::Select:
    case ExprKind::Cast:
    case ExprKind::Math:
      return std::all_of(expr.operands.begin(), expr.operands.end(),
                         [&](const ExprPtr& operand) { return is_uniform(*operand); });
    case ExprKind::Len:
    case ExprKind::Stride:
      return true;
    // Threads read memory at different times, and a function's paths are not followed.
    default:
      return false;
  }
}

void BlockUniform::block(const Block& block, bool together) {
  for (const StmtPtr& stmt : block) statement(*stmt, together);
}

void BlockUniform::statement(const Stmt& stmt, bool together) {
  if (stmt.value) sequences(*stmt.value, together);
  for (const ExprPtr& operand : stmt.operands) sequences(*operand, together);
  switch (stmt.kind) {
    case StmtKind::Assign:
      return assign(stmt.local, together && is_uniform(*stmt.value));
    case StmtKind::If: {
      const bool same = together && (stmt.block_level || is_uniform(*stmt.value));
      block(stmt.body, same);
      return block(stmt.else_body, same);
    }
    case StmtKind::While:
    case StmtKind::For:
      return loop(stmt, together);
    case StmtKind::Break:
    case StmtKind::Continue:
      if (!together && !loops_.empty() &&
          std::find(parted_.begin(), parted_.end(), loops_.back()) == parted_.end()) {
        parted_.push_back(loops_.back());
        changed_ = true;
      }
      return;
    case StmtKind::Region:
      return block(stmt.body, together);
    default:
      return;
  }
}

void BlockUniform::loop(const Stmt& stmt, bool together) {
  bool same = stmt.block_level;
  if (!same && stmt.kind == StmtKind::While) same = is_uniform(*stmt.value);
  if (!same && stmt.kind == StmtKind::For) {
    same = std::all_of(stmt.operands.begin(), stmt.operands.end(),
                       [&](const ExprPtr& operand) { return is_uniform(*operand); });
  }
  const bool parted = std::find(parted_.begin(), parted_.end(), &stmt) != parted_.end();
  same = same && together && !parted;
  if (stmt.kind == StmtKind::For) {
    assign(stmt.local, same);
    if (stmt.counter != kNoLocal) assign(stmt.counter, same);
  }
  loops_.push_back(&stmt);
  block(stmt.body, same);
  loops_.pop_back();
  block(stmt.else_body, same);
}

void BlockUniform::sequences(const Expr& expr, bool together) {
  for (const ExprPtr& operand : expr.operands) sequences(*operand, together);
  for (const LocalId result : expr.results) assign(result, false);
  if (expr.kind != ExprKind::Sequence) return;
  if (expr.local != kNoLocal) assign(expr.local, false);
  std::vector<const Stmt*> outer;
  loops_.swap(outer);
  block(expr.body, together && !expr.is_frame);
  loops_.swap(outer);
}

void BlockUniform::assign(LocalId local, bool uniform) {
  if (uniform || varies_[static_cast<size_t>(local)]) return;
  varies_[static_cast<size_t>(local)] = true;
  changed_ = true;
}

}  // namespace cudapy::transform
