// What conditions, loops and assignments say about integers where the tree is walked in order, and
// whether that keeps an index inside its array or a divisor from being zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/liveness.h"
#include "ir/tree.h"
#include "transform/linear_form.h"

namespace cudapy::transform {

class IndexProofs {
 public:
  explicit IndexProofs(const ir::Function& function) : function_(function), forms_(function) {}

  // Facts that are learnt in a scope are gone after it.
  class Scope {
   public:
    explicit Scope(IndexProofs& proofs) : proofs_(proofs), begin_(proofs.facts_.size()) {}
    ~Scope() { proofs_.facts_.resize(begin_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    IndexProofs& proofs_;
    size_t begin_;
  };

  // What follows from `condition` being true, or false.
  void assume(const ir::Expr& condition, bool holds);
  void assume_compare(ir::CompareOp op, const ir::Expr& first, const ir::Expr& second);
  // The body of `for counter in range(...)` has begun.
  void assume_turn(const ir::Stmt& loop);
  // After `local = value`; also forgets what was known of the local.
  void assume_assigned(ir::LocalId local, const ir::Expr& value);

  void forget(ir::LocalId local);
  void forget(const ir::LocalSet& locals);
  void forget_assigned_in(const ir::Expr& expr);

  // 0 <= index < the length of that dimension, whenever a thread comes here
  bool is_inside(const ir::Expr& index, const ir::Expr& array, size_t axis);
  // 0 <= index < length
  bool is_below(const ir::Expr& index, const ir::Expr& length);
  bool is_nonzero(const ir::Expr& divisor);
  bool is_nonnegative(const ir::Expr& count);

 private:
  struct Fact {
    LinearForm at_least_zero;
    bool forgotten = false;
  };

  // What an expression's value is, as a sum; not known where it may wrap.
  LinearForm value_of(const ir::Expr& expr);
  void assume_terms(const ir::Expr& condition, bool holds);
  // form >= 0
  void learn(LinearForm form);
  [[nodiscard]] bool proves(const LinearForm& form, int depth) const;
  [[nodiscard]] bool proves(const LinearForm& form) const { return proves(form, kFactsInAProof); }

  // Enough for an index between two others, itself between bounds of which one is another's.
  static constexpr int kFactsInAProof = 3;
  static constexpr size_t kMostFacts = 64;  // bounds the time of a proof

  const ir::Function& function_;
  LinearForms forms_;
  std::vector<Fact> facts_;
};

}  // namespace cudapy::transform
