// Typed functions and statements.
#include <cassert>
#include <optional>

#include "sema/builder.h"
#include "sema/recursion.h"

namespace cudapy::sema {

using ir::Block;
using ir::ExprPtr;
using ir::LocalId;
using ir::StmtKind;
using ir::StmtPtr;
using ir::Type;

namespace {

StmtPtr assignment(LocalId local, ExprPtr value) {
  auto stmt = std::make_unique<ir::Stmt>();
  stmt->kind = StmtKind::Assign;
  stmt->span = value->span;
  stmt->local = local;
  stmt->value = std::move(value);
  return stmt;
}

// What calls of a function need to know of it that is being built, and calls itself.
ir::Function header_of(const Instance& instance, const Instances& instances) {
  ir::Function header;
  for (size_t i = 0; i < instance.parameters.size(); ++i) {
    ir::Local parameter;
    parameter.type = instances.parameter_type(instance, i);
    header.locals.push_back(std::move(parameter));
  }
  header.written.assign(instance.parameters.size(), false);  // see complete_recursion
  header.result = instances.result_type(instance);
  return header;
}

}  // namespace

int32_t build_typed(Instance& instance, Instances& instances, ir::Program& typed,
                    Diagnostics& diagnostics) {
  if (instance.built >= 0) return instance.built;
  if (instance.is_building) {
    instance.built = static_cast<int32_t>(typed.functions.size());
    typed.functions.push_back(header_of(instance, instances));
    return instance.built;
  }
  instance.is_building = true;
  ir::Function function = Builder(instance, instances, typed, diagnostics).run();
  if (instance.built >= 0) {
    typed.functions[static_cast<size_t>(instance.built)] = std::move(function);
  } else if (instance.source == 0) {
    instance.built = 0;
    typed.functions[0] = std::move(function);
  } else {
    instance.built = static_cast<int32_t>(typed.functions.size());
    typed.functions.push_back(std::move(function));
  }
  return instance.built;
}

// What a local is held in. A local that holds nothing at run time (unused, or another name of an
// array) gets any type.
Type Builder::storage_of(size_t local) const {
  Type type = instance_.types[local];
  if (locals_[local].storage != ir::Storage::Value) return type;
  if (type.is_aggregate()) return settled_type(type);
  if (!type.is_scalar()) {
    const bool parameter = instance_.is_parameter(static_cast<LocalId>(local));
    return parameter && type.is_array() ? type : kBool;
  }
  if (!type.weak) return type;
  return ir::is_integer(type) ? Type::of(instance_.alone[local]) : settled_type(type);
}

// A parameter that is reassigned and outgrows the type it is passed as lives on in a local of its
// own. What may be read before it is assigned starts as zero.
void Builder::lay_out_locals(ir::Function& function, Block& prologue) {
  const size_t count = function.locals.size();
  locals_ = std::move(function.locals);
  map_.resize(count);
  arrays_.resize(count);
  for (size_t i = 0; i < count; ++i) {
    map_[i] = static_cast<LocalId>(i);
    locals_[i].type = storage_of(i);
  }
  for (size_t i = 0; i < count; ++i) {
    const LocalFlow& flow = instance_.flow.locals[i];
    if (instance_.is_parameter(static_cast<LocalId>(i))) {
      const Type& passed = instance_.parameters[i];
      if (passed.weak || passed == locals_[i].type) continue;
      const LocalId own = new_local(locals_[i].type, locals_[i].name, locals_[i].span);
      locals_[i].type = passed;
      map_[i] = own;
      ExprPtr value = convert(local(static_cast<LocalId>(i), passed, locals_[i].span),
                              locals_[static_cast<size_t>(own)].type);
      prologue.push_back(assignment(own, std::move(value)));
    } else if (locals_[i].storage != ir::Storage::Value) {
      continue;
    } else if (flow.maybe_unassigned) {
      prologue.push_back(
          assignment(static_cast<LocalId>(i), zero(locals_[i].type, locals_[i].span)));
    }
  }
}

ir::Function Builder::run() {
  freeze_constants(instance_);
  ir::Function source = std::move(instance_.function);
  ir::Function function;
  function.name = source.name;
  function.span = source.span;
  function.parameter_count = source.parameter_count;
  function.wide_index = instances_.options().wide_index;
  instance_.function.parameter_count = source.parameter_count;
  written_.assign(static_cast<size_t>(source.parameter_count), false);

  result_ = instance_.source == 0 ? Type::void_() : instances_.result_type(instance_);
  Block prologue;
  lay_out_locals(source, prologue);
  Block body = block(std::move(source.body));
  if (prologue.empty()) {
    function.body = std::move(body);
  } else {
    function.body = std::move(prologue);
    for (StmtPtr& stmt : body) function.body.push_back(std::move(stmt));
  }
  function.result = result_;
  function.locals = std::move(locals_);
  function.written = std::move(written_);
  function.uses_block_shape = uses_block_shape_;
  return function;
}

LocalId Builder::new_local(Type type, std::string name, Span span) {
  ir::Local local;
  local.name = std::move(name);
  local.type = type;
  local.span = span;
  locals_.push_back(std::move(local));
  return static_cast<LocalId>(locals_.size() - 1);
}

Block Builder::block(Block block) {
  Block built;
  built.reserve(block.size());
  for (StmtPtr& stmt : block) this->stmt(std::move(stmt), built);
  return built;
}

void Builder::mark_written(const ir::Expr& array) {
  if (array.kind == ir::ExprKind::Load || array.kind == ir::ExprKind::Sequence)
    return mark_written(*array.operands[0]);
  const ir::Local& local = locals_[static_cast<size_t>(array.local)];
  if (local.storage == ir::Storage::Constant) {
    return report_written_constant(local, array.span, diagnostics_);
  }
  if (array.local >= static_cast<LocalId>(written_.size())) return;  // declared in the kernel
  written_[static_cast<size_t>(array.local)] = true;
}

void Builder::stmt(StmtPtr stmt, Block& into) {
  switch (stmt->kind) {
    case StmtKind::Assign:
      if (stmt->value->type.is_array()) return name_array(*stmt, into);
      stmt->local = mapped(stmt->local);
      stmt->value = as(std::move(stmt->value), locals_[static_cast<size_t>(stmt->local)].type);
      break;
    case StmtKind::Store:
      return store(std::move(stmt), into);
    case StmtKind::If:
    case StmtKind::While:
      stmt->value = condition(std::move(stmt->value));
      break;
    case StmtKind::For:
      turns(*stmt, into);
      break;
    case StmtKind::Declare:
      stmt->operands.clear();
      if (locals_[static_cast<size_t>(stmt->local)].storage == ir::Storage::Block) {
        uses_block_shape_ = true;
        return;
      }
      break;
    case StmtKind::Barrier:
      uses_block_shape_ = true;
      if (stmt->local != ir::kNoLocal) stmt->local = mapped(stmt->local);
      for (ExprPtr& operand : stmt->operands) operand = condition(std::move(operand));
      break;
    case StmtKind::Print:
    case StmtKind::Raise:
      for (ExprPtr& operand : stmt->operands) operand = natural(std::move(operand));
      break;
    case StmtKind::Break:
    case StmtKind::Continue:
    case StmtKind::Region:
    case StmtKind::Define:
      break;
    case StmtKind::Return:
      return give_back(std::move(stmt), into);
    case StmtKind::Evaluate:
      if (stmt->value->type.is_array()) return;
      stmt->value = natural(std::move(stmt->value));
      break;
  }
  stmt->body = block(std::move(stmt->body));
  stmt->else_body = block(std::move(stmt->else_body));
  into.push_back(std::move(stmt));
}

namespace {

// Of a product of numbers and sizes of the grid the numbers' part; nullopt: it is something else,
// or so large that it may wrap to zero. Sizes of the grid are no zeros.
std::optional<int64_t> factor_of_sizes(const ir::Expr& expr, const Instance& instance) {
  using ir::ExprKind;
  constexpr int64_t kMost = 1 << 16;
  switch (expr.kind) {
    case ExprKind::Constant: {
      const int64_t value = expr.constant.integer;
      const bool is_small =
          expr.constant.kind == ir::ConstantValue::Kind::Integer && value > -kMost && value < kMost;
      return is_small ? std::optional(value) : std::nullopt;
    }
    case ExprKind::ThreadIndex:
      return expr.thread_index >= ir::ThreadIndex::BlockDimX ? std::optional<int64_t>(1)
                                                             : std::nullopt;
    case ExprKind::Cast:
      if (!ir::is_integer(expr.type) || ir::size_of(expr.type.scalar) < 4) return std::nullopt;
      return factor_of_sizes(*expr.operands[0], instance);
    case ExprKind::Binary: {
      if (expr.binary_op != ir::BinaryOp::Multiply) return std::nullopt;
      const auto a = factor_of_sizes(*expr.operands[0], instance);
      const auto b = factor_of_sizes(*expr.operands[1], instance);
      const bool is_small = a && b && *a * *b > -kMost && *a * *b < kMost;
      return is_small ? std::optional(*a * *b) : std::nullopt;
    }
    case ExprKind::Local: {
      const LocalFlow& flow = instance.flow.locals[static_cast<size_t>(expr.local)];
      const bool known = flow.single != nullptr && !flow.maybe_unassigned &&
                         !instance.is_parameter(expr.local) && flow.single->value != nullptr;
      return known ? factor_of_sizes(*flow.single->value, instance) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

// for i in range(a, b, s):    where s may be zero:
//     %a = a; %b = b; %s = s; if %s == 0: raise ValueError
void Builder::turns(ir::Stmt& loop, Block& into) {
  const bool may_stand = factor_of_sizes(*loop.operands[2], instance_).value_or(0) == 0;
  loop.local = mapped(loop.local);
  const Type type = locals_[static_cast<size_t>(loop.local)].type;
  for (ExprPtr& operand : loop.operands) {
    operand = as(std::move(operand), type);
    if (may_stand) operand = kept(std::move(operand), into);
  }
  if (!may_stand) return;
  const ir::Expr& step = *loop.operands[2];
  into.push_back(raise_if(compare_with(ir::CompareOp::Equal, step, 0),
                          raise("ValueError", "range() arg 3 must not be zero", step.span)));
}

void Builder::give_back(StmtPtr stmt, Block& into) {
  if (stmt->value && stmt->value->type.is_void()) {
    auto evaluate = std::make_unique<ir::Stmt>();
    evaluate->kind = StmtKind::Evaluate;
    evaluate->span = stmt->value->span;
    evaluate->value = natural(std::move(stmt->value));
    into.push_back(std::move(evaluate));
    stmt->value = nullptr;
  }
  if (stmt->value) stmt->value = as(std::move(stmt->value), result_);
  into.push_back(std::move(stmt));
}

}  // namespace cudapy::sema
