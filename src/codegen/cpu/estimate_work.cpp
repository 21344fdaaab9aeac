#include "codegen/cpu/estimate_work.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "codegen/cpu/private_bins.h"
#include "transform/block_turns.h"

namespace cudapy::codegen::cpu {

namespace {

using namespace ir;

constexpr double kTurnsOfUnknownLoop = 32;
constexpr double kMostInstructions = 1e9;
// Of a whole gang, whose lanes do it one after the other.
constexpr double kAtomic = 200;
constexpr double kPrivateAddition = 32;
constexpr double kCallOfRecursion = 1000;  // with all those that it makes

// Instructions between two polls, some 10 us; and turns, so that many at once stay a number of
// seconds where inner loops are long, and a poll stays cheap where they are not.
constexpr double kPollDistance = 65536;
constexpr double kFewestTurns = 32;
constexpr double kMostTurns = 8192;
constexpr double kTurnsBetweenPolls = 256;  // of an inner loop of unknown length

bool has_known_length(const Stmt& loop) {
  return loop.kind == StmtKind::For &&
         std::ranges::all_of(loop.operands, [](const ExprPtr& operand) {
           return operand->kind == ExprKind::Constant;
         });
}

class WorkWalk {
 public:
  explicit WorkWalk(WorkEstimate& estimate, double unknown_turns = kTurnsOfUnknownLoop)
      : estimate_(estimate), unknown_turns_(unknown_turns) {}

  void set_private_bins(std::vector<LocalId> arrays) { private_bins_ = std::move(arrays); }

  double block(const Block& statements, bool varying) {
    double sum = 0;
    for (const StmtPtr& stmt : statements) sum += statement(*stmt, varying);
    return sum;
  }

  double loop(const Stmt& stmt) { return statement(stmt, false); }

 private:
  double statement(const Stmt& stmt, bool varying) {
    double sum = stmt.kind == StmtKind::Assign ? 0 : 1;
    if (stmt.value) sum += expression(*stmt.value, varying);
    for (const ExprPtr& operand : stmt.operands) sum += expression(*operand, varying);
    if (stmt.kind == StmtKind::While || stmt.kind == StmtKind::For) {
      if (varying || stmt.divergent_exit) estimate_.uneven = true;
      sum += turns_of(stmt) * (1 + block(stmt.body, varying));
    } else {
      bool arm = varying || (stmt.kind == StmtKind::If && stmt.value->shape != Shape::Uniform);
      sum += block(stmt.body, arm);
    }
    return sum + block(stmt.else_body, varying);
  }

  double turns_of(const Stmt& loop) const {
    if (!has_known_length(loop)) return unknown_turns_;
    double step = static_cast<double>(loop.operands[2]->constant.integer);
    double span = static_cast<double>(loop.operands[1]->constant.integer -
                                      loop.operands[0]->constant.integer);
    return step == 0 ? 0 : std::max(0.0, span / step);
  }

  double expression(const Expr& expr, bool varying) {
    double sum = block(expr.body, varying);
    for (const ExprPtr& operand : expr.operands) sum += expression(*operand, varying);
    switch (expr.kind) {
      case ExprKind::Constant:
      case ExprKind::Local:
      case ExprKind::ThreadIndex:
      case ExprKind::Len:
      case ExprKind::Stride:
      case ExprKind::Sequence:
        return sum;
      case ExprKind::Math:
        return sum + 8;
      case ExprKind::Intrinsic:
        return sum + (expr.intrinsic >= Intrinsic::Philox0 ? 120 : 2);
      case ExprKind::Atomic:
        return sum + (adds_to_private_bins(expr) ? kPrivateAddition : kAtomic);
      case ExprKind::Call:
        estimate_.uneven = true;
        return sum + kCallOfRecursion;
      default:
        return sum + 1;
    }
  }

  bool adds_to_private_bins(const Expr& atomic) const {
    const Expr& place = *atomic.operands[0];
    return std::ranges::find(private_bins_, place.operands[0]->local) != private_bins_.end();
  }

  WorkEstimate& estimate_;
  const double unknown_turns_;
  std::vector<LocalId> private_bins_;
};

}  // namespace

WorkEstimate estimate_work(const Function& kernel) {
  WorkEstimate estimate;
  WorkWalk walk(estimate);
  walk.set_private_bins(find_private_bins(kernel));
  // A kernel that is there twice costs what it does once.
  const Stmt* choice = transform::choice_of_turns(kernel);
  const double instructions = walk.block(choice ? choice->else_body : kernel.body, false);
  estimate.instructions = static_cast<int>(std::min(instructions, kMostInstructions));
  return estimate;
}

int turns_between_polls(const Stmt& loop) {
  WorkEstimate unused;
  WorkWalk walk(unused, kTurnsBetweenPolls);
  if (has_known_length(loop) && walk.loop(loop) <= kPollDistance) return 0;
  const double turns = kPollDistance / (1 + walk.block(loop.body, false));
  return static_cast<int>(std::clamp(turns, kFewestTurns, kMostTurns));
}

}  // namespace cudapy::codegen::cpu
