#include "transform/neighbour_gangs.h"

#include <algorithm>

#include "ir/math_instruction.h"

namespace cudapy::transform {

using namespace ir;

namespace {

constexpr int kAccessBytes = 16;
// What a gang holds in registers: elements and what is computed of them.
constexpr int kMostLanes = 4;
constexpr int kMostAccesses = 48;
constexpr int kMostOperations = 400;

bool is_linear(const Expr& index) {
  return index.shape == Shape::Linear && index.stride == 1;
}

// Reads a function twice: for the largest element, which decides the width, and for the width.
class GangReader {
 public:
  GangReader(const Function& function, int width) : function_(function), indices_(function, width) {
    read(function.body);
    for (const Local& local : function.locals)
      fits_ = fits_ && (local.storage == Storage::Value || local.storage == Storage::Constant);
  }

  [[nodiscard]] bool fits() const {
    return fits_ && stores_ && accesses_ <= kMostAccesses && operations_ <= kMostOperations;
  }
  [[nodiscard]] int largest() const { return largest_; }
  [[nodiscard]] bool has_loops() const { return has_loops_; }
  [[nodiscard]] const std::vector<LaunchNumber>& multiples() const { return indices_.multiples(); }

 private:
  void read(const Block& block) {
    for (const StmtPtr& stmt : block) {
      if (!fits_) return;
      read(*stmt);
    }
  }

  void read(const Stmt& stmt) {
    if (stmt.value) read(*stmt.value);
    for (const ExprPtr& operand : stmt.operands) read(*operand);
    switch (stmt.kind) {
      case StmtKind::Assign:
      case StmtKind::Break:
      case StmtKind::Continue:
      case StmtKind::Return:
        break;
      case StmtKind::Store:
        stores_ = true;
        fits_ = fits_ && is_row(stmt.operands, stmt.fault_site, stmt.row_axes);
        break;
      case StmtKind::If:
        return read_if(stmt);
      case StmtKind::While:
      case StmtKind::For:
        has_loops_ = true;
        fits_ = fits_ && !stmt.divergent_exit && !stmt.divergent_continue && !stmt.divergent_return;
        break;
      default:
        fits_ = false;
    }
    read(stmt.body);
    read(stmt.else_body);
  }

  // Arms that the lanes do not take together are run for all.
  void read_if(const Stmt& stmt) {
    const bool parts = stmt.value->shape != Shape::Uniform;
    parted_ += parts;
    for (const Block* arm : {&stmt.body, &stmt.else_body}) {
      for (const StmtPtr& inner : *arm)
        fits_ = fits_ && (!parts || inner->kind == StmtKind::Assign || inner->kind == StmtKind::If);
      read(*arm);
    }
    parted_ -= parts;
  }

  void read(const Expr& expr) {
    const bool is_lazy =
        expr.kind == ExprKind::And || expr.kind == ExprKind::Or || expr.kind == ExprKind::Select;
    const bool parts = is_lazy && expr.operands[0]->shape != Shape::Uniform;
    for (const ExprPtr& operand : expr.operands) {
      const bool is_part = parts && operand != expr.operands[0];
      parted_ += is_part;
      read(*operand);
      parted_ -= is_part;
    }
    operations_ += expr.shape == Shape::Varying && expr.kind != ExprKind::Local;
    fits_ = fits_ && does(expr);
    read(expr.body);
  }

  bool does(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::Load:
        return parted_ == 0 && loads(expr);
      case ExprKind::Math:
        return expr.shape == Shape::Uniform || (is_instruction(expr.math) && parted_ == 0);
      case ExprKind::Binary:
        return is_cheap(expr);
      case ExprKind::Sequence:
        return !expr.divergent_return && parted_ == 0;
      case ExprKind::Intrinsic:
      case ExprKind::Atomic:
      case ExprKind::Call:
      case ExprKind::Argument:
      case ExprKind::Bound:
        return false;
      default:
        return expr.fault_site < 0;
    }
  }

  bool is_cheap(const Expr& expr) const {
    if (expr.shape == Shape::Uniform) return expr.fault_site < 0 || parted_ == 0;
    switch (expr.binary_op) {
      case BinaryOp::FloorDivide:
      case BinaryOp::Modulo:
      case BinaryOp::Power:
        return false;
      case BinaryOp::Divide:
        return expr.fault_site < 0 && parted_ == 0;
      default:
        return expr.fault_site < 0;
    }
  }

