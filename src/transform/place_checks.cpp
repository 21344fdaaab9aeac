#include "transform/place_checks.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ir/liveness.h"
#include "ir/view.h"
#include "transform/index_hulls.h"
#include "transform/index_proofs.h"
#include "transform/never_negative.h"
#include "transform/single_assignments.h"
#include "transform/split_barriers.h"
#include "transform/typed_nodes.h"

namespace cudapy::transform {

namespace {

using namespace ir;

// An integer in terms of idx and what is the same for all threads of a row.
struct RowIndex {
  bool has_idx = false;
  ExprPtr offset;  // null: 0
  ExprPtr last;    // int64: the greatest value, where loops count between two; null: the offset
};

class CheckPlacer {
 public:
  explicit CheckPlacer(Function& function)
      : function_(function), assignments_(function), proofs_(function) {}

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
    loops_[loop.counter] = &loop;
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
    block(expr.body);
    for (ExprPtr& operand : expr.operands) expression(*operand);
    if (expr.local != kNoLocal) proofs_.forget(expr.local);
    for (const LocalId result : expr.results) proofs_.forget(result);
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
      if (made.subject == "%tuple") made.message = "the tuple";
      if (!made.is_proved && add_row_access(array, *operands[i], made.axis))
        row_axes = static_cast<uint8_t>(row_axes | 1U << (i - 1));
    }
  }

  // Indices without idx are worth it where there are several: a row's own are checked once then.
  bool add_row_access(const Expr& array, const Expr& index, uint8_t axis) {
    if (array.local >= function_.parameter_count) return false;
    if (index.type.scalar != Scalar::I32 && index.type.scalar != Scalar::I64) return false;
    RowIndex row;
    if (!decompose(index, row)) return false;
    if (!row.has_idx && !row.last && array.type.rank == 1) return false;
    if (!hulls_)
      hulls_.emplace(function_, assignments_, [this](LocalId local) { return ends_of(local); });
    hulls_->add(array.local, axis, index);
    function_.row_accesses.push_back(
        {array.local, axis, row.has_idx, std::move(row.offset), std::move(row.last)});
    return true;
  }

  std::optional<CounterEnds> ends_of(LocalId counter) const {
    RowIndex values;
    const auto loop = loops_.find(counter);
    if (loop == loops_.end() || !values_of(*loop->second, values)) return std::nullopt;
    if (mentions_thread(*values.offset) || mentions_thread(*values.last)) return std::nullopt;
    return CounterEnds{std::move(values.offset), std::move(values.last)};
  }

  static bool mentions_thread(const Expr& expr) {
    return expr.kind == ExprKind::ThreadIndex ||
           std::any_of(expr.operands.begin(), expr.operands.end(),
                       [](const ExprPtr& operand) { return mentions_thread(*operand); });
  }

  bool decompose(const Expr& expr, RowIndex& out) const {
    switch (expr.kind) {
      case ExprKind::ThreadIndex:
        if (expr.thread_index == ThreadIndex::Idx) return out.has_idx = true;
        break;
      case ExprKind::Local:
        if (const auto loop = loops_.find(expr.local); loop != loops_.end())
          return values_of(*loop->second, out);
        if (const Expr* value = assignments_.value_of(expr.local)) return decompose(*value, out);
        break;
      case ExprKind::Cast:
        // Widening what may have wrapped is no longer a progression; idx itself and counters have
        // not.
        if (is_counted(*expr.operands[0]) && is_integer(expr.type) &&
            size_of(expr.type.scalar) >= size_of(expr.operands[0]->type.scalar))
          return decompose(*expr.operands[0], out);
        break;
      case ExprKind::Binary:
        if (expr.binary_op == BinaryOp::Add || expr.binary_op == BinaryOp::Subtract)
          return decompose_sum(expr, out);
        if (expr.binary_op == BinaryOp::Multiply && decompose_product(expr, out)) return true;
        break;
      default:
        break;
    }
    out.offset = row_constant(expr);
    return out.offset != nullptr;
  }

  bool is_counted(const Expr& expr) const {
    return expr.kind == ExprKind::ThreadIndex ||
           (expr.kind == ExprKind::Local && loops_.contains(expr.local));
  }

  // What `for counter in range(start, stop, step)` counts through, from the least to the greatest.
  // An empty range gives a greatest value below the least.
  bool values_of(const Stmt& loop, RowIndex& out) const {
    const Expr& step = *loop.operands[2];
    if (!is_signed(loop.operands[0]->type.scalar)) return false;
    if (step.kind != ExprKind::Constant || step.constant.integer == 0) return false;
    ExprPtr start = row_constant(*loop.operands[0]);
    ExprPtr stop = row_constant(*loop.operands[1]);
    if (!start || !stop) return false;
    start = widened(std::move(start));
    const bool up = step.constant.integer > 0;
    const int64_t stride = up ? step.constant.integer : -step.constant.integer;
    ExprPtr one = integer(1, kInt64);
    ExprPtr end =
        binary(up ? BinaryOp::Subtract : BinaryOp::Add, widened(std::move(stop)), std::move(one));
    if (stride != 1) {
      ExprPtr distance = up ? binary(BinaryOp::Subtract, std::move(end), clone(*start))
                            : binary(BinaryOp::Subtract, clone(*start), std::move(end));
      ExprPtr turns = binary(BinaryOp::FloorDivide, std::move(distance), integer(stride, kInt64));
      end = binary(up ? BinaryOp::Add : BinaryOp::Subtract, clone(*start),
                   binary(BinaryOp::Multiply, std::move(turns), integer(stride, kInt64)));
    }
    out.offset = up ? std::move(start) : std::move(end);
    out.last = up ? std::move(end) : std::move(start);
    return true;
  }

