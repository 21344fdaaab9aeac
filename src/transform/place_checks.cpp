#include "transform/place_checks.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ir/liveness.h"
#include "ir/view.h"
#include "transform/index_hulls.h"
#include "transform/index_proofs.h"
#include "transform/never_negative.h"
#include "transform/row_index.h"
#include "transform/single_assignments.h"
#include "transform/split_barriers.h"
#include "transform/typed_nodes.h"

namespace cudapy::transform {

namespace {

using namespace ir;

constexpr int64_t kMostFewValues = 65'535;  // of an index, all of which arrays may well hold

class CheckPlacer {
 public:
  CheckPlacer(Function& function, bool shares_rows)
      : function_(function),
        assignments_(function),
        proofs_(function),
        rows_(function, assignments_, shares_rows) {}

  void run() {
    for (const Clip& clip : function_.clips) {
      Expr index;
      index.kind = ExprKind::ThreadIndex;
      index.thread_index = static_cast<ThreadIndex>(clip.axis);
      index.type = clip.bound->type;
      proofs_.assume_compare(clip.op, index, *clip.bound);
    }
    block(function_.body);
    if (hulls_) function_.hulls = hulls_->take();
  }

  // Where threads of a block may part before a barrier: `barrier` is the one that the block goes on
  // to.
  void barriers(Block& block, const Stmt* barrier) {
    for (StmtPtr& stmt : block) {
      if (stmt->kind != StmtKind::If && stmt->kind != StmtKind::While &&
          stmt->kind != StmtKind::For)
        continue;
      const Stmt* inside = first_barrier(*stmt);
      const Stmt* parted = inside ? inside : barrier;
      if (!parted) continue;
      stmt->fault_site = static_cast<int32_t>(function_.fault_sites.size());
      const Span cause = stmt->value ? stmt->value->span : stmt->span;
      function_.fault_sites.push_back(
          {.kind = FaultKind::Barrier, .span = parted->span, .cause = cause});
      const bool loop = stmt->kind != StmtKind::If;
      barriers(stmt->body, loop ? inside : parted);
      barriers(stmt->else_body, parted);
    }
  }

 private:
  void block(Block& block) {
    const IndexProofs::Scope scope(proofs_);
    for (StmtPtr& stmt : block) statement(*stmt);
  }

  void statement(Stmt& stmt) {
    if (stmt.kind == StmtKind::While) return while_loop(stmt);
    if (stmt.value) expression(*stmt.value);
    for (ExprPtr& operand : stmt.operands) expression(*operand);
    switch (stmt.kind) {
      case StmtKind::Store:
        return check_indices(stmt.operands, stmt.span, stmt.fault_site, stmt.row_axes);
      case StmtKind::Assign:
        return proofs_.assume_assigned(stmt.local, *stmt.value);
      case StmtKind::If:
        return branches(stmt);
      case StmtKind::For:
        return for_loop(stmt);
      default:
        return;
    }
  }

  void branches(Stmt& stmt) {
    for (const bool holds : {true, false}) {
      const IndexProofs::Scope scope(proofs_);
      proofs_.assume(*stmt.value, holds);
      block(holds ? stmt.body : stmt.else_body);
    }
    // Whoever comes past an arm that only leaves has gone through the other.
    for (const bool holds : {true, false}) {
      if (!leaves(holds ? stmt.body : stmt.else_body)) continue;
      proofs_.assume(*stmt.value, !holds);
      proofs_.forget(assigned_in(holds ? stmt.else_body : stmt.body, function_.locals.size()));
    }
  }

  static bool leaves(const Block& block) {
    if (block.empty()) return false;
    const StmtKind last = block.back()->kind;
    return last == StmtKind::Return || last == StmtKind::Raise || last == StmtKind::Break ||
           last == StmtKind::Continue;
  }

  void while_loop(Stmt& stmt) {
    proofs_.forget(assigned_in(stmt.body, function_.locals.size()));
    expression(*stmt.value);
    {
      const IndexProofs::Scope scope(proofs_);
      proofs_.assume(*stmt.value, true);
      block(stmt.body);
    }
    block(stmt.else_body);
  }

  void enter_loop(const Stmt& loop) {
    rows_.enter_loop(loop);
    const Expr& step = *loop.operands[2];
    if (step.kind == ExprKind::Constant && step.constant.integer > 0 &&
        is_never_negative(*loop.operands[0], assignments_, upward_))
      upward_.insert(loop.counter);
  }

  void for_loop(Stmt& stmt) {
    if (stmt.counter != kNoLocal) enter_loop(stmt);
    proofs_.forget(assigned_in(stmt.body, function_.locals.size()));
    for (const LocalId counter : {stmt.local, stmt.counter}) {
      if (counter != kNoLocal) proofs_.forget(counter);
    }
    {
      const IndexProofs::Scope scope(proofs_);
      proofs_.assume_turn(stmt);
      block(stmt.body);
    }
    block(stmt.else_body);
  }

