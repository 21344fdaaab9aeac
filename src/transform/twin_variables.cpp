// Which variables qualify is not proved here: a twin is made on trial, and kept if the shapes come
// out so that it is not varying.
#include "transform/twin_variables.h"

#include <utility>

#include "ir/liveness.h"
#include "sema/shapes.h"

namespace cudapy::transform {

namespace {

using namespace ir;

// The loop is named by its place in a walk of the function, so that it is found again in a copy.
struct Candidate {
  int loop;
  LocalId local;
};

ExprPtr read_of(const Function& function, LocalId local, Span span) {
  auto read = std::make_unique<Expr>();
  read->kind = ExprKind::Local;
  read->local = local;
  read->type = function.locals[static_cast<size_t>(local)].type;
  read->span = span;
  return read;
}

StmtPtr assignment(LocalId local, ExprPtr value) {
  auto assign = std::make_unique<Stmt>();
  assign->kind = StmtKind::Assign;
  assign->local = local;
  assign->span = value->span;
  assign->value = std::move(value);
  return assign;
}

// Calls visit(block, index of the loop's statement, number of the loop) for every loop that is not
// inside an expression.
template <class Visit>
void visit_loops(Block& block, int& number, const Visit& visit) {
  for (size_t i = 0; i < block.size(); ++i) {
    Stmt& stmt = *block[i];
    if (stmt.kind == StmtKind::While || stmt.kind == StmtKind::For) {
      if (visit(block, i, number++)) return;
    }
    visit_loops(stmt.body, number, visit);
    visit_loops(stmt.else_body, number, visit);
  }
}

bool reads(const Block& block, LocalId local, bool beyond_updates);

bool reads(const Expr& expr, LocalId local) {
  if (expr.kind == ExprKind::Local && expr.local == local) return true;
  for (const ExprPtr& operand : expr.operands) {
    if (reads(*operand, local)) return true;
  }
  return reads(expr.body, local, /*beyond_updates=*/false);
}

// `beyond_updates`: not counting what the variable's own assignments read.
bool reads(const Block& block, LocalId local, bool beyond_updates) {
  for (const StmtPtr& stmt : block) {
    bool update = beyond_updates && stmt->kind == StmtKind::Assign && stmt->local == local;
    if (!update && stmt->value && reads(*stmt->value, local)) return true;
    for (const ExprPtr& operand : stmt->operands) {
      if (reads(*operand, local)) return true;
    }
    if (reads(stmt->body, local, beyond_updates) || reads(stmt->else_body, local, beyond_updates))
      return true;
  }
  return false;
}

// What the variable holds where block[index] begins: the constant that the same block assigned
// last, or else the variable itself, whose shape is that of all its assignments.
ExprPtr value_before(const Function& function, const Block& block, size_t index, LocalId local) {
  for (size_t i = index; i-- > 0;) {
    const Stmt& stmt = *block[i];
    if (stmt.kind == StmtKind::Assign && stmt.local == local) {
      if (stmt.value->kind == ExprKind::Constant) return clone(*stmt.value);
      break;
    }
    LocalSet assigned(function.locals.size());
    if (stmt.value) add_assigned(*stmt.value, assigned);
    assigned.insert_all(assigned_in(stmt.body, function.locals.size()));
    assigned.insert_all(assigned_in(stmt.else_body, function.locals.size()));
    if (stmt.local == local || assigned.contains(local)) break;
  }
  return read_of(function, local, block[index]->span);
}

// In a loop: what reads the variable reads its twin, what assigns it assigns both.
class Twinning {
 public:
  Twinning(Function& function, LocalId local, LocalId twin)
      : function_(function), local_(local), twin_(twin) {}

