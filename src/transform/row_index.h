// Integers that are idx plus what a row of threads shares, or that lie between two values that a
// row shares: counters of loops, and what is clamped or wrapped.
#pragma once

#include <map>
#include <optional>

#include "ir/tree.h"
#include "transform/linear_form.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

struct RowIndex {
  bool has_idx = false;
  ir::ExprPtr offset;  // null: 0
  ir::ExprPtr last;    // int64: the greatest value, where there are several; null: the offset
};

// The first and the last value of a loop's counter, or of what is clamped or wrapped, in int64 and
// made of arguments alone.
struct Ends {
  ir::ExprPtr first;
  ir::ExprPtr last;
};

class RowIndices {
 public:
  // `takes_bounds`: of what is clamped or wrapped, not only of counters.
  RowIndices(const ir::Function& function, const SingleAssignments& assignments, bool takes_bounds)
      : function_(function),
        assignments_(assignments),
        forms_(function, &assignments),
        takes_bounds_(takes_bounds) {}

  void enter_loop(const ir::Stmt& loop) { loops_[loop.counter] = &loop; }

  // False if the index is none of these.
  bool decompose(const ir::Expr& expr, RowIndex& out);

  // For IndexHulls: between which values, made of arguments alone, a counter lies, or the result of
  // an operation.
  std::optional<Ends> ends_of(ir::LocalId counter);
  std::optional<Ends> ends_of(const ir::Expr& operation);

 private:
  // In int64; null: not known.
  struct Bounds {
    ir::ExprPtr least;
    ir::ExprPtr greatest;
  };

  bool decompose_product(const ir::Expr& expr, RowIndex& out);
  bool decompose_sum(const ir::Expr& expr, RowIndex& out);
  static void add_intervals(RowIndex left, RowIndex right, bool subtracts, RowIndex& out);
  bool values_of(const ir::Stmt& loop, RowIndex& out);
  bool values_between(const ir::Expr& expr, RowIndex& out);
  Bounds bounds_of(const ir::Expr& expr);
  Bounds bounds_of_binary(const ir::Expr& expr);
  [[nodiscard]] Bounds bounds_of_thread(const ir::Expr& expr) const;
  Bounds bounds_of_moved(const ir::Expr& expr);
  Bounds bounds_by_type(const ir::Expr& expr);
  std::optional<Range> range_by_type(const ir::Expr& expr);
  [[nodiscard]] bool is_counted(const ir::Expr& expr) const;
  // A copy in terms of what threads share, which cannot fault; null: there is none.
  [[nodiscard]] ir::ExprPtr row_constant(const ir::Expr& expr) const;

  const ir::Function& function_;
  const SingleAssignments& assignments_;
  LinearForms forms_;
  const bool takes_bounds_;
  std::map<ir::LocalId, const ir::Stmt*> loops_;  // by their counters
  bool for_blocks_ = false;                       // a block shares neither idy nor idz
};

}  // namespace cudapy::transform
