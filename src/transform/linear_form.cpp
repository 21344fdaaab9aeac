#include "transform/linear_form.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace cudapy::transform {

namespace {

using namespace ir;

// Factors and constants stay far from the end of int64, so that a few of them can be added.
constexpr int64_t kLargest = int64_t{1} << 40;
constexpr int64_t kLargestOfThree = int64_t{1} << 32;

using Wide = __int128;

struct Interval {
  Wide least;
  Wide greatest;
};

// None: an end has more than 128 bits.
std::optional<Interval> times(const Interval& a, const Interval& b) {
  Wide corners[4];
  const bool overflows = __builtin_mul_overflow(a.least, b.least, &corners[0]) ||
                         __builtin_mul_overflow(a.least, b.greatest, &corners[1]) ||
                         __builtin_mul_overflow(a.greatest, b.least, &corners[2]) ||
                         __builtin_mul_overflow(a.greatest, b.greatest, &corners[3]);
  if (overflows) return std::nullopt;
  const auto [least, greatest] = std::minmax_element(std::begin(corners), std::end(corners));
  return Interval{*least, *greatest};
}

// Products of two, and of three that 32 bits hold, as in `(z * height + y) * width`.
bool is_kept(const std::vector<Atom>& atoms) {
  if (atoms.size() <= 2) return true;
  return atoms.size() == 3 && std::all_of(atoms.begin(), atoms.end(), [](const Atom& atom) {
           return atom.least >= -kLargestOfThree && atom.greatest <= kLargestOfThree;
         });
}

// What factor * product of atoms lies between.
std::optional<Interval> range_of(const std::vector<Atom>& atoms, int64_t factor) {
  std::optional<Interval> range{{factor, factor}};
  for (const Atom& atom : atoms) {
    if (range) range = times(*range, {atom.least, atom.greatest});
  }
  return range;
}

LinearForm unknown() {
  LinearForm form;
  form.is_known = false;
  return form;
}

void add_term(LinearForm& form, const std::vector<Atom>& atoms, Wide factor) {
  if (factor > kLargest || factor < -kLargest) {
    form.is_known = false;
    return;
  }
  if (atoms.empty()) {
    const Wide constant = form.constant + factor;
    if (constant > kLargest || constant < -kLargest) form.is_known = false;
    form.constant = static_cast<int64_t>(constant);
    return;
  }
  int64_t& held = form.terms[atoms];
  held += static_cast<int64_t>(factor);
  if (held == 0) form.terms.erase(atoms);
}

// blockIdx * blockDim + threadIdx is idx; the products of these that are whole become it.
void recognise_thread_numbers(LinearForm& form) {
  for (int axis = 0; axis < 3; ++axis) {
    const auto thread_index = [&](ThreadIndex first) {
      Atom atom{Atom::Kind::Thread, static_cast<int32_t>(first) + axis};
      atom.least = 0;
      atom.greatest = INT32_MAX;
      return atom;
    };
    std::vector<Atom> block{thread_index(ThreadIndex::BlockIdxX),
                            thread_index(ThreadIndex::BlockDimX)};
    std::sort(block.begin(), block.end());
    const std::vector<Atom> thread{thread_index(ThreadIndex::ThreadIdxX)};
    const auto blocks = form.terms.find(block);
    const auto threads = form.terms.find(thread);
    if (blocks == form.terms.end() || threads == form.terms.end()) continue;
    if (blocks->second != threads->second) continue;
    const int64_t factor = blocks->second;
    form.terms.erase(block);
    form.terms.erase(thread);
    add_term(form, {thread_index(ThreadIndex::Idx)}, factor);
  }
}

}  // namespace

bool LinearForm::mentions(LocalId local) const {
  for (const auto& [atoms, factor] : terms) {
    for (const Atom& atom : atoms) {
      if (atom.kind == Atom::Kind::Local && atom.number == local) return true;
    }
  }
  return false;
}

bool LinearForm::is_atom() const {
  if (!is_known || constant != 0 || terms.size() != 1) return false;
  const auto& [atoms, factor] = *terms.begin();
  return factor == 1 && atoms.size() == 1;
}

std::optional<int64_t> LinearForm::least() const {
  if (!is_known) return std::nullopt;
  Wide bound = constant;
  for (const auto& [atoms, factor] : terms) {
    const std::optional<Interval> range = range_of(atoms, factor);
    if (!range || __builtin_add_overflow(bound, range->least, &bound)) return std::nullopt;
    if (bound < std::numeric_limits<int64_t>::min()) return std::nullopt;
  }
  return static_cast<int64_t>(std::min<Wide>(bound, std::numeric_limits<int64_t>::max()));
}

bool LinearForm::fits_int64() const {
  const auto below = sum(constant_form(0), *this, -1).least();
  return least() && below && *below > std::numeric_limits<int64_t>::min();
}

LinearForm sum(LinearForm a, const LinearForm& b, int64_t factor) {
  if (!a.is_known || !b.is_known) return unknown();
  for (const auto& [atoms, of_b] : b.terms) add_term(a, atoms, Wide{of_b} * factor);
  add_term(a, {}, Wide{b.constant} * factor);
  return a;
}

