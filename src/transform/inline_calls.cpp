// Bottom up: a callee is expanded itself before it is copied into its callers.
//
// A callee that is one `return` becomes an expression with the arguments in the places of the
// parameters; what is read more than once and costs something is put in a local first. Any other
// becomes
//     { x = argument; body; yield %result }
// with its returns turned into assignments of %result, or a frame if it returns from inside a loop.
//
// Functions that call themselves, directly or not, stay calls: of a Define at the head of the
// kernel,
//     define function0 = frame f: { n = argument(0); lo = argument(1); body }
// one for each list of arrays that such a function is called with. Its body knows these as its own
// names; what a view of one is indexed with is passed along as numbers.
//
// What the package's own functions do is done, for messages, where the user calls them.
#include "transform/inline_calls.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "ir/call_cycles.h"
#include "ir/package_functions.h"
#include "ir/view.h"
#include "transform/split_barriers.h"

namespace cudapy::transform {

using ir::Block;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Function;
using ir::kNoLocal;
using ir::LocalId;
using ir::Stmt;
using ir::StmtKind;
using ir::StmtPtr;
using ir::Type;

namespace {

StmtPtr assignment(LocalId local, ExprPtr value) {
  auto stmt = std::make_unique<Stmt>();
  stmt->kind = StmtKind::Assign;
  stmt->span = value->span;
  stmt->local = local;
  stmt->value = std::move(value);
  return stmt;
}

ExprPtr read(LocalId local, const Type& type, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Local;
  expr->type = type;
  expr->span = span;
  expr->local = local;
  return expr;
}

bool has_return(const Expr& expr);
bool has_return(const Block& block) {
  return std::any_of(block.begin(), block.end(), [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Return || has_return(stmt->body) ||
           has_return(stmt->else_body) || (stmt->value && has_return(*stmt->value));
  });
}
// Not those of a frame, which leave only it.
bool has_return(const Expr& expr) {
  if (expr.kind == ExprKind::Sequence && !expr.is_frame && has_return(expr.body)) return true;
  return std::any_of(expr.operands.begin(), expr.operands.end(),
                     [](const ExprPtr& operand) { return has_return(*operand); });
}

bool always_returns(const Block& block) {
  if (block.empty()) return false;
  const Stmt& last = *block.back();
  if (last.kind == StmtKind::Return || last.kind == StmtKind::Raise) return true;
  return last.kind == StmtKind::If && always_returns(last.body) && always_returns(last.else_body);
}

void append(Block& block, Block more) {
  block.insert(block.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

// Turns every return of a body into an assignment of `result`, by moving what follows an `if` that
// returns into its other branch. False if a return sits in a loop, or where what follows would have
// to be doubled and may not be; the body is then of no use.
bool eliminate_returns(Block& block, LocalId result, bool may_double) {
  for (size_t i = 0; i < block.size(); ++i) {
    Stmt& stmt = *block[i];
    if (stmt.kind == StmtKind::Return) {
      ExprPtr value = std::move(stmt.value);
      block.resize(i);
      if (value) block.push_back(assignment(result, std::move(value)));
      return true;
    }
    const bool returns = has_return(stmt.body) || has_return(stmt.else_body) ||
                         (stmt.value && has_return(*stmt.value));
    if (!returns) continue;
    if (stmt.kind != StmtKind::If) return false;
    Block rest(std::make_move_iterator(block.begin() + static_cast<std::ptrdiff_t>(i) + 1),
               std::make_move_iterator(block.end()));
    block.resize(i + 1);
    if (!rest.empty()) {
      if (always_returns(stmt.body)) {
        append(stmt.else_body, std::move(rest));
      } else if (always_returns(stmt.else_body)) {
        append(stmt.body, std::move(rest));
      } else {
        if (!may_double) return false;
        append(stmt.body, ir::clone(rest));
        append(stmt.else_body, std::move(rest));
      }
    }
    return eliminate_returns(stmt.body, result, may_double) &&
           eliminate_returns(stmt.else_body, result, may_double);
  }
  return true;
}

// How the parameters of a callee are used, and what its body is made of.
struct Callee {
  enum class Form : uint8_t { Expression, Statements, Frame };
  Form form = Form::Frame;
  LocalId result = kNoLocal;  // local of the callee
  struct Use {
    int reads = 0;
    bool conditional = false;  // some read is not always reached
    bool assigned = false;
  };
  std::vector<Use> parameters;
  bool ready = false;
};

// Counts the uses of a callee's parameters.
class UseCounter {
 public:
  explicit UseCounter(std::vector<Callee::Use>& uses) : uses_(uses) {}

  void block(const Block& block, bool conditional) {
    for (const StmtPtr& stmt : block) {
      if (stmt->local != kNoLocal && static_cast<size_t>(stmt->local) < uses_.size()) {
        uses_[static_cast<size_t>(stmt->local)].assigned = true;
      }
      if (stmt->value) expr(*stmt->value, conditional);
      for (const ExprPtr& operand : stmt->operands) expr(*operand, conditional);
      this->block(stmt->body, true);
      this->block(stmt->else_body, true);
    }
  }

  void expr(const Expr& expr, bool conditional) {
    if (expr.kind == ExprKind::Local && static_cast<size_t>(expr.local) < uses_.size()) {
      Callee::Use& use = uses_[static_cast<size_t>(expr.local)];
      ++use.reads;
      use.conditional = use.conditional || conditional;
    }
    const bool lazy =
        expr.kind == ExprKind::And || expr.kind == ExprKind::Or || expr.kind == ExprKind::Select;
    for (size_t i = 0; i < expr.operands.size(); ++i)
      this->expr(*expr.operands[i], conditional || (lazy && i > 0));
    if (!expr.body.empty()) block(expr.body, conditional);
  }

 private:
  std::vector<Callee::Use>& uses_;
};

// Costs nothing to evaluate again, and gives the same wherever in the callee it is.
bool is_trivial(const Expr& expr) {
  return expr.kind == ExprKind::Constant || expr.kind == ExprKind::Local ||
         expr.kind == ExprKind::ThreadIndex || expr.kind == ExprKind::Len ||
         expr.kind == ExprKind::Stride;
}

bool has_sequence_or_load(const Expr& expr) {
  if (expr.kind == ExprKind::Sequence || expr.kind == ExprKind::Load ||
      expr.kind == ExprKind::Call || expr.kind == ExprKind::Bound)
    return true;
  if (expr.kind == ExprKind::Intrinsic && ir::info(expr.intrinsic).has_effect) return true;
  return std::any_of(expr.operands.begin(), expr.operands.end(),
                     [](const ExprPtr& operand) { return has_sequence_or_load(*operand); });
}

// Moves all of a copied body to where it is called.
void move_to(Span span, Block& block);
void move_to(Span span, Expr& expr) {
  expr.span = span;
  for (ExprPtr& operand : expr.operands) move_to(span, *operand);
  move_to(span, expr.body);
}
void move_to(Span span, Block& block) {
  for (StmtPtr& stmt : block) {
    stmt->span = span;
    if (stmt->value) move_to(span, *stmt->value);
    for (ExprPtr& operand : stmt->operands) move_to(span, *operand);
    move_to(span, stmt->body);
    move_to(span, stmt->else_body);
  }
}

// Renames a copied body's locals to those of the caller, and puts arguments in the places of
// parameters.
class Renamer {
 public:
  explicit Renamer(size_t locals) : locals_(locals, kNoLocal), replacements_(locals) {}

  void rename(LocalId from, LocalId to) { locals_[static_cast<size_t>(from)] = to; }
  void replace(LocalId from, ExprPtr by) {
    replacements_[static_cast<size_t>(from)] = std::move(by);
  }

  void block(Block& block) {
    for (StmtPtr& stmt : block) {
      if (stmt->local != kNoLocal) stmt->local = locals_[static_cast<size_t>(stmt->local)];
      if (stmt->value) expr(stmt->value);
      for (ExprPtr& operand : stmt->operands) expr(operand);
      if (stmt->kind == StmtKind::Store) ir::flatten_view(stmt->operands);
      this->block(stmt->body);
      this->block(stmt->else_body);
    }
  }

  void expr(ExprPtr& expr) {
    if (expr->kind == ExprKind::Local) {
      if (const ExprPtr& by = replacements_[static_cast<size_t>(expr->local)]) {
        expr = ir::clone(*by);
        return;
      }
    }
    if (expr->local != kNoLocal) {
      // The array that a bound is for may have become a view.
      const ExprPtr& by = replacements_[static_cast<size_t>(expr->local)];
      expr->local = by ? by->operands[0]->local : locals_[static_cast<size_t>(expr->local)];
    }
    for (ExprPtr& operand : expr->operands) this->expr(operand);
    if (expr->kind == ExprKind::Load) ir::flatten_view(*expr);
    if (expr->kind == ExprKind::Len && expr->operands[0]->kind == ExprKind::Load) {
      expr = ir::length_of(*expr->operands[0], static_cast<size_t>(expr->axis), expr->type,
                           expr->span);
      return;
    }
    if (expr->kind == ExprKind::Stride && expr->operands[0]->kind == ExprKind::Load) {
      expr = ir::stride_of(*expr->operands[0], static_cast<size_t>(expr->axis), expr->span);
      return;
    }
    if (!expr->body.empty()) block(expr->body);
  }

 private:
  std::vector<LocalId> locals_;
  std::vector<ExprPtr> replacements_;
};

class Inliner {
 public:
  explicit Inliner(ir::Program program)
      : program_(std::move(program)),
        callees_(program_.functions.size()),
        is_recursive_(ir::functions_in_cycles(program_)) {}

  Function run() {
    Function& kernel = program_.functions[0];
    expand(kernel);
    caller_stack_.push_back(&kernel);
    link(kernel.body);
    kernel.body.insert(kernel.body.begin(), std::make_move_iterator(definitions_.begin()),
                       std::make_move_iterator(definitions_.end()));
    return std::move(kernel);
  }

 private:
  void expand(Function& function) {
    caller_stack_.push_back(&function);
    function.body = block(std::move(function.body));
    caller_stack_.pop_back();
  }

  Function& caller() { return *caller_stack_.back(); }

  // A statement that is no more than a sequence's value is replaced by the sequence's statements.
  Block block(Block block) {
    Block expanded;
    expanded.reserve(block.size());
    for (StmtPtr& stmt : block) {
      const bool evaluated_first = stmt->kind == StmtKind::Assign ||
                                   stmt->kind == StmtKind::Return ||
                                   stmt->kind == StmtKind::Evaluate || stmt->kind == StmtKind::If;
      for (ExprPtr& operand : stmt->operands) expr(operand);
      if (stmt->value) expr(stmt->value);
      while (evaluated_first && stmt->value && stmt->value->kind == ExprKind::Sequence &&
             !stmt->value->is_frame) {
        append(expanded, std::move(stmt->value->body));
        ExprPtr value =
            stmt->value->operands.empty() ? nullptr : std::move(stmt->value->operands[0]);
        stmt->value = std::move(value);
      }
      if (stmt->kind == StmtKind::Evaluate && !stmt->value) continue;
      stmt->body = this->block(std::move(stmt->body));
      stmt->else_body = this->block(std::move(stmt->else_body));
      expanded.push_back(std::move(stmt));
    }
    return expanded;
  }

  void expr(ExprPtr& expr) {
    for (ExprPtr& operand : expr->operands) this->expr(operand);
    if (!expr->body.empty()) expr->body = block(std::move(expr->body));
    if (expr->kind == ExprKind::Call) expr = call(std::move(expr));
  }

  Callee& prepare(int32_t index) {
    Callee& callee = callees_[static_cast<size_t>(index)];
    if (callee.ready) return callee;
    callee.ready = true;
    Function& function = program_.functions[static_cast<size_t>(index)];
    expand(function);
    callee.parameters.resize(static_cast<size_t>(function.parameter_count));
    UseCounter(callee.parameters).block(function.body, false);
    const bool assigned = std::any_of(callee.parameters.begin(), callee.parameters.end(),
                                      [](const auto& use) { return use.assigned; });
    if (function.body.size() == 1 && function.body[0]->kind == StmtKind::Return &&
        function.body[0]->value && !assigned) {
      callee.form = Callee::Form::Expression;
      return callee;
    }
    if (!function.result.is_void()) {
      ir::Local result;
      result.name = "%" + function.name;
      result.type = function.result;
      result.span = function.span;
      callee.result = static_cast<LocalId>(function.locals.size());
      function.locals.push_back(std::move(result));
    }
    Block body = ir::clone(function.body);
    // A barrier cannot stand in a frame, which is an expression.
    if (eliminate_returns(body, callee.result, has_barrier(body))) {
      function.body = std::move(body);
      callee.form = Callee::Form::Statements;
    }
    return callee;
  }

  ExprPtr call(ExprPtr call) {
    if (is_recursive_[static_cast<size_t>(call->callee)]) return call;  // see link
    const Callee& callee = prepare(call->callee);
    const Function& function = program_.functions[static_cast<size_t>(call->callee)];
    Renamer renamer(function.locals.size());
    Block prologue;
    // An argument with statements inside keeps its place among the others.
    const bool ordered = std::any_of(call->operands.begin(), call->operands.end(),
                                     [](const ExprPtr& operand) { return !is_plain(*operand); });
    for (size_t i = 0; i < call->operands.size(); ++i) {
      pass(function, callee, i, std::move(call->operands[i]), ordered, renamer, prologue);
    }
    for (size_t i = call->operands.size(); i < function.locals.size(); ++i) {
      if (callee.form == Callee::Form::Expression && !used_locals(function)) break;
      renamer.rename(static_cast<LocalId>(i), new_local(function.locals[i]));
    }
    auto sequence = std::make_unique<Expr>();
    sequence->kind = ExprKind::Sequence;
    sequence->type = function.result;
    sequence->span = call->span;
    if (callee.form == Callee::Form::Expression) {
      ExprPtr value = ir::clone(*function.body[0]->value);
      if (ir::is_of_package(program_, function)) move_to(call->span, *value);
      renamer.expr(value);
      if (prologue.empty()) return value;
      sequence->body = std::move(prologue);
      sequence->operands.push_back(std::move(value));
      return sequence;
    }
    Block body = ir::clone(function.body);
    if (ir::is_of_package(program_, function)) move_to(call->span, body);
    renamer.block(body);
    sequence->body = std::move(prologue);
    append(sequence->body, std::move(body));
    const LocalId result = callee.result == kNoLocal ? kNoLocal : last_result_;
    if (callee.form == Callee::Form::Frame) {
      sequence->is_frame = true;
      sequence->local = result;
    } else if (result != kNoLocal) {
      sequence->operands.push_back(read(result, function.result, call->span));
    }
    return sequence;
  }

  // An expression callee's own locals are those of sequences inside it.
  static bool used_locals(const Function& function) {
    return function.locals.size() > static_cast<size_t>(function.parameter_count);
  }

  LocalId new_local(const ir::Local& local) {
    caller().locals.push_back(local);
    last_result_ = static_cast<LocalId>(caller().locals.size() - 1);
    return last_result_;
  }

  void pass(const Function& function, const Callee& callee, size_t index, ExprPtr argument,
            bool ordered, Renamer& renamer, Block& prologue) {
    const auto parameter = static_cast<LocalId>(index);
    const Callee::Use& use = callee.parameters[index];
    if (argument->type.is_array())
      return pass_array(parameter, std::move(argument), renamer, prologue);
    const bool once = callee.form == Callee::Form::Expression && use.reads == 1 &&
                      (!has_sequence_or_load(*argument) ||
                       (!use.conditional && !ordered && is_plain(*function.body[0]->value)));
    if (!use.assigned && (is_trivial(*argument) || once)) {
      renamer.replace(parameter, std::move(argument));
      return;
    }
    const LocalId own = new_local(function.locals[index]);
    renamer.rename(parameter, own);
    prologue.push_back(assignment(own, std::move(argument)));
  }

  // A view's indices are evaluated once, before the call.
  void pass_array(LocalId parameter, ExprPtr array, Renamer& renamer, Block& prologue) {
    if (array->kind == ExprKind::Sequence) {
      append(prologue, std::move(array->body));
      ExprPtr value = std::move(array->operands[0]);
      array = std::move(value);
    }
    if (array->kind == ExprKind::Local) return renamer.rename(parameter, array->local);
    for (size_t i = 1; i < array->operands.size(); ++i) {
      ExprPtr& index = array->operands[i];
      if (index->kind != ExprKind::Slice) {
        keep_index(index, prologue);
        continue;
      }
      for (ExprPtr& part : index->operands) keep_index(part, prologue);
    }
    renamer.replace(parameter, std::move(array));
  }

  void keep_index(ExprPtr& index, Block& prologue) {
    if (is_trivial(*index)) return;
    ir::Local kept;
    kept.name = "%index";
    kept.type = index->type;
    kept.span = index->span;
    const LocalId own = new_local(kept);
    ExprPtr value = std::exchange(index, read(own, kept.type, kept.span));
    prologue.push_back(assignment(own, std::move(value)));
  }

  // Has neither statements nor other effects inside, so that moving an argument into it changes no
  // order that could be seen.
  static bool is_plain(const Expr& expr) {
    if (expr.kind == ExprKind::Atomic || expr.kind == ExprKind::Call) return false;
    if (expr.kind == ExprKind::Intrinsic && ir::info(expr.intrinsic).has_effect) return false;
    return expr.kind != ExprKind::Sequence &&
           std::all_of(expr.operands.begin(), expr.operands.end(),
                       [](const ExprPtr& operand) { return is_plain(*operand); });
  }

  // Recursion. What follows runs when all other calls are gone from the kernel.

  void link(Block& block) {
    for (StmtPtr& stmt : block) {
      for (ExprPtr& operand : stmt->operands) link(operand);
      if (stmt->value) link(stmt->value);
      link(stmt->body);
      link(stmt->else_body);
    }
  }

  void link(ExprPtr& expr) {
    for (ExprPtr& operand : expr->operands) link(operand);
    link(expr->body);
    if (expr->kind == ExprKind::Call) link_call(expr);
  }

  // f(n, A[k])      { %k = k; yield function0(n, %k) }, where that knows A
  void link_call(ExprPtr& call) {
    const bool ordered = std::any_of(call->operands.begin(), call->operands.end(),
                                     [](const ExprPtr& operand) { return !is_plain(*operand); });
    Block prologue;
    std::vector<ExprPtr> numbers;
    std::vector<ExprPtr> arrays;  // null: a number
    const auto pass_number = [&](ExprPtr value) {
      if (ordered && !is_trivial(*value)) keep_index(value, prologue);
      numbers.push_back(std::move(value));
    };
    for (ExprPtr& operand : call->operands) {
      if (!operand->type.is_array()) {
        pass_number(std::move(operand));
        arrays.push_back(nullptr);
        continue;
      }
      if (operand->kind == ExprKind::Sequence) {
        append(prologue, std::move(operand->body));
        ExprPtr value = std::move(operand->operands[0]);
        operand = std::move(value);
      }
      for_each_number(*operand, [&](const ExprPtr& part) { pass_number(ir::clone(*part)); });
      arrays.push_back(std::move(operand));
    }
    call->callee = definition_of(call->callee, arrays);
    call->operands = std::move(numbers);
    if (prologue.empty()) return;
    auto sequence = std::make_unique<Expr>();
    sequence->kind = ExprKind::Sequence;
    sequence->type = call->type;
    sequence->span = call->span;
    sequence->body = std::move(prologue);
    if (call->type.is_void()) {
      auto evaluate = std::make_unique<Stmt>();
      evaluate->kind = StmtKind::Evaluate;
      evaluate->span = call->span;
      evaluate->value = std::move(call);
      sequence->body.push_back(std::move(evaluate));
    } else {
      sequence->operands.push_back(std::move(call));
    }
    call = std::move(sequence);
  }

  // What a view is made of beside its array.
  template <class Array, class Visit>
  static void for_each_number(Array& array, const Visit& visit) {
    for (size_t i = 1; i < array.operands.size(); ++i) {
      auto& index = array.operands[i];
      if (index->kind != ExprKind::Slice) {
        visit(index);
        continue;
      }
      for (auto& part : index->operands) visit(part);
    }
  }

  // The same for all calls that pass the same arrays, and cut and index them alike.
  static std::string key_of(int32_t function, const std::vector<ExprPtr>& arrays) {
    std::string key = std::to_string(function);
    for (const ExprPtr& array : arrays) {
      key += "|";
      if (!array) continue;
      key +=
          std::to_string(array->kind == ExprKind::Local ? array->local : array->operands[0]->local);
      if (array->is_transposed) key += "T";
      for (size_t i = 1; i < array->operands.size(); ++i) {
        const Expr& index = *array->operands[i];
        key += index.kind == ExprKind::Slice ? ":" : "," + ir::to_string(index.type);
      }
    }
    return key;
  }

  int32_t definition_of(int32_t index, const std::vector<ExprPtr>& arrays) {
    const auto next = static_cast<int32_t>(definitions_.size());
    const auto [known, is_new] = numbers_.try_emplace(key_of(index, arrays), next);
    if (!is_new) return known->second;
    Function& function = program_.functions[static_cast<size_t>(index)];
    if (!callees_[static_cast<size_t>(index)].ready) {
      callees_[static_cast<size_t>(index)].ready = true;
      expand(function);
    }
    auto stmt = std::make_unique<Stmt>();
    stmt->kind = StmtKind::Define;
    stmt->span = function.span;
    stmt->value = frame_of(function, arrays);
    stmt->value->callee = next;
    Stmt& define = *stmt;
    definitions_.push_back(std::move(stmt));
    link(define.value->body);
    return next;
  }

  ExprPtr frame_of(const Function& function, const std::vector<ExprPtr>& arrays) {
    auto frame = std::make_unique<Expr>();
    frame->kind = ExprKind::Sequence;
    frame->is_frame = true;
    frame->type = function.result;
    frame->span = function.span;
    frame->name = function.name;
    Renamer renamer(function.locals.size());
    int32_t passed = 0;
    const auto argument = [&](const ir::Local& local) {
      auto value = std::make_unique<Expr>();
      value->kind = ExprKind::Argument;
      value->type = local.type;
      value->span = local.span;
      value->field = passed;
      std::vector<Type> leaves;
      ir::append_leaves(local.type, leaves);
      passed += static_cast<int32_t>(leaves.size());
      const LocalId own = new_local(local);
      frame->body.push_back(assignment(own, std::move(value)));
      return own;
    };
    for (size_t i = 0; i < arrays.size(); ++i) {
      const auto parameter = static_cast<LocalId>(i);
      if (!arrays[i]) {
        renamer.rename(parameter, argument(function.locals[i]));
      } else if (arrays[i]->kind == ExprKind::Local) {
        renamer.rename(parameter, arrays[i]->local);
      } else {
        ExprPtr view = ir::clone(*arrays[i]);
        for_each_number(*view, [&](ExprPtr& part) {
          ir::Local index;
          index.name = "%index";
          index.type = part->type;
          index.span = part->span;
          part = read(argument(index), index.type, index.span);
        });
        renamer.replace(parameter, std::move(view));
      }
    }
    for (size_t i = arrays.size(); i < function.locals.size(); ++i)
      renamer.rename(static_cast<LocalId>(i), local_of_definition(function.locals[i]));
    if (!function.result.is_void()) {
      ir::Local result;
      result.name = "%" + function.name;
      result.type = function.result;
      result.span = function.span;
      frame->local = new_local(result);
    }
    Block body = ir::clone(function.body);
    renamer.block(body);
    append(frame->body, std::move(body));
    return frame;
  }

  // Tables from outside are the same in all definitions, so that one that is passed on makes no new
  // one.
  LocalId local_of_definition(const ir::Local& local) {
    const std::vector<ir::Local>& known = caller().locals;
    for (size_t i = 0; local.storage == ir::Storage::Constant && i < known.size(); ++i) {
      if (known[i].storage == local.storage && known[i].table == local.table &&
          known[i].extents == local.extents && known[i].type == local.type)
        return static_cast<LocalId>(i);
    }
    return new_local(local);
  }

  ir::Program program_;
  std::vector<Callee> callees_;
  std::vector<bool> is_recursive_;
  std::vector<Function*> caller_stack_;
  LocalId last_result_ = kNoLocal;
  Block definitions_;
  std::map<std::string, int32_t> numbers_;  // of definitions, by key_of
};

}  // namespace

Function inline_calls(ir::Program program) {
  return Inliner(std::move(program)).run();
}

}  // namespace cudapy::transform
