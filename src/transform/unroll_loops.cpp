// One walk in the order of execution, which knows the locals that hold a constant where it is: so
// `range(8 - i)` inside of an unrolled loop over i is short, too, and `k += 1` counts.
#include "transform/unroll_loops.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "ir/array_size.h"
#include "ir/liveness.h"
#include "transform/fold_expressions.h"
#include "transform/split_barriers.h"

namespace cudapy::transform {

namespace {

using namespace ir;

constexpr int64_t kMostTurns = 32;
constexpr size_t kMostNodes = 6000;  // of all turns of the outermost loop together
// What takes long to compile counts for more: gathers that go lane by lane, loops that stay, and
// the elements among which lanes choose.
constexpr size_t kNodesOfGather = 2500;
constexpr size_t kNodesOfLoop = 1000;
constexpr size_t kNodesOfChoice = 5;
constexpr int kMostElementsKept = 64;  // of an array that may become registers

// How much code a tree becomes, in nodes.
class Size {
 public:
  explicit Size(const Function& function) : function_(function) {}

  [[nodiscard]] size_t of(const Expr& expr) const {
    size_t count = 1 + of(expr.body) + (is_gather(expr) ? kNodesOfGather : 0);
    for (const ExprPtr& operand : expr.operands) count += of(*operand);
    return count + (expr.kind == ExprKind::Load ? of_choice(expr.operands) : 0);
  }

  [[nodiscard]] size_t of(const Block& block) const {
    size_t count = 0;
    for (const StmtPtr& stmt : block) {
      count += 1 + (stmt->value ? of(*stmt->value) : 0);
      count += of_operands(*stmt) + of(stmt->body) + of(stmt->else_body);
    }
    return count;
  }

  [[nodiscard]] size_t of_operands(const Stmt& stmt) const {
    size_t count = stmt.kind == StmtKind::Store ? of_choice(stmt.operands) : 0;
    for (const ExprPtr& operand : stmt.operands) count += of(*operand);
    return count;
  }

 private:
  // Of an element of a thread's own array that each lane may choose.
  [[nodiscard]] size_t of_choice(const std::vector<ExprPtr>& operands) const {
    const Local& array = function_.locals[static_cast<size_t>(operands[0]->local)];
    const bool is_known =
        std::all_of(operands.begin() + 1, operands.end(),
                    [](const ExprPtr& index) { return index->kind == ExprKind::Constant; });
    if (array.storage != Storage::Thread || is_known) return 0;
    const int64_t most = most_chosen_elements(size_of(array.type.scalar));
    int64_t count = 1;
    for (const int64_t extent : array.extents) count *= std::min(extent, most + 1);
    return count > most ? 0 : kNodesOfChoice * static_cast<size_t>(count);
  }

  // A table's element, or what else is found by what an array holds.
  [[nodiscard]] bool is_gather(const Expr& expr) const {
    if (expr.kind != ExprKind::Load) return false;
    const Local& array = function_.locals[static_cast<size_t>(expr.operands[0]->local)];
    return array.storage != Storage::Thread &&
           std::any_of(expr.operands.begin() + 1, expr.operands.end(),
                       [](const ExprPtr& index) { return has_load(*index); });
  }

  static bool has_load(const Expr& expr) {
    return expr.kind == ExprKind::Load ||
           std::any_of(expr.operands.begin(), expr.operands.end(),
                       [](const ExprPtr& operand) { return has_load(*operand); });
  }

  const Function& function_;
};

// A `break` or `continue` of the loop that the block is the body of.
bool leaves_turns(const Block& block) {
  return std::any_of(block.begin(), block.end(), [](const StmtPtr& stmt) {
    switch (stmt->kind) {
      case StmtKind::Break:
      case StmtKind::Continue:
        return true;
      case StmtKind::For:
      case StmtKind::While:
        return leaves_turns(stmt->else_body);
      default:
        return leaves_turns(stmt->body) || leaves_turns(stmt->else_body);
    }
  });
}

bool is_constant(const ExprPtr& expr) {
  return expr && expr->kind == ExprKind::Constant;
}

class Unroller {
 public:
  explicit Unroller(Function& function)
      : function_(function), expressions_(function, ExpressionFolder::Stage::AfterContraction) {
    expressions_.constants().resize(function.locals.size());
  }

  void run() {
    const bool has_images = std::any_of(function_.locals.begin(), function_.locals.end(),
                                        [](const Local& local) { return local.type.channels > 0; });
    if (has_images || has_candidates(function_.body)) block(function_.body);
  }

 private:
  using Constants = std::vector<ExprPtr>;

  [[nodiscard]] const Local& local(LocalId id) const {
    return function_.locals[static_cast<size_t>(id)];
  }
  Constants& constants() { return expressions_.constants(); }

