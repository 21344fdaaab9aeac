// Bottom up over expressions and statements, twice where the first walk has found locals that hold
// one constant for good.
#include "transform/fold.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "ir/control_flow.h"
#include "transform/fold_expressions.h"

namespace cudapy::transform {

using ir::Block;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Function;
using ir::kNoLocal;
using ir::LocalId;
using ir::Stmt;
using ir::StmtKind;
using ir::StmtPtr;

namespace {

class Folder {
 public:
  explicit Folder(Function& function)
      : function_(function), expressions_(function, ExpressionFolder::Stage::BeforeContraction) {}

  void run() {
    fold(function_.body);
    // Each walk may turn the value of a further local into a constant; a chain longer than this is
    // left to LLVM.
    for (int walk = 0; walk < 3 && find_constants(); ++walk) fold(function_.body);
  }

 private:
  // Locals that are assigned once, by a constant. Every read comes after it: sema makes a second
  // assignment, of zero, where one might not.
  bool find_constants() {
    const size_t count = function_.locals.size();
    assignments_.assign(count, 0);
    values_.assign(count, nullptr);
    for (int32_t i = 0; i < function_.parameter_count; ++i)
      assignments_[static_cast<size_t>(i)] = 1;
    count_assignments(function_.body);
    std::vector<ExprPtr>& constants = expressions_.constants();
    constants.resize(count);
    bool found = false;
    for (size_t i = 0; i < count; ++i) {
      if (assignments_[i] != 1 || !values_[i] || values_[i]->kind != ExprKind::Constant ||
          constants[i])
        continue;
      constants[i] = ir::clone(*values_[i]);
      found = true;
    }
    return found;
  }

  void assigned(LocalId local, const Expr* value) {
    if (local == kNoLocal) return;
    ++assignments_[static_cast<size_t>(local)];
    values_[static_cast<size_t>(local)] = value;
  }

  void count_assignments(const Block& block) {
    for (const StmtPtr& stmt : block) {
      assigned(stmt->local, stmt->kind == StmtKind::Assign ? stmt->value.get() : nullptr);
      if (stmt->value) count_assignments(*stmt->value);
      for (const ExprPtr& operand : stmt->operands) count_assignments(*operand);
      count_assignments(stmt->body);
      count_assignments(stmt->else_body);
    }
  }
  void count_assignments(const Expr& expr) {
    if (expr.kind == ExprKind::Sequence) {
      // The result of a frame: given by its returns.
      if (expr.is_frame) assigned(expr.local, nullptr);
      count_assignments(expr.body);
    }
    for (const LocalId result : expr.results) assigned(result, nullptr);
    for (const ExprPtr& operand : expr.operands) count_assignments(*operand);
  }

  void fold(ExprPtr& expr) {
    for (ExprPtr& operand : expr->operands) fold(operand);
    if (!expr->body.empty()) fold(expr->body);
    expressions_.fold(expr);
  }

  static std::optional<bool> known(const ExprPtr& condition) {
    if (condition->kind != ExprKind::Constant) return std::nullopt;
    return condition->constant.integer != 0;
  }

  static void append(Block& block, Block more) {
    block.insert(block.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  }

  // What follows a statement that always leaves the block is dropped.
  void fold(Block& block) {
    Block folded;
    folded.reserve(block.size());
    for (StmtPtr& stmt : block) {
      this->stmt(std::move(stmt), folded);
      if (!folded.empty() && ir::always_leaves(*folded.back())) break;
    }
    block = std::move(folded);
  }

  void stmt(StmtPtr stmt, Block& into) {
    if (stmt->value) fold(stmt->value);
    for (ExprPtr& operand : stmt->operands) fold(operand);
    switch (stmt->kind) {
      case StmtKind::Assign: {
        const auto local = static_cast<size_t>(stmt->local);
        if (local < expressions_.constants().size() && expressions_.constants()[local]) return;
        if (stmt->value->kind == ExprKind::Local && stmt->value->local == stmt->local) return;
        break;
      }
      case StmtKind::If:
        if (const std::optional<bool> taken = known(stmt->value)) {
          Block body = std::move(*taken ? stmt->body : stmt->else_body);
          fold(body);
          return append(into, std::move(body));
        }
        break;
      case StmtKind::While:
        if (known(stmt->value) == false) {
          fold(stmt->else_body);
          return append(into, std::move(stmt->else_body));
        }
        break;
      case StmtKind::Evaluate:
        if (is_droppable(*stmt->value)) return;
        break;
      default:
        break;
    }
    fold(stmt->body);
    fold(stmt->else_body);
    const bool empty_if =
        stmt->kind == StmtKind::If && stmt->body.empty() && stmt->else_body.empty();
    if (empty_if && is_droppable(*stmt->value)) return;
    into.push_back(std::move(stmt));
  }

  Function& function_;
  ExpressionFolder expressions_;
  std::vector<int> assignments_;
  std::vector<const Expr*> values_;
};

}  // namespace

void fold(Function& function) {
  Folder(function).run();
}

}  // namespace cudapy::transform
