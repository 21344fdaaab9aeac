// One walk. An expression of an aggregate type is taken apart into its *leaves*, scalar expressions
// in order, and statements that have to run before them:
//
//     t = (a, f(b)) if c else u      %c = c; if %c: { %0 = a; %1 = f(b) } else: { … }
//                                    t.0 = %0; t.1 = %1
//
// Each leaf is evaluated once, in order, right after those statements. A leaf that is read inside a
// larger expression takes its statements along in a Sequence.
#include "transform/split_aggregates.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "transform/fold_expressions.h"

namespace cudapy::transform {

namespace {

using namespace ir;

using Leaves = std::vector<ExprPtr>;

size_t leaf_count(const Type& type) {
  std::vector<Type> leaves;
  append_leaves(type, leaves);
  return leaves.size();
}

ExprPtr make(ExprKind kind, const Type& type, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = type;
  expr->span = span;
  return expr;
}

ExprPtr read(LocalId local, const Type& type, Span span) {
  ExprPtr expr = make(ExprKind::Local, type, span);
  expr->local = local;
  return expr;
}

StmtPtr assignment(LocalId local, ExprPtr value) {
  auto stmt = std::make_unique<Stmt>();
  stmt->kind = StmtKind::Assign;
  stmt->span = value->span;
  stmt->local = local;
  stmt->value = std::move(value);
  return stmt;
}

StmtPtr evaluation(ExprPtr value) {
  auto stmt = std::make_unique<Stmt>();
  stmt->kind = StmtKind::Evaluate;
  stmt->span = value->span;
  stmt->value = std::move(value);
  return stmt;
}

void append(Block& block, Block more) {
  block.insert(block.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

// May be read later, and more than once, instead of now.
bool is_steady(const Expr& expr) {
  return expr.kind == ExprKind::Constant || expr.kind == ExprKind::Local ||
         expr.kind == ExprKind::ThreadIndex || expr.kind == ExprKind::Len;
}

bool reads(const Block& block, LocalId begin, LocalId end);

bool reads(const Expr& expr, LocalId begin, LocalId end) {
  if (expr.kind == ExprKind::Local && expr.local >= begin && expr.local < end) return true;
  return reads(expr.body, begin, end) ||
         std::any_of(expr.operands.begin(), expr.operands.end(),
                     [&](const ExprPtr& operand) { return reads(*operand, begin, end); });
}

bool reads(const Block& block, LocalId begin, LocalId end) {
  return std::any_of(block.begin(), block.end(), [&](const StmtPtr& stmt) {
    return (stmt->value && reads(*stmt->value, begin, end)) ||
           std::any_of(stmt->operands.begin(), stmt->operands.end(),
                       [&](const ExprPtr& operand) { return reads(*operand, begin, end); }) ||
           reads(stmt->body, begin, end) || reads(stmt->else_body, begin, end);
  });
}

class Splitter {
 public:
  explicit Splitter(Function& function) : function_(function) {}

  void run() {
    lay_out_locals();
    function_.body = block(std::move(function_.body));
    function_.locals = std::move(locals_);
  }

 private:
  void lay_out_locals() {
    std::vector<bool> written;
    int32_t parameters = 0;
    for (size_t i = 0; i < function_.locals.size(); ++i) {
      Local& local = function_.locals[i];
      first_.push_back(static_cast<LocalId>(locals_.size()));
      const size_t before = locals_.size();
      add_leaves(local, local.type, local.name);
      if (i >= static_cast<size_t>(function_.parameter_count)) continue;
      parameters = static_cast<int32_t>(locals_.size());
      if (!function_.written.empty())
        written.resize(written.size() + locals_.size() - before, function_.written[i]);
    }
    function_.parameter_count = parameters;
    function_.written = std::move(written);
  }

  void add_leaves(const Local& whole, const Type& type, const std::string& name) {
    if (!type.is_aggregate()) {
      locals_.push_back(whole);
      locals_.back().type = type;
      locals_.back().name = name;
      return;
    }
    const std::vector<Type>& elements = type.aggregate->elements;
    for (size_t i = 0; i < elements.size(); ++i)
      add_leaves(whole, elements[i], name + "." + std::to_string(i));
  }

  [[nodiscard]] LocalId first(LocalId local) const {
    return local == kNoLocal ? kNoLocal : first_[static_cast<size_t>(local)];
  }

  [[nodiscard]] const Type& type_of(LocalId leaf) const {
    return locals_[static_cast<size_t>(leaf)].type;
  }

  LocalId new_local(const Type& type, Span span) {
    Local local;
    local.name = "%part";
    local.type = type;
    local.span = span;
    locals_.push_back(std::move(local));
    return static_cast<LocalId>(locals_.size() - 1);
  }

  // Statements

  Block block(Block old) {
    Block made;
    made.reserve(old.size());
    for (StmtPtr& stmt : old) statement(std::move(stmt), made);
    return made;
  }

  void statement(StmtPtr stmt, Block& into) {
    if (stmt->value && stmt->value->type.is_aggregate()) return aggregate(std::move(stmt), into);
    for (ExprPtr& operand : stmt->operands) scalar(operand);
    if (stmt->value) scalar(stmt->value);
    stmt->local = first(stmt->local);
    stmt->counter = first(stmt->counter);
    const bool evaluated_first = stmt->kind == StmtKind::Assign || stmt->kind == StmtKind::Return ||
                                 stmt->kind == StmtKind::If;
    while (evaluated_first && stmt->value && stmt->value->kind == ExprKind::Sequence &&
           !stmt->value->is_frame && !stmt->value->operands.empty()) {
      append(into, std::move(stmt->value->body));
      ExprPtr value = std::move(stmt->value->operands[0]);
      stmt->value = std::move(value);
    }
    stmt->body = block(std::move(stmt->body));
    stmt->else_body = block(std::move(stmt->else_body));
    into.push_back(std::move(stmt));
  }

  // An Assign, Return or Evaluate of an aggregate.
  void aggregate(StmtPtr stmt, Block& into) {
    Leaves parts = leaves(std::move(stmt->value), into);
    if (stmt->kind == StmtKind::Assign) return assign(first(stmt->local), std::move(parts), into);
    if (stmt->kind == StmtKind::Return) {
      stmt->operands = std::move(parts);
      into.push_back(std::move(stmt));
      return;
    }
    for (ExprPtr& part : parts) {
      if (!is_droppable(*part)) into.push_back(evaluation(std::move(part)));
    }
  }

  // t = (t[1], t[0]): all parts first where one of them reads what another has assigned.
  void assign(LocalId target, Leaves parts, Block& into) {
    bool swaps = false;
    for (size_t i = 1; i < parts.size(); ++i)
      swaps = swaps || reads(*parts[i], target, target + static_cast<LocalId>(i));
    for (ExprPtr& part : parts) {
      if (swaps) part = in_local(std::move(part), into);
    }
    for (ExprPtr& part : parts) {
      const bool itself = part->kind == ExprKind::Local && part->local == target;
      if (!itself) into.push_back(assignment(target, std::move(part)));
      ++target;
    }
  }

  // Expressions

  // An expression of any other type than an aggregate, rewritten in its place.
  void scalar(ExprPtr& expr) {
    if (expr->kind == ExprKind::Field) {
      Block before;
      ExprPtr part = std::move(leaves(std::move(expr), before)[0]);
      expr = before.empty() ? std::move(part) : sequence(std::move(before), std::move(part));
      return;
    }
    if (expr->local != kNoLocal) expr->local = first(expr->local);
    if (!expr->body.empty()) expr->body = block(std::move(expr->body));
    for (ExprPtr& operand : expr->operands) scalar(operand);
  }

  static ExprPtr sequence(Block before, ExprPtr value) {
    ExprPtr result = make(ExprKind::Sequence, value->type, value->span);
    result->body = std::move(before);
    result->operands.push_back(std::move(value));
    return result;
  }

  ExprPtr in_local(ExprPtr value, Block& into) {
    const Type type = value->type;
    const Span span = value->span;
    const LocalId local = new_local(type, span);
    into.push_back(assignment(local, std::move(value)));
    return read(local, type, span);
  }

  void keep(Leaves& parts, Block& into) {
    for (ExprPtr& part : parts) {
      if (!is_steady(*part)) part = in_local(std::move(part), into);
    }
  }

  Leaves leaves(ExprPtr expr, Block& into) {
    switch (expr->kind) {
      case ExprKind::Local:
        if (expr->type.is_aggregate())
          return reads_of(first(expr->local), leaf_count(expr->type), expr->span);
        break;
      case ExprKind::MakeAggregate:
        return made(*expr, into);
      case ExprKind::Field:
        return field(*expr, into);
      case ExprKind::Select:
        if (expr->type.is_aggregate()) return select(*expr, into);
        break;
      case ExprKind::Sequence:
        if (expr->type.is_aggregate()) return value_of(std::move(expr), into);
        break;
      default:
        break;
    }
    Leaves one;
    scalar(expr);
    one.push_back(std::move(expr));
    return one;
  }

  Leaves reads_of(LocalId begin, size_t count, Span span) {
    Leaves parts;
    for (size_t i = 0; i < count; ++i) {
      const LocalId leaf = begin + static_cast<LocalId>(i);
      parts.push_back(read(leaf, type_of(leaf), span));
    }
    return parts;
  }

  // What an element needs to run first must not overtake the elements before it.
  Leaves made(Expr& expr, Block& into) {
    Leaves parts;
    for (ExprPtr& operand : expr.operands) {
      Block before;
      Leaves more = leaves(std::move(operand), before);
      if (!before.empty()) keep(parts, into);
      append(into, std::move(before));
      std::move(more.begin(), more.end(), std::back_inserter(parts));
    }
    return parts;
  }

  // The other elements are evaluated too where that can be seen.
  Leaves field(Expr& expr, Block& into) {
    const std::vector<Type> elements = expr.operands[0]->type.aggregate->elements;
    const auto index = static_cast<size_t>(expr.field);
    Leaves parts = leaves(std::move(expr.operands[0]), into);
    size_t begin = 0;
    for (size_t i = 0; i < index; ++i) begin += leaf_count(elements[i]);
    const size_t end = begin + leaf_count(elements[index]);
    for (size_t i = 0; i < parts.size(); ++i) {
      const bool wanted = i >= begin && i < end;
      if (wanted || is_droppable(*parts[i])) continue;
      keep(parts, into);
      break;
    }
    return {std::make_move_iterator(parts.begin() + static_cast<std::ptrdiff_t>(begin)),
            std::make_move_iterator(parts.begin() + static_cast<std::ptrdiff_t>(end))};
  }

  // One Select for each leaf, or an `if` where an arm has statements.
  Leaves select(Expr& expr, Block& into) {
    scalar(expr.operands[0]);
    ExprPtr condition = in_local(std::move(expr.operands[0]), into);
    Block if_true;
    Block if_false;
    Leaves a = leaves(std::move(expr.operands[1]), if_true);
    Leaves b = leaves(std::move(expr.operands[2]), if_false);
    Leaves parts;
    if (if_true.empty() && if_false.empty()) {
      for (size_t i = 0; i < a.size(); ++i) {
        ExprPtr part = make(ExprKind::Select, a[i]->type, expr.span);
        part->operands.push_back(clone(*condition));
        part->operands.push_back(std::move(a[i]));
        part->operands.push_back(std::move(b[i]));
        parts.push_back(std::move(part));
      }
      return parts;
    }
    for (size_t i = 0; i < a.size(); ++i) {
      const Type type = a[i]->type;
      const LocalId local = new_local(type, expr.span);
      if_true.push_back(assignment(local, std::move(a[i])));
      if_false.push_back(assignment(local, std::move(b[i])));
      parts.push_back(read(local, type, expr.span));
    }
    auto choice = std::make_unique<Stmt>();
    choice->kind = StmtKind::If;
    choice->span = expr.span;
    choice->value = std::move(condition);
    choice->body = std::move(if_true);
    choice->else_body = std::move(if_false);
    into.push_back(std::move(choice));
    return parts;
  }

  // A frame's aggregate result becomes several results, read after it.
  Leaves value_of(ExprPtr expr, Block& into) {
    Block body = block(std::move(expr->body));
    if (!expr->is_frame) {
      append(into, std::move(body));
      return leaves(std::move(expr->operands[0]), into);
    }
    const size_t count = leaf_count(expr->type);
    const LocalId begin = first(expr->local);
    const Span span = expr->span;
    for (size_t i = 0; i < count; ++i) expr->results.push_back(begin + static_cast<LocalId>(i));
    expr->local = kNoLocal;
    expr->type = Type::void_();
    expr->body = std::move(body);
    into.push_back(evaluation(std::move(expr)));
    return reads_of(begin, count, span);
  }

  Function& function_;
  std::vector<Local> locals_;   // the new ones
  std::vector<LocalId> first_;  // of a former local's leaves
};

}  // namespace

void split_aggregates(Function& function) {
  Splitter(function).run();
}

}  // namespace cudapy::transform