  Constants copy_of_constants() {
    Constants copy;
    for (const ExprPtr& value : constants()) copy.push_back(value ? clone(*value) : nullptr);
    return copy;
  }

  // Whether something is indexed here that is worth constant indices.
  [[nodiscard]] bool is_worthwhile(const std::vector<ExprPtr>& operands) const {
    const Local& array = local(operands[0]->local);
    if (array.storage == Storage::Value)
      return array.type.channels > 0 && !is_constant(operands.back());
    if (array.storage != Storage::Thread) return false;
    int64_t count = 1;
    for (const int64_t extent : array.extents)
      count *= std::min<int64_t>(extent, kMostElementsKept + 1);
    return count <= kMostElementsKept &&
           std::any_of(operands.begin() + 1, operands.end(),
                       [](const ExprPtr& index) { return !is_constant(index); });
  }
  [[nodiscard]] bool is_worthwhile(const Expr& expr) const {
    if (expr.kind == ExprKind::Load && is_worthwhile(expr.operands)) return true;
    return is_worthwhile(expr.body) ||
           std::any_of(expr.operands.begin(), expr.operands.end(),
                       [&](const ExprPtr& operand) { return is_worthwhile(*operand); });
  }
  [[nodiscard]] bool is_worthwhile(const Block& block) const {
    return std::any_of(block.begin(), block.end(), [&](const StmtPtr& stmt) {
      if (stmt->kind == StmtKind::Store && is_worthwhile(stmt->operands)) return true;
      return (stmt->value && is_worthwhile(*stmt->value)) || is_worthwhile(stmt->body) ||
             is_worthwhile(stmt->else_body) ||
             std::any_of(stmt->operands.begin(), stmt->operands.end(),
                         [&](const ExprPtr& operand) { return is_worthwhile(*operand); });
    });
  }

  [[nodiscard]] bool has_candidates(const Expr& expr) const {
    return has_candidates(expr.body) ||
           std::any_of(expr.operands.begin(), expr.operands.end(),
                       [&](const ExprPtr& operand) { return has_candidates(*operand); });
  }
  [[nodiscard]] bool has_candidates(const Block& block) const {
    return std::any_of(block.begin(), block.end(), [&](const StmtPtr& stmt) {
      if (stmt->kind == StmtKind::For && is_worthwhile(stmt->body)) return true;
      return (stmt->value && has_candidates(*stmt->value)) || has_candidates(stmt->body) ||
             has_candidates(stmt->else_body);
    });
  }

  // Folding powers of integers makes locals, which are not among the constants.
  void forget(LocalId id) {
    const auto at = static_cast<size_t>(id);
    if (id != kNoLocal && at < constants().size()) constants()[at] = nullptr;
  }
  void learn(LocalId id, const Expr& value) {
    forget(id);
    const auto at = static_cast<size_t>(id);
    if (value.kind == ExprKind::Constant && value.type == local(id).type && at < constants().size())
      constants()[at] = clone(value);
  }
  void forget(const LocalSet& locals) {
    for (size_t i = 0; i < constants().size(); ++i) {
      if (locals.contains(static_cast<LocalId>(i))) constants()[i] = nullptr;
    }
  }
  void forget_assigned_in(const Block& block) {
    forget(assigned_in(block, function_.locals.size()));
  }

  // What an expression assigns is not known while it is evaluated, nor after it.
  void expression(ExprPtr& expr) {
    if (!expr) return;
    LocalSet assigned(function_.locals.size());
    add_assigned(*expr, assigned);
    forget(assigned);
    evaluate(expr);
    forget(assigned);
  }

  void evaluate(ExprPtr& expr) {
    for (ExprPtr& operand : expr->operands) evaluate(operand);
    if (!expr->body.empty()) {
      Constants before = copy_of_constants();
      block(expr->body);
      constants() = std::move(before);
    }
    expressions_.fold(expr);
  }

  void block(Block& statements) {
    Block made;
    made.reserve(statements.size());
    for (StmtPtr& stmt : statements) statement(std::move(stmt), made);
    statements = std::move(made);
  }

