// How many threads make a gang.
#include <algorithm>

#include "codegen/cpu/emit_kernel.h"

namespace cudapy::codegen::cpu {

namespace {

using namespace ir;

constexpr int kVectorsInFlight = 2;
constexpr int kLargestGang = 64;

// The widest type, in bytes, that the kernel computes in lane by lane. Conversions for addresses
// count as well: they are vectors too.
class WidestType {
 public:
  explicit WidestType(const Function& function) { block(function.body); }
  int bytes = 1;

 private:
  void block(const Block& statements) {
    for (const StmtPtr& stmt : statements) {
      if (stmt->value) expression(*stmt->value);
      for (const ExprPtr& operand : stmt->operands) expression(*operand);
      block(stmt->body);
      block(stmt->else_body);
    }
  }

  void expression(const Expr& expr) {
    if (expr.shape == Shape::Varying && expr.type.is_scalar())
      bytes = std::max(bytes, size_of(expr.type.scalar));
    for (const ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
  }
};

}  // namespace

int choose_gang_width(const Function& kernel, const TargetInfo& target) {
  int lanes = target.native_vector_bits / 8 / WidestType(kernel).bytes;
  return std::clamp(lanes * kVectorsInFlight, 4, kLargestGang);
}

}  // namespace cudapy::codegen::cpu
