// Finds, of indices that are sums of thread indices, loop counters and arguments, between which
// values they lie in a block of threads (Function::hulls). Indices of one array that differ by
// constants share a hull.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ir/tree.h"
#include "transform/linear_form.h"
#include "transform/row_index.h"

namespace cudapy::transform {

class IndexHulls {
 public:
  IndexHulls(const ir::Function& function, const SingleAssignments& assignments, RowIndices& rows)
      : function_(function),
        assignments_(assignments),
        forms_(function, &assignments),
        rows_(rows) {}

  // An index of dimension `axis` of a parameter.
  void add(ir::LocalId array, uint8_t axis, const ir::Expr& index);
  // None if one of the indices has no hull.
  std::vector<ir::IndexHull> take();

 private:
  struct Hull {
    ir::LocalId array;
    uint8_t axis;
    LinearForm base;  // without its constant
    int64_t least;
    int64_t greatest;
    std::map<Atom, LinearForm> factors;  // of thread indices and counters
  };

  LinearForm form_of(const ir::Expr& index);
  bool split(const LinearForm& form, Hull& out);
  [[nodiscard]] bool is_argument(const Atom& atom) const;
  static bool is_thread(const Atom& atom);
  [[nodiscard]] std::optional<Ends> ends_of(const Atom& atom) const;
  [[nodiscard]] ir::ExprPtr expression(const LinearForm& form) const;
  [[nodiscard]] ir::ExprPtr expression(const Atom& atom) const;
  ir::IndexHull finish(const Hull& hull) const;

  const ir::Function& function_;
  const SingleAssignments& assignments_;
  LinearForms forms_;
  RowIndices& rows_;
  std::map<Atom, const ir::Expr*> results_;  // what made them
  bool complete_ = true;
  std::vector<Hull> hulls_;
};

}  // namespace cudapy::transform
