// What is the same for all threads of a block, as far as it can be proved: what is made of
// arguments, of blockIdx, blockDim and gridDim, and of variables that are assigned nothing else,
// where all threads go the same way.
#pragma once

#include <vector>

#include "ir/tree.h"

namespace cudapy::transform {

class BlockUniform {
 public:
  // After split_barriers.
  explicit BlockUniform(const ir::Function& function);

  [[nodiscard]] bool is_uniform(ir::LocalId local) const {
    return !varies_[static_cast<size_t>(local)];
  }
  [[nodiscard]] bool is_uniform(const ir::Expr& expr) const;

 private:
  void block(const ir::Block& block, bool together);
  void statement(const ir::Stmt& stmt, bool together);
  void loop(const ir::Stmt& stmt, bool together);
  void sequences(const ir::Expr& expr, bool together);
  void assign(ir::LocalId local, bool uniform);

  std::vector<bool> varies_;             // per local
  std::vector<const ir::Stmt*> parted_;  // loops that threads leave, or go on with, apart
  std::vector<const ir::Stmt*> loops_;   // around the statement at hand
  bool changed_ = false;
};

}  // namespace cudapy::transform
