// How many threads make a gang.
#include <algorithm>

#include "codegen/cpu/emit_kernel.h"

namespace cudapy::codegen::cpu {

namespace {

using namespace ir;

constexpr int kVectorsInFlight = 2;
constexpr int kLargestGang = 64;

// The types that the kernel computes in lane by lane. Conversions for addresses count as well: they
// are vectors too.
class LaneTypes {
 public:
  explicit LaneTypes(const Function& function) { block(function.body); }
  int widest = 1;          // bytes
  bool has_small = false;  // elements of one or two bytes, as values or in memory

 private:
  void block(const Block& statements) {
    for (const StmtPtr& stmt : statements) {
      if (stmt->value) expression(*stmt->value);
      for (const ExprPtr& operand : stmt->operands) expression(*operand);
      if (stmt->kind == StmtKind::Store) has_small |= size_of(stmt->value->type.scalar) < 4;
      block(stmt->body);
      block(stmt->else_body);
    }
  }

  void expression(const Expr& expr) {
    if (expr.shape == Shape::Varying && expr.type.is_scalar()) {
      int bytes = size_of(expr.type.scalar);
      widest = std::max(widest, bytes);
      // A bool is a mask, but a byte in an array.
      has_small |= bytes < 4 && (expr.type.scalar != Scalar::Bool || expr.kind == ExprKind::Load);
    }
    for (const ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
  }
};

// Whether a kernel asks where its threads are along y or z.
struct PlaneIndices {
  bool block(const Block& statements) const {
    return std::any_of(statements.begin(), statements.end(), [&](const StmtPtr& stmt) {
      return (stmt->value && expression(*stmt->value)) ||
             std::any_of(stmt->operands.begin(), stmt->operands.end(),
                         [&](const ExprPtr& operand) { return expression(*operand); }) ||
             block(stmt->body) || block(stmt->else_body);
    });
  }

  bool expression(const Expr& expr) const {
    if (expr.kind == ExprKind::ThreadIndex) {
      const ThreadIndex index = expr.thread_index;
      return index == ThreadIndex::Idy || index == ThreadIndex::Idz ||
             index == ThreadIndex::ThreadIdxY || index == ThreadIndex::ThreadIdxZ;
    }
    return block(expr.body) ||
           std::any_of(expr.operands.begin(), expr.operands.end(),
                       [&](const ExprPtr& operand) { return expression(*operand); });
  }
};

}  // namespace

bool runs_whole_blocks(const Function& kernel) {
  return std::any_of(kernel.body.begin(), kernel.body.end(), [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Region || stmt->kind == StmtKind::Barrier || stmt->block_level;
  });
}

int choose_gang_width(const Function& kernel, const TargetInfo& target) {
  int lanes = target.native_vector_bits / 8 / LaneTypes(kernel).widest;
  // The gangs of a block are independent of each other: where rows are too short for several
  // vectors one does. Blocks of two dimensions have short rows.
  const int32_t row = kernel.block[0];
  bool short_rows = row > 0 ? row < lanes * kVectorsInFlight
                            : runs_whole_blocks(kernel) && PlaneIndices().block(kernel.body);
  return std::clamp(lanes * (short_rows ? 1 : kVectorsInFlight), 4, kLargestGang);
}

bool has_small_lanes(const Function& kernel) {
  return LaneTypes(kernel).has_small;
}

}  // namespace cudapy::codegen::cpu
