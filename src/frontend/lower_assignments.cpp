// Lowering of assignments: plain, chained, to tuples, annotated and augmented.
#include <algorithm>
#include <utility>

#include "frontend/function_lowering.h"
#include "frontend/type_names.h"
#include "ir/each_expression.h"
#include "ir/stored_fields.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

// Whether it may read memory, store to it or fault.
bool meets_memory_or_fault(const syntax::Expr& expr) {
  using Op = syntax::BinaryOp;
  switch (expr.kind) {
    case ExprKind::Subscript:
    case ExprKind::Call:
      return true;
    case ExprKind::Binary:
      return expr.binary_op == Op::FloorDivide || expr.binary_op == Op::Modulo ||
             expr.binary_op == Op::ShiftLeft || expr.binary_op == Op::ShiftRight;
    default:
      return false;
  }
}

// Whether evaluating `expr` reads a variable of `names`, or memory that a store may have changed.
bool depends_on(const syntax::Expr& expr, const std::set<std::string>& names, bool stored) {
  if (expr.kind == ExprKind::Name && names.contains(expr.text)) return true;
  if (stored && meets_memory_or_fault(expr)) return true;
  for (const syntax::Expr& operand : expr.operands) {
    if (depends_on(operand, names, stored)) return true;
  }
  return false;
}

// Whether `value` reads one of `names`, as what a function that it calls captured, say.
bool reads_any(const ir::Expr& value, const std::vector<ir::Local>& locals,
               const std::set<std::string>& names) {
  bool found = false;
  ir::each_expression(value, [&](const ir::Expr& part) {
    found = found || (part.kind == ir::ExprKind::Local &&
                      names.contains(locals[static_cast<size_t>(part.local)].name));
  });
  return found;
}

bool has_turn(const syntax::Expr& expr) {
  return meets_memory_or_fault(expr) ||
         std::any_of(expr.operands.begin(), expr.operands.end(), has_turn);
}

// `*rest`
bool is_starred(const syntax::Expr& target) {
  return target.kind == ExprKind::Unsupported && target.text == "Starred";
}

// The `[j]` of A[i].v[j]: what it indexes is a field of an element.
bool is_field_index(const syntax::Expr& expr) {
  if (expr.kind != ExprKind::Subscript) return false;
  bool is_field = false;
  const syntax::Expr* step = &expr.operands[0];
  for (; step->kind == ExprKind::Subscript || step->kind == ExprKind::Attribute;
       step = &step->operands[0]) {
    if (step->kind == ExprKind::Subscript && is_field) return true;
    is_field = is_field || step->kind == ExprKind::Attribute;
  }
  return false;
}

void add_names(const syntax::Expr& target, std::set<std::string>& names, bool& stored) {
  if (target.kind == ExprKind::Name)
    names.insert(target.text);
  else if (target.kind == ExprKind::Subscript || target.kind == ExprKind::Attribute)
    stored = true;
  for (const syntax::Expr& operand : target.operands) {
    if (target.kind == ExprKind::Tuple || is_starred(target)) add_names(operand, names, stored);
  }
}

