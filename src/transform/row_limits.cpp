#include "transform/row_limits.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace cudapy::transform {

namespace {

using namespace ir;

bool has_return(const Block& block) {
  return std::ranges::any_of(block, [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Return || has_return(stmt->body) || has_return(stmt->else_body);
  });
}

// The row accesses that all threads come to, if no fault ends them before. Those in loops and
// branches are left out.
class ReachedAccesses {
 public:
  explicit ReachedAccesses(const Block& body) { read(body); }

  bool holds(const RowAccess& access) const {
    return reached_.contains({access.array, access.axis});
  }

 private:
  void read(const Block& block) {
    for (const StmtPtr& stmt : block) {
      if (stmt->value) read(*stmt->value);
      for (const ExprPtr& operand : stmt->operands) read(*operand);
      switch (stmt->kind) {
        case StmtKind::Store:
          add(stmt->operands, stmt->row_axes);
          break;
        case StmtKind::Assign:
        case StmtKind::Evaluate:
        case StmtKind::Declare:
          break;
        case StmtKind::If:
        case StmtKind::While:
        case StmtKind::For:
          if (has_return(stmt->body) || has_return(stmt->else_body)) return;
          break;
        default:
          return;
      }
    }
  }

  void read(const Expr& expr) {
    const bool is_conditional =
        expr.kind == ExprKind::And || expr.kind == ExprKind::Or || expr.kind == ExprKind::Select;
    read(expr.body);
    for (size_t i = 0; i < (is_conditional ? 1 : expr.operands.size()); ++i)
      read(*expr.operands[i]);
    if (expr.kind == ExprKind::Load) add(expr.operands, expr.row_axes);
  }

  void add(const std::vector<ExprPtr>& operands, uint8_t row_axes) {
    for (uint8_t axis = 0; axis < operands[0]->type.rank; ++axis) {
      if ((row_axes >> axis & 1U) != 0) reached_.insert({operands[0]->local, axis});
    }
  }

  std::set<std::pair<LocalId, uint8_t>> reached_;
};

// Whether a cast to an index's type, which is signed, changes no value.
bool keeps_value(const Expr& cast) {
  const Expr& from = *cast.operands[0];
  if (from.kind == ExprKind::Len) return true;  // it fits an index
  const int have = size_of(from.type.scalar);
  const int want = size_of(cast.type.scalar);
  return is_integer(from.type) && (want > have || (want == have && is_signed(from.type.scalar)));
}

// None: it is neither an argument nor a length.
std::optional<LaunchNumber> number_of(const Expr& bound) {
  using Kind = LaunchNumber::Kind;
  switch (bound.kind) {
    case ExprKind::Cast:
      return keeps_value(bound) ? number_of(*bound.operands[0]) : std::nullopt;
    case ExprKind::Local:
      return LaunchNumber{Kind::Argument, bound.local, 0};
    case ExprKind::Len:
      return LaunchNumber{Kind::Length, bound.operands[0]->local, bound.axis};
    default:
      return std::nullopt;
  }
}

bool bounds_from_above(const Clip& clip) {
  return clip.axis == 0 && (clip.op == CompareOp::Less || clip.op == CompareOp::LessEqual);
}

}  // namespace

RowLimits row_limits(const Function& function) {
  RowLimits limits;
  for (const Clip& clip : function.clips) {
    if (!bounds_from_above(clip)) continue;
    const std::optional<LaunchNumber> bound = number_of(*clip.bound);
    if (!bound || clip.op != CompareOp::Less) return {};
    limits.bounds.push_back(*bound);
  }
  const ReachedAccesses reached(function.body);
  for (const RowAccess& access : function.row_accesses) {
    if (!access.has_idx || access.offset || access.last || !reached.holds(access)) return {};
    const LaunchNumber length{LaunchNumber::Kind::Length, access.array, access.axis};
    if (std::ranges::find(limits.lengths, length) == limits.lengths.end())
      limits.lengths.push_back(length);
  }
  return limits;
}

}  // namespace cudapy::transform
