// Integers that are not idx plus what all threads share, but that are for most gangs: clamped and
// wrapped ones, as in `X[min(idx + 1, n - 1)]` and `X[(idx + 1) % n]`, and counters of loops that
// threads leave one by one. A guess, of which code makes sure at run time.
#pragma once

#include <vector>

#include "ir/tree.h"

namespace cudapy::transform {

class NearProgressions {
 public:
  // After sema::annotate_shapes.
  explicit NearProgressions(const ir::Function& function);

  // Whether the lanes' values are probably neighbours.
  [[nodiscard]] bool holds(const ir::Expr& expr) { return kind_of(expr) == Kind::Near; }

 private:
  enum class Kind : uint8_t { Uniform, Near, Other };
  struct Variable {
    std::vector<const ir::Expr*> values;  // all that is assigned to it
    bool is_other = false;                // besides these
    bool is_known = false;
    bool in_progress = false;
    Kind kind = Kind::Other;
  };

  void block(const ir::Block& block);
  void statement(const ir::Stmt& stmt);
  void inside(const ir::Expr& expr);
  Variable& variable(ir::LocalId local) { return variables_[static_cast<size_t>(local)]; }

  Kind kind_of(const ir::Expr& expr);
  Kind kind_of(ir::LocalId local);
  Kind kind_of_binary(const ir::Expr& expr);
  static Kind either(Kind a, Kind b);

  std::vector<Variable> variables_;
  std::vector<const ir::Expr*> frames_;  // around the statement at hand
};

}  // namespace cudapy::transform
