// Lowering of arrays that a kernel declares: `tile = shared((16, 16), float)`, `window = local(3,
// cp.float32)`, `row = shared(2 * n, int)`, and their elements, `tile[i, j]` or `tile[i][j]`.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

constexpr size_t kMostDimensions = 8;

// The value of an integer expression that is made of constants alone.
std::optional<int64_t> integer_of(const ir::Expr& expr) {
  if (expr.kind == ir::ExprKind::Constant) {
    const bool whole =
        expr.constant.kind == ir::ConstantValue::Kind::Integer && !expr.constant.exceeds_int64;
    return whole ? std::optional(expr.constant.integer) : std::nullopt;
  }
  if (expr.kind != ir::ExprKind::Binary) return std::nullopt;
  const auto a = integer_of(*expr.operands[0]);
  const auto b = integer_of(*expr.operands[1]);
  constexpr int64_t kLarge = int64_t{1} << 31;  // keeps the results inside int64
  if (!a || !b || *a < 0 || *b < 0 || *a > kLarge || *b > kLarge) return std::nullopt;
  switch (expr.binary_op) {
    case ir::BinaryOp::Add:
      return *a + *b;
    case ir::BinaryOp::Subtract:
      return *a - *b;
    case ir::BinaryOp::Multiply:
      return *a * *b;
    case ir::BinaryOp::FloorDivide:
      return *b == 0 ? std::nullopt : std::optional(*a / *b);
    case ir::BinaryOp::ShiftLeft:
      return *b > 31 ? std::nullopt : std::optional(*a << *b);
    default:
      return std::nullopt;
  }
}

}  // namespace

// What the threads of a block do together, if the expression is a call of it.
std::optional<SpecialForm> FunctionLowering::cooperation_form(const syntax::Expr& value) {
  if (value.kind != ExprKind::Call) return std::nullopt;
  const auto path = path_of(value.operands[0]);
  if (!path || is_poisoned(path->front()) || is_variable(path->front())) return std::nullopt;
  const Resolved found = resolve(*path);
  const bool is_form = found.kind == Resolved::Kind::Special && found.consumed + 1 == path->size();
  return is_form ? std::optional(found.special) : std::nullopt;
}

// `syncthreads()` as a statement.
bool FunctionLowering::lower_barrier(const syntax::Expr& call) {
  if (cooperation_form(call) != SpecialForm::SyncThreads) return false;
  if (positional(call, 0, 0)) emit(ir::StmtKind::Barrier, call.span);
  return true;
}

namespace {

// The call that is made before anything else of an expression is evaluated; null: there is none.
template <class Expr>
Expr* first_call(Expr& expr) {
  Expr* step = &expr;
  while (step->kind != ExprKind::Call) {
    const bool is_pair = step->kind == ExprKind::Compare || step->kind == ExprKind::Binary;
    const bool is_chain =
        step->kind == ExprKind::Unary || step->kind == ExprKind::And || step->kind == ExprKind::Or;
    if (!is_pair && !is_chain) return nullptr;
    const bool is_second = is_pair && step->operands[0].kind == ExprKind::Number;
    step = &step->operands[is_second ? 1 : 0];
  }
  return step;
}

}  // namespace

// `syncthreads_count(condition)` and its like, as a statement and what comes out of it, or an
// expression that begins with it; null if it is something else.
//     n = syncthreads_count(p) + 1        %vote = not not p; barrier(%vote) -> %votes; n = %votes +
//     1
ir::ExprPtr FunctionLowering::lower_vote(const syntax::Expr& expr) {
  const syntax::Expr* const first = first_call(expr);
  if (first == nullptr) return nullptr;
  const syntax::Expr& call = *first;
  ir::BarrierVote vote = ir::BarrierVote::None;
  switch (cooperation_form(call).value_or(SpecialForm::Range)) {
    case SpecialForm::SyncThreadsCount:
      vote = ir::BarrierVote::Count;
      break;
    case SpecialForm::SyncThreadsAnd:
      vote = ir::BarrierVote::All;
      break;
    case SpecialForm::SyncThreadsOr:
      vote = ir::BarrierVote::Any;
      break;
    default:
      return nullptr;
  }
  auto arguments = positional(call, 1, 1);
  if (!arguments) return make_integer(0, call.span);
  ir::ExprPtr truth = std::move((*arguments)[0]);
  for (int i = 0; i < 2; ++i) {
    truth = make_expr(ir::ExprKind::Unary, call.span, std::move(truth));
    truth->unary_op = ir::UnaryOp::Not;
  }
  ir::ExprPtr mine = keep_always(std::move(truth), "vote");
  const ir::LocalId result = temporary("votes", call.span);
  function_.locals[static_cast<size_t>(result)].declared =
      ir::Type::of(vote == ir::BarrierVote::Count ? ir::Scalar::I32 : ir::Scalar::Bool);
  ir::Stmt& barrier = emit(ir::StmtKind::Barrier, call.span);
  barrier.vote = vote;
  barrier.local = result;
  barrier.operands.push_back(std::move(mine));
  if (first == &expr) return make_local(result, call.span);
  const std::string name = function_.locals[static_cast<size_t>(result)].name;
  variables_[name] = result;
  mark_assigned(name);
  syntax::Expr whole = expr;
  syntax::Expr& place = *first_call(whole);
  place.kind = ExprKind::Name;
  place.text = name;
  place.operands.clear();
  return lower(whole);
}