  void statement(StmtPtr stmt, Block& into) {
    ++nodes_;
    switch (stmt->kind) {
      case StmtKind::If:
        return branches(std::move(stmt), into);
      case StmtKind::For:
        return for_loop(std::move(stmt), into);
      case StmtKind::While:
        forget_assigned_in(stmt->body);
        expression(stmt->value);
        arm(stmt->body);
        arm(stmt->else_body);
        forget_assigned_in(stmt->body);
        forget_assigned_in(stmt->else_body);
        break;
      case StmtKind::Assign:
        expression(stmt->value);
        learn(stmt->local, *stmt->value);
        break;
      default:
        expression(stmt->value);
        for (ExprPtr& operand : stmt->operands) expression(operand);
        forget(stmt->local);
        forget_assigned_in(stmt->body);
        arm(stmt->body);
        break;
    }
    if (stmt->kind == StmtKind::While) nodes_ += kNodesOfLoop;
    if (stmt->value) nodes_ += size_.of(*stmt->value);
    nodes_ += size_.of_operands(*stmt);
    into.push_back(std::move(stmt));
  }

  // What may or may not run.
  void arm(Block& body) {
    Constants before = copy_of_constants();
    block(body);
    constants() = std::move(before);
  }

  void branches(StmtPtr stmt, Block& into) {
    expression(stmt->value);
    if (is_constant(stmt->value)) {
      Block& taken = stmt->value->constant.integer != 0 ? stmt->body : stmt->else_body;
      for (StmtPtr& inner : taken) statement(std::move(inner), into);
      return;
    }
    arm(stmt->body);
    arm(stmt->else_body);
    forget_assigned_in(stmt->body);
    forget_assigned_in(stmt->else_body);
    nodes_ += size_.of(*stmt->value);
    into.push_back(std::move(stmt));
  }

  void for_loop(StmtPtr stmt, Block& into) {
    for (ExprPtr& operand : stmt->operands) expression(operand);
    if (const std::optional<int64_t> turns = turns_of(*stmt)) {
      Constants before = copy_of_constants();
      Block unrolled;
      const size_t nodes = nodes_;
      if (unroll(*stmt, *turns, unrolled)) {
        into.insert(into.end(), std::make_move_iterator(unrolled.begin()),
                    std::make_move_iterator(unrolled.end()));
        return;
      }
      nodes_ = nodes;
      constants() = std::move(before);
    }
    nodes_ += kNodesOfLoop;
    forget_assigned_in(stmt->body);
    forget(stmt->local);
    arm(stmt->body);
    arm(stmt->else_body);
    forget_assigned_in(stmt->body);
    forget_assigned_in(stmt->else_body);
    into.push_back(std::move(stmt));
  }

  // Of a loop that is worth it; nothing: it is not, or they are not known, or too many.
  [[nodiscard]] std::optional<int64_t> turns_of(const Stmt& loop) const {
    if (loop.counter != kNoLocal ||
        !std::all_of(loop.operands.begin(), loop.operands.end(), is_constant))
      return std::nullopt;
    const auto within = [](const ExprPtr& expr) {
      const int64_t value = expr->constant.integer;
      return !expr->constant.exceeds_int64 && value >= INT32_MIN && value <= INT32_MAX;
    };
    if (!std::all_of(loop.operands.begin(), loop.operands.end(), within)) return std::nullopt;
    const int64_t start = loop.operands[0]->constant.integer;
    const int64_t stop = loop.operands[1]->constant.integer;
    const int64_t step = loop.operands[2]->constant.integer;
    if (step == 0 || loop.operands[0]->type != local(loop.local).type) return std::nullopt;
    const int64_t distance = step > 0 ? stop - start : start - stop;
    const int64_t stride = step > 0 ? step : -step;
    const int64_t turns = distance > 0 ? (distance + stride - 1) / stride : 0;
    if (turns > kMostTurns || leaves_turns(loop.body) || has_barrier(loop.body) ||
        !is_worthwhile(loop.body))
      return std::nullopt;
    return turns;
  }

  // False if that is too much: then the loop is as it was.
  bool unroll(const Stmt& loop, int64_t turns, Block& into) {
    const bool is_outermost = depth_ == 0;
    if (is_outermost) nodes_ = 0;
    ++depth_;
    for (int64_t turn = 0; turn < turns && nodes_ <= kMostNodes; ++turn) {
      auto assign = std::make_unique<Stmt>();
      assign->kind = StmtKind::Assign;
      assign->span = loop.span;
      assign->local = loop.local;
      assign->value = clone(*loop.operands[0]);
      assign->value->constant.integer += turn * loop.operands[2]->constant.integer;
      statement(std::move(assign), into);
      for (const StmtPtr& stmt : loop.body) statement(clone(*stmt), into);
    }
    for (const StmtPtr& stmt : loop.else_body) statement(clone(*stmt), into);
    --depth_;
    return nodes_ <= kMostNodes;
  }

  Function& function_;
  ExpressionFolder expressions_;
  const Size size_{function_};
  size_t nodes_ = 0;
  int depth_ = 0;
};

}  // namespace

void unroll_loops(Function& function) {
  Unroller(function).run();
}

}  // namespace cudapy::transform