  bool loads(const Expr& load) {
    const bool is_uniform =
        std::all_of(load.operands.begin() + 1, load.operands.end(),
                    [](const ExprPtr& index) { return index->shape == Shape::Uniform; });
    return is_uniform || is_row(load.operands, load.fault_site, load.row_axes);
  }

  // Neighbouring elements of a row, whose checks come before the work.
  bool is_row(const std::vector<ExprPtr>& operands, int32_t site, uint8_t row_axes) {
    const Expr& array = *operands[0];
    const Type& type = array.type;
    if (array.local >= function_.parameter_count || type.strided || is_compound(type.element()))
      return false;
    for (size_t i = 1; i < operands.size(); ++i) {
      const bool is_last = i + 1 == operands.size();
      if (is_last ? !is_linear(*operands[i]) : operands[i]->shape != Shape::Uniform) return false;
      const bool is_known = site < 0 || (row_axes >> (i - 1) & 1U) != 0 ||
                            function_.fault_sites[static_cast<size_t>(site) + i - 1].is_proved;
      if (!is_known) return false;
    }
    ++accesses_;
    largest_ = std::max(largest_, size_of(type.scalar));
    for (int32_t axis = 0; axis + 1 < type.rank; ++axis)
      indices_.add_multiple({LaunchNumber::Kind::Stride, array.local, axis});
    return indices_.offset_of(*operands.back()).has_value();
  }

  const Function& function_;
  NeighbourIndices indices_;
  int parted_ = 0;  // around what is read: conditions that differ among lanes
  bool fits_ = true;
  bool stores_ = false;
  bool has_loops_ = false;
  int accesses_ = 0;
  int operations_ = 0;
  int largest_ = 1;
};

}  // namespace

void NeighbourIndices::add_multiple(const LaunchNumber& number) {
  if (std::find(multiples_.begin(), multiples_.end(), number) == multiples_.end())
    multiples_.push_back(number);
}

// Whether factor * product of atoms is a multiple of the width, or one of the atoms that launches
// are given can be asked to be.
bool NeighbourIndices::make_multiple(const std::vector<Atom>& atoms, int64_t factor) {
  if (factor % width_ == 0) return true;
  std::vector<LaunchNumber> candidates;
  for (const Atom& atom : atoms) {
    if (atom.kind == Atom::Kind::Local && assignments_.is_argument(atom.number))
      candidates.push_back({LaunchNumber::Kind::Argument, atom.number, 0});
    if (atom.kind == Atom::Kind::Length && atom.number < function_.parameter_count)
      candidates.push_back({LaunchNumber::Kind::Length, atom.number, atom.axis});
  }
  if (candidates.empty()) return false;
  const bool is_known = std::any_of(candidates.begin(), candidates.end(), [&](const auto& number) {
    return std::find(multiples_.begin(), multiples_.end(), number) != multiples_.end();
  });
  // Of `(z * height + y) * width` the width has to be one in any case: it comes last.
  if (!is_known) multiples_.push_back(candidates.back());
  return true;
}

std::optional<int64_t> NeighbourIndices::offset_of(const Expr& index) {
  const LinearForm form = forms_.of(index);
  if (!form.is_known || form.constant > kMostOffset || form.constant < -kMostOffset)
    return std::nullopt;
  const Atom idx{Atom::Kind::Thread, static_cast<int32_t>(ThreadIndex::Idx)};
  const auto own = form.terms.find({idx});
  if (own == form.terms.end() || own->second != 1) return std::nullopt;
  // Terms of fewer atoms leave less choice.
  for (const bool is_product : {false, true}) {
    for (const auto& [atoms, factor] : form.terms) {
      const bool is_idx = atoms.size() == 1 && atoms[0] == idx;
      if (is_idx || (atoms.size() > 2) != is_product) continue;
      if (!make_multiple(atoms, factor)) return std::nullopt;
    }
  }
  return form.constant;
}

NeighbourGangs neighbour_gangs(const Function& function) {
  if (function.uses_block_shape || function.runs_warps || function.divergent_return) return {};
  const int largest = GangReader(function, 1).largest();
  const int width = std::min(kAccessBytes / largest, kMostLanes);
  if (width < 2) return {};
  const GangReader reader(function, width);
  if (!reader.fits()) return {};
  return {width, reader.multiples(), reader.has_loops()};
}

}  // namespace cudapy::transform
