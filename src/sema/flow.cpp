// One walk in the order of execution with two sets: the locals that every path so far has assigned,
// and those that some has. A loop's head needs no iteration: the first set can only have grown on
// the way back, the second is all that the loop assigns.
#include "sema/flow.h"

#include <optional>

#include "sema/weak_number.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprKind;
using ir::LocalId;
using ir::Stmt;
using ir::StmtKind;

namespace {

// A set of locals; the first 64 without an allocation.
class LocalSet {
 public:
  void add(LocalId id) { word(id) |= bit(id); }
  [[nodiscard]] bool has(LocalId id) const {
    if (id < 64) return first_ & bit(id);
    const size_t index = static_cast<size_t>(id) / 64 - 1;
    return index < rest_.size() && (rest_[index] & bit(id));
  }
  void unite(const LocalSet& other) {
    first_ |= other.first_;
    if (rest_.size() < other.rest_.size()) rest_.resize(other.rest_.size());
    for (size_t i = 0; i < other.rest_.size(); ++i) rest_[i] |= other.rest_[i];
  }
  void intersect(const LocalSet& other) {
    first_ &= other.first_;
    for (size_t i = 0; i < rest_.size(); ++i)
      rest_[i] &= i < other.rest_.size() ? other.rest_[i] : 0;
  }

 private:
  static uint64_t bit(LocalId id) { return uint64_t{1} << (static_cast<uint64_t>(id) % 64); }
  uint64_t& word(LocalId id) {
    if (id < 64) return first_;
    const size_t index = static_cast<size_t>(id) / 64 - 1;
    if (index >= rest_.size()) rest_.resize(index + 1);
    return rest_[index];
  }

  uint64_t first_ = 0;
  std::vector<uint64_t> rest_;
};

struct State {
  LocalSet surely;
  LocalSet maybe;
  bool reachable = true;
};

void merge(State& into, const State& other) {
  if (!other.reachable) return;
  if (!into.reachable) {
    into = other;
    return;
  }
  into.surely.intersect(other.surely);
  into.maybe.unite(other.maybe);
}

State unreachable() {
  State state;
  state.reachable = false;
  return state;
}

class Walker {
 public:
  explicit Walker(const ir::Function& function) : function_(function) {
    flow_.locals.resize(function.locals.size());
  }

  Flow run() {
    State state;
    for (LocalId i = 0; i < function_.parameter_count; ++i) {
      state.surely.add(i);
      state.maybe.add(i);
    }
    for (size_t i = 0; i < function_.locals.size(); ++i) {
      if (function_.locals[i].storage == ir::Storage::Constant)
        state.surely.add(static_cast<LocalId>(i));
    }
    count(function_.body);
    block(function_.body, state);
    flow_.end_reachable = state.reachable;
    return std::move(flow_);
  }

 private:
  // How often each local is assigned, in the whole function.
  void count(const ir::Block& block) {
    for (const ir::StmtPtr& stmt : block) {
      if (stmt->local != ir::kNoLocal) {
        LocalFlow& local = flow_.locals[static_cast<size_t>(stmt->local)];
        ++local.assignments;
        local.single =
            local.assignments == 1 && stmt->kind == StmtKind::Assign ? stmt.get() : nullptr;
      }
      if (stmt->value) count(*stmt->value);
      for (const ir::ExprPtr& operand : stmt->operands) count(*operand);
      count(stmt->body);
      count(stmt->else_body);
    }
  }
  void count(const Expr& expr) {
    for (const ir::ExprPtr& operand : expr.operands) count(*operand);
    if (!expr.body.empty()) count(expr.body);
  }

  static void collect(const ir::Block& block, LocalSet& assigned) {
    for (const ir::StmtPtr& stmt : block) {
      if (stmt->local != ir::kNoLocal) assigned.add(stmt->local);
      if (stmt->value) collect(*stmt->value, assigned);
      for (const ir::ExprPtr& operand : stmt->operands) collect(*operand, assigned);
      collect(stmt->body, assigned);
      collect(stmt->else_body, assigned);
    }
  }
  static void collect(const Expr& expr, LocalSet& assigned) {
    for (const ir::ExprPtr& operand : expr.operands) collect(*operand, assigned);
    if (!expr.body.empty()) collect(expr.body, assigned);
  }

