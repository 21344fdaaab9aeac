#include "codegen/cpu/speculation.h"

#include <algorithm>

#include "ir/math_instruction.h"

namespace cudapy::codegen::cpu {

namespace {

using namespace ir;

constexpr int kGatherCost = 20;
constexpr int kIntegerDivisionCost = 20;
constexpr int kFloatDivisionCost = 6;
constexpr int kMathCost = 16;
constexpr int kPhiloxCost = 120;

class Estimate {
 public:
  explicit Estimate(const Function& function) : function_(function) {}

  void block(const Block& block, size_t begin) {
    for (size_t i = begin; i < block.size(); ++i) statement(*block[i]);
  }

  void expression(const Expr& expr) {
    for (const ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body, 0);
    result.cost += cost_of(expr);
    if (expr.kind == ExprKind::Binary && expr.fault_site >= 0) {
      result.has_load = true;
      result.needs_lane |= expr.shape == Shape::Uniform;
    }
    if (expr.kind == ExprKind::Atomic || expr.kind == ExprKind::Call) result.needs_lane = true;
    // Only lanes that come to it take part.
    if (expr.kind == ExprKind::Intrinsic && is_warp_operation(expr.intrinsic))
      result.needs_lane = true;
    if (expr.kind == ExprKind::Load) {
      result.has_load = true;
      access(expr.operands);
    }
  }

  Speculation result;

 private:
  void statement(const Stmt& stmt) {
    if (stmt.value) expression(*stmt.value);
    for (const ExprPtr& operand : stmt.operands) expression(*operand);
    if (stmt.kind == StmtKind::While || stmt.kind == StmtKind::For ||
        stmt.kind == StmtKind::Raise || stmt.kind == StmtKind::Print)
      result.needs_lane = true;
    if (stmt.kind == StmtKind::Store) access(stmt.operands);
    block(stmt.body, 0);
    block(stmt.else_body, 0);
  }

  // An array and its indices. Of an array of each thread's own an element that is known is one
  // vector, which is there whether or not lanes are on; what an index may be that no lane asks for
  // is not known, nor whether it lies inside.
  void access(const std::vector<ExprPtr>& operands) {
    const Local& array = function_.locals[static_cast<size_t>(operands[0]->local)];
    bool uniform = true;
    bool is_there = array.storage == Storage::Thread;
    bool gathers = operands.back()->shape == Shape::Varying || operands[0]->type.strided;
    for (size_t i = 1; i < operands.size(); ++i) {
      const bool varies = operands[i]->shape != Shape::Uniform;
      uniform = uniform && !varies;
      is_there = is_there && is_inside(*operands[i], array, i - 1);
      const bool is_pixel = array.type.channels > 0 && i == 2;
      gathers = gathers || (varies && i + 1 < operands.size() && !is_pixel);
    }
    if (uniform && !is_there) result.needs_lane = true;
    result.cost += gathers && !uniform ? kGatherCost : 2;
  }

  static bool is_inside(const Expr& index, const Local& array, size_t axis) {
    if (index.kind != ExprKind::Constant || axis >= array.extents.size()) return false;
    return !index.constant.exceeds_int64 && index.constant.integer >= 0 &&
           index.constant.integer < array.extents[axis];
  }

  static int cost_of(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::Constant:
      case ExprKind::Local:
      case ExprKind::ThreadIndex:
      case ExprKind::Len:
      case ExprKind::Stride:
      case ExprKind::Sequence:
        return 0;
      case ExprKind::Math:
        return pace_of(expr.math) == MathPace::Instruction ? 1 : kMathCost;
      case ExprKind::Intrinsic:
        return expr.intrinsic >= Intrinsic::Philox0 ? kPhiloxCost : 4;
      case ExprKind::Binary:
        return expr.shape == Shape::Uniform ? 1 : binary_cost(expr);
      default:
        return 1;
    }
  }

  static int binary_cost(const Expr& expr) {
    switch (expr.binary_op) {
      case BinaryOp::FloorDivide:
      case BinaryOp::Modulo:
      case BinaryOp::Power:
        return kIntegerDivisionCost;
      case BinaryOp::Divide:
        return kFloatDivisionCost;
      default:
        return 1;
    }
  }

  const Function& function_;
};

}  // namespace

Speculation speculation_of(const Function& function, const Expr& expr) {
  Estimate estimate(function);
  estimate.expression(expr);
  return estimate.result;
}

Speculation speculation_of(const Function& function, const Block& block, size_t begin) {
  Estimate estimate(function);
  estimate.block(block, begin);
  return estimate.result;
}

}  // namespace cudapy::codegen::cpu
