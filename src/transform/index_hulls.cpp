#include "transform/index_hulls.h"

#include <algorithm>

#include "transform/row_index.h"
#include "transform/typed_nodes.h"

namespace cudapy::transform {

using namespace ir;

namespace {

constexpr size_t kMostHulls = 16;  // a block's start should stay cheap

}  // namespace

// The sum is the index, or congruent to it in as many bits as its type has. So where the sum lies
// inside the array the index is the sum, if the type holds all that is inside.
void IndexHulls::add(LocalId array, uint8_t axis, const Expr& index) {
  if (!complete_) return;
  complete_ = false;
  if (function_.wide_index && index.type.scalar != Scalar::I64) return;
  const LinearForm form = form_of(index);
  Hull hull{array, axis, constant_form(0), form.constant, form.constant, {}};
  if (!form.is_known || !split(form, hull)) return;
  complete_ = true;
  for (Hull& other : hulls_) {
    if (other.array != array || other.axis != axis || other.base != hull.base ||
        other.factors != hull.factors)
      continue;
    other.least = std::min(other.least, hull.least);
    other.greatest = std::max(other.greatest, hull.greatest);
    return;
  }
  hulls_.push_back(std::move(hull));
  complete_ = hulls_.size() <= kMostHulls;
}

LinearForm IndexHulls::form_of(const Expr& index) {
  LinearForm form = forms_.of(index);
  for (const LinearForms::Result& result : forms_.take_results())
    results_[result.atom] = result.operation;
  return form;
}

std::optional<Ends> IndexHulls::ends_of(const Atom& atom) const {
  if (atom.kind == Atom::Kind::Local) return rows_.ends_of(atom.number);
  const auto result = results_.find(atom);
  return result != results_.end() ? rows_.ends_of(*result->second) : std::nullopt;
}

// Into what is the same for all threads and turns, and the factors of thread indices and counters.
bool IndexHulls::split(const LinearForm& form, Hull& out) {
  for (const auto& [atoms, factor] : form.terms) {
    const Atom* varying = nullptr;
    LinearForm rest = constant_form(factor);
    for (const Atom& atom : atoms) {
      if (is_argument(atom)) {
        rest = product(rest, atom_form(atom));
      } else if (varying == nullptr) {
        varying = &atom;
      } else {
        return false;
      }
    }
    if (varying == nullptr) {
      out.base = sum(out.base, rest);
      continue;
    }
    if (!is_thread(*varying) && !ends_of(*varying)) return false;
    const auto [held, is_new] = out.factors.try_emplace(*varying, constant_form(0));
    held->second = sum(held->second, rest);
  }
  return out.base.fits_int64() &&
         std::all_of(out.factors.begin(), out.factors.end(),
                     [](const auto& each) { return each.second.fits_int64(); });
}

bool IndexHulls::is_argument(const Atom& atom) const {
  if (atom.kind == Atom::Kind::Length) return atom.number < function_.parameter_count;
  return atom.kind == Atom::Kind::Local && assignments_.is_argument(atom.number);
}

bool IndexHulls::is_thread(const Atom& atom) {
  return atom.kind == Atom::Kind::Thread && atom.number <= static_cast<int32_t>(ThreadIndex::Idz);
}

std::vector<IndexHull> IndexHulls::take() {
  std::vector<IndexHull> finished;
  if (!complete_) return finished;
  for (const Hull& hull : hulls_) finished.push_back(finish(hull));
  return finished;
}

IndexHull IndexHulls::finish(const Hull& hull) const {
  IndexHull out;
  out.array = hull.array;
  out.axis = hull.axis;
  out.least = hull.least;
  out.greatest = hull.greatest;
  if (!hull.base.terms.empty()) out.base = expression(hull.base);
  for (const auto& [atom, factor] : hull.factors) {
    IndexHull::Part part;
    part.factor = expression(factor);
    if (factor.least() >= 0)
      part.sign = 1;
    else if (sum(constant_form(0), factor, -1).least() >= 0)
      part.sign = -1;
    if (is_thread(atom)) {
      part.axis = static_cast<int8_t>(atom.number);
    } else {
      part.axis = -1;
      Ends ends = *ends_of(atom);
      part.first = std::move(ends.first);
      part.last = std::move(ends.last);
    }
    out.parts.push_back(std::move(part));
  }
  return out;
}

ExprPtr IndexHulls::expression(const LinearForm& form) const {
  ExprPtr total = form.constant != 0 ? integer(form.constant, kInt64) : nullptr;
  for (const auto& [atoms, factor] : form.terms) {
    ExprPtr term;
    for (const Atom& atom : atoms) {
      ExprPtr value = expression(atom);
      term =
          term ? binary(BinaryOp::Multiply, std::move(term), std::move(value)) : std::move(value);
    }
    if (factor != 1) term = binary(BinaryOp::Multiply, std::move(term), integer(factor, kInt64));
    total = total ? binary(BinaryOp::Add, std::move(total), std::move(term)) : std::move(term);
  }
  return total ? std::move(total) : integer(0, kInt64);
}

ExprPtr IndexHulls::expression(const Atom& atom) const {
  auto expr = std::make_unique<Expr>();
  expr->type = function_.locals[static_cast<size_t>(atom.number)].type;
  expr->kind = ExprKind::Local;
  expr->local = atom.number;
  if (atom.kind == Atom::Kind::Length) {
    auto length = std::make_unique<Expr>();
    length->kind = ExprKind::Len;
    length->type = Type::of(function_.wide_index ? Scalar::I64 : Scalar::I32);
    length->axis = atom.axis;
    length->operands.push_back(std::move(expr));
    expr = std::move(length);
  }
  return widened(std::move(expr));
}

}  // namespace cudapy::transform
