// Between which values the integers of a function lie, as far as constants, the limits of blocks
// and loops say. Nothing is said that depends on the order of statements: a variable's range holds
// all that is ever assigned to it.
#pragma once

#include <optional>
#include <vector>

#include "ir/tree.h"

namespace cudapy::transform {

struct Range {
  int64_t least = 0;
  int64_t greatest = 0;
  friend bool operator==(const Range&, const Range&) = default;
};

// The range of an integer type; what uint64 holds above int64 is left out.
int64_t least_of(ir::Scalar type);
int64_t greatest_of(ir::Scalar type);

class IndexRanges {
 public:
  explicit IndexRanges(const ir::Function& function);

  // Null: nothing is known.
  [[nodiscard]] std::optional<Range> of(const ir::Expr& expr) const;
  [[nodiscard]] std::optional<Range> of(ir::LocalId local) const;

 private:
  void block(const ir::Block& block);
  void statement(const ir::Stmt& stmt);
  void sequences(const ir::Expr& expr);
  void counts_through(const ir::Stmt& loop);
  void assign(ir::LocalId local, std::optional<Range> range);

  [[nodiscard]] std::optional<Range> of_thread_index(const ir::Expr& expr) const;
  [[nodiscard]] std::optional<Range> of_intrinsic(const ir::Expr& expr) const;
  [[nodiscard]] std::optional<Range> of_unary(const ir::Expr& expr) const;
  [[nodiscard]] std::optional<Range> of_binary(const ir::Expr& expr) const;

  const ir::Function& function_;
  std::vector<std::optional<Range>> ranges_;  // of locals; nothing: not assigned yet
  bool widening_ = false;                     // what still grows is anything
  bool changed_ = false;
};

}  // namespace cudapy::transform
