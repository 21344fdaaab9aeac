#include "transform/performance_notes.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "ir/liveness.h"
#include "support/diagnostic.h"
#include "transform/near_progressions.h"

namespace cudapy::transform {

namespace {

using namespace ir;

constexpr size_t kFewKept = 3;  // variables across a barrier that are not worth a word

bool any_of(const Expr& expr, bool (*test)(const Expr&)) {
  return test(expr) || std::ranges::any_of(expr.operands, [&](const ExprPtr& operand) {
           return any_of(*operand, test);
         });
}

bool is_load(const Expr& expr) {
  return expr.kind == ExprKind::Load;
}

class NoteWalk {
 public:
  explicit NoteWalk(const Function& function)
      : function_(function), liveness_(function), near_(function) {
    for (LocalId id = 0; id < function.parameter_count; ++id) {
      const Type& type = local(id).type;
      if (type.is_array()) has_float32_ |= type.scalar == Scalar::F32;
      if (type.is_array()) has_float64_ |= type.scalar == Scalar::F64;
    }
  }

  Diagnostics run() {
    block(function_.body);
    return std::move(notes_);
  }

 private:
  const Local& local(LocalId id) const { return function_.locals[static_cast<size_t>(id)]; }

  // Code that stands twice in the tree, such as an inlined helper's, is spoken of once.
  void note(const char* code, const Span& span, std::string message, std::string help) {
    if (said_.insert({code, span.source, span.line, span.column}).second)
      notes_.error(code, span, std::move(message), std::move(help));
  }

  void block(const Block& block) {
    for (size_t i = 0; i < block.size(); ++i) {
      statement(*block[i]);
      const bool meets = block[i]->kind == StmtKind::Barrier && i + 1 < block.size();
      if (meets && block[i + 1]->kind == StmtKind::Region) barrier(*block[i], *block[i + 1]);
    }
  }

  void statement(const Stmt& stmt) {
    const bool loops = stmt.kind == StmtKind::While || stmt.kind == StmtKind::For;
    // What a `for` counts through is evaluated once, before it.
    if (stmt.kind == StmtKind::While) ++depth_;
    if (stmt.value) expression(*stmt.value, false);
    if (stmt.kind == StmtKind::While) --depth_;
    for (const ExprPtr& operand : stmt.operands) expression(*operand, false);
    if (stmt.kind == StmtKind::Store)
      access(stmt.operands, stmt.span, stmt.fault_site, stmt.row_axes, "written");
    if (loops) ++depth_;
    block(stmt.body);
    if (loops) --depth_;
    block(stmt.else_body);
  }

  // `within`: inside of arithmetic in float64 that was spoken of.
  void expression(const Expr& expr, bool within) {
    const bool computes = expr.kind == ExprKind::Binary || expr.kind == ExprKind::Unary ||
                          expr.kind == ExprKind::Math;
    const bool is_double = computes && expr.type.is_scalar() && expr.type.scalar == Scalar::F64;
    if (is_double && !within && has_float32_ && !has_float64_) double_arithmetic(expr);
    if (expr.kind == ExprKind::Binary) division(expr);
    if (expr.kind == ExprKind::Load)
      access(expr.operands, expr.span, expr.fault_site, expr.row_axes, "read");
    const bool is_atomic = expr.kind == ExprKind::Atomic;
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      if (is_atomic && i == 0) {  // lane by lane in any case
        for (const ExprPtr& index : expr.operands[0]->operands) expression(*index, false);
      } else {
        expression(*expr.operands[i], within || is_double);
      }
    }
    block(expr.body);
  }

  // Where the first value of an expression that is a float64 by itself comes from; empty: unknown.
  std::string origin(const Expr& expr) const {
    if (expr.kind == ExprKind::Local && expr.type.scalar == Scalar::F64)
      return quoted(local(expr.local).name) + " is float64";
    if (expr.kind == ExprKind::Cast && is_integer(expr.operands[0]->type))
      return "an integer becomes a float64 here";
    for (const ExprPtr& operand : expr.operands) {
      if (std::string found = origin(*operand); !found.empty()) return found;
    }
    return {};
  }

  void double_arithmetic(const Expr& expr) {
    std::string message = "this is computed in float64, though the arrays are float32";
    if (const std::string why = origin(expr); !why.empty()) message += ": " + why;
    note("float64-arithmetic", expr.span, std::move(message),
         "declare what is float64 as `float`, or write `float(...)` around it: half as many lanes "
         "fit a vector of float64");
  }

  void division(const Expr& expr) {
    const bool divides =
        expr.binary_op == BinaryOp::FloorDivide || expr.binary_op == BinaryOp::Modulo;
    if (!divides || depth_ == 0 || !is_integer(expr.type)) return;
    if (expr.operands[1]->kind == ExprKind::Constant) return;
    note("integer-division", expr.span, "an integer division in a loop",
         "count along instead of dividing, or divide by a constant: that is a multiplication");
  }

