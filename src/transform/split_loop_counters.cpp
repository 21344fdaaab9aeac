#include "transform/split_loop_counters.h"

#include "ir/liveness.h"

namespace cudapy::transform {

namespace {

using namespace ir;

void replace_reads(Block& block, LocalId from, LocalId to);

void replace_reads(Expr& expr, LocalId from, LocalId to) {
  if (expr.kind == ExprKind::Local && expr.local == from) expr.local = to;
  for (ExprPtr& operand : expr.operands) replace_reads(*operand, from, to);
  replace_reads(expr.body, from, to);
}

void replace_reads(Block& block, LocalId from, LocalId to) {
  for (StmtPtr& stmt : block) {
    if (stmt->value) replace_reads(*stmt->value, from, to);
    for (ExprPtr& operand : stmt->operands) replace_reads(*operand, from, to);
    replace_reads(stmt->body, from, to);
    replace_reads(stmt->else_body, from, to);
  }
}

class CounterSplitter {
 public:
  explicit CounterSplitter(Function& function) : function_(function), liveness_(function) {}

  void block(Block& block) {
    for (StmtPtr& stmt : block) {
      if (stmt->value) expression(*stmt->value);
      for (ExprPtr& operand : stmt->operands) expression(*operand);
      this->block(stmt->body);
      this->block(stmt->else_body);
      if (stmt->kind == StmtKind::For && stmt->counter == kNoLocal) split(*stmt);
    }
  }

 private:
  void expression(Expr& expr) {
    for (ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
  }

  void split(Stmt& loop) {
    LocalId user = loop.local;
    bool reassigned = assigned_in(loop.body, function_.locals.size()).contains(user);
    loop.counter = add_counter(user);
    if (!reassigned) replace_reads(loop.body, user, loop.counter);
    if (reassigned || liveness_.of(loop).after.contains(user)) assign_user_variable(loop);
  }

  LocalId add_counter(LocalId user) {
    Local counter = function_.locals[static_cast<size_t>(user)];
    counter.name = "%" + counter.name;
    function_.locals.push_back(std::move(counter));
    return static_cast<LocalId>(function_.locals.size()) - 1;
  }

  void assign_user_variable(Stmt& loop) {
    auto read = std::make_unique<Expr>();
    read->kind = ExprKind::Local;
    read->local = loop.counter;
    read->type = function_.locals[static_cast<size_t>(loop.counter)].type;
    read->span = loop.span;
    auto assign = std::make_unique<Stmt>();
    assign->kind = StmtKind::Assign;
    assign->local = loop.local;
    assign->span = loop.span;
    assign->value = std::move(read);
    loop.body.insert(loop.body.begin(), std::move(assign));
  }

  Function& function_;
  Liveness liveness_;
};

}  // namespace

void split_loop_counters(Function& function) {
  CounterSplitter(function).block(function.body);
}

}  // namespace cudapy::transform
