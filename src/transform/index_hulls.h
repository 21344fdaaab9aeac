// Finds, of indices that are sums of thread indices, loop counters and arguments, between which
// values they lie in a block of threads (Function::hulls). Indices of one array that differ by
// constants share a hull.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ir/tree.h"
#include "transform/linear_form.h"

namespace cudapy::transform {

// The first and the last value of a loop's counter, in int64 and made of arguments alone.
struct CounterEnds {
  ir::ExprPtr first;
  ir::ExprPtr last;
};

class IndexHulls {
 public:
  // Null of a local that is no counter, or one whose values differ from thread to thread.
  using EndsOf = std::function<std::optional<CounterEnds>(ir::LocalId counter)>;

  IndexHulls(const ir::Function& function, const SingleAssignments& assignments, EndsOf ends_of)
      : function_(function),
        assignments_(assignments),
        forms_(function, &assignments),
        ends_of_(std::move(ends_of)) {}

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

  bool split(const LinearForm& form, Hull& out);
  [[nodiscard]] bool is_argument(const Atom& atom) const;
  static bool is_thread(const Atom& atom);
  [[nodiscard]] ir::ExprPtr expression(const LinearForm& form) const;
  [[nodiscard]] ir::ExprPtr expression(const Atom& atom) const;
  ir::IndexHull finish(const Hull& hull) const;

  const ir::Function& function_;
  const SingleAssignments& assignments_;
  LinearForms forms_;
  EndsOf ends_of_;
  bool complete_ = true;
  std::vector<Hull> hulls_;
};

}  // namespace cudapy::transform