std::optional<ir::BinaryOp> binary_of(syntax::BinaryOp op) {
  using From = syntax::BinaryOp;
  switch (op) {
    case From::Add:
      return ir::BinaryOp::Add;
    case From::Subtract:
      return ir::BinaryOp::Subtract;
    case From::Multiply:
      return ir::BinaryOp::Multiply;
    case From::Divide:
      return ir::BinaryOp::Divide;
    case From::FloorDivide:
      return ir::BinaryOp::FloorDivide;
    case From::Modulo:
      return ir::BinaryOp::Modulo;
    case From::Power:
      return ir::BinaryOp::Power;
    case From::ShiftLeft:
      return ir::BinaryOp::ShiftLeft;
    case From::ShiftRight:
      return ir::BinaryOp::ShiftRight;
    case From::BitAnd:
      return ir::BinaryOp::BitAnd;
    case From::BitOr:
      return ir::BinaryOp::BitOr;
    case From::BitXor:
      return ir::BinaryOp::BitXor;
    case From::MatrixMultiply:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

void FunctionLowering::lower_assign(const syntax::Stmt& stmt) {
  if (stmt.targets.size() == 1) {
    if (const auto form = array_form(stmt.value))
      return declare_array(stmt.targets[0], stmt.value, *form);
    if (ir::ExprPtr votes = lower_vote(stmt.value))
      return assign(stmt.targets[0], std::move(votes));
  }
  const bool unpacks = stmt.targets[0].kind == ExprKind::Tuple;
  if (stmt.targets.size() == 1 && unpacks) return assign_tuple(stmt.targets[0], stmt.value);
  if (stmt.targets.size() == 1 && stmt.targets[0].kind == ExprKind::Name) {
    if (dtype_base(stmt.value) != nullptr) names_of_dtypes_.insert(stmt.targets[0].text);
    if (FunctionPtr function = function_of(stmt.value, true))
      return bind_function(stmt.targets[0].text, stmt.targets[0].span, std::move(function));
  }
  if (stmt.targets.size() == 1) return assign(stmt.targets[0], lower_or_poison(stmt));
  // a = b = value: evaluated once, then assigned from left to right.
  std::set<std::string> names;
  bool stored = false;
  for (const syntax::Expr& target : stmt.targets) add_names(target, names, stored);
  ir::ExprPtr value = lower_or_poison(stmt);
  // x = y = x + 1: the second assignment must not see the first.
  value = depends_on(stmt.value, names, stored) ? keep_always(std::move(value), "chain")
                                                : keep(std::move(value), "chain");
  for (const syntax::Expr& target : stmt.targets) assign(target, ir::clone(*value));
}

// The value; where it is a mistake, what it is assigned to counts as complained about.
ir::ExprPtr FunctionLowering::lower_or_poison(const syntax::Stmt& stmt) {
  const size_t before = diagnostics_.errors().size();
  ir::ExprPtr value = lower(stmt.value);
  if (diagnostics_.errors().size() == before) return value;
  for (const syntax::Expr& target : stmt.targets) {
    if (target.kind == ExprKind::Name) bound_.refused.insert(target.text);
  }
  return value;
}

// `value` where it may be repeated; else a new variable that holds it.
ir::ExprPtr FunctionLowering::keep(ir::ExprPtr value, const std::string& name) {
  return is_cheap(*value) ? std::move(value) : keep_always(std::move(value), name);
}

ir::ExprPtr FunctionLowering::keep_always(ir::ExprPtr value, const std::string& name) {
  const Span span = value->span;
  const ir::LocalId local = temporary(name, span);
  ir::Stmt& stmt = emit(ir::StmtKind::Assign, span);
  stmt.local = local;
  stmt.value = std::move(value);
  return make_local(local, span);
}

// The variable that a name stands for as the target of an assignment, or as a loop's; nothing, and
// an error, where it stands for a function or for an array of the kernel's own.
std::optional<ir::LocalId> FunctionLowering::assignable(const syntax::Expr& name) {
  if (!check_no_function(name.text, name.span)) return std::nullopt;
  mark_assigned(name.text);
  const ir::LocalId local = variable(name.text, name.span);
  if (function_.locals[static_cast<size_t>(local)].storage == ir::Storage::Value) return local;
  error("array-reassigned", name.span,
        "`" + name.text + "` stands for an array, which cannot be assigned",
        "assign its elements, or use another name");
  return std::nullopt;
}

void FunctionLowering::assign(const syntax::Expr& target, ir::ExprPtr value) {
  switch (target.kind) {
    case ExprKind::Name: {
      const std::optional<ir::LocalId> local = assignable(target);
      if (!local) return;
      ir::Stmt& stmt = emit(ir::StmtKind::Assign, target.span);
      stmt.local = *local;
      stmt.value = std::move(value);
      return;
    }
    case ExprKind::Subscript:
    case ExprKind::Attribute:
      return store(target, std::move(value));
    case ExprKind::Tuple:
      return unpack(target, std::move(value));
    default:
      refuse(target.kind == ExprKind::Unsupported ? target.text : "Starred", target.span);
  }
}

// a, b = value: all elements are of the value as it was before, which an array's are if all of them
// are read before the first is stored.
void FunctionLowering::unpack(const syntax::Expr& target, ir::ExprPtr value) {
  const ir::ExprPtr whole = keep_always(std::move(value), "tuple");
  const size_t count = target.operands.size();
  const bool stores = std::any_of(
      target.operands.begin(), target.operands.end(),
      [](const syntax::Expr& item) { return item.kind != ExprKind::Name && !is_starred(item); });
  const auto star = std::find_if(target.operands.begin(), target.operands.end(), is_starred);
  const auto starred = static_cast<size_t>(star - target.operands.begin());  // count: none is
  std::vector<ir::ExprPtr> elements;
  for (size_t i = 0; i < count; ++i) {
    ir::ExprPtr element = i == starred
                              ? rest_of(*whole, starred, count - 1 - starred)
                              : make_expr(ir::ExprKind::Field, whole->span, ir::clone(*whole));
    element->field = static_cast<int32_t>(i) - static_cast<int32_t>(i > starred ? count : 0);
    element->unpack_count =
        starred == count ? static_cast<int32_t>(count) : 1 - static_cast<int32_t>(count);
    elements.push_back(stores ? keep_always(std::move(element), "element") : std::move(element));
  }
  for (size_t i = 0; i < count; ++i) {
    const syntax::Expr& item = target.operands[i];
    assign(i == starred ? item.operands[0] : item, std::move(elements[i]));
  }
}

// whole[first:-last]
ir::ExprPtr FunctionLowering::rest_of(const ir::Expr& whole, size_t first, size_t last) {
  const Span span = whole.span;
  ir::ExprPtr slice = make_expr(ir::ExprKind::Slice, span, make_integer(int64_t(first), span));
  slice->field = 1;
  if (last > 0) {
    slice->field |= 2;
    slice->operands.push_back(make_integer(-int64_t(last), span));
  }
  return make_expr(ir::ExprKind::Load, span, ir::clone(whole), std::move(slice));
}

void FunctionLowering::store(const syntax::Expr& target, ir::ExprPtr value) {
  std::vector<ir::ExprPtr> operands;
  std::vector<std::string> fields;
  if (!field_operands(target, operands, fields)) return;
  ir::Stmt& stmt = emit(ir::StmtKind::Store, target.span);
  stmt.operands = std::move(operands);
  stmt.fields = std::move(fields);
  stmt.value = std::move(value);
}

// What A[i], A[i].position.x or A[i].v[j] consists of: the array and its indices, and the fields.
// The indices of fields come behind those of the array.
bool FunctionLowering::field_operands(const syntax::Expr& target,
                                      std::vector<ir::ExprPtr>& operands,
                                      std::vector<std::string>& fields) {
  std::vector<const syntax::Expr*> parts;  // the outermost first
  const syntax::Expr* element = &target;
  for (; element->kind == ExprKind::Attribute || is_field_index(*element);
       element = &element->operands[0])
    parts.push_back(element);
  if (element->kind == ExprKind::Subscript) {
    if (!subscript_operands(*element, operands)) return false;
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      if ((*part)->kind == ExprKind::Attribute) {
        fields.push_back((*part)->text);
        continue;
      }
      for (size_t i = 1; i < (*part)->operands.size(); ++i) {
        fields.emplace_back(ir::kFieldIndex);
        operands.push_back(lower((*part)->operands[i]));
      }
    }
    return true;
  }
  error("assign-attribute", target.span, "attributes of variables cannot be assigned in a kernel",
        "store to a field of an array's element, `A[i].x = ...`, or use a variable of its own");
  return false;
}

bool FunctionLowering::check_pairs(const syntax::Expr& target, size_t values, Span span) {
  if (target.operands.size() == values) return true;
  error("unpack-count", span,
        "there are " + std::to_string(target.operands.size()) + " variables on the left and " +
            std::to_string(values) + (values == 1 ? " value" : " values") + " on the right",
        "write as many values as variables");
  return false;
}

void FunctionLowering::mark_targets(std::span<const syntax::Expr> targets) {
  std::set<std::string> names;
  bool stored = false;
  for (const syntax::Expr& target : targets) add_names(target, names, stored);
  for (const std::string& name : names) mark_assigned(name);
}

// Whether evaluating it may call a function that captured variables.
bool FunctionLowering::may_read_captures(const syntax::Expr& expr) const {
  if (expr.kind == ExprKind::Lambda) return true;
  const bool is_name = expr.kind == ExprKind::Name;
  if (is_name && (flow_.functions.contains(expr.text) || packs_.contains(expr.text))) return true;
  return std::any_of(expr.operands.begin(), expr.operands.end(),
                     [&](const syntax::Expr& operand) { return may_read_captures(operand); });
}

// The single assignments that `target = value` consists of.
bool FunctionLowering::pair_up(const syntax::Expr& target, const syntax::Expr& value,
                               Pairs& pairs) {
  const bool has_star = std::any_of(target.operands.begin(), target.operands.end(), is_starred) ||
                        std::any_of(value.operands.begin(), value.operands.end(), is_starred);
  if (target.kind != ExprKind::Tuple || value.kind != ExprKind::Tuple || has_star) {
    pairs.emplace_back(&target, &value);
    return true;
  }
  if (!check_pairs(target, value.operands.size(), value.span)) return false;
  for (size_t i = 0; i < target.operands.size(); ++i) {
    if (!pair_up(target.operands[i], value.operands[i], pairs)) return false;
  }
  return true;
}

// a, b = b, a: all values first. Those that an earlier assignment of the same line would change are
// kept in new variables; the others are assigned directly, so that weak constants stay weak.
void FunctionLowering::assign_tuple(const syntax::Expr& target, const syntax::Expr& value) {
  if (value.kind == ExprKind::Call && path_of(value.operands[0])) {
    const FunctionPtr callee = resolve_callee(value.operands[0]);
    if (!callee) return mark_targets({&target, 1});
    if (callee->target.kind == Resolved::Kind::Special &&
        callee->target.special == SpecialForm::Divmod) {
      return assign_divmod(target, value);
    }
  }
  Pairs pairs;
  if (!pair_up(target, value, pairs)) return mark_targets({&target, 1});
  std::vector<std::pair<const syntax::Expr*, ir::ExprPtr>> pending;
  std::set<std::string> names;
  bool stored = false;
  bool any_kept = false;
  bool any_has_turn = false;
  for (const auto& [to, from] : pairs) {
    any_kept = any_kept || depends_on(*from, names, stored) ||
               (!names.empty() && may_read_captures(*from));
    any_has_turn = any_has_turn || has_turn(*from);
    add_names(*to, names, stored);
  }
  names.clear();
  stored = false;
  for (const auto& [to, from] : pairs) {
    ir::ExprPtr lowered = lower(*from);
    // A call may store, and of two faults the first is met: nothing is evaluated out of turn then.
    const bool in_turn = any_kept && any_has_turn && lowered->kind != ir::ExprKind::Constant;
    if (in_turn || depends_on(*from, names, stored) ||
        reads_any(*lowered, function_.locals, names)) {
      lowered = keep_always(std::move(lowered), "swap");
    }
    add_names(*to, names, stored);
    pending.emplace_back(to, std::move(lowered));
  }
  for (auto& [to, lowered] : pending) assign(*to, std::move(lowered));
}

// q, r = divmod(a, b)
void FunctionLowering::assign_divmod(const syntax::Expr& target, const syntax::Expr& call) {
  if (std::any_of(target.operands.begin(), target.operands.end(), is_starred))
    return unpack(target, call_divmod(call));
  if (!check_pairs(target, 2, call.span)) return mark_targets({&target, 1});
  auto arguments = positional(call, 2, 2);
  if (!arguments) return mark_targets({&target, 1});
  // The operands are read again after `q` is assigned, so they are always kept.
  for (ir::ExprPtr& argument : *arguments) {
    if (argument->kind != ir::ExprKind::Constant)
      argument = keep_always(std::move(argument), "divmod");
  }
  const auto operation = [&](ir::BinaryOp op) {
    return make_binary(op, call.span, ir::clone(*(*arguments)[0]), ir::clone(*(*arguments)[1]));
  };
  assign(target.operands[0], operation(ir::BinaryOp::FloorDivide));
  assign(target.operands[1], operation(ir::BinaryOp::Modulo));
}

// x: cp.float64 = 0
void FunctionLowering::lower_annotated(const syntax::Stmt& stmt) {
  const syntax::Expr& target = stmt.targets[0];
  std::optional<ir::Type> type = local_type(stmt.annotation);
  if (target.kind != ExprKind::Name) {
    if (!stmt.value.absent()) assign(target, lower(stmt.value));
    return;
  }
  ir::ExprPtr value = stmt.value.absent() ? nullptr : lower(stmt.value);
  const ir::LocalId local = variable(target.text, target.span);
  ir::Local& declared = function_.locals[static_cast<size_t>(local)];
  if (type && !declared.declared.is_unknown() && declared.declared != *type) {
    error("type-changes", stmt.annotation.span,
          "`" + target.text + "` is declared as " + ir::to_string(declared.declared) + " and as " +
              ir::to_string(*type),
          "a variable has one type: use a second variable");
  } else if (type) {
    declared.declared = *type;
  }
  if (value) assign(target, std::move(value));
}

std::optional<ir::Type> FunctionLowering::local_type(const syntax::Expr& annotation) {
  std::optional<ir::Type> type;
  if (annotation.kind == ExprKind::String)
    type = find_type(annotation.text);
  else if (auto path = path_of(annotation)) {
    const Resolved found = resolve(*path);
    if (found.kind == Resolved::Kind::Failed) return std::nullopt;
    const bool is_type = found.kind == Resolved::Kind::Cast && found.consumed + 1 == path->size();
    if (is_type) type = found.type;
  }
  if (!type || !(type->is_scalar() || ir::is_struct(*type))) {
    error("annotation", annotation.span,
          "the annotation of a variable is the type of a number, or a struct",
          "write `x: cp.float64 = 0`, with int, float, bool or one of cudapy's types");
    return std::nullopt;
  }
  return type;
}

// A[i] += value, with the index evaluated once: A[i] = A[i] + value.
void FunctionLowering::lower_augmented(const syntax::Stmt& stmt) {
  const syntax::Expr& target = stmt.targets[0];
  const std::optional<ir::BinaryOp> op = binary_of(stmt.binary_op);
  if (!op) {
    error("unsupported-operator", stmt.span, "`@=` is not supported in kernels",
          "multiply matrices element by element");
    return;
  }
  if (target.kind == ExprKind::Name) {
    ir::ExprPtr old = read_variable(target.text, target.span);
    ir::ExprPtr sum = make_binary(*op, stmt.span, std::move(old), lower(stmt.value));
    return assign(target, std::move(sum));
  }
  if (target.kind != ExprKind::Subscript && target.kind != ExprKind::Attribute)
    return assign(target, lower(stmt.value));
  std::vector<ir::ExprPtr> operands;
  std::vector<std::string> fields;
  const bool ok = field_operands(target, operands, fields);
  if (ok) {
    for (size_t i = 1; i < operands.size(); ++i)
      operands[i] = keep(std::move(operands[i]), "index");
  }
  ir::ExprPtr value = lower(stmt.value);
  if (!ok) return;
  ir::ExprPtr old = make_expr(ir::ExprKind::Load, target.span);
  auto next = operands.end() - std::count(fields.begin(), fields.end(), ir::kFieldIndex);
  for (auto operand = operands.begin(); operand != next; ++operand)
    old->operands.push_back(ir::clone(**operand));
  for (const std::string& field : fields) {
    const bool is_index = field == ir::kFieldIndex;
    old = is_index ? make_expr(ir::ExprKind::Load, target.span, std::move(old), ir::clone(**next++))
                   : make_expr(ir::ExprKind::Field, target.span, std::move(old));
    if (!is_index) old->name = field;
  }
  ir::Stmt& result = emit(ir::StmtKind::Store, fields.empty() ? stmt.span : target.span);
  result.fields = std::move(fields);
  result.operands = std::move(operands);
  result.value = make_binary(*op, stmt.span, std::move(old), std::move(value));
}

}  // namespace cudapy::frontend
