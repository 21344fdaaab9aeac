#include "transform/block_turns.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ir/liveness.h"
#include "transform/grid_loops.h"
#include "transform/split_barriers.h"
#include "transform/typed_nodes.h"

namespace cudapy::transform {

namespace {

using namespace ir;

ExprPtr local_of(LocalId local, const Type& type, const Span& span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Local;
  expr->local = local;
  expr->type = type;
  expr->span = span;
  return expr;
}

ExprPtr thread_index(ThreadIndex which, const Type& type, const Span& span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::ThreadIndex;
  expr->thread_index = which;
  expr->type = type;
  expr->span = span;
  return expr;
}

ExprPtr truth(ExprKind kind, ExprPtr a, ExprPtr b) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = Type::of(Scalar::Bool);
  expr->span = b->span;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

StmtPtr statement(StmtKind kind, const Span& span) {
  auto stmt = std::make_unique<Stmt>();
  stmt->kind = kind;
  stmt->span = span;
  return stmt;
}

// Variables that a copy of the kernel's body has for itself.
class OwnLocals {
 public:
  explicit OwnLocals(Function& function) : parameters_(function.parameter_count) {
    const size_t count = function.locals.size();
    shift_ = static_cast<LocalId>(count) - parameters_;
    for (auto i = static_cast<size_t>(parameters_); i < count; ++i)
      function.locals.push_back(Local(function.locals[i]));
  }

  void rename(Block& block) const {
    for (const StmtPtr& stmt : block) {
      move(stmt->local);
      move(stmt->counter);
      if (stmt->value) rename(*stmt->value);
      for (const ExprPtr& operand : stmt->operands) rename(*operand);
      rename(stmt->body);
      rename(stmt->else_body);
    }
  }

 private:
  void rename(Expr& expr) const {
    move(expr.local);
    for (LocalId& result : expr.results) move(result);
    for (const ExprPtr& operand : expr.operands) rename(*operand);
    rename(expr.body);
  }

  void move(LocalId& local) const {
    if (local >= parameters_) local += shift_;
  }

  LocalId parameters_;
  LocalId shift_ = 0;
};

// Bytes of the elements that one turn of a thread reads and writes, of each array one.
int64_t bytes_of_turn(const Function& function, const Block& body) {
  LocalSet arrays(function.locals.size());
  const auto see = [&](const Expr& expr) {
    if (expr.kind == ExprKind::Local && expr.type.is_array()) arrays.insert(expr.local);
  };
  each_expression(body, see);
  int64_t bytes = 0;
  for (LocalId id = 0; id < function.parameter_count; ++id) {
    const Type& type = function.locals[static_cast<size_t>(id)].type;
    if (arrays.contains(id)) bytes += size_of(type.scalar);
  }
  return bytes;
}

// Measured on Zen 4 with 1 MiB of second-level cache: with one value carried, turns of a block pay
// from 1 MiB on; each value that is carried costs a load and a store a turn, and with four they pay
// from somewhere above 4 MiB on. The last-level cache is the end of it.
int64_t least_index(int64_t bytes, int64_t carried) {
  constexpr int64_t kNear = int64_t{1} << 20;
  constexpr int64_t kFar = int64_t{32} << 20;
  carried = std::clamp<int64_t>(carried, 1, 6);
  return std::min(kNear * carried * carried, kFar) / bytes;
}

class TurnTaker {
 public:
  TurnTaker(Function& function, bool always) : function_(function), always_(always) {}

  // Whether turns pay; null where there is no such loop.
  ExprPtr run() {
    ExprPtr pays;
    for (size_t i = 0; i < function_.body.size(); ++i) {
      ExprPtr found = take(function_.body[i]);
      pays = found && pays ? truth(ExprKind::Or, std::move(pays), std::move(found))
             : found       ? std::move(found)
                           : std::move(pays);
    }
    return pays;
  }

 private:
  ExprPtr take(StmtPtr& loop) {
    std::optional<GridLoop> found = GridLoops(function_).find(*loop);
    if (!found || found->axis != 0 || leaves_loop(loop->body, /*may_continue=*/false)) return {};
    const Liveness liveness(function_);
    const LocalSet& after = liveness.of(*loop).after;
    if (after.contains(found->index) || (loop->local != kNoLocal && after.contains(loop->local)))
      return {};
    const int64_t bytes = bytes_of_turn(function_, loop->body);
    if (bytes == 0) return {};
    const int64_t least = always_ ? -1 : least_index(bytes, carried(*loop, *found, liveness));
    const Type type = function_.locals[static_cast<size_t>(found->index)].type;
    ExprPtr pays = compare(CompareOp::Greater, clone(*found->clip.bound), integer(least, type));
    loop = by_block(*loop, *found);
    return pays;
  }