// `shared` or `local`, if the expression is a call of one of them.
std::optional<SpecialForm> FunctionLowering::array_form(const syntax::Expr& value) {
  const auto form = cooperation_form(value);
  const bool declares = form == SpecialForm::SharedArray || form == SpecialForm::LocalArray;
  return declares ? form : std::nullopt;
}

// The two arguments of the call, by position or as shape= and dtype=.
bool FunctionLowering::array_arguments(const syntax::Expr& call, const std::string& name,
                                       const syntax::Expr*& shape, const syntax::Expr*& dtype) {
  const size_t given = call.operands.size() - 1;
  const size_t positional_count = given - call.keywords.size();
  const syntax::Expr** const places[] = {&shape, &dtype};
  for (size_t i = 0; i < given && i < 2; ++i) {
    const syntax::Expr& argument = call.operands[1 + i];
    size_t place = i;
    if (i >= positional_count) {
      const std::string& keyword = call.keywords[i - positional_count];
      place = keyword == "shape" ? 0 : keyword == "dtype" ? 1 : 2;
    }
    if (place == 2 || *places[place] != nullptr) break;
    *places[place] = &argument;
  }
  if (given == 2 && shape != nullptr && dtype != nullptr) return true;
  error("argument-count", call.span, "`" + name + "` takes a shape and a type",
        "write `" + name + "(32, float)` or `" + name + "((16, 16), cp.float32)`");
  return false;
}

// A length that the launch decides, made of the kernel's parameters, numbers and blockDim.
bool FunctionLowering::append_size(const ir::Expr& expr, ir::ArraySize& size) const {
  using Kind = ir::SizeStep::Kind;
  const auto push = [&](Kind kind, int64_t value) {
    size.push_back({kind, value});
    return true;
  };
  if (const auto number = integer_of(expr)) return push(Kind::Constant, *number);
  if (expr.kind == ir::ExprKind::Local) {
    const bool is_parameter = index_ == 0 && expr.local < function_.parameter_count;
    return is_parameter && push(Kind::Parameter, expr.local);
  }
  if (expr.kind == ir::ExprKind::ThreadIndex) {
    const int axis =
        static_cast<int>(expr.thread_index) - static_cast<int>(ir::ThreadIndex::BlockDimX);
    return axis >= 0 && axis < 3 && push(Kind::BlockDim, axis);
  }
  if (expr.kind != ir::ExprKind::Binary || !append_size(*expr.operands[0], size) ||
      !append_size(*expr.operands[1], size))
    return false;
  switch (expr.binary_op) {
    case ir::BinaryOp::Add:
      return push(Kind::Add, 0);
    case ir::BinaryOp::Subtract:
      return push(Kind::Subtract, 0);
    case ir::BinaryOp::Multiply:
      return push(Kind::Multiply, 0);
    case ir::BinaryOp::FloorDivide:
      return integer_of(*expr.operands[1]).value_or(0) > 0 && push(Kind::Divide, 0);
    default:
      return false;
  }
}

void FunctionLowering::refuse_shape(const ir::Expr& length, Span span, bool is_shared) {
  if (!is_shared) {
    error("array-shape", span, "the shape of an array must be known when the kernel is compiled",
          "write a number, or a name from outside the kernel that stands for one");
  } else if (index_ != 0 && length.kind == ir::ExprKind::Local) {
    error("array-shape", span,
          "a function that a kernel calls cannot decide how large a shared array is",
          "make the array in the kernel, and hand it to the function");
  } else {
    error("array-shape", span, "the shape of a shared array is not known before the kernel runs",
          "make it of numbers, the kernel's integer parameters and blockDim, by + - * and // by a "
          "number");
  }
}

std::optional<FunctionLowering::ArrayShape> FunctionLowering::array_shape(const syntax::Expr& shape,
                                                                          const std::string& name,
                                                                          bool is_shared) {
  std::vector<const syntax::Expr*> items;
  if (shape.kind == ExprKind::Tuple) {
    for (const syntax::Expr& item : shape.operands) items.push_back(&item);
  } else {
    items.push_back(&shape);
  }
  if (items.empty() || items.size() > kMostDimensions) {
    error("array-shape", shape.span, "an array has 1 to 8 dimensions",
          "write `" + name + "(32, float)` or `" + name + "((16, 16), float)`");
    return std::nullopt;
  }
  ArrayShape found;
  bool is_known = true;
  for (const syntax::Expr* item : items) {
    const size_t before = diagnostics_.errors().size();
    const ir::ExprPtr lowered = lower(*item);
    if (diagnostics_.errors().size() != before) return std::nullopt;
    const auto extent = integer_of(*lowered);
    ir::ArraySize size;
    if (extent) size = {{ir::SizeStep::Kind::Constant, *extent}};
    if (!extent && !(is_shared && append_size(*lowered, size))) {
      refuse_shape(*lowered, item->span, is_shared);
      return std::nullopt;
    }
    if (extent && *extent < 1) {
      error("array-shape", item->span,
            "an array of " + std::to_string(*extent) + " elements cannot be made",
            "write a number of at least 1");
      return std::nullopt;
    }
    is_known = is_known && extent;
    found.extents.push_back(extent.value_or(0));
    found.sizes.push_back(std::move(size));
  }
  if (is_known) found.sizes.clear();
  return found;
}

