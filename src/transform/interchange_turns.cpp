#include "transform/interchange_turns.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ir/liveness.h"
#include "transform/grid_loops.h"

namespace cudapy::transform {

namespace {

using namespace ir;

class TurnInterchanger {
 public:
  explicit TurnInterchanger(Function& function) : function_(function) {}

  void run() {
    if (prints(function_.body)) return;
    while (take_loop()) {
    }
    if (function_.repeated_axes == 0) return;
    drop_unread(function_);
    if (!sees_block_shape(function_)) {
      function_.uses_block_shape = false;
      std::fill_n(function_.block, 3, 0);
    }
  }

 private:
  // The loop at the end of the body gives way to its own body.
  bool take_loop() {
    Block& body = function_.body;
    if (body.empty() || !std::all_of(body.begin(), body.end() - 1, [](const StmtPtr& stmt) {
          return stmt->kind == StmtKind::Assign && may_be_repeated(*stmt->value);
        })) {
      return false;
    }
    Stmt& loop = *body.back();
    std::optional<GridLoop> found = GridLoops(function_).find(loop);
    if (!found || !is_below_taken_axes(found->axis) || !each_turn_by_itself(loop, *found) ||
        sees_place(*found, loop)) {
      return false;
    }
    function_.clips.push_back(std::move(found->clip));
    function_.repeated_axes = static_cast<uint8_t>(function_.repeated_axes | 1U << found->axis);
    Block turn = std::move(loop.body);
    if (found->counts_itself) turn.pop_back();
    turns_end_where_they_continue(turn);
    replace(turn, found->index, static_cast<ThreadIndex>(found->axis));
    body.pop_back();
    std::move(turn.begin(), turn.end(), std::back_inserter(body));
    return true;
  }

  // A thread's turns are run with z outside and x inside, each axis once: the loops around this one
  // are of axes above its own.
  bool is_below_taken_axes(uint8_t axis) const {
    return (function_.repeated_axes & ((2U << axis) - 1)) == 0;
  }

  // Nothing but the index comes from one turn to the next, and none ends the loop.
  bool each_turn_by_itself(const Stmt& loop, const GridLoop& found) const {
    if (leaves_loop(loop.body, /*may_continue=*/!found.counts_itself)) return false;
    const LocalSet assigned = assigned_in(loop.body, function_.locals.size());
    const Liveness liveness(function_);
    const LocalSet& header = liveness.of(loop).header;
    for (size_t i = 0; i < function_.locals.size(); ++i) {
      const auto local = static_cast<LocalId>(i);
      const bool is_index = found.counts_itself && local == found.index;
      if (!is_index && assigned.contains(local) && header.contains(local)) return false;
    }
    return true;
  }

  // Whether a turn asks for the thread's own place along the axis, which is not its index any more.
  bool sees_place(const GridLoop& found, const Stmt& loop) const {
    bool found_one = false;
    const auto look = [&](const Expr& expr) {
      for (const ThreadIndex first :
           {ThreadIndex::Idx, ThreadIndex::ThreadIdxX, ThreadIndex::BlockIdxX})
        found_one = found_one || is_thread_index(expr, first, found.axis);
    };
    each_expression(loop.body, look);
    LocalSet needed(function_.locals.size());
    const auto need = [&](const Expr& expr) {
      if (expr.kind == ExprKind::Local) needed.insert(expr.local);
    };
    each_expression(loop.body, need);
    if (found.counts_itself) needed.erase(found.index);
    for (size_t i = function_.body.size() - 1; i-- > 0;) {
      const Stmt& stmt = *function_.body[i];
      if (!needed.contains(stmt.local)) continue;
      each_expression(*stmt.value, look);
      each_expression(*stmt.value, need);
    }
    return found_one;
  }

  static void turns_end_where_they_continue(Block& block) {
    for (StmtPtr& stmt : block) {
      if (stmt->kind == StmtKind::Continue) stmt->kind = StmtKind::Return;
      if (stmt->kind != StmtKind::While && stmt->kind != StmtKind::For)
        turns_end_where_they_continue(stmt->body);
      turns_end_where_they_continue(stmt->else_body);
    }
  }

  static void replace(Expr& expr, LocalId index, ThreadIndex thread) {
    for (ExprPtr& operand : expr.operands) replace(*operand, index, thread);
    replace(expr.body, index, thread);
    if (expr.kind != ExprKind::Local || expr.local != index) return;
    expr.kind = ExprKind::ThreadIndex;
    expr.thread_index = thread;
    expr.local = kNoLocal;
  }

  static void replace(Block& block, LocalId index, ThreadIndex thread) {
    for (StmtPtr& stmt : block) {
      if (stmt->value) replace(*stmt->value, index, thread);
      for (ExprPtr& operand : stmt->operands) replace(*operand, index, thread);
      replace(stmt->body, index, thread);
      replace(stmt->else_body, index, thread);
    }
  }

  Function& function_;
};

}  // namespace

void interchange_turns(Function& function) {
  TurnInterchanger(function).run();
}

}  // namespace cudapy::transform