  void access(const std::vector<ExprPtr>& operands, const Span& span, int32_t site,
              uint8_t row_axes, const char* doing) {
    const Expr& array = *operands[0];
    if (array.kind != ExprKind::Local) return;
    if (local(array.local).storage == Storage::Value) scattered(operands, span, doing);
    if (site < 0 || depth_ == 0) return;
    for (size_t axis = 0; axis + 1 < operands.size(); ++axis) {
      const bool is_moved_out = (row_axes >> axis & 1U) != 0;
      const FaultSite& of = function_.fault_sites[static_cast<size_t>(site) + axis];
      const bool is_seldom = is_moved_out || of.is_proved || of.greatest >= 0;
      if (!is_seldom) checked(*operands[axis + 1], array, span);
    }
  }

  // Channels of an image, which are whole vectors that are sorted out.
  [[nodiscard]] bool takes_neighbouring_pixels(const std::vector<ExprPtr>& operands) const {
    if (local(operands[0]->local).type.channels == 0 || operands.size() != 4) return false;
    const Expr& along = *operands[2];
    return operands[1]->shape == Shape::Uniform && operands[3]->shape == Shape::Uniform &&
           along.shape == Shape::Linear && (along.stride == 1 || along.stride == -1);
  }

  void scattered(const std::vector<ExprPtr>& operands, const Span& span, const char* doing) {
    const Expr& array = *operands[0];
    const std::string name = quoted(local(array.local).name);
    const Expr& last = *operands.back();
    const bool is_read = std::string_view(doing) == "read";
    const char* code = is_read ? "gather" : "scatter";
    const std::string start = name + (is_read ? " is gathered" : " is scattered") +
                              " element by element: neighbouring threads ";
    const auto varies = [](const ExprPtr& index) { return index->shape != Shape::Uniform; };
    if (takes_neighbouring_pixels(operands)) return;
    if (std::any_of(operands.begin() + 1, operands.end() - 1, varies)) {
      return note(code, span, start + "take different rows",
                  "let idx be the last index, as in `" + local(array.local).name +
                      "[idy, idx]`, or pass the transpose");
    }
    if (last.shape == Shape::Uniform) return;
    if (array.type.strided) {
      return note(code, span, start + "take elements that lie apart in this array",
                  "pass an array in C order: `np.ascontiguousarray(" + local(array.local).name +
                      ")` before the launch, or `order=\"C\"` where it is made");
    }
    if (last.shape == Shape::Linear) {
      if (last.stride == 1 || last.stride == -1) return;
      return note(code, span,
                  start + "take every " + std::to_string(std::abs(last.stride)) + "th element",
                  "give neighbouring threads neighbouring elements: keep what belongs to one "
                  "thread in rows or arrays of their own");
    }
    if (any_of(last, is_load)) {
      return note(code, span, start + "find their index in an array",
                  "sort the work so that neighbouring threads use neighbouring elements, if the "
                  "order is yours to choose");
    }
    if (near_.holds(last)) return;
    note(code, span, start + "take an index that is not idx plus what they share",
         "index with `idx + offset`, where the offset is the same for all threads");
  }

  void checked(const Expr& index, const Expr& array, const Span& span) {
    std::string why =
        "the index is not a sum of idx, counters of `for` loops and values that all "
        "threads share";
    if (any_of(index, is_load)) {
      why = "the index depends on what an array holds";
    } else if (local(array.local).storage != Storage::Value) {
      return;  // of a known size: the check is a comparison with a constant
    } else if (index.kind == ExprKind::Local && !local(index.local).name.starts_with('%')) {
      why = quoted(local(index.local).name) + " is not the counter of a `for` loop";
    }
    note("check-in-loop", span,
         "the index into " + quoted(local(array.local).name) + " is checked at each turn: " + why,
         "walk with `for i in range(...)`, whose ends are checked once before it, or compile with "
         "`check=False` when the kernel is right");
  }

  void barrier(const Stmt& barrier, const Stmt& after) {
    const LocalSet& alive = liveness_.of(after).before;
    std::vector<std::string> names;
    for (LocalId id = function_.parameter_count; id < static_cast<LocalId>(function_.locals.size());
         ++id) {
      const Local& kept = local(id);
      if (alive.contains(id) && kept.type.is_scalar() && kept.shape == Shape::Varying &&
          !kept.name.starts_with('%'))
        names.push_back(quoted(kept.name));
    }
    if (names.size() <= kFewKept) return;
    std::string list;
    for (size_t i = 0; i < names.size(); ++i)
      list += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    note("kept-across-barrier", barrier.span,
         list + " are kept in memory across this barrier, for each thread",
         "compute what is cheap again behind the barrier, or finish with it before");
  }

  const Function& function_;
  Liveness liveness_;
  NearProgressions near_;
  Diagnostics notes_;
  std::set<std::tuple<std::string, uint16_t, int, int>> said_;
  bool has_float32_ = false;
  bool has_float64_ = false;
  int depth_ = 0;
};

}  // namespace

Diagnostics performance_notes(const Function& lowered) {
  return NoteWalk(lowered).run();
}

}  // namespace cudapy::transform