  void expression(Expr& expr) {
    if (expr.kind == ExprKind::Local && expr.local == local_) expr.local = twin_;
    for (ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
  }

  void block(Block& block) {
    for (size_t i = 0; i < block.size(); ++i) {
      Stmt& stmt = *block[i];
      if (stmt.kind == StmtKind::Assign && stmt.local == local_) {
        ExprPtr value = clone(*stmt.value);
        expression(*value);
        // What is computed from the variable and constants alone costs no more for lanes than a
        // copy of the twin.
        if (!is_own_update(*stmt.value)) stmt.value = read_of(function_, twin_, stmt.span);
        block.insert(block.begin() + static_cast<std::ptrdiff_t>(i),
                     assignment(twin_, std::move(value)));
        ++i;
        continue;
      }
      if (stmt.value) expression(*stmt.value);
      for (ExprPtr& operand : stmt.operands) expression(*operand);
      this->block(stmt.body);
      this->block(stmt.else_body);
    }
  }

 private:
  bool is_own_update(const Expr& expr) const {
    if (expr.kind == ExprKind::Local) return expr.local == local_;
    if (expr.kind != ExprKind::Constant && expr.kind != ExprKind::Binary &&
        expr.kind != ExprKind::Unary)
      return false;
    for (const ExprPtr& operand : expr.operands) {
      if (!is_own_update(*operand)) return false;
    }
    return expr.fault_site < 0;
  }

  Function& function_;
  LocalId local_;
  LocalId twin_;
};

bool assigned_by_loop(const Block& block, LocalId local) {
  for (const StmtPtr& stmt : block) {
    if (stmt->kind == StmtKind::For && (stmt->local == local || stmt->counter == local))
      return true;
    if (assigned_by_loop(stmt->body, local) || assigned_by_loop(stmt->else_body, local))
      return true;
  }
  return false;
}

std::vector<Candidate> candidates_of(Function& function) {
  std::vector<Candidate> found;
  Liveness liveness(function);
  int number = 0;
  visit_loops(function.body, number, [&](Block& block, size_t index, int loop) {
    const Stmt& stmt = *block[index];
    if (!stmt.divergent_exit) return false;
    LocalSet assigned = assigned_in(stmt.body, function.locals.size());
    for (size_t i = 0; i < function.locals.size(); ++i) {
      auto id = static_cast<LocalId>(i);
      const Local& local = function.locals[i];
      if (!assigned.contains(id) || local.shape != Shape::Varying || !local.type.is_scalar())
        continue;
      if (!liveness.of(stmt).after.contains(id) || assigned_by_loop(stmt.body, id)) continue;
      bool read =
          (stmt.value && reads(*stmt.value, id)) || reads(stmt.body, id, /*beyond_updates=*/true);
      if (read) found.push_back({loop, id});
    }
    return false;
  });
  return found;
}

// The function with that twin; false if the twin would vary as well.
bool try_twin(Function& function, const Candidate& candidate) {
  Function trial = clone(function);
  auto twin = static_cast<LocalId>(trial.locals.size());
  Local copy = trial.locals[static_cast<size_t>(candidate.local)];
  copy.name = "%" + copy.name;
  trial.locals.push_back(std::move(copy));
  int number = 0;
  visit_loops(trial.body, number, [&](Block& block, size_t index, int loop) {
    if (loop != candidate.loop) return false;
    Stmt& stmt = *block[index];
    Twinning twinning(trial, candidate.local, twin);
    if (stmt.value) twinning.expression(*stmt.value);
    twinning.block(stmt.body);
    block.insert(block.begin() + static_cast<std::ptrdiff_t>(index),
                 assignment(twin, value_before(trial, block, index, candidate.local)));
    return true;
  });
  sema::annotate_shapes(trial);
  if (trial.locals[static_cast<size_t>(twin)].shape == Shape::Varying) return false;
  function = std::move(trial);
  return true;
}

}  // namespace

void twin_variables(Function& function) {
  for (const Candidate& candidate : candidates_of(function)) try_twin(function, candidate);
}

}  // namespace cudapy::transform
