#include "transform/gpu_threads.h"

#include <algorithm>
#include <utility>

#include "ir/math_instruction.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

namespace {

using namespace ir;

constexpr int kAccessBytes = 16;

// Finds what a thread sees of its place, and whether its accesses are those of one element.
class ThreadReader {
 public:
  explicit ThreadReader(const Function& function) : function_(function), assignments_(function) {
    read(function.body);
    for (const Clip& clip : function.clips) rank_ = std::max(rank_, clip.axis + 1);
    for (const Local& local : function.locals) {
      is_element_wise_ = is_element_wise_ && local.storage == Storage::Value;
    }
  }

  GpuThreads threads() const {
    GpuThreads threads;
    threads.is_cooperative = is_cooperative_;
    threads.has_fences = has_fences_;
    threads.looks_ahead = repeats_rows_ || (function_.row_accesses.size() > 1 && !is_cooperative_);
    if (!function_.uses_block_shape) threads.rank = rank_;
    const bool widens = threads.rank == 1 && is_element_wise_ && stores_ && largest_ < kAccessBytes;
    if (widens) {
      threads.per_thread = kAccessBytes / largest_;
      threads.looks_ahead = false;
      return threads;
    }
    if (is_cooperative_ || has_fences_) return threads;
    NeighbourGangs gangs = neighbour_gangs(function_);
    threads.per_thread = gangs.width;
    threads.multiples = std::move(gangs.multiples);
    threads.has_loops = gangs.has_loops;
    if (threads.looks_ahead && threads.per_thread == 1) threads.limits = row_limits(function_);
    return threads;
  }

 private:
  void read(const Block& block) {
    for (const StmtPtr& stmt : block) {
      if (stmt->value) read(*stmt->value);
      for (const ExprPtr& operand : stmt->operands) read(*operand);
      if (stmt->kind == StmtKind::Store) {
        stores_ = true;
        access(stmt->operands, stmt->fault_site, stmt->row_axes, /*may_be_uniform=*/false);
      } else if (stmt->kind != StmtKind::Assign) {
        is_element_wise_ = false;
      }
      is_cooperative_ = is_cooperative_ || stmt->kind == StmtKind::Barrier || function_.runs_warps;
      const bool is_loop = stmt->kind == StmtKind::For || stmt->kind == StmtKind::While;
      loops_ += is_loop;
      read(stmt->body);
      loops_ -= is_loop;
      read(stmt->else_body);
    }
  }

  void read(const Expr& expr) {
    for (const ExprPtr& operand : expr.operands) read(*operand);
    switch (expr.kind) {
      case ExprKind::ThreadIndex:
        if (expr.thread_index == ThreadIndex::Idy) rank_ = std::max(rank_, 2);
        if (expr.thread_index == ThreadIndex::Idz) rank_ = 3;
        break;
      case ExprKind::Load:
        access(expr.operands, expr.fault_site, expr.row_axes, /*may_be_uniform=*/true);
        break;
      case ExprKind::And:
      case ExprKind::Or:
      case ExprKind::Select:
        is_element_wise_ = is_element_wise_ && is_evaluated_anyway(expr);
        break;
      case ExprKind::Math:
        is_element_wise_ = is_element_wise_ && is_instruction(expr.math);
        break;
      case ExprKind::Intrinsic:
        has_fences_ = has_fences_ || expr.intrinsic == Intrinsic::Fence ||
                      expr.intrinsic == Intrinsic::FenceBlock ||
                      expr.intrinsic == Intrinsic::FenceSystem;
        is_element_wise_ = false;
        break;
      case ExprKind::Sequence:
      case ExprKind::Atomic:
      case ExprKind::Call:
        is_element_wise_ = false;
        break;
      default:
        is_element_wise_ = is_element_wise_ && expr.fault_site < 0;
        break;
    }
    read(expr.body);
  }

  // Whether what is evaluated for some threads alone touches no memory.
  static bool is_evaluated_anyway(const Expr& expr) {
    return std::none_of(expr.operands.begin() + 1, expr.operands.end(),
                        [](const ExprPtr& operand) { return has_load(*operand); });
  }

  static bool has_load(const Expr& expr) {
    return expr.kind == ExprKind::Load ||
           std::any_of(expr.operands.begin(), expr.operands.end(),
                       [](const ExprPtr& operand) { return has_load(*operand); });
  }

  void access(const std::vector<ExprPtr>& operands, int32_t site, uint8_t row_axes,
              bool may_be_uniform) {
    const Expr& array = *operands[0];
    const Expr& index = *operands[1];
    repeats_rows_ = repeats_rows_ || (loops_ > 0 && row_axes != 0);
    largest_ = std::max(largest_, size_of(array.type.scalar));
    const bool is_plain =
        array.type.rank == 1 && !array.type.strided && !is_compound(array.type.element());
    const bool is_unchecked = site < 0 || (row_axes != 0 && is_idx(index));
    const bool is_place = is_idx(index) || (may_be_uniform && index.shape == Shape::Uniform);
    is_element_wise_ = is_element_wise_ && is_plain && is_unchecked && is_place;
  }

  bool is_idx(const Expr& expr) const {
    if (expr.kind == ExprKind::ThreadIndex) return expr.thread_index == ThreadIndex::Idx;
    if (expr.kind != ExprKind::Local) return false;
    const Expr* value = assignments_.value_of(expr.local);
    return value != nullptr && is_idx(*value);
  }

  const Function& function_;
  SingleAssignments assignments_;
  int loops_ = 0;
  bool repeats_rows_ = false;
  bool is_cooperative_ = false;
  bool has_fences_ = false;
  int rank_ = 1;
  bool is_element_wise_ = true;
  bool stores_ = false;
  int largest_ = 1;
};

}  // namespace

GpuThreads gpu_threads(const Function& function) {
  return ThreadReader(function).threads();
}

}  // namespace cudapy::transform
