#include "transform/index_proofs.h"

#include <algorithm>
#include <utility>

#include "ir/comparisons.h"
#include "ir/liveness.h"

namespace cudapy::transform {

using namespace ir;

namespace {

bool is_counted(const Expr& expr) {
  return is_integer(expr.type) && expr.type.scalar != Scalar::U64;
}

}  // namespace

void IndexProofs::assume(const Expr& condition, bool holds) {
  assume_terms(condition, holds);
  forget_assigned_in(condition);
}

void IndexProofs::assume_terms(const Expr& condition, bool holds) {
  switch (condition.kind) {
    case ExprKind::And:
    case ExprKind::Or:
      // `a or b` that is false: both are.
      if ((condition.kind == ExprKind::And) != holds) return;
      assume_terms(*condition.operands[0], holds);
      assume_terms(*condition.operands[1], holds);
      return;
    case ExprKind::Unary:
      if (condition.unary_op == UnaryOp::Not) assume_terms(*condition.operands[0], !holds);
      return;
    case ExprKind::Compare: {
      const CompareOp op = condition.compare_op;
      assume_compare(holds ? op : opposite(op), *condition.operands[0], *condition.operands[1]);
      return;
    }
    default:
      return;
  }
}

void IndexProofs::assume_compare(CompareOp op, const Expr& first, const Expr& second) {
  if (!is_counted(first) || !is_counted(second)) return;
  const LinearForm a = value_of(first);
  const LinearForm b = value_of(second);
  LinearForm up = sum(b, a, -1);    // second - first
  LinearForm down = sum(a, b, -1);  // first - second
  switch (op) {
    case CompareOp::Equal:
      learn(std::move(up));
      return learn(std::move(down));
    case CompareOp::NotEqual:
      return;
    case CompareOp::Less:
      return learn(sum(std::move(up), constant_form(-1)));
    case CompareOp::LessEqual:
      return learn(std::move(up));
    case CompareOp::Greater:
      return learn(sum(std::move(down), constant_form(-1)));
    case CompareOp::GreaterEqual:
      return learn(std::move(down));
  }
}

void IndexProofs::assume_turn(const Stmt& loop) {
  const Expr& step = *loop.operands[2];
  const LocalId counter = loop.counter != kNoLocal ? loop.counter : loop.local;
  const Type& type = function_.locals[static_cast<size_t>(counter)].type;
  if (step.kind != ExprKind::Constant || step.constant.integer == 0 || !is_integer(type)) return;
  if (type.scalar == Scalar::U64) return;
  const bool up = step.constant.integer > 0;
  const LinearForm at = forms_.of_local(counter);
  // What the bounds were before the loop; a turn may have changed what they were made of.
  LocalSet changed = assigned_in(loop.body, function_.locals.size());
  changed.insert(counter);
  for (const ExprPtr& operand : loop.operands) add_assigned(*operand, changed);
  const auto is_kept = [&](const LinearForm& form) {
    for (LocalId id = 0; id < static_cast<LocalId>(function_.locals.size()); ++id) {
      if (changed.contains(id) && form.mentions(id)) return false;
    }
    return form.is_known;
  };
  const LinearForm start = value_of(*loop.operands[0]);
  const LinearForm stop = value_of(*loop.operands[1]);
  if (is_kept(start)) {
    LinearForm passed = sum(at, start, -1);
    learn(up ? std::move(passed) : sum(constant_form(0), passed, -1));
  }
  if (is_kept(stop)) {
    LinearForm left = sum(stop, at, -1);
    if (!up) left = sum(constant_form(0), left, -1);
    learn(sum(std::move(left), constant_form(-1)));
  }
}

void IndexProofs::assume_assigned(LocalId local, const Expr& value) {
  forget(local);
  const Type& type = function_.locals[static_cast<size_t>(local)].type;
  if (!type.is_scalar() || !is_counted(value) || value.type != type) return;
  const LinearForm form = value_of(value);
  if (!form.is_known || form.mentions(local)) return;
  const LinearForm at = forms_.of_local(local);
  learn(sum(at, form, -1));
  learn(sum(form, at, -1));
  forget_assigned_in(value);
}

void IndexProofs::forget(LocalId local) {
  for (Fact& fact : facts_) fact.forgotten |= fact.at_least_zero.mentions(local);
  for (Choice& choice : choices_)
    choice.forgotten |= choice.one.mentions(local) || choice.other.mentions(local);
}

void IndexProofs::forget(const LocalSet& locals) {
  for (LocalId id = 0; id < static_cast<LocalId>(function_.locals.size()); ++id) {
    if (locals.contains(id)) forget(id);
  }
}

void IndexProofs::forget_assigned_in(const Expr& expr) {
  LocalSet assigned(function_.locals.size());
  add_assigned(expr, assigned);
  forget(assigned);
}

bool IndexProofs::is_inside(const Expr& index, const Expr& array, size_t axis) {
  // The sum may stand for an index that has wrapped, but not where it lies inside the array.
  const LinearForm form = form_of(index);
  if (!form.is_known || !proves(form)) return false;
  return proves(sum(sum(forms_.of_length(array, axis), form, -1), constant_form(-1)));
}

bool IndexProofs::is_below(const Expr& index, const Expr& length) {
  const LinearForm form = form_of(index);
  const LinearForm limit = value_of(length);
  if (!form.is_known || !limit.is_known || !proves(form)) return false;
  return proves(sum(sum(limit, form, -1), constant_form(-1)));
}

bool IndexProofs::is_nonzero(const Expr& divisor) {
  const LinearForm value = value_of(divisor);
  if (!value.is_known) return false;
  return proves(sum(value, constant_form(-1))) || proves(sum(constant_form(-1), value, -1));
}

bool IndexProofs::is_nonnegative(const Expr& count) {
  const LinearForm value = value_of(count);
  return value.is_known && proves(value);
}

LinearForm IndexProofs::value_of(const Expr& expr) {
  LinearForm form = form_of(expr);
  if (!form.is_known) return form;
  const Scalar type = expr.type.scalar;
  if (type == Scalar::I64) {
    const auto least = form.least();
    const auto most = sum(constant_form(0), form, -1).least();
    form.is_known = form.is_atom() || (least && most && *most >= -INT64_MAX);
    return form;
  }
  form.is_known = proves(sum(form, constant_form(-least_of(type)))) &&
                  proves(sum(constant_form(greatest_of(type)), form, -1));
  return form;
}

void IndexProofs::learn(LinearForm form) {
  if (!form.is_known || facts_.size() >= kMostFacts) return;
  facts_.push_back({std::move(form)});
}

LinearForm IndexProofs::form_of(const Expr& expr) {
  LinearForm form = forms_.of(expr);
  for (const LinearForms::Result& result : forms_.take_results()) learn_result(result);
  return form;
}

void IndexProofs::learn_result(const LinearForms::Result& result) {
  const Expr& first = *result.operation->operands[0];
  const Expr& second = *result.operation->operands[1];
  const LinearForm value = atom_form(result.atom);
  switch (result.operation->binary_op) {
    case BinaryOp::Minimum:
    case BinaryOp::Maximum: {
      if (!is_counted(first) || !is_counted(second) || choices_.size() >= kMostFacts) return;
      const bool is_greater = result.operation->binary_op == BinaryOp::Maximum;
      LinearForm one = value_of(first);
      LinearForm other = value_of(second);
      choices_.push_back({result.atom, is_greater, std::move(one), std::move(other)});
      return;
    }
    case BinaryOp::Modulo:
      return learn_remainder(value, second);
    case BinaryOp::FloorDivide:
      if (second.kind == ExprKind::Constant) learn_quotient(value, first, second.constant.integer);
      return;
    case BinaryOp::ShiftRight:
      if (second.kind == ExprKind::Constant && second.constant.integer >= 0 &&
          second.constant.integer < 31)
        learn_quotient(value, first, int64_t{1} << second.constant.integer);
      return;
    default:
      return;
  }
}

// Whoever has a remainder has divided, and not by zero.
void IndexProofs::learn_remainder(const LinearForm& result, const Expr& divisor) {
  if (!is_counted(divisor)) return;
  const LinearForm limit = value_of(divisor);
  if (!proves(limit)) return;
  learn(result);
  learn(sum(sum(limit, result, -1), constant_form(-1)));
}

// divisor * result <= dividend < divisor * (result + 1)
void IndexProofs::learn_quotient(const LinearForm& result, const Expr& dividend, int64_t divisor) {
  if (!is_counted(dividend) || divisor <= 0) return;
  const LinearForm divided = value_of(dividend);
  if (!divided.is_known) return;
  if (proves(divided)) learn(result);
  const LinearForm multiple = product(result, constant_form(divisor));
  learn(sum(divided, multiple, -1));
  learn(sum(sum(multiple, divided, -1), constant_form(divisor - 1)));
}

// form >= 0: by the types of what it is made of; because it is for both of what a value may be; or
// because what is left of it without a fact, which is >= 0 itself, is.
bool IndexProofs::proves(const LinearForm& form, Budget left) const {
  if (!form.is_known || --steps_left_ < 0) return false;
  if (const auto least = form.least(); least && *least >= 0) return true;
  if (left.choices > 0) {
    for (const Choice& choice : choices_) {
      if (!choice.forgotten && proves_of_choice(form, choice, left)) return true;
    }
  }
  if (left.facts == 0) return false;
  const Budget next{left.facts - 1, left.choices};
  for (const Fact& fact : facts_) {
    if (fact.forgotten) continue;
    for (const auto& [atoms, factor] : form.terms) {
      const auto same = fact.at_least_zero.terms.find(atoms);
      if (same == fact.at_least_zero.terms.end()) continue;
      if (factor % same->second != 0 || factor / same->second < 0) continue;
      if (proves(sum(form, fact.at_least_zero, -(factor / same->second)), next)) return true;
    }
  }
  return false;
}

// The greater of two is at least either, and where that does not help it is one or the other.
bool IndexProofs::proves_of_choice(const LinearForm& form, const Choice& choice,
                                   Budget left) const {
  const auto term = form.terms.find({choice.atom});
  if (term == form.terms.end()) return false;
  --left.choices;
  const int64_t factor = term->second;
  const LinearForm rest = sum(form, atom_form(choice.atom), -factor);
  const bool first = proves(sum(rest, choice.one, factor), left);
  const bool is_one_enough = choice.is_greater == (factor > 0);
  if (first == is_one_enough) return first;
  return proves(sum(rest, choice.other, factor), left);
}

}  // namespace cudapy::transform
