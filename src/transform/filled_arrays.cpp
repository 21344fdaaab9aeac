#include "transform/filled_arrays.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "transform/index_ranges.h"
#include "transform/linear_form.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

namespace {

using namespace ir;

// What the threads of a block write along one dimension of an array, each at
//   least + sum of factor * its threadIdx
// which together are all places from `least` to `greatest`.
struct Extent {
  std::vector<std::pair<int64_t, int>> factors;  // with the axis of the block, the smallest first
  int64_t least = 0;
  int64_t greatest = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};

using Box = std::vector<Extent>;  // one for each dimension

class FillFinder {
 public:
  explicit FillFinder(const Function& function)
      : function_(function),
        assignments_(function),
        forms_(function, &assignments_),
        ranges_(function) {}

  bool is_filled(LocalId array) {
    array_ = array;
    const Local& local = function_.locals[static_cast<size_t>(array)];
    if (!local.sizes.empty() || is_compound(local.type.element())) return false;
    reads_ = Reads{};
    collect(function_.body, reads_);
    return reads_.is_known && fills(function_.body) == Answer::Yes;
  }

 private:
  enum class Answer : uint8_t { No, Yes, GoOn };

  // Of the array, in a part of the kernel.
  struct Reads {
    std::vector<const Expr*> loads;
    bool is_known = true;  // there are no other uses
  };

  const Local& array() const { return function_.locals[static_cast<size_t>(array_)]; }

  bool is_array(const Expr& expr) const {
    return expr.kind == ExprKind::Local && expr.local == array_;
  }

  void collect(const Block& block, Reads& reads) const {
    for (const StmtPtr& stmt : block) collect(*stmt, reads);
  }

  void collect(const Stmt& stmt, Reads& reads) const {
    if (stmt.value) collect(*stmt.value, reads);
    const bool stores = stmt.kind == StmtKind::Store && is_array(*stmt.operands[0]);
    if (stores && (stmt.operands.size() != array().extents.size() + 1 || stmt.byte_offset != 0))
      reads.is_known = false;
    for (size_t i = stores ? 1 : 0; i < stmt.operands.size(); ++i)
      collect(*stmt.operands[i], reads);
    collect(stmt.body, reads);
    collect(stmt.else_body, reads);
  }

  void collect(const Expr& expr, Reads& reads) const {
    if (is_array(expr)) reads.is_known = false;
    const bool names_it = (expr.kind == ExprKind::Load || expr.kind == ExprKind::Len ||
                           expr.kind == ExprKind::Stride) &&
                          is_array(*expr.operands[0]);
    if (names_it && expr.kind == ExprKind::Load) {
      reads.loads.push_back(&expr);
      if (expr.operands.size() != array().extents.size() + 1) reads.is_known = false;
    }
    for (size_t i = names_it ? 1 : 0; i < expr.operands.size(); ++i)
      collect(*expr.operands[i], reads);
    collect(expr.body, reads);
  }

  // Whether the array is written in `block` or further in, which all threads come to together.
  Answer fills(const Block& block) {
    for (size_t i = 0; i < block.size(); ++i) {
      const Stmt& stmt = *block[i];
      if (const auto box = written_by(stmt)) {
        if (is_read_behind_a_barrier(block, i + 1, *box)) return Answer::Yes;
      } else if (stmt.kind == StmtKind::If || stmt.kind == StmtKind::For ||
                 stmt.kind == StmtKind::While) {
        const Answer inside = fills(stmt.body);
        if (inside != Answer::GoOn) return inside;
      }
      if (leaves(stmt)) return Answer::No;
    }
    return Answer::GoOn;
  }

  // From `begin` on there is a barrier, and behind it is all that is read of the array.
  bool is_read_behind_a_barrier(const Block& block, size_t begin, const Box& box) const {
    size_t at = begin;
    while (at < block.size() && block[at]->kind != StmtKind::Barrier) ++at;
    Reads behind;
    for (size_t i = at + 1; i < block.size(); ++i) collect(*block[i], behind);
    if (behind.loads.size() != reads_.loads.size()) return false;
    return std::ranges::all_of(behind.loads,
                               [&](const Expr* load) { return is_within(*load, box); });
  }