  int64_t carried(const Stmt& loop, const GridLoop& found, const Liveness& liveness) const {
    const LocalSet assigned = assigned_in(loop.body, function_.locals.size());
    const LocalSet& header = liveness.of(loop).header;
    int64_t count = 0;
    for (size_t i = 0; i < function_.locals.size(); ++i) {
      const auto local = static_cast<LocalId>(i);
      if (local != found.index && assigned.contains(local) && header.contains(local)) ++count;
    }
    return count;
  }

  StmtPtr by_block(Stmt& loop, GridLoop& found) {
    const Span& span = loop.span;
    const Type type = function_.locals[static_cast<size_t>(found.index)].type;
    Local counter;
    counter.name = "%base";
    counter.type = type;
    counter.span = span;
    function_.locals.push_back(std::move(counter));
    const auto base = static_cast<LocalId>(function_.locals.size()) - 1;

    auto turn = statement(StmtKind::If, span);
    turn->value =
        truth(ExprKind::And,
              compare(CompareOp::GreaterEqual, local_of(found.index, type, span), integer(0, type)),
              compare(found.clip.op, local_of(found.index, type, span), clone(*found.clip.bound)));
    turn->body = std::move(loop.body);
    if (found.counts_itself) turn->body.pop_back();
    turn->row_axes = 1;  // is_guard_of_turn
    auto index = statement(StmtKind::Assign, span);
    index->local = found.index;
    index->value = binary(BinaryOp::Add, thread_index(ThreadIndex::Idx, type, span),
                          local_of(base, type, span));

    auto turns = statement(StmtKind::For, span);
    turns->local = turns->counter = base;
    turns->block_level = true;
    turns->operands.push_back(integer(0, type));
    turns->operands.push_back(end_of(std::move(found.clip)));
    turns->operands.push_back(std::move(found.width));
    turns->body.push_back(std::move(index));
    turns->body.push_back(std::move(turn));
    return turns;
  }

  static ExprPtr compare(CompareOp op, ExprPtr a, ExprPtr b) {
    ExprPtr expr = truth(ExprKind::Compare, std::move(a), std::move(b));
    expr->compare_op = op;
    return expr;
  }

  // A range that ends where the index may still be its end goes one further, and may have a turn in
  // which no thread takes part.
  static ExprPtr end_of(Clip clip) {
    if (clip.op == CompareOp::Less) return std::move(clip.bound);
    const Type type = clip.bound->type;
    const int64_t most = type.scalar == Scalar::I32 ? INT32_MAX - 1 : INT64_MAX - 1;
    ExprPtr least = binary(BinaryOp::Minimum, std::move(clip.bound), integer(most, type));
    return binary(BinaryOp::Add, std::move(least), integer(1, type));
  }

  Function& function_;
  bool always_;
};

}  // namespace

void take_turns_by_block(Function& function, bool always) {
  const bool has_arrays = std::ranges::any_of(function.locals, [](const Local& local) {
    return local.storage == Storage::Block || local.storage == Storage::Thread;
  });
  const bool has_others = std::ranges::any_of(function.body, [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Define || stmt->kind == StmtKind::Return;
  });
  if (function.repeated_axes != 0 || has_arrays || has_others || prints(function.body) ||
      leaves_loop(function.body, /*may_continue=*/true)) {
    return;
  }
  Function taken = clone(function);
  auto choice = statement(StmtKind::If, {});
  choice->value = TurnTaker(taken, always).run();
  if (!choice->value) return;
  drop_unread(taken);
  // Blocks that are seen are too small for it to gain anything.
  if (sees_blocks(taken)) return;
  choice->span = choice->value->span;
  choice->block_level = true;
  choice->body = std::move(taken.body);
  choice->else_body = std::move(function.body);
  OwnLocals(taken).rename(choice->body);
  taken.body.clear();
  taken.body.push_back(std::move(choice));
  std::fill_n(taken.block, 3, 0);
  function = std::move(taken);
}

const Stmt* choice_of_turns(const Function& function) {
  if (function.runs_warps || has_barrier(function.body)) return nullptr;
  const auto found =
      std::ranges::find_if(function.body, [](const StmtPtr& stmt) { return stmt->block_level; });
  return found == function.body.end() ? nullptr : found->get();
}

}  // namespace cudapy::transform
