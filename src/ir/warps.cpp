#include "ir/warps.h"

#include <algorithm>

namespace cudapy::ir {

bool has_warp_operation(const Expr& expr) {
  if (expr.kind == ExprKind::Intrinsic && is_warp_operation(expr.intrinsic)) return true;
  return has_warp_operation(expr.body) ||
         std::any_of(expr.operands.begin(), expr.operands.end(),
                     [](const ExprPtr& operand) { return has_warp_operation(*operand); });
}

bool has_warp_operation(const Block& block) {
  return std::any_of(block.begin(), block.end(), [](const StmtPtr& stmt) {
    return (stmt->value && has_warp_operation(*stmt->value)) ||
           std::any_of(stmt->operands.begin(), stmt->operands.end(),
                       [](const ExprPtr& operand) { return has_warp_operation(*operand); }) ||
           has_warp_operation(stmt->body) || has_warp_operation(stmt->else_body);
  });
}

bool warps_cross_rows(const Function& function) {
  if (!function.runs_warps) return false;
  const int32_t (&block)[3] = function.block;
  return block[0] == 0 || (block[0] % kWarpSize != 0 && block[1] * block[2] > 1);
}

}  // namespace cudapy::ir
