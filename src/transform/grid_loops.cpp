#include "transform/grid_loops.h"

#include <algorithm>
#include <utility>

#include "ir/comparisons.h"
#include "ir/liveness.h"
#include "transform/launch_constants.h"

namespace cudapy::transform {

using namespace ir;

namespace {

bool assigns(const Stmt& stmt, LocalId local, size_t locals) {
  Block one;
  one.push_back(clone(stmt));
  return assigned_in(one, locals).contains(local);
}

bool reads(const Block& block, LocalId local) {
  bool found = false;
  each_expression(block, [&](const Expr& expr) {
    found = found || (expr.kind == ExprKind::Local && expr.local == local);
  });
  return found;
}

bool leaves(const Block& block, bool may_continue, bool in_inner_loop = false) {
  return std::ranges::any_of(block, [&](const StmtPtr& stmt) {
    if (stmt->kind == StmtKind::Return) return true;
    if (stmt->kind == StmtKind::Break) return !in_inner_loop;
    if (stmt->kind == StmtKind::Continue) return !in_inner_loop && !may_continue;
    const bool is_loop = stmt->kind == StmtKind::While || stmt->kind == StmtKind::For;
    return leaves(stmt->body, may_continue, in_inner_loop || is_loop) ||
           leaves(stmt->else_body, may_continue, in_inner_loop);
  });
}

}  // namespace

bool leaves_loop(const Block& body, bool may_continue) {
  return leaves(body, may_continue);
}

bool prints(const Block& block) {
  bool found = std::ranges::any_of(block, [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Print || prints(stmt->body) || prints(stmt->else_body);
  });
  each_expression(block, [&](const Expr& expr) { found = found || prints(expr.body); });
  return found;
}

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

std::optional<GridLoop> GridLoops::find(const Stmt& loop) const {
  if (!loop.else_body.empty()) return std::nullopt;
  if (loop.kind == StmtKind::For) return range_loop(loop);
  return loop.kind == StmtKind::While ? while_loop(loop) : std::nullopt;
}

// for index in range(idx, stop, width)
std::optional<GridLoop> GridLoops::range_loop(const Stmt& loop) const {
  const std::optional<uint8_t> axis = axis_of_width(*loop.operands[2]);
  if (!axis || loop.counter == kNoLocal || !is_index_type(loop.operands[0]->type) ||
      !is_thread(*loop.operands[0], *axis)) {
    return std::nullopt;
  }
  ExprPtr stop = launch_constant(*loop.operands[1], assignments_);
  if (!stop) return std::nullopt;
  std::optional<GridLoop> found(std::in_place);
  found->axis = *axis;
  found->index = loop.counter;
  found->clip = {*axis, CompareOp::Less, std::move(stop)};
  found->width = clone(*loop.operands[2]);
  return found;
}

// while index < stop: ...; index += width
std::optional<GridLoop> GridLoops::while_loop(const Stmt& loop) const {
  if (loop.value->kind != ExprKind::Compare || loop.body.empty()) return std::nullopt;
  CompareOp op = loop.value->compare_op;
  const Expr* index = loop.value->operands[0].get();
  const Expr* stop = loop.value->operands[1].get();
  if (index->kind != ExprKind::Local || assignments_.is_argument(index->local)) {
    std::swap(index, stop);
    op = turned_around(op);
  }
  if (op != CompareOp::Less && op != CompareOp::LessEqual) return std::nullopt;
  if (index->kind != ExprKind::Local || index->local < function_.parameter_count ||
      !is_index_type(index->type)) {
    return std::nullopt;
  }
  const Expr* width = advance_of(*loop.body.back(), index->local);
  if (width == nullptr) return std::nullopt;
  const std::optional<uint8_t> axis = axis_of_width(*width);
  const Expr* start = only_start(loop, index->local);
  if (!axis || !start || !is_thread(*start, *axis)) return std::nullopt;
  ExprPtr bound = launch_constant(*stop, assignments_);
  if (!bound) return std::nullopt;
  std::optional<GridLoop> found(std::in_place);
  found->axis = *axis;
  found->index = index->local;
  found->counts_itself = true;
  found->clip = {*axis, op, std::move(bound)};
  found->width = clone(*width);
  return found;
}

// Of `index = index + width`; else null.
const Expr* GridLoops::advance_of(const Stmt& stmt, LocalId index) {
  if (stmt.kind != StmtKind::Assign || stmt.local != index ||
      stmt.value->kind != ExprKind::Binary || stmt.value->binary_op != BinaryOp::Add)
    return nullptr;
  for (const size_t at : {0U, 1U}) {
    const Expr& moved = *stmt.value->operands[at];
    if (moved.kind == ExprKind::Local && moved.local == index)
      return stmt.value->operands[1 - at].get();
  }
  return nullptr;
}

// What is assigned to `index` before the loop; null if it is assigned anywhere else, but by the
// loop's last statement.
const Expr* GridLoops::only_start(const Stmt& loop, LocalId index) const {
  const size_t locals = function_.locals.size();
  const Expr* start = nullptr;
  for (const StmtPtr& stmt : function_.body) {
    if (stmt.get() == &loop) continue;
    if (stmt->kind == StmtKind::Assign && stmt->local == index && !start) {
      start = stmt->value.get();
    } else if (assigns(*stmt, index, locals)) {
      return nullptr;
    }
  }
  const bool assigns_too =
      std::any_of(loop.body.begin(), loop.body.end() - 1,
                  [&](const StmtPtr& stmt) { return assigns(*stmt, index, locals); });
  return assigns_too ? nullptr : start;
}

bool GridLoops::is_index_type(const Type& type) const {
  return type.is_scalar() && type.scalar == (function_.wide_index ? Scalar::I64 : Scalar::I32);
}

bool is_thread_index(const Expr& expr, ThreadIndex first, uint8_t axis) {
  return expr.kind == ExprKind::ThreadIndex &&
         static_cast<int>(expr.thread_index) == static_cast<int>(first) + axis;
}

// A variable that stands for one value.
const Expr& GridLoops::value_of(const Expr& expr) const {
  const Expr* value = &expr;
  while (value->kind == ExprKind::Local) {
    const Expr* assigned = assignments_.value_of(value->local);
    if (!assigned) break;
    value = assigned;
  }
  return *value;
}

bool GridLoops::is_block_extent(const Expr& expr, uint8_t axis) const {
  const Expr& value = value_of(expr);
  if (is_thread_index(value, ThreadIndex::BlockDimX, axis)) return true;
  return function_.block[0] > 0 && value.kind == ExprKind::Constant &&
         value.constant.integer == function_.block[axis];
}

// blockDim.x * gridDim.x
std::optional<uint8_t> GridLoops::axis_of_width(const Expr& expr) const {
  const Expr& value = value_of(expr);
  if (value.kind == ExprKind::Cast && is_index_type(value.type) &&
      value.operands[0]->type == Type::of(Scalar::I32))
    return axis_of_width(*value.operands[0]);
  if (value.kind != ExprKind::Binary || value.binary_op != BinaryOp::Multiply) return std::nullopt;
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
bool GridLoops::is_thread(const Expr& expr, uint8_t axis) const {
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

void drop_unread(Function& function) {
  Block& body = function.body;
  for (size_t i = body.size(); i-- > 0;) {
    const Stmt& stmt = *body[i];
    if (stmt.kind == StmtKind::Assign && may_be_repeated(*stmt.value) && !reads(body, stmt.local))
      body.erase(body.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

namespace {

bool sees(const Function& function, ThreadIndex first, ThreadIndex last) {
  bool found = false;
  each_expression(function.body, [&](const Expr& expr) {
    found = found || (expr.kind == ExprKind::ThreadIndex && expr.thread_index >= first &&
                      expr.thread_index <= last);
  });
  return found;
}

}  // namespace

bool sees_blocks(const Function& function) {
  return sees(function, ThreadIndex::ThreadIdxX, ThreadIndex::BlockIdxZ);
}

bool sees_block_shape(const Function& function) {
  return sees(function, ThreadIndex::ThreadIdxX, ThreadIndex::GridDimZ);
}

}  // namespace cudapy::transform
