#include "transform/interchange_turns.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ir/comparisons.h"
#include "ir/liveness.h"
#include "transform/launch_constants.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

namespace {

using namespace ir;

template <class Visit>
void each_expression(const Block& block, const Visit& visit);

template <class Visit>
void each_expression(const Expr& expr, const Visit& visit) {
  visit(expr);
  for (const ExprPtr& operand : expr.operands) each_expression(*operand, visit);
  each_expression(expr.body, visit);
}

template <class Visit>
void each_expression(const Block& block, const Visit& visit) {
  for (const StmtPtr& stmt : block) {
    if (stmt->value) each_expression(*stmt->value, visit);
    for (const ExprPtr& operand : stmt->operands) each_expression(*operand, visit);
    each_expression(stmt->body, visit);
    each_expression(stmt->else_body, visit);
  }
}

bool reads(const Block& block, LocalId local) {
  bool found = false;
  each_expression(block, [&](const Expr& expr) {
    found = found || (expr.kind == ExprKind::Local && expr.local == local);
  });
  return found;
}

bool prints(const Block& block) {
  bool found = std::ranges::any_of(block, [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Print || prints(stmt->body) || prints(stmt->else_body);
  });
  each_expression(block, [&](const Expr& expr) { found = found || prints(expr.body); });
  return found;
}

// Computed before each turn as well as once before the first, or not at all.
bool may_be_repeated(const Expr& value) {
  bool may_fault = false;
  each_expression(value, [&](const Expr& expr) {
    if (expr.kind != ExprKind::Binary || !is_integer(expr.type)) return;
    switch (expr.binary_op) {
      case BinaryOp::FloorDivide:
      case BinaryOp::Modulo:
      case BinaryOp::ShiftLeft:
      case BinaryOp::ShiftRight:
        may_fault = may_fault || expr.operands[1]->kind != ExprKind::Constant ||
                    expr.operands[1]->constant.integer <= 0;
        return;
      default:
        return;
    }
  });
  return is_pure(value) && !may_fault;
}

// What a loop over the grid's width says.
struct GridLoop {
  uint8_t axis = 0;
  LocalId index = kNoLocal;    // what the body reads
  bool counts_itself = false;  // a while, whose last statement moves the index on
  Clip clip;
};

class TurnInterchanger {
 public:
  explicit TurnInterchanger(Function& function) : function_(function) {}

