// What conditions, loops and assignments say about integers where the tree is walked in order, and
// whether that keeps an index inside its array or a divisor from being zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
    explicit Scope(IndexProofs& proofs)
        : proofs_(proofs), facts_(proofs.facts_.size()), choices_(proofs.choices_.size()) {}
    ~Scope() {
      proofs_.facts_.resize(facts_);
      proofs_.choices_.resize(choices_);
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    IndexProofs& proofs_;
    size_t facts_;
    size_t choices_;
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
  // What it lies between wherever it stands; null: nothing is known.
  [[nodiscard]] std::optional<Range> range_of(const ir::Expr& expr) const {
    return forms_.ranges().of(expr);
  }

 private:
  struct Fact {
    LinearForm at_least_zero;
    bool forgotten = false;
  };

  // A value that is one of two others.
  struct Choice {
    Atom atom;
    bool is_greater = false;  // the greater of the two; else the smaller
    LinearForm one;
    LinearForm other;
    bool forgotten = false;
  };
  // How much more a proof may use of each.
  struct Budget {
    int facts;
    int choices;
  };

  LinearForm form_of(const ir::Expr& expr);
  // What is known of an operation's result by what it does.
  void learn_result(const LinearForms::Result& result);
  void learn_remainder(const LinearForm& result, const ir::Expr& divisor);
  void learn_quotient(const LinearForm& result, const ir::Expr& dividend, int64_t divisor);
  // What an expression's value is, as a sum; not known where it may wrap.
  LinearForm value_of(const ir::Expr& expr);
  void assume_terms(const ir::Expr& condition, bool holds);
  // form >= 0
  void learn(LinearForm form);
  [[nodiscard]] bool proves(const LinearForm& form, Budget left) const;
  [[nodiscard]] bool proves_of_choice(const LinearForm& form, const Choice& choice,
                                      Budget left) const;
  [[nodiscard]] bool proves(const LinearForm& form) const {
    steps_left_ = kStepsOfAProof;
    return proves(form, {kFactsInAProof, kChoicesInAProof});
  }

  // Enough for an index between two others, itself between bounds of which one is another's.
  static constexpr int kFactsInAProof = 4;
  // An index that is clamped from both sides, in two terms.
  static constexpr int kChoicesInAProof = 4;
  static constexpr size_t kMostFacts = 64;
  static constexpr int kStepsOfAProof = 2000;  // some milliseconds; what takes longer is not proved

  const ir::Function& function_;
  LinearForms forms_;
  std::vector<Fact> facts_;
  std::vector<Choice> choices_;
  mutable int steps_left_ = 0;
};

}  // namespace cudapy::transform
