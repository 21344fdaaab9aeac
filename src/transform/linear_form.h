// Integer expressions as sums: what is known about an index is compared in this form.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "ir/tree.h"
#include "transform/index_ranges.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

// What a sum is made of: a value that does not change while facts about it are kept.
struct Atom {
  enum class Kind : uint8_t { Thread, Length, Local, Fresh };

  Kind kind = Kind::Fresh;
  int32_t number = 0;  // a ThreadIndex; the array of a length; a local; of a fresh one, any
  int32_t axis = 0;    // Length
  // The type's bounds: what an atom may be at all.
  int64_t least = INT64_MIN;
  int64_t greatest = INT64_MAX;

  [[nodiscard]] auto key() const { return std::tuple(kind, number, axis); }
  friend bool operator==(const Atom& a, const Atom& b) { return a.key() == b.key(); }
  friend auto operator<=>(const Atom& a, const Atom& b) { return a.key() <=> b.key(); }
};

// factor * product of atoms + ... + constant, in whole numbers that do not wrap.
struct LinearForm {
  std::map<std::vector<Atom>, int64_t> terms;  // products in order, factors other than 0
  int64_t constant = 0;
  bool is_known = true;  // false: too large to be kept

  [[nodiscard]] bool mentions(ir::LocalId local) const;
  [[nodiscard]] bool is_atom() const;
  // A lower bound from the atoms' types alone; none if it is below int64.
  [[nodiscard]] std::optional<int64_t> least() const;
  [[nodiscard]] bool fits_int64() const;
  friend bool operator==(const LinearForm&, const LinearForm&) = default;
};

// a + factor * b
LinearForm sum(LinearForm a, const LinearForm& b, int64_t factor = 1);
// Products of more than two atoms, or three that are small, are not kept.
LinearForm product(const LinearForm& a, const LinearForm& b);
LinearForm constant_form(int64_t value);
LinearForm atom_form(Atom atom);

// `expr` as a sum that it equals, or is congruent to in as many bits as its type has: a sum that
// lies within the type's range is the value.
class LinearForms {
 public:
  // `known`: sums are followed into locals that are assigned once.
  explicit LinearForms(const ir::Function& function, const SingleAssignments* known = nullptr)
      : function_(function), ranges_(function), known_(known) {}

  LinearForm of(const ir::Expr& expr);
  [[nodiscard]] LinearForm of_local(ir::LocalId local) const;
  LinearForm of_length(const ir::Expr& array, size_t axis) const;
  [[nodiscard]] const IndexRanges& ranges() const { return ranges_; }

  // An atom that stands for the result of an operation that sums don't know.
  struct Result {
    Atom atom;
    const ir::Expr* operation = nullptr;  // a Binary
  };
  // Those that were made since they were last taken.
  std::vector<Result> take_results() { return std::exchange(results_, {}); }

 private:
  LinearForm of_binary(const ir::Expr& expr);
  LinearForm fresh(const ir::Expr& expr);

  const ir::Function& function_;
  IndexRanges ranges_;
  const SingleAssignments* known_;
  int32_t fresh_count_ = 0;
  std::vector<Result> results_;
};

}  // namespace cudapy::transform
