// Backward liveness over the structured tree. Loops are walked until their header's set is stable,
// which takes two turns, three where a `continue` is involved.
#include "ir/liveness.h"

namespace cudapy::ir {

class LivenessWalk {
 public:
  LivenessWalk(const Function& function, std::unordered_map<const Stmt*, StmtLiveness>& result)
      : locals_(function.locals.size()), result_(result), return_(locals_) {}

  void run(const Function& function) { block(function.body, LocalSet(locals_)); }

 private:
  struct Loop {
    LocalSet after;      // live where a break goes
    LocalSet continues;  // live where a continue goes
  };

  // Each takes what is live after its argument and returns what is live before it.
  LocalSet block(const Block& statements, LocalSet live) {
    for (auto it = statements.rbegin(); it != statements.rend(); ++it)
      live = statement(**it, std::move(live));
    return live;
  }

  LocalSet statement(const Stmt& stmt, LocalSet live) {
    switch (stmt.kind) {
      case StmtKind::Assign:
        live.erase(stmt.local);
        return expression(*stmt.value, std::move(live));
      case StmtKind::Store:
        return operands(stmt.operands, expression(*stmt.value, std::move(live)));
      case StmtKind::Evaluate:
        return expression(*stmt.value, std::move(live));
      case StmtKind::Return:  // what becomes the frame's result is no read
        return stmt.value ? expression(*stmt.value, return_) : operands(stmt.operands, return_);
      case StmtKind::Raise:
        return operands(stmt.operands, LocalSet(locals_));
      case StmtKind::Break:
        return loops_.back().after;
      case StmtKind::Continue:
        return loops_.back().continues;
      case StmtKind::Print:
        return operands(stmt.operands, std::move(live));
      case StmtKind::Barrier:
        if (stmt.local != kNoLocal) live.erase(stmt.local);
        return operands(stmt.operands, std::move(live));
      case StmtKind::Declare:
        return live;
      case StmtKind::Define:  // shares no locals with what is around it
        expression(*stmt.value, LocalSet(locals_));
        return live;
      case StmtKind::Region: {
        StmtLiveness& mine = slot(stmt);
        mine.after.insert_all(live);
        live = block(stmt.body, std::move(live));
        mine.before.insert_all(live);
        return live;
      }
      case StmtKind::If:
        return if_(stmt, std::move(live));
      case StmtKind::While:
      case StmtKind::For:
        return loop(stmt, live);
    }
    return live;
  }

  LocalSet if_(const Stmt& stmt, LocalSet live) {
    StmtLiveness& mine = slot(stmt);
    mine.after.insert_all(live);
    LocalSet before = block(stmt.body, live);
    before.insert_all(block(stmt.else_body, std::move(live)));
    return expression(*stmt.value, std::move(before));
  }

  LocalSet loop(const Stmt& stmt, const LocalSet& live) {
    StmtLiveness& mine = slot(stmt);
    mine.after.insert_all(live);
    LocalSet left_by_condition = block(stmt.else_body, live);
    mine.after.insert_all(left_by_condition);

    LocalSet header = left_by_condition;
    while (true) {
      loops_.push_back({live, header});
      LocalSet before = block(stmt.body, header);
      loops_.pop_back();
      if (stmt.kind == StmtKind::For) {
        // The header assigns the variable or its counter; it may also leave it as it was, when
        // there is no further turn.
        if (stmt.counter != kNoLocal)
          before.erase(stmt.counter);
        else if (!left_by_condition.contains(stmt.local))
          before.erase(stmt.local);
      } else {
        before = expression(*stmt.value, std::move(before));
      }
      before.insert_all(header);
      if (before == header) break;
      header = std::move(before);
    }
    mine.header.insert_all(header);
    return operands(stmt.operands, std::move(header));
  }

  LocalSet operands(const std::vector<ExprPtr>& exprs, LocalSet live) {
    for (auto it = exprs.rbegin(); it != exprs.rend(); ++it)
      live = expression(**it, std::move(live));
    return live;
  }

  LocalSet expression(const Expr& expr, LocalSet live) {
    switch (expr.kind) {
      case ExprKind::Local:
        live.insert(expr.local);
        return live;
      case ExprKind::Sequence:
        return sequence(expr, std::move(live));
      case ExprKind::Call:
        for (const LocalId result : expr.results) live.erase(result);
        return operands(expr.operands, std::move(live));
      case ExprKind::And:
      case ExprKind::Or: {
        LocalSet skipped = live;
        live = expression(*expr.operands[1], std::move(live));
        live.insert_all(skipped);
        return expression(*expr.operands[0], std::move(live));
      }
      case ExprKind::Select: {
        LocalSet if_true = expression(*expr.operands[1], live);
        if_true.insert_all(expression(*expr.operands[2], std::move(live)));
        return expression(*expr.operands[0], std::move(if_true));
      }
      default:
        return operands(expr.operands, std::move(live));
    }
  }

  LocalSet sequence(const Expr& expr, LocalSet live) {
    if (!expr.is_frame) {
      live = operands(expr.operands, std::move(live));
      return block(expr.body, std::move(live));
    }
    for (const LocalId result : expr.results) live.erase(result);
    LocalSet outer_return = std::exchange(return_, live);
    std::vector<Loop> outer_loops = std::exchange(loops_, {});
    live = block(expr.body, std::move(live));
    loops_ = std::move(outer_loops);
    return_ = std::move(outer_return);
    return live;
  }

  StmtLiveness& slot(const Stmt& stmt) {
    return result_
        .try_emplace(&stmt, StmtLiveness{LocalSet(locals_), LocalSet(locals_), LocalSet(locals_)})
        .first->second;
  }

  size_t locals_;
  std::unordered_map<const Stmt*, StmtLiveness>& result_;
  LocalSet return_;  // live where the innermost frame ends
  std::vector<Loop> loops_;
};

Liveness::Liveness(const Function& function) {
  LivenessWalk(function, statements_).run(function);
}

namespace {

void add_assigned(const Block& block, LocalSet& assigned) {
  for (const StmtPtr& stmt : block) {
    if (stmt->local != kNoLocal) assigned.insert(stmt->local);
    if (stmt->counter != kNoLocal) assigned.insert(stmt->counter);
    if (stmt->value) ir::add_assigned(*stmt->value, assigned);
    for (const ExprPtr& operand : stmt->operands) ir::add_assigned(*operand, assigned);
    add_assigned(stmt->body, assigned);
    add_assigned(stmt->else_body, assigned);
  }
}

}  // namespace

void add_assigned(const Expr& expr, LocalSet& assigned) {
  for (const ExprPtr& operand : expr.operands) add_assigned(*operand, assigned);
  for (const LocalId result : expr.results) assigned.insert(result);
  if (expr.kind != ExprKind::Sequence) return;
  if (expr.local != kNoLocal) assigned.insert(expr.local);
  add_assigned(expr.body, assigned);
}

LocalSet assigned_in(const Block& block, size_t locals) {
  LocalSet assigned(locals);
  add_assigned(block, assigned);
  return assigned;
}

}  // namespace cudapy::ir
