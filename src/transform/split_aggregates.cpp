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
         expr.kind == ExprKind::ThreadIndex || expr.kind == ExprKind::Len ||
         expr.kind == ExprKind::Stride;
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

// Nodes of arithmetic on the parts of complex numbers.
namespace arithmetic {

ExprPtr number(double value, Scalar type, Span span) {
  ExprPtr expr = make(ExprKind::Constant, Type::of(type), span);
  expr->constant.kind = ConstantValue::Kind::Float;
  expr->constant.real = type == Scalar::F32 ? static_cast<float>(value) : value;
  return expr;
}

ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) {
  ExprPtr expr = make(ExprKind::Binary, a->type, a->span);
  expr->binary_op = op;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

ExprPtr times(const ExprPtr& a, const ExprPtr& b) {
  return binary(BinaryOp::Multiply, clone(*a), clone(*b));
}

ExprPtr negate(ExprPtr value) {
  ExprPtr expr = make(ExprKind::Unary, value->type, value->span);
  expr->unary_op = UnaryOp::Negate;
  expr->operands.push_back(std::move(value));
  return expr;
}

ExprPtr magnitude(ExprPtr value) {
  ExprPtr expr = make(ExprKind::Math, value->type, value->span);
  expr->math = MathFunction::Fabs;
  expr->operands.push_back(std::move(value));
  return expr;
}

ExprPtr comparison(CompareOp op, ExprPtr a, ExprPtr b) {
  ExprPtr expr = make(ExprKind::Compare, Type::of(Scalar::Bool), a->span);
  expr->compare_op = op;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

ExprPtr choice(ExprPtr condition, ExprPtr a, ExprPtr b) {
  ExprPtr expr = make(ExprKind::Select, a->type, a->span);
  expr->operands.push_back(std::move(condition));
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

}  // namespace arithmetic

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
    for (Local& local : locals_) {
      for (ArraySize& size : local.sizes) {
        for (SizeStep& step : size) {
          if (step.kind == SizeStep::Kind::Parameter)
            step.value = first_[static_cast<size_t>(step.value)];
        }
      }
    }
    function_.parameter_count = parameters;
    function_.written = std::move(written);
  }

  void add_leaves(const Local& whole, const Type& type, const std::string& name) {
    if (!is_compound(type)) {
      locals_.push_back(whole);
      locals_.back().type = type;
      locals_.back().name = name;
      return;
    }
    const std::vector<Type> elements = elements_of(type);
    for (size_t i = 0; i < elements.size(); ++i) {
      const std::string field = is_complex(type)  ? (i == 0 ? "real" : "imag")
                                : is_struct(type) ? type.aggregate->names[i]
                                                  : std::to_string(i);
      add_leaves(whole, elements[i], name + "." + field);
    }
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
    if (stmt->kind == StmtKind::Define) {
      results_of(*stmt->value);
      into.push_back(std::move(stmt));
      return;
    }
    if (stmt->value && is_compound(stmt->value->type)) return compound(std::move(stmt), into);
    if (stmt->kind == StmtKind::Print || stmt->kind == StmtKind::Raise)
      return text(std::move(stmt), into);
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

  // print(z, n)      print z.real, z.imag, n
  void text(StmtPtr stmt, Block& into) {
    if (std::ranges::any_of(stmt->operands,
                            [](const ExprPtr& operand) { return is_complex(operand->type); })) {
      for (const ExprPtr& operand : stmt->operands)
        stmt->fields.emplace_back(name_of(operand->type.scalar));
    }
    stmt->operands = made(stmt->operands, into);
    into.push_back(std::move(stmt));
  }

  // An Assign, Store, Return or Evaluate of an aggregate or a complex number.
  void compound(StmtPtr stmt, Block& into) {
    const Type type = stmt->value->type;
    Leaves parts = leaves(std::move(stmt->value), into);
    if (stmt->kind == StmtKind::Store) return store(*stmt, type, std::move(parts), into);
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

  // A[i] = z: all parts are known before the first is stored.
  void store(Stmt& stmt, const Type& type, Leaves parts, Block& into) {
    for (ExprPtr& operand : stmt.operands) scalar(operand);
    keep(parts, into);
    for (size_t i = 1; i < stmt.operands.size(); ++i) {
      if (!is_steady(*stmt.operands[i]))
        stmt.operands[i] = in_local(std::move(stmt.operands[i]), into);
    }
    std::vector<int32_t> offsets;
    append_offsets(type, stmt.byte_offset, offsets);
    for (size_t i = 0; i < parts.size(); ++i) {
      StmtPtr one = clone(stmt);
      one->byte_offset = offsets[i];
      one->value = std::move(parts[i]);
      into.push_back(std::move(one));
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
    if (expr->kind == ExprKind::Compare && is_complex(expr->operands[0]->type)) {
      expr = compare(*expr);
      return;
    }
    if (expr->kind == ExprKind::Intrinsic && expr->intrinsic == Intrinsic::MatchAny &&
        is_compound(expr->operands[0]->type)) {
      expr = matched(*expr);
      return;
    }
    if (expr->kind == ExprKind::Call) {
      Block before;
      expr->operands = made(expr->operands, before);
      if (!before.empty()) expr = sequence(std::move(before), std::move(expr));
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
        if (is_compound(expr->type))
          return reads_of(first(expr->local), leaf_count(expr->type), expr->span);
        break;
      case ExprKind::MakeAggregate:
        return made(expr->operands, into);
      case ExprKind::Field:
        if (ExprPtr part = part_of_element(*expr)) return leaves(std::move(part), into);
        return field(*expr, into);
      case ExprKind::Load:
        if (is_compound(expr->type)) return load(*expr, into);
        break;
      case ExprKind::Select:
        if (is_compound(expr->type)) return select(*expr, into);
        break;
      case ExprKind::Sequence:
        if (is_compound(expr->type)) return value_of(std::move(expr), into);
        break;
      case ExprKind::Intrinsic:
        if (is_compound(expr->type)) return shuffled(*expr, into);
        break;
      case ExprKind::Call:
        if (is_compound(expr->type)) return results_of_call(std::move(expr), into);
        break;
      case ExprKind::Argument:
        if (is_compound(expr->type)) return arguments(*expr);
        break;
      default:
        if (is_complex(expr->type)) return complex(*expr, into);
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
  Leaves made(std::vector<ExprPtr>& operands, Block& into) {
    Leaves parts;
    for (ExprPtr& operand : operands) {
      Block before;
      Leaves more = leaves(std::move(operand), before);
      if (!before.empty()) keep(parts, into);
      append(into, std::move(before));
      std::move(more.begin(), more.end(), std::back_inserter(parts));
    }
    return parts;
  }

  Leaves load(Expr& expr, Block& into) {
    for (ExprPtr& operand : expr.operands) scalar(operand);
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      if (!is_steady(*expr.operands[i]))
        expr.operands[i] = in_local(std::move(expr.operands[i]), into);
    }
    std::vector<Type> types;
    std::vector<int32_t> offsets;
    append_leaves(expr.type, types);
    append_offsets(expr.type, expr.byte_offset, offsets);
    Leaves parts;
    for (size_t i = 0; i < types.size(); ++i) {
      parts.push_back(clone(expr));
      parts[i]->type = types[i];
      parts[i]->byte_offset = offsets[i];
    }
    return parts;
  }

  // A[i].position.x is a load of that part alone; null: `expr` is a field of something else.
  static ExprPtr part_of_element(Expr& expr) {
    ExprPtr& whole = expr.operands[0];
    if (whole->kind == ExprKind::Field) {
      if (ExprPtr part = part_of_element(*whole)) whole = std::move(part);
    }
    if (whole->kind != ExprKind::Load) return nullptr;
    whole->byte_offset += offset_of(whole->type, static_cast<size_t>(expr.field));
    whole->type = expr.type;
    return std::move(whole);
  }

  // The other elements are evaluated too where that can be seen.
  Leaves field(Expr& expr, Block& into) {
    const std::vector<Type> elements = elements_of(expr.operands[0]->type);
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

  // shfl(z, lane) is one shuffle for each part.
  Leaves shuffled(Expr& expr, Block& into) {
    Leaves parts = leaves(std::move(expr.operands[0]), into);
    scalar(expr.operands[1]);
    if (!is_steady(*expr.operands[1])) {
      keep(parts, into);
      expr.operands[1] = in_local(std::move(expr.operands[1]), into);
    }
    for (ExprPtr& part : parts) {
      ExprPtr shuffle = make(ExprKind::Intrinsic, part->type, expr.span);
      shuffle->intrinsic = expr.intrinsic;
      shuffle->operands.push_back(std::move(part));
      for (size_t i = 1; i < expr.operands.size(); ++i)
        shuffle->operands.push_back(clone(*expr.operands[i]));
      part = std::move(shuffle);
    }
    return parts;
  }

  // match_any(z) is match_any(z.real) & match_any(z.imag)
  ExprPtr matched(Expr& expr) {
    Block before;
    Leaves parts = leaves(std::move(expr.operands[0]), before);
    ExprPtr result;
    for (ExprPtr& part : parts) {
      ExprPtr match = make(ExprKind::Intrinsic, expr.type, expr.span);
      match->intrinsic = expr.intrinsic;
      match->operands.push_back(std::move(part));
      result = result ? arithmetic::binary(BinaryOp::BitAnd, std::move(result), std::move(match))
                      : std::move(match);
    }
    return before.empty() ? std::move(result) : sequence(std::move(before), std::move(result));
  }

  // Complex numbers

  Leaves complex(Expr& expr, Block& into) {
    switch (expr.kind) {
      case ExprKind::Constant:
        return pair(constant(expr.constant.real, expr), constant(expr.constant.imag, expr));
      case ExprKind::Unary: {
        Leaves parts = leaves(std::move(expr.operands[0]), into);
        for (ExprPtr& part : parts) part = arithmetic::negate(std::move(part));
        return parts;
      }
      case ExprKind::Cast:
        return cast(expr, into);
      default:
        return binary(expr, into);
    }
  }

  static Leaves pair(ExprPtr real, ExprPtr imag) {
    Leaves parts;
    parts.push_back(std::move(real));
    parts.push_back(std::move(imag));
    return parts;
  }

  static ExprPtr constant(double value, const Expr& like) {
    return arithmetic::number(value, part_of(like.type.scalar), like.span);
  }

  // A real number has the imaginary part 0.
  Leaves cast(Expr& expr, Block& into) {
    const Type part = Type::of(part_of(expr.type.scalar));
    const bool from_complex = is_complex(expr.operands[0]->type);
    Leaves parts = leaves(std::move(expr.operands[0]), into);
    for (ExprPtr& one : parts) {
      if (one->type == part) continue;
      ExprPtr converted = make(ExprKind::Cast, part, expr.span);
      converted->operands.push_back(std::move(one));
      one = std::move(converted);
    }
    if (!from_complex) parts.push_back(constant(0.0, expr));
    return parts;
  }

  Leaves binary(Expr& expr, Block& into) {
    Block before;
    Leaves a = leaves(std::move(expr.operands[0]), into);
    Leaves b = leaves(std::move(expr.operands[1]), before);
    const bool reads_twice =
        expr.binary_op == BinaryOp::Multiply || expr.binary_op == BinaryOp::Divide;
    if (reads_twice || !before.empty()) keep(a, into);
    append(into, std::move(before));
    if (reads_twice) keep(b, into);
    switch (expr.binary_op) {
      case BinaryOp::Multiply:
        return product(a, b);
      case BinaryOp::Divide:
        return quotient(std::move(a), std::move(b), into);
      default:
        return pair(arithmetic::binary(expr.binary_op, std::move(a[0]), std::move(b[0])),
                    arithmetic::binary(expr.binary_op, std::move(a[1]), std::move(b[1])));
    }
  }

  // (a + bi)(c + di) = (ac - bd) + (ad + bc)i
  static Leaves product(const Leaves& x, const Leaves& y) {
    using arithmetic::times;
    return pair(arithmetic::binary(BinaryOp::Subtract, times(x[0], y[0]), times(x[1], y[1])),
                arithmetic::binary(BinaryOp::Add, times(x[0], y[1]), times(x[1], y[0])));
  }

  // Smith's division, as NumPy does it: by the divisor's larger part first, so that squares neither
  // overflow nor vanish. With p the larger part of c + di, q the other, r = q / p:
  //     |c| >= |d|:  ((a + b r) + (b - a r) i) / (c + d r)
  //     else:        ((b + a r) + (b r - a) i) / (d + c r)
  // Dividing by zero gives a / 0 + (b / 0) i.
  Leaves quotient(Leaves x, Leaves y, Block& into) {
    using arithmetic::choice, arithmetic::comparison, arithmetic::magnitude, arithmetic::times;
    const Scalar part = x[0]->type.scalar;
    const auto number = [&](double value) { return arithmetic::number(value, part, x[0]->span); };
    const auto kept = [&](ExprPtr value) { return in_local(std::move(value), into); };
    const auto combined = [](BinaryOp op, const ExprPtr& a, const ExprPtr& b) {
      return arithmetic::binary(op, clone(*a), clone(*b));
    };
    const ExprPtr c = kept(magnitude(clone(*y[0])));
    const ExprPtr d = kept(magnitude(clone(*y[1])));
    const ExprPtr first = kept(comparison(CompareOp::GreaterEqual, clone(*c), clone(*d)));
    const auto either = [&](const ExprPtr& a, const ExprPtr& b) {
      return choice(clone(*first), clone(*a), clone(*b));
    };
    const ExprPtr p = kept(either(y[0], y[1]));
    const ExprPtr q = kept(either(y[1], y[0]));
    const ExprPtr r = kept(combined(BinaryOp::Divide, q, p));
    const ExprPtr scale =
        kept(combined(BinaryOp::Divide, number(1.0), combined(BinaryOp::Add, p, times(q, r))));
    const ExprPtr zero = kept(comparison(CompareOp::Equal, clone(*p), number(0.0)));
    const ExprPtr u = kept(either(x[0], x[1]));
    const ExprPtr v = kept(either(x[1], x[0]));
    const ExprPtr real = combined(BinaryOp::Add, u, times(v, r));
    const ExprPtr imag = either(combined(BinaryOp::Subtract, v, times(u, r)),
                                combined(BinaryOp::Subtract, times(u, r), v));
    const auto scaled = [&](const ExprPtr& value, const ExprPtr& dividend) {
      return choice(clone(*zero), combined(BinaryOp::Divide, dividend, c),
                    combined(BinaryOp::Multiply, value, scale));
    };
    return pair(scaled(real, x[0]), scaled(imag, x[1]));
  }

  // z == w  is  z.real == w.real and z.imag == w.imag
  ExprPtr compare(Expr& expr) {
    Block before;
    Leaves a = leaves(std::move(expr.operands[0]), before);
    keep(a, before);
    Leaves b = leaves(std::move(expr.operands[1]), before);
    keep(b, before);
    const bool equal = expr.compare_op == CompareOp::Equal;
    ExprPtr result = make(equal ? ExprKind::And : ExprKind::Or, Type::of(Scalar::Bool), expr.span);
    for (size_t i = 0; i < 2; ++i) {
      result->operands.push_back(
          arithmetic::comparison(expr.compare_op, std::move(a[i]), std::move(b[i])));
    }
    return before.empty() ? std::move(result) : sequence(std::move(before), std::move(result));
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
    expr->body = std::move(body);
    give_results(*expr, count);
    into.push_back(evaluation(std::move(expr)));
    return reads_of(begin, count, span);
  }

  void give_results(Expr& frame, size_t count) {
    const LocalId begin = first(frame.local);
    for (size_t i = 0; i < count; ++i) frame.results.push_back(begin + static_cast<LocalId>(i));
    frame.local = kNoLocal;
    frame.type = Type::void_();
  }

  // The frame of a Define.
  void results_of(Expr& frame) {
    frame.body = block(std::move(frame.body));
    if (is_compound(frame.type)) return give_results(frame, leaf_count(frame.type));
    frame.local = first(frame.local);
  }

  // A call's several results are put into locals, which are read after it.
  Leaves results_of_call(ExprPtr expr, Block& into) {
    expr->operands = made(expr->operands, into);
    std::vector<Type> types;
    append_leaves(expr->type, types);
    const auto begin = static_cast<LocalId>(locals_.size());
    const Span span = expr->span;
    for (const Type& type : types) expr->results.push_back(new_local(type, span));
    expr->type = Type::void_();
    into.push_back(evaluation(std::move(expr)));
    return reads_of(begin, types.size(), span);
  }

  // Arguments are numbered by their leaves.
  static Leaves arguments(const Expr& expr) {
    std::vector<Type> types;
    append_leaves(expr.type, types);
    Leaves parts;
    for (size_t i = 0; i < types.size(); ++i) {
      parts.push_back(make(ExprKind::Argument, types[i], expr.span));
      parts.back()->field = expr.field + static_cast<int32_t>(i);
    }
    return parts;
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
