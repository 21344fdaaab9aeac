// Locals that a function assigns in one place only: their value can stand for them wherever it does
// not depend on when it is computed.
#pragma once

#include <vector>

#include "ir/tree.h"

namespace cudapy::transform {

class SingleAssignments {
 public:
  explicit SingleAssignments(const ir::Function& function);

  // A parameter that is never assigned: what the caller passed.
  [[nodiscard]] bool is_argument(ir::LocalId local) const {
    return local < parameters_ && counts_[static_cast<size_t>(local)] == 0;
  }
  // What the only assignment assigns; null for parameters, loop variables and locals with several
  // assignments.
  [[nodiscard]] const ir::Expr* value_of(ir::LocalId local) const {
    auto index = static_cast<size_t>(local);
    return local >= parameters_ && counts_[index] == 1 ? values_[index] : nullptr;
  }

 private:
  void count(const ir::Block& block);
  void count(const ir::Expr& expr);

  ir::LocalId parameters_;
  std::vector<int> counts_;
  std::vector<const ir::Expr*> values_;
};

}  // namespace cudapy::transform