  // counter * factor, in 32 bits, where the products of the ends don't wrap in 64.
  bool decompose_product(const Expr& expr, RowIndex& out) const {
    if (expr.type.scalar != Scalar::I32) return false;
    const Expr* counter = expr.operands[0].get();
    const Expr* other = expr.operands[1].get();
    if (counter->kind != ExprKind::Local || !loops_.contains(counter->local))
      std::swap(counter, other);
    if (counter->kind != ExprKind::Local || !loops_.contains(counter->local)) return false;
    ExprPtr factor = row_constant(*other);
    RowIndex values;
    if (!factor || !values_of(*loops_.at(counter->local), values)) return false;
    factor = widened(std::move(factor));
    ExprPtr first = binary(BinaryOp::Multiply, std::move(values.offset), clone(*factor));
    ExprPtr last = binary(BinaryOp::Multiply, std::move(values.last), std::move(factor));
    out.offset = binary(BinaryOp::Minimum, clone(*first), clone(*last));
    out.last = binary(BinaryOp::Maximum, std::move(first), std::move(last));
    return true;
  }

  bool decompose_sum(const Expr& expr, RowIndex& out) const {
    RowIndex left;
    RowIndex right;
    if (!decompose(*expr.operands[0], left) || !decompose(*expr.operands[1], right)) return false;
    const bool subtracts = expr.binary_op == BinaryOp::Subtract;
    if ((left.has_idx && right.has_idx) || (subtracts && right.has_idx)) return false;
    out.has_idx = left.has_idx || right.has_idx;
    if (left.last || right.last) {
      add_intervals(std::move(left), std::move(right), subtracts, out);
    } else if (!right.offset) {
      out.offset = std::move(left.offset);
    } else if (!left.offset && !subtracts) {
      out.offset = std::move(right.offset);
    } else {
      if (!left.offset) left.offset = integer(0, expr.type);
      out.offset = binary(expr.binary_op, std::move(left.offset), std::move(right.offset));
      out.offset->span = expr.span;
    }
    return true;
  }

  static void add_intervals(RowIndex left, RowIndex right, bool subtracts, RowIndex& out) {
    for (RowIndex* side : {&left, &right}) {
      side->offset = widened(std::move(side->offset));
      if (!side->last) side->last = clone(*side->offset);
    }
    if (subtracts) {
      out.offset = binary(BinaryOp::Subtract, std::move(left.offset), std::move(right.last));
      out.last = binary(BinaryOp::Subtract, std::move(left.last), std::move(right.offset));
    } else {
      out.offset = binary(BinaryOp::Add, std::move(left.offset), std::move(right.offset));
      out.last = binary(BinaryOp::Add, std::move(left.last), std::move(right.last));
    }
  }

  // A copy of `expr` in terms of parameters, idy and idz; null if that cannot be had, or it might
  // fault.
  ExprPtr row_constant(const Expr& expr) const {
    if (!is_integer(expr.type)) return nullptr;
    switch (expr.kind) {
      case ExprKind::Constant:
        return clone(expr);
      case ExprKind::Len:
        return expr.operands[0]->local < function_.parameter_count ? clone(expr) : nullptr;
      case ExprKind::ThreadIndex:
        return expr.thread_index == ThreadIndex::Idy || expr.thread_index == ThreadIndex::Idz
                   ? clone(expr)
                   : nullptr;
      case ExprKind::Local:
        if (assignments_.is_argument(expr.local)) return clone(expr);
        if (const Expr* value = assignments_.value_of(expr.local)) return row_constant(*value);
        return nullptr;
      case ExprKind::Binary:
        if (expr.binary_op != BinaryOp::Add && expr.binary_op != BinaryOp::Subtract &&
            expr.binary_op != BinaryOp::Multiply)
          return nullptr;
        break;
      case ExprKind::Cast:
        break;
      default:
        return nullptr;
    }
    ExprPtr copy = clone(expr);
    for (ExprPtr& operand : copy->operands) {
      operand = row_constant(*operand);
      if (!operand) return nullptr;
    }
    return copy;
  }

  Function& function_;
  SingleAssignments assignments_;
  IndexProofs proofs_;
  std::optional<IndexHulls> hulls_;       // of the row accesses
  std::map<LocalId, const Stmt*> loops_;  // by their counters
  std::set<LocalId> upward_;              // counters that are never negative
};

}  // namespace

void place_checks(Function& function) {
  CheckPlacer placer(function);
  placer.run();
  if (has_barrier(function.body)) placer.barriers(function.body, nullptr);
}

namespace {

void place_raises(Function& function, Block& block, bool keep_assertions) {
  std::erase_if(block, [&](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Raise && stmt->is_assertion && !keep_assertions;
  });
  const std::function<void(Expr&)> inside = [&](Expr& expr) {
    for (ExprPtr& operand : expr.operands) inside(*operand);
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
    for (const ExprPtr& operand : stmt->operands) site.values.push_back(operand->type.scalar);
    stmt->fault_site = static_cast<int32_t>(function.fault_sites.size());
    function.fault_sites.push_back(std::move(site));
  }
}

}  // namespace

void place_raises(Function& function, bool keep_assertions) {
  place_raises(function, function.body, keep_assertions);
}

}  // namespace cudapy::transform