std::optional<ir::Type> FunctionLowering::array_element(const syntax::Expr& dtype,
                                                        const std::string& name) {
  const NamedType named = named_type(dtype);
  if (named.type || named.failed) return named.type;
  error("array-type", dtype.span, "the second argument of `" + name + "` is a type",
        "write float, int, bool, one of cudapy's types: cp.float32, cp.uint8, an array's: "
        "`A.dtype`, or "
        "a dataclass or NamedTuple of them");
  return std::nullopt;
}

// An error if the array is too large for what it is made in; of one whose size the launch decides,
// it says so.
bool FunctionLowering::check_array_size(const syntax::Expr& call, SpecialForm form,
                                        const std::vector<int64_t>& extents,
                                        const ir::Type& element) {
  const bool of_block = form == SpecialForm::SharedArray;
  if (!ir::is_too_large(extents, ir::item_size(ir::Type::array_of(element, 1)), of_block))
    return true;
  const auto [message, help] = ir::too_large_text(of_block);
  error("array-size", call.span, message, help);
  return false;
}

void FunctionLowering::declare_array(const syntax::Expr& target, const syntax::Expr& call,
                                     SpecialForm form) {
  const std::string name = path_of(call.operands[0])->back();
  if (target.kind != ExprKind::Name) {
    error("array-declaration", call.span, "`" + name + "` makes an array, which needs a name",
          "write it on a line of its own: `tile = " + name + "(...)`");
    return mark_targets({&target, 1});
  }
  const bool is_taken = variables_.contains(target.text);
  mark_assigned(target.text);
  const auto refuse_name = [&] { bound_.refused.insert(target.text); };
  if (is_taken) {
    error("array-reassigned", target.span, "`" + target.text + "` already stands for something",
          "use a name for each array, assigned once");
    return;
  }
  const syntax::Expr* shape = nullptr;
  const syntax::Expr* dtype = nullptr;
  if (!array_arguments(call, name, shape, dtype)) return refuse_name();
  auto found = array_shape(*shape, name, form == SpecialForm::SharedArray);
  ir::ExprPtr named = lower_dtype(*dtype);
  std::optional<ir::Type> element;
  if (!named) element = array_element(*dtype, name);
  const bool is_known = found && element;
  if (!found || !(named || element) ||
      (is_known && !check_array_size(call, form, found->extents, *element)))
    return refuse_name();
  const ir::LocalId local = variable(target.text, target.span);
  ir::Local& array = function_.locals[static_cast<size_t>(local)];
  if (element)
    array.declared = ir::Type::array_of(*element, static_cast<uint8_t>(found->extents.size()));
  array.extents = std::move(found->extents);
  array.sizes = std::move(found->sizes);
  array.storage = form == SpecialForm::SharedArray ? ir::Storage::Block : ir::Storage::Thread;
  ir::Stmt& declaration = emit(ir::StmtKind::Declare, named ? call.span : target.span);
  declaration.local = local;
  if (named) declaration.operands.push_back(std::move(named));
}

// The name of the array that `tile[i][j]` is an element of; null if it begins with something else,
// or is cut on the way.
const syntax::Expr* FunctionLowering::declared_base(const syntax::Expr& expr) const {
  const syntax::Expr* base = &expr;
  for (; base->kind == ExprKind::Subscript; base = &base->operands[0]) {
    for (const syntax::Expr& index : base->operands) {
      if (index.kind == ExprKind::Slice) return nullptr;
    }
  }
  if (base->kind != ExprKind::Name) return nullptr;
  const auto found = variables_.find(base->text);
  if (found == variables_.end()) return nullptr;
  const ir::Local& local = function_.locals[static_cast<size_t>(found->second)];
  return local.storage == ir::Storage::Value ? nullptr : base;
}

// The array and its indices, as many as the subscripts have.
bool FunctionLowering::declared_operands(const syntax::Expr& expr, const syntax::Expr& base,
                                         std::vector<ir::ExprPtr>& operands) {
  const size_t before = diagnostics_.errors().size();
  std::vector<const syntax::Expr*> indices;
  for (const syntax::Expr* step = &expr; step != &base; step = &step->operands[0]) {
    for (size_t i = step->operands.size(); i-- > 1;) indices.push_back(&step->operands[i]);
  }
  operands.push_back(lower(base));
  for (auto index = indices.rbegin(); index != indices.rend(); ++index) {
    operands.push_back(lower(**index));
  }
  return diagnostics_.errors().size() == before;
}

}  // namespace cudapy::frontend