  bool is_within(const Expr& load, const Box& box) const {
    for (size_t axis = 0; axis < box.size(); ++axis) {
      const Extent& written = box[axis];
      // An index is inside the array.
      if (written.least == 0 && written.greatest == array().extents[axis] - 1) continue;
      const auto read = ranges_.of(*load.operands[axis + 1]);
      if (!read || read->least < written.least || read->greatest > written.greatest) return false;
    }
    return true;
  }

  // What the threads of a block write of the array where all of them execute `stmt`.
  std::optional<Box> written_by(const Stmt& stmt) {
    if (stmt.kind == StmtKind::Store && is_array(*stmt.operands[0])) return box_of(stmt);
    if (stmt.kind != StmtKind::If) return std::nullopt;
    const auto first = written_by(stmt.body);
    const auto second = written_by(stmt.else_body);
    return first && second && *first == *second ? first : std::nullopt;
  }

  std::optional<Box> written_by(const Block& block) {
    for (const StmtPtr& stmt : block) {
      if (auto box = written_by(*stmt)) return box;
      if (leaves(*stmt)) break;
    }
    return std::nullopt;
  }

  std::optional<Box> box_of(const Stmt& store) {
    Box box;
    bool uses_axis[3] = {};
    for (size_t i = 1; i < store.operands.size(); ++i) {
      auto written = span_of(*store.operands[i]);
      if (!written) return std::nullopt;
      for (const auto& [factor, axis] : written->factors) {
        if (std::exchange(uses_axis[axis], true)) return std::nullopt;
      }
      const int64_t last = array().extents[i - 1] - 1;
      if (written->least < 0 || written->least > last) return std::nullopt;
      written->greatest = std::min(written->greatest, last);
      box.push_back(std::move(*written));
    }
    return box;
  }

  std::optional<Extent> span_of(const Expr& index) {
    const LinearForm form = forms_.of(index);
    if (!form.is_known) return std::nullopt;
    Extent span;
    for (const auto& [atoms, factor] : form.terms) {
      if (atoms.size() != 1 || atoms[0].kind != Atom::Kind::Thread) return std::nullopt;
      const int axis = atoms[0].number - static_cast<int>(ThreadIndex::ThreadIdxX);
      if (axis < 0 || axis > 2) return std::nullopt;
      span.factors.emplace_back(factor, axis);
    }
    std::sort(span.factors.begin(), span.factors.end());
    int64_t places = 1;
    for (const auto& [factor, axis] : span.factors) {
      if (factor != places) return std::nullopt;
      places *= function_.block[axis];
    }
    span.least = form.constant;
    span.greatest = form.constant + places - 1;
    return span;
  }

  // Whether a thread may go elsewhere than to what follows.
  static bool leaves(const Stmt& stmt) {
    if (stmt.kind == StmtKind::Return || stmt.kind == StmtKind::Break ||
        stmt.kind == StmtKind::Continue)
      return true;
    const auto any = [](const Block& block) {
      return std::ranges::any_of(block, [](const StmtPtr& inner) { return leaves(*inner); });
    };
    return any(stmt.body) || any(stmt.else_body);
  }

  const Function& function_;
  SingleAssignments assignments_;
  LinearForms forms_;
  IndexRanges ranges_;
  LocalId array_ = kNoLocal;
  Reads reads_;
};

}  // namespace

std::vector<bool> arrays_filled_before_read(const Function& function) {
  std::vector<bool> filled(function.locals.size(), false);
  if (function.block[0] == 0) return filled;
  // What functions that call themselves read is not followed.
  if (!function.body.empty() && function.body[0]->kind == StmtKind::Define) return filled;
  std::optional<FillFinder> finder;
  for (size_t i = 0; i < function.locals.size(); ++i) {
    if (function.locals[i].storage != Storage::Block) continue;
    if (!finder) finder.emplace(function);
    filled[i] = finder->is_filled(static_cast<LocalId>(i));
  }
  return filled;
}

}  // namespace cudapy::transform
