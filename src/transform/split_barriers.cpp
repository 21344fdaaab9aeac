#include "transform/split_barriers.h"

#include <algorithm>
#include <utility>

#include "ir/liveness.h"
#include "transform/block_turns.h"

namespace cudapy::transform {

namespace {

using namespace ir;

bool is_branch(const Stmt& stmt) {
  return stmt.kind == StmtKind::If || stmt.kind == StmtKind::While || stmt.kind == StmtKind::For;
}

bool is_jump(const Stmt& stmt) {
  return stmt.kind == StmtKind::Break || stmt.kind == StmtKind::Continue;
}

// Whether a statement leaves or goes on with a loop around it.
bool jumps_out(const Stmt& stmt);
bool jumps_out(const Block& block) {
  return std::any_of(block.begin(), block.end(),
                     [](const StmtPtr& stmt) { return jumps_out(*stmt); });
}
bool jumps_out(const Stmt& stmt) {
  if (is_jump(stmt)) return true;
  const bool loop = stmt.kind == StmtKind::While || stmt.kind == StmtKind::For;
  return (!loop && jumps_out(stmt.body)) || jumps_out(stmt.else_body);
}

const Stmt* first_barrier(const Block& block) {
  for (const StmtPtr& stmt : block) {
    if (stmt->kind == StmtKind::Barrier) return stmt.get();
    if (const Stmt* found = transform::first_barrier(*stmt)) return found;
  }
  return nullptr;
}

class Splitter {
 public:
  Block split(Block block) {
    Block whole;
    Block region;
    const auto flush = [&] {
      if (region.empty()) return;
      auto stmt = std::make_unique<Stmt>();
      stmt->kind = StmtKind::Region;
      stmt->span = region[0]->span;
      stmt->body = std::exchange(region, {});
      whole.push_back(std::move(stmt));
    };
    for (StmtPtr& stmt : block) {
      if (stmt->kind == StmtKind::Define) {
        whole.push_back(std::move(stmt));
        continue;
      }
      const bool together = stmt->kind == StmtKind::Barrier || stmt->block_level ||
                            (is_branch(*stmt) && transform::first_barrier(*stmt)) ||
                            (loops_ > 0 && jumps_out(*stmt));
      if (!together) {
        region.push_back(std::move(stmt));
        continue;
      }
      flush();
      if (is_branch(*stmt)) branch(*stmt);
      whole.push_back(std::move(stmt));
    }
    flush();
    return whole;
  }

 private:
  void branch(Stmt& stmt) {
    stmt.block_level = true;
    const int loop = stmt.kind == StmtKind::If ? 0 : 1;
    loops_ += loop;
    stmt.body = split(std::move(stmt.body));
    loops_ -= loop;
    stmt.else_body = split(std::move(stmt.else_body));
  }

  int loops_ = 0;  // of the block around the statement at hand
};

// Puts variables in the places of parameters that are assigned.
class ParameterCopier {
 public:
  explicit ParameterCopier(Function& function)
      : function_(function), copies_(function.locals.size(), kNoLocal) {}

  void run() {
    const LocalSet assigned = assigned_in(function_.body, function_.locals.size());
    Block prologue;
    for (LocalId id = 0; id < function_.parameter_count; ++id) {
      if (!assigned.contains(id)) continue;
      Local copy = function_.locals[static_cast<size_t>(id)];
      copies_[static_cast<size_t>(id)] = static_cast<LocalId>(function_.locals.size());
      prologue.push_back(assignment(id, copy));
      function_.locals.push_back(std::move(copy));
    }
    if (prologue.empty()) return;
    rename(function_.body);
    function_.body.insert(function_.body.begin(), std::make_move_iterator(prologue.begin()),
                          std::make_move_iterator(prologue.end()));
  }

 private:
  StmtPtr assignment(LocalId from, const Local& copy) const {
    auto stmt = std::make_unique<Stmt>();
    stmt->kind = StmtKind::Assign;
    stmt->span = copy.span;
    stmt->local = copies_[static_cast<size_t>(from)];
    stmt->value = std::make_unique<Expr>();
    stmt->value->kind = ExprKind::Local;
    stmt->value->span = copy.span;
    stmt->value->type = copy.type;
    stmt->value->local = from;
    return stmt;
  }

  void rename(LocalId& id) const {
    if (id == kNoLocal || static_cast<size_t>(id) >= copies_.size()) return;
    if (copies_[static_cast<size_t>(id)] != kNoLocal) id = copies_[static_cast<size_t>(id)];
  }

  void rename(Block& block) const {
    for (StmtPtr& stmt : block) {
      rename(stmt->local);
      rename(stmt->counter);
      if (stmt->value) rename(*stmt->value);
      for (ExprPtr& operand : stmt->operands) rename(*operand);
      rename(stmt->body);
      rename(stmt->else_body);
    }
  }

  void rename(Expr& expr) const {
    rename(expr.local);
    for (ExprPtr& operand : expr.operands) rename(*operand);
    rename(expr.body);
  }

  Function& function_;
  std::vector<LocalId> copies_;
};

// `loops`: of the block around the statement at hand.
void mark(Block& block, int loops) {
  for (StmtPtr& stmt : block) {
    if (!is_branch(*stmt) || !(transform::first_barrier(*stmt) || (loops > 0 && jumps_out(*stmt))))
      continue;
    stmt->block_level = true;
    mark(stmt->body, loops + (stmt->kind == StmtKind::If ? 0 : 1));
    mark(stmt->else_body, loops);
  }
}

}  // namespace

bool has_block_arrays(const Function& function) {
  return std::any_of(function.locals.begin(), function.locals.end(),
                     [](const Local& local) { return local.storage == Storage::Block; });
}

bool has_barrier(const Block& block) {
  return first_barrier(block) != nullptr;
}

const Stmt* first_barrier(const Stmt& stmt) {
  const Stmt* found = first_barrier(stmt.body);
  return found ? found : first_barrier(stmt.else_body);
}

void split_barriers(Function& function) {
  if (!has_barrier(function.body) && !has_block_arrays(function) && !function.runs_warps &&
      !takes_turns(function)) {
    return;
  }
  ParameterCopier(function).run();
  function.body = Splitter().split(std::move(function.body));
}

void mark_barriers(Function& function) {
  if (has_barrier(function.body)) mark(function.body, 0);
}

}  // namespace cudapy::transform