  void expression(Expr& expr) {
    if (expr.kind == ExprKind::And || expr.kind == ExprKind::Or || expr.kind == ExprKind::Select) {
      return conditional(expr);
    }
    if (expr.kind == ExprKind::Sequence) return sequence(expr);
    for (ExprPtr& operand : expr.operands) expression(*operand);
    if (expr.kind == ExprKind::Load) {
      check_indices(expr.operands, expr.span, expr.fault_site, expr.row_axes);
    } else if (expr.kind == ExprKind::Call) {
      forget_results(expr);
    } else if (expr.kind == ExprKind::Bound) {
      if (!proves_bound(expr)) add_bound(expr);
    } else if (divides_integers(expr) && !proofs_.is_nonzero(*expr.operands[1])) {
      expr.fault_site = add_site(FaultKind::Division, expr.span, *expr.operands[1]);
    } else if (shifts_by_what_may_be_negative(expr)) {
      expr.fault_site = add_site(FaultKind::Shift, expr.span, *expr.operands[1]);
    }
  }

  // The operands behind the first are evaluated only where it lets them.
  void conditional(Expr& expr) {
    expression(*expr.operands[0]);
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      const IndexProofs::Scope scope(proofs_);
      const bool holds = expr.kind == ExprKind::And || (expr.kind == ExprKind::Select && i == 1);
      proofs_.assume(*expr.operands[0], holds);
      expression(*expr.operands[i]);
    }
  }

  void sequence(Expr& expr) {
    // What a function does that is called from many places is not known before a row runs.
    const bool calls_itself = expr.callee >= 0;
    if (calls_itself) ++definitions_;
    block(expr.body);
    if (calls_itself) --definitions_;
    for (ExprPtr& operand : expr.operands) expression(*operand);
    if (expr.local != kNoLocal) proofs_.forget(expr.local);
    for (const LocalId result : expr.results) proofs_.forget(result);
  }

  void forget_results(const Expr& call) {
    for (const LocalId result : call.results) proofs_.forget(result);
  }

  static bool divides_integers(const Expr& expr) {
    if (expr.kind != ExprKind::Binary || !is_integer(expr.type)) return false;
    if (expr.binary_op != BinaryOp::FloorDivide && expr.binary_op != BinaryOp::Modulo) return false;
    const Expr& divisor = *expr.operands[1];
    return divisor.kind != ExprKind::Constant || divisor.constant.integer == 0;
  }

  // The count has the type of what is shifted; a signed one that was made unsigned is still told
  // from a large one by where it comes from.
  bool shifts_by_what_may_be_negative(const Expr& expr) {
    if (expr.kind != ExprKind::Binary) return false;
    if (expr.binary_op != BinaryOp::ShiftLeft && expr.binary_op != BinaryOp::ShiftRight)
      return false;
    const Expr* count = expr.operands[1].get();
    if (count->kind == ExprKind::Cast && is_unsigned(count->type.scalar))
      count = count->operands[0].get();
    return !is_never_negative(*count, assignments_, upward_) && !proofs_.is_nonnegative(*count);
  }

  int32_t add_site(FaultKind kind, Span span, const Expr& subject) {
    FaultSite site;
    site.kind = kind;
    site.span = span;
    if (subject.kind == ExprKind::Local)
      site.subject = function_.locals[static_cast<size_t>(subject.local)].name;
    function_.fault_sites.push_back(std::move(site));
    return static_cast<int32_t>(function_.fault_sites.size()) - 1;
  }

  // An index of a slice. Its span is the index's.
  void add_bound(Expr& expr) {
    expr.fault_site = add_site(FaultKind::Index, expr.span, expr);
    FaultSite& site = function_.fault_sites.back();
    const std::string& array = function_.locals[static_cast<size_t>(expr.local)].name;
    site.subject = array;
    site.message = "a slice of `" + array + "`";
  }

  bool proves_bound(const Expr& bound) {
    return proofs_.is_below(*bound.operands[0], *bound.operands[1]);
  }

  // One site an index, if one of them is not known to be inside.
  void check_indices(const std::vector<ExprPtr>& operands, Span span, int32_t& first_site,
                     uint8_t& row_axes) {
    const Expr& array = *operands[0];
    uint32_t proved = 0;  // a bit an axis
    for (size_t i = 1; i < operands.size(); ++i) {
      if (is_bounded(*operands[i]) || proofs_.is_inside(*operands[i], array, i - 1))
        proved |= 1U << (i - 1);
    }
    if (proved == (1U << (operands.size() - 1)) - 1) return;
    for (size_t i = 1; i < operands.size(); ++i) {
      const int32_t site = add_site(FaultKind::Index, span, array);
      if (i == 1) first_site = site;
      FaultSite& made = function_.fault_sites.back();
      made.axis = static_cast<uint8_t>(i - 1);
      made.rank = array.type.rank;
      made.is_proved = (proved >> made.axis & 1U) != 0;
      made.greatest = greatest_of_few(*operands[i]);
      if (made.subject == "%tuple") made.message = "the tuple";
      if (!made.is_proved && made.greatest < 0 && add_row_access(array, *operands[i], made.axis))
        row_axes = static_cast<uint8_t>(row_axes | 1U << (i - 1));
    }
  }