  void run() {
    if (prints(function_.body)) return;
    while (take_loop()) {
    }
    if (function_.repeated_axes == 0) return;
    drop_unread();
    if (!sees_blocks()) {
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
    assignments_.emplace(function_);
    Stmt& loop = *body.back();
    std::optional<GridLoop> found = loop.kind == StmtKind::For     ? range_loop(loop)
                                    : loop.kind == StmtKind::While ? while_loop(loop)
                                                                   : std::nullopt;
    if (!found || !loop.else_body.empty() || !is_below_taken_axes(found->axis) ||
        !each_turn_by_itself(loop, *found) || sees_place(*found, loop)) {
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

  // for index in range(idx, stop, width)
  std::optional<GridLoop> range_loop(const Stmt& loop) {
    const std::optional<uint8_t> axis = axis_of_width(*loop.operands[2]);
    if (!axis || loop.counter == kNoLocal || !is_index_type(loop.operands[0]->type) ||
        !is_thread(*loop.operands[0], *axis)) {
      return std::nullopt;
    }
    ExprPtr stop = launch_constant(*loop.operands[1], *assignments_);
    if (!stop) return std::nullopt;
    return GridLoop{*axis, loop.counter, false, {*axis, CompareOp::Less, std::move(stop)}};
  }

  // while index < stop: ...; index += width
  std::optional<GridLoop> while_loop(const Stmt& loop) {
    if (loop.value->kind != ExprKind::Compare || loop.body.empty()) return std::nullopt;
    CompareOp op = loop.value->compare_op;
    const Expr* index = loop.value->operands[0].get();
    const Expr* stop = loop.value->operands[1].get();
    if (index->kind != ExprKind::Local || assignments_->is_argument(index->local)) {
      std::swap(index, stop);
      op = turned_around(op);
    }
    if (op != CompareOp::Less && op != CompareOp::LessEqual) return std::nullopt;
    if (index->kind != ExprKind::Local || index->local < function_.parameter_count ||
        !is_index_type(index->type)) {
      return std::nullopt;
    }
    const std::optional<uint8_t> axis = axis_of_advance(*loop.body.back(), index->local);
    const Expr* start = only_start(loop, index->local);
    if (!axis || !start || !is_thread(*start, *axis)) return std::nullopt;
    ExprPtr bound = launch_constant(*stop, *assignments_);
    if (!bound) return std::nullopt;
    return GridLoop{*axis, index->local, true, {*axis, op, std::move(bound)}};
  }

  // Of `index = index + width`.
  std::optional<uint8_t> axis_of_advance(const Stmt& stmt, LocalId index) const {
    if (stmt.kind != StmtKind::Assign || stmt.local != index ||
        stmt.value->kind != ExprKind::Binary || stmt.value->binary_op != BinaryOp::Add)
      return std::nullopt;
    for (const size_t at : {0U, 1U}) {
      const Expr& moved = *stmt.value->operands[at];
      if (moved.kind == ExprKind::Local && moved.local == index)
        return axis_of_width(*stmt.value->operands[1 - at]);
    }
    return std::nullopt;
  }

  // What is assigned to `index` before the loop; null if that is done twice, or it is assigned in
  // the loop beside the last statement.
  const Expr* only_start(const Stmt& loop, LocalId index) const {
    const Expr* start = nullptr;
    for (const StmtPtr& stmt : function_.body) {
      if (stmt->kind != StmtKind::Assign || stmt->local != index) continue;
      if (start) return nullptr;
      start = stmt->value.get();
    }
    for (size_t i = 0; i + 1 < loop.body.size(); ++i) {
      Block one;
      one.push_back(clone(*loop.body[i]));
      if (assigned_in(one, function_.locals.size()).contains(index)) return nullptr;
    }
    return start;
  }

  bool is_index_type(const Type& type) const {
    return type.is_scalar() && type.scalar == (function_.wide_index ? Scalar::I64 : Scalar::I32);
  }

  static bool is_thread_index(const Expr& expr, ThreadIndex first, uint8_t axis) {
    return expr.kind == ExprKind::ThreadIndex &&
           static_cast<int>(expr.thread_index) == static_cast<int>(first) + axis;
  }

  // A variable that stands for one value.
  const Expr& value_of(const Expr& expr) const {
    const Expr* value = &expr;
    while (value->kind == ExprKind::Local) {
      const Expr* assigned = assignments_->value_of(value->local);
      if (!assigned) break;
      value = assigned;
    }
    return *value;
  }

  bool is_block_extent(const Expr& expr, uint8_t axis) const {
    const Expr& value = value_of(expr);
    if (is_thread_index(value, ThreadIndex::BlockDimX, axis)) return true;
    return function_.block[0] > 0 && value.kind == ExprKind::Constant &&
           value.constant.integer == function_.block[axis];
  }

  // blockDim.x * gridDim.x
  std::optional<uint8_t> axis_of_width(const Expr& expr) const {
    const Expr& value = value_of(expr);
    if (value.kind == ExprKind::Cast && is_index_type(value.type) &&
        value.operands[0]->type == Type::of(Scalar::I32))
      return axis_of_width(*value.operands[0]);
    if (value.kind != ExprKind::Binary || value.binary_op != BinaryOp::Multiply)
      return std::nullopt;
    for (const size_t at : {0U, 1U}) {
      for (const uint8_t axis : {0, 1, 2}) {
        if (is_thread_index(value_of(*value.operands[at]), ThreadIndex::GridDimX, axis) &&
            is_block_extent(*value.operands[1 - at], axis))
          return axis;
      }
    }
    return std::nullopt;
  }

  // idx, or blockIdx.x * blockDim.x + threadIdx.x
  bool is_thread(const Expr& expr, uint8_t axis) const {
    const Expr& value = value_of(expr);
    if (!is_index_type(value.type)) return false;
    if (is_thread_index(value, ThreadIndex::Idx, axis)) return true;
    if (value.kind != ExprKind::Binary || value.binary_op != BinaryOp::Add) return false;
    for (const size_t at : {0U, 1U}) {
      const Expr& first = value_of(*value.operands[at]);
      const Expr& in_block = value_of(*value.operands[1 - at]);
      if (first.kind != ExprKind::Binary || first.binary_op != BinaryOp::Multiply ||
          !is_thread_index(in_block, ThreadIndex::ThreadIdxX, axis))
        continue;
      for (const size_t side : {0U, 1U}) {
        if (is_thread_index(value_of(*first.operands[side]), ThreadIndex::BlockIdxX, axis) &&
            is_block_extent(*first.operands[1 - side], axis))
          return true;
      }
    }
    return false;
  }

  // Nothing but the index comes from one turn to the next, and none ends the loop.
  bool each_turn_by_itself(const Stmt& loop, const GridLoop& found) const {
    if (leaves(loop.body, /*may_continue=*/!found.counts_itself)) return false;
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

  // Whether statements end the thread or the loop around them.
  static bool leaves(const Block& block, bool may_continue, bool in_inner_loop = false) {
    return std::ranges::any_of(block, [&](const StmtPtr& stmt) {
      if (stmt->kind == StmtKind::Return) return true;
      if (stmt->kind == StmtKind::Break) return !in_inner_loop;
      if (stmt->kind == StmtKind::Continue) return !in_inner_loop && !may_continue;
      const bool is_loop = stmt->kind == StmtKind::While || stmt->kind == StmtKind::For;
      return leaves(stmt->body, may_continue, in_inner_loop || is_loop) ||
             leaves(stmt->else_body, may_continue, in_inner_loop);
    });
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

  // Assignments before the loops, of what the loops' own bounds alone asked for.
  void drop_unread() {
    Block& body = function_.body;
    for (size_t i = body.size(); i-- > 0;) {
      const Stmt& stmt = *body[i];
      if (stmt.kind == StmtKind::Assign && may_be_repeated(*stmt.value) && !reads(body, stmt.local))
        body.erase(body.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  bool sees_blocks() const {
    bool found = false;
    each_expression(function_.body, [&](const Expr& expr) {
      found = found || (expr.kind == ExprKind::ThreadIndex && expr.thread_index > ThreadIndex::Idz);
    });
    return found;
  }

  Function& function_;
  std::optional<SingleAssignments> assignments_;  // of the body at hand
};

}  // namespace

void interchange_turns(Function& function) {
  TurnInterchanger(function).run();
}

}  // namespace cudapy::transform
