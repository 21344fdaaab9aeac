// Recognises, after a head of plain assignments,
//     if idx < bound [and rest]:   as the last statement, without else     -> a clip, if rest:
//     if idx >= bound [or rest]: return                                    -> a clip, if rest:
//     return
// where the comparison may be any but == and !=, idx may also be idy, idz or a variable that is
// only ever one of them, and bound is uniform and known before the first thread runs.
#include "transform/clip_guards.h"

#include <optional>

#include "ir/comparisons.h"
#include "transform/launch_constants.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

namespace {

using namespace ir;

class GuardClipper {
 public:
  explicit GuardClipper(Function& function) : function_(function), assignments_(function) {}

  void run() {
    for (size_t i = 0; i < function_.body.size(); ++i) {
      Stmt& stmt = *function_.body[i];
      if (stmt.kind == StmtKind::Define) continue;
      if (stmt.kind == StmtKind::Assign) {
        if (!is_pure(*stmt.value)) return;
        continue;
      }
      if (stmt.kind != StmtKind::If || !stmt.else_body.empty()) return;
      bool last = i + 1 == function_.body.size();
      if (is_return(stmt.body)) {
        take_terms(stmt.value, ExprKind::Or, /*guard=*/false);
        if (!stmt.value)
          function_.body.erase(function_.body.begin() + static_cast<std::ptrdiff_t>(i));
        else
          return;
        --i;
      } else if (last) {
        take_terms(stmt.value, ExprKind::And, /*guard=*/true);
        if (!stmt.value) splice(i);
        return;
      } else {
        return;
      }
    }
  }

 private:
  static bool is_return(const Block& body) {
    return body.size() == 1 && body[0]->kind == StmtKind::Return;
  }

  // Replaces the `if` at `index`, the last statement, by its body.
  void splice(size_t index) {
    Block body = std::move(function_.body[index]->body);
    function_.body.pop_back();
    for (StmtPtr& stmt : body) function_.body.push_back(std::move(stmt));
  }

  // Removes from `condition`, a chain of `joint`s, the terms that bound a thread's index; null if
  // none is left. What stands to the right of a term that may have effects or faults stays there:
  // threads outside the bound have them too.
  void take_terms(ExprPtr& condition, ExprKind joint, bool guard) {
    if (condition->kind == joint) {
      take_terms(condition->operands[0], joint, guard);
      if (condition->operands[0] && !is_pure(*condition->operands[0])) return;
      take_terms(condition->operands[1], joint, guard);
      if (!condition->operands[0])
        condition = std::move(condition->operands[1]);
      else if (!condition->operands[1])
        condition = ExprPtr(std::move(condition->operands[0]));
      return;
    }
    if (std::optional<Clip> clip = clip_of(*condition, guard)) {
      function_.clips.push_back(std::move(*clip));
      condition.reset();
    }
  }

  // What `condition`, or, as a way out, its opposite, says about a thread's index.
  std::optional<Clip> clip_of(const Expr& condition, bool guard) {
    if (condition.kind != ExprKind::Compare) return std::nullopt;
    CompareOp op = guard ? condition.compare_op : opposite(condition.compare_op);
    if (op == CompareOp::Equal || op == CompareOp::NotEqual) return std::nullopt;
    const Expr* index = condition.operands[0].get();
    const Expr* bound = condition.operands[1].get();
    std::optional<uint8_t> axis = axis_of(*index);
    if (!axis) {
      std::swap(index, bound);
      op = turned_around(op);
      axis = axis_of(*index);
    }
    if (!axis) return std::nullopt;
    ExprPtr value = launch_constant(*bound, assignments_);
    if (!value) return std::nullopt;
    return Clip{*axis, op, std::move(value)};
  }

  // Of idx 0, of idy 1, of idz 2.
  std::optional<uint8_t> axis_of(const Expr& expr) const {
    if (expr.kind == ExprKind::ThreadIndex && expr.thread_index <= ThreadIndex::Idz)
      return static_cast<uint8_t>(expr.thread_index);
    if (expr.kind != ExprKind::Local) return std::nullopt;
    const Expr* value = assignments_.value_of(expr.local);
    return value ? axis_of(*value) : std::nullopt;
  }

  Function& function_;
  SingleAssignments assignments_;
};

}  // namespace

void clip_guards(Function& function) {
  GuardClipper(function).run();
}

}  // namespace cudapy::transform