  // What an index of few values is at most, as one of a type of 8 bits or `i & 63`: arrays that are
  // longer need no checks of it. -1: it has many, or may be negative.
  int64_t greatest_of_few(const Expr& index) const {
    const std::optional<Range> range = proofs_.range_of(index);
    const bool is_few = range && range->least >= 0 && range->greatest <= kMostFewValues;
    return is_few ? range->greatest : -1;
  }

  // Indices without idx are worth it where there are several: a row's own are checked once then.
  bool add_row_access(const Expr& array, const Expr& index, uint8_t axis) {
    if (array.local >= function_.parameter_count || definitions_ > 0) return false;
    if (index.type.scalar != Scalar::I32 && index.type.scalar != Scalar::I64) return false;
    RowIndex row;
    if (!rows_.decompose(index, row)) return false;
    if (!row.has_idx && !row.last && array.type.rank == 1) return false;
    // Sums that have wrapped lie inside of arrays that are longer than their type tells.
    if (row.last && function_.wide_index && index.type.scalar != Scalar::I64) return false;
    if (!hulls_) hulls_.emplace(function_, assignments_, rows_);
    hulls_->add(array.local, axis, index);
    function_.row_accesses.push_back(
        {array.local, axis, row.has_idx, std::move(row.offset), std::move(row.last)});
    return true;
  }

  Function& function_;
  SingleAssignments assignments_;
  IndexProofs proofs_;
  RowIndices rows_;
  std::optional<IndexHulls> hulls_;  // of the row accesses
  std::set<LocalId> upward_;         // counters that are never negative
  int definitions_ = 0;              // around the expression at hand
};

}  // namespace

void place_checks(Function& function, bool shares_rows) {
  CheckPlacer placer(function, shares_rows);
  placer.run();
  if (has_barrier(function.body)) placer.barriers(function.body, nullptr);
}

namespace {

// A call that would be too deep, or that the thread's stack has no room for.
void place_depth_checks(Function& function, Expr& call) {
  const std::string& name = function.body[static_cast<size_t>(call.callee)]->value->name;
  FaultSite site;
  site.kind = FaultKind::Raise;
  site.span = call.span;
  site.subject = "RecursionError";
  call.fault_site = static_cast<int32_t>(function.fault_sites.size());
  site.message = "maximum recursion depth exceeded: `" + name + "` is called when " +
                 std::to_string(kRecursionLimit) + " calls are open";
  function.fault_sites.push_back(site);
  site.message = "the stack of the thread has no room for another call of `" + name + "`";
  function.fault_sites.push_back(site);
}

// Of the numbers in a text: see split_aggregates.h.
std::vector<Scalar> types_in_text(const Stmt& stmt) {
  std::vector<Scalar> types;
  for (size_t i = 0; i < stmt.operands.size(); ++i) {
    const Scalar type = stmt.operands[i]->type.scalar;
    const size_t number = types.size();
    const bool is_part = number < stmt.fields.size() && is_float(type) &&
                         stmt.fields[number] == name_of(complex_of(type));
    types.push_back(is_part ? complex_of(type) : type);
    i += is_part ? 1 : 0;
  }
  return types;
}

void place_raises(Function& function, Block& block, bool keep_assertions) {
  std::erase_if(block, [&](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Raise && stmt->is_assertion && !keep_assertions;
  });
  const std::function<void(Expr&)> inside = [&](Expr& expr) {
    for (ExprPtr& operand : expr.operands) inside(*operand);
    if (expr.kind == ExprKind::Call) place_depth_checks(function, expr);
    place_raises(function, expr.body, keep_assertions);
  };
  for (StmtPtr& stmt : block) {
    if (stmt->value) inside(*stmt->value);
    for (ExprPtr& operand : stmt->operands) inside(*operand);
    place_raises(function, stmt->body, keep_assertions);
    place_raises(function, stmt->else_body, keep_assertions);
    if (stmt->kind != StmtKind::Raise && stmt->kind != StmtKind::Print) continue;
    FaultSite site;
    site.kind = stmt->kind == StmtKind::Raise ? FaultKind::Raise : FaultKind::Print;
    site.span = stmt->span;
    site.subject = stmt->exception;
    site.message = stmt->message;
    site.values = types_in_text(*stmt);
    stmt->fault_site = static_cast<int32_t>(function.fault_sites.size());
    function.fault_sites.push_back(std::move(site));
  }
}

}  // namespace

void place_raises(Function& function, bool keep_assertions) {
  place_raises(function, function.body, keep_assertions);
}

}  // namespace cudapy::transform