  void read(const Expr& expr, const State& state) {
    if (!state.reachable || state.surely.has(expr.local)) return;
    if (state.maybe.has(expr.local)) {
      flow_.locals[static_cast<size_t>(expr.local)].maybe_unassigned = true;
    } else {
      flow_.unassigned.push_back({expr.local, expr.span});
    }
  }

  void expr(const Expr& expr, State& state) {
    switch (expr.kind) {
      case ExprKind::Local:
        return read(expr, state);
      case ExprKind::Sequence:
        block(expr.body, state);
        break;
      case ExprKind::And:
      case ExprKind::Or: {
        this->expr(*expr.operands[0], state);
        State second = state;
        this->expr(*expr.operands[1], second);
        return merge(state, second);
      }
      case ExprKind::Select: {
        this->expr(*expr.operands[0], state);
        State otherwise = state;
        this->expr(*expr.operands[1], state);
        this->expr(*expr.operands[2], otherwise);
        return merge(state, otherwise);
      }
      default:
        break;
    }
    for (const ir::ExprPtr& operand : expr.operands) this->expr(*operand, state);
  }

  void block(const ir::Block& block, State& state) {
    for (const ir::StmtPtr& stmt : block) this->stmt(*stmt, state);
  }

  void assign(LocalId local, State& state) {
    state.surely.add(local);
    state.maybe.add(local);
  }

  void loop(const Stmt& stmt, State& state) {
    for (const ir::ExprPtr& operand : stmt.operands) expr(*operand, state);
    if (stmt.local != ir::kNoLocal) state.maybe.add(stmt.local);
    collect(stmt.body, state.maybe);
    bool endless = false;
    if (stmt.kind == StmtKind::While) {
      expr(*stmt.value, state);
      const std::optional<WeakNumber> condition = weak_number(*stmt.value);
      endless = condition && condition->truth();
    }
    State body = state;
    if (stmt.local != ir::kNoLocal) assign(stmt.local, body);
    breaks_.push_back(unreachable());
    block(stmt.body, body);
    const State left_by_break = std::move(breaks_.back());
    breaks_.pop_back();
    if (endless) state.reachable = false;
    block(stmt.else_body, state);
    merge(state, left_by_break);
  }

  void stmt(const Stmt& stmt, State& state) {
    switch (stmt.kind) {
      case StmtKind::Assign:
        expr(*stmt.value, state);
        return assign(stmt.local, state);
      case StmtKind::If: {
        expr(*stmt.value, state);
        State otherwise = state;
        block(stmt.body, state);
        block(stmt.else_body, otherwise);
        return merge(state, otherwise);
      }
      case StmtKind::While:
      case StmtKind::For:
        return loop(stmt, state);
      case StmtKind::Break:
        if (!breaks_.empty()) merge(breaks_.back(), state);
        state.reachable = false;
        return;
      case StmtKind::Continue:
        state.reachable = false;
        return;
      case StmtKind::Raise:
        for (const ir::ExprPtr& operand : stmt.operands) expr(*operand, state);
        state.reachable = false;
        return;
      case StmtKind::Return:
        if (stmt.value) expr(*stmt.value, state);
        state.reachable = false;
        return;
      case StmtKind::Declare:
        for (const ir::ExprPtr& operand : stmt.operands) expr(*operand, state);
        return assign(stmt.local, state);
      case StmtKind::Barrier:
        for (const ir::ExprPtr& operand : stmt.operands) expr(*operand, state);
        if (stmt.local != ir::kNoLocal) assign(stmt.local, state);
        return;
      case StmtKind::Region:
      case StmtKind::Define:
        return;
      case StmtKind::Print:
        for (const ir::ExprPtr& operand : stmt.operands) expr(*operand, state);
        return;
      case StmtKind::Store:
      case StmtKind::Evaluate:
        for (const ir::ExprPtr& operand : stmt.operands) expr(*operand, state);
        expr(*stmt.value, state);
        return;
    }
  }

  const ir::Function& function_;
  Flow flow_;
  std::vector<State> breaks_;
};

}  // namespace

Flow analyze_flow(const ir::Function& function) {
  return Walker(function).run();
}

}  // namespace cudapy::sema