LinearForm product(const LinearForm& a, const LinearForm& b) {
  if (!a.is_known || !b.is_known) return unknown();
  LinearForm result = constant_form(0);
  const auto add_product = [&](const std::vector<Atom>& left, const std::vector<Atom>& right,
                               Wide factor) {
    std::vector<Atom> atoms = left;
    atoms.insert(atoms.end(), right.begin(), right.end());
    std::sort(atoms.begin(), atoms.end());
    if (!is_kept(atoms)) result.is_known = false;
    add_term(result, atoms, factor);
  };
  for (const auto& [left, of_left] : a.terms) {
    for (const auto& [right, of_right] : b.terms)
      add_product(left, right, Wide{of_left} * of_right);
    add_product(left, {}, Wide{of_left} * b.constant);
  }
  for (const auto& [right, of_right] : b.terms) add_product({}, right, Wide{of_right} * a.constant);
  add_product({}, {}, Wide{a.constant} * b.constant);
  return result;
}

LinearForm constant_form(int64_t value) {
  LinearForm form;
  form.constant = value;
  form.is_known = value <= kLargest && value >= -kLargest;
  return form;
}

LinearForm atom_form(Atom atom) {
  LinearForm form;
  form.terms[{atom}] = 1;
  return form;
}

LinearForm LinearForms::of(const Expr& expr) {
  if (!expr.type.is_scalar()) return unknown();
  const Scalar type = expr.type.scalar;
  if (type != Scalar::Bool && !is_integer(type)) return unknown();
  if (type == Scalar::U64) return unknown();
  switch (expr.kind) {
    case ExprKind::Constant:
      return constant_form(expr.constant.integer);
    case ExprKind::ThreadIndex: {
      Atom atom{Atom::Kind::Thread, static_cast<int32_t>(expr.thread_index)};
      atom.least = 0;
      atom.greatest = type == Scalar::I64 ? INT64_MAX / 2 : INT32_MAX;
      // A kernel that is not wide has at most INT32_MAX threads along x; along y and z as well
      // where none run that were not asked for, as where guards bound the launch.
      if (type == Scalar::I32 &&
          (expr.thread_index == ThreadIndex::Idx ||
           (expr.thread_index <= ThreadIndex::Idz && !function_.clips.empty())))
        --atom.greatest;
      // In a block, and of a block, there are few.
      const auto range = ranges_.of(expr);
      if (range && expr.thread_index > ThreadIndex::Idz) {
        atom.least = range->least;
        atom.greatest = std::min(atom.greatest, range->greatest);
      }
      return atom_form(atom);
    }
    case ExprKind::Local: {
      const Expr* value = known_ != nullptr ? known_->value_of(expr.local) : nullptr;
      return value != nullptr ? of(*value) : of_local(expr.local);
    }
    case ExprKind::Len:
      return of_length(*expr.operands[0], static_cast<size_t>(expr.axis));
    case ExprKind::Unary:
      if (expr.unary_op != UnaryOp::Negate) break;
      return sum(constant_form(0), of(*expr.operands[0]), -1);
    case ExprKind::Cast: {
      const Expr& value = *expr.operands[0];
      if (!value.type.is_scalar() || !is_integer(value.type.scalar)) break;
      LinearForm form = of(value);
      if (size_of(type) <= size_of(value.type.scalar)) return form;
      // A sum that may have wrapped is not that sum any more when it is widened.
      const auto least = form.least();
      const auto most = sum(constant_form(0), form, -1).least();
      const bool is_exact = least && most && *least >= least_of(value.type.scalar) &&
                            *most >= -greatest_of(value.type.scalar);
      if (!is_exact) return fresh(value);
      return form;
    }
    case ExprKind::Binary:
      return of_binary(expr);
    default:
      break;
  }
  return fresh(expr);
}

LinearForm LinearForms::of_binary(const Expr& expr) {
  const auto left = [&] { return of(*expr.operands[0]); };
  const auto right = [&] { return of(*expr.operands[1]); };
  LinearForm form;
  switch (expr.binary_op) {
    case BinaryOp::Add:
      form = sum(left(), right());
      break;
    case BinaryOp::Subtract:
      form = sum(left(), right(), -1);
      break;
    case BinaryOp::Multiply:
      form = product(left(), right());
      break;
    default:
      return fresh(expr);
  }
  recognise_thread_numbers(form);
  return form.is_known ? form : fresh(expr);
}

LinearForm LinearForms::of_local(LocalId local) const {
  const Scalar type = function_.locals[static_cast<size_t>(local)].type.scalar;
  Atom atom{Atom::Kind::Local, local, 0, least_of(type), greatest_of(type)};
  if (const auto range = ranges_.of(local)) {
    atom.least = range->least;
    atom.greatest = range->greatest;
  }
  return atom_form(atom);
}

// A value of which only the range is known.
LinearForm LinearForms::fresh(const Expr& expr) {
  const Scalar type = expr.type.scalar;
  if (type == Scalar::U64) return unknown();
  Atom atom{Atom::Kind::Fresh, fresh_count_++, 0, least_of(type), greatest_of(type)};
  if (const auto range = ranges_.of(expr)) {
    atom.least = range->least;
    atom.greatest = range->greatest;
  }
  if (expr.kind == ExprKind::Binary) results_.push_back({atom, &expr});
  return atom_form(atom);
}

LinearForm LinearForms::of_length(const Expr& array, size_t axis) const {
  const Local& local = function_.locals[static_cast<size_t>(array.local)];
  if (local.storage != Storage::Value && local.extents[axis] > 0)
    return constant_form(local.extents[axis]);
  if (local.type.channels > 0 && axis + 1 == local.type.rank)
    return constant_form(local.type.channels);
  Atom atom{Atom::Kind::Length, array.local, static_cast<int32_t>(axis), 0, INT64_MAX / 2};
  if (!function_.wide_index) atom.greatest = INT32_MAX;
  return atom_form(atom);
}

}  // namespace cudapy::transform
