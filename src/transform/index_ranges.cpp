#include "transform/index_ranges.h"

#include <algorithm>
#include <limits>

namespace cudapy::transform {

namespace {

using namespace ir;

constexpr int kWalks = 16;  // then variables that still grow are given up
constexpr int64_t kMostThreads = 1024;

// Null for uint64, whose values an int64 does not hold.
std::optional<Range> all_of(const Type& type) {
  if (!type.is_scalar()) return std::nullopt;
  if (type.scalar == Scalar::Bool) return Range{0, 1};
  if (!is_integer(type) || type.scalar == Scalar::U64) return std::nullopt;
  return Range{least_of(type.scalar), greatest_of(type.scalar)};
}

// What arithmetic in 64 bits makes of a range, if the type holds it without wrapping.
std::optional<Range> fitting(const std::optional<Range>& range, const Type& type) {
  const auto all = all_of(type);
  if (!range || !all || range->least < all->least || range->greatest > all->greatest) return all;
  return range;
}

struct Extremes {
  std::optional<Range> range;
  bool failed = false;
  void add(bool overflows, int64_t value) {
    failed |= overflows;
    if (!range) range = Range{value, value};
    range->least = std::min(range->least, value);
    range->greatest = std::max(range->greatest, value);
  }
  std::optional<Range> take() const { return failed ? std::nullopt : range; }
};

std::optional<Range> sum(Range a, Range b) {
  Extremes all;
  int64_t value = 0;
  bool overflows = __builtin_add_overflow(a.least, b.least, &value);
  all.add(overflows, value);
  overflows = __builtin_add_overflow(a.greatest, b.greatest, &value);
  all.add(overflows, value);
  return all.take();
}

std::optional<Range> difference(Range a, Range b) {
  Extremes all;
  int64_t value = 0;
  bool overflows = __builtin_sub_overflow(a.least, b.greatest, &value);
  all.add(overflows, value);
  overflows = __builtin_sub_overflow(a.greatest, b.least, &value);
  all.add(overflows, value);
  return all.take();
}

std::optional<Range> product(Range a, Range b) {
  Extremes all;
  for (const int64_t x : {a.least, a.greatest}) {
    for (const int64_t y : {b.least, b.greatest}) {
      int64_t value = 0;
      const bool overflows = __builtin_mul_overflow(x, y, &value);
      all.add(overflows, value);
    }
  }
  return all.take();
}

int64_t floor_divide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}

}  // namespace

int64_t least_of(Scalar type) {
  if (!is_signed(type)) return 0;
  return std::numeric_limits<int64_t>::min() >> (64 - 8 * size_of(type));
}

int64_t greatest_of(Scalar type) {
  if (type == Scalar::Bool) return 1;
  if (type == Scalar::U64) return std::numeric_limits<int64_t>::max();
  const int bits = 8 * size_of(type) - (is_signed(type) ? 1 : 0);
  return static_cast<int64_t>((uint64_t{1} << bits) - 1);
}

IndexRanges::IndexRanges(const Function& function)
    : function_(function), ranges_(function.locals.size()) {
  for (int32_t i = 0; i < function.parameter_count; ++i)
    ranges_[static_cast<size_t>(i)] = all_of(function.locals[static_cast<size_t>(i)].type);
  for (int walk = 0; walk == 0 || changed_; ++walk) {
    changed_ = false;
    widening_ = walk >= kWalks;
    block(function.body);
  }
}

void IndexRanges::block(const Block& block) {
  for (const StmtPtr& stmt : block) statement(*stmt);
}

void IndexRanges::statement(const Stmt& stmt) {
  if (stmt.value) sequences(*stmt.value);
  for (const ExprPtr& operand : stmt.operands) sequences(*operand);
  if (stmt.kind == StmtKind::Assign) assign(stmt.local, of(*stmt.value));
  if (stmt.kind == StmtKind::Barrier && stmt.local != kNoLocal) {
    assign(stmt.local, stmt.vote == BarrierVote::Count ? Range{0, kMostThreads} : Range{0, 1});
  }
  if (stmt.kind == StmtKind::For) counts_through(stmt);
  block(stmt.body);
  block(stmt.else_body);
}

void IndexRanges::sequences(const Expr& expr) {
  for (const ExprPtr& operand : expr.operands) sequences(*operand);
  if (expr.kind != ExprKind::Sequence) return;
  block(expr.body);
  const auto give = [&](LocalId local) {
    assign(local, all_of(function_.locals[static_cast<size_t>(local)].type));
  };
  if (expr.local != kNoLocal) give(expr.local);
  for (const LocalId result : expr.results) give(result);
}

// The values that the body sees.
void IndexRanges::counts_through(const Stmt& loop) {
  const auto start = of(*loop.operands[0]);
  const auto stop = of(*loop.operands[1]);
  const auto step = of(*loop.operands[2]);
  const Type& type = loop.operands[0]->type;
  std::optional<Range> range = all_of(type);
  bool runs = true;
  if (start && stop && step && (step->least > 0 || step->greatest < 0)) {
    const bool up = step->least > 0;
    const int64_t end = up ? stop->greatest : stop->least;
    runs = up ? start->least < end : start->greatest > end;
    if (runs) range = up ? Range{start->least, end - 1} : Range{end + 1, start->greatest};
  }
  for (const LocalId local : {loop.local, loop.counter}) {
    if (local != kNoLocal && runs) assign(local, range);
  }
}

// Null: anything of the local's type.
void IndexRanges::assign(LocalId local, std::optional<Range> range) {
  const auto index = static_cast<size_t>(local);
  const auto all = all_of(function_.locals[index].type);
  if (!range) range = all;
  if (!range) return;
  std::optional<Range>& mine = ranges_[index];
  Range joined = *range;
  if (mine) {
    joined.least = std::min(joined.least, mine->least);
    joined.greatest = std::max(joined.greatest, mine->greatest);
  }
  if (mine == joined) return;
  mine = widening_ ? *all : joined;
  changed_ = true;
}

std::optional<Range> IndexRanges::of(LocalId local) const {
  const auto& range = ranges_[static_cast<size_t>(local)];
  return range ? range : all_of(function_.locals[static_cast<size_t>(local)].type);
}

std::optional<Range> IndexRanges::of(const Expr& expr) const {
  switch (expr.kind) {
    case ExprKind::Constant:
      if (expr.constant.kind == ConstantValue::Kind::Float || expr.constant.exceeds_int64)
        return std::nullopt;
      return all_of(expr.type) ? std::optional(Range{expr.constant.integer, expr.constant.integer})
                               : std::nullopt;
    case ExprKind::Local:
      return of(expr.local);
    case ExprKind::ThreadIndex:
      return of_thread_index(expr);
    case ExprKind::Unary:
      return of_unary(expr);
    case ExprKind::Binary:
      return of_binary(expr);
    case ExprKind::Cast:
      return is_integer(expr.operands[0]->type) ? fitting(of(*expr.operands[0]), expr.type)
                                                : all_of(expr.type);
    case ExprKind::Select: {
      const auto a = of(*expr.operands[1]);
      const auto b = of(*expr.operands[2]);
      if (!a || !b) return all_of(expr.type);
      return Range{std::min(a->least, b->least), std::max(a->greatest, b->greatest)};
    }
    case ExprKind::Len:
      return Range{0, all_of(expr.type)->greatest};
    case ExprKind::Intrinsic:
      return of_intrinsic(expr);
    default:
      return all_of(expr.type);
  }
}

std::optional<Range> IndexRanges::of_thread_index(const Expr& expr) const {
  const auto axis_from = [&](ThreadIndex first) {
    const int axis = static_cast<int>(expr.thread_index) - static_cast<int>(first);
    return axis >= 0 && axis < 3 ? std::optional(static_cast<size_t>(axis)) : std::nullopt;
  };
  const auto most = [&](size_t axis) -> int64_t {
    return function_.block[0] > 0 ? function_.block[axis] : kMostThreads;
  };
  if (const auto axis = axis_from(ThreadIndex::ThreadIdxX)) return Range{0, most(*axis) - 1};
  if (const auto axis = axis_from(ThreadIndex::BlockDimX)) return Range{1, most(*axis)};
  // In whole blocks idx passes the end of what was asked for, and may pass that of its type.
  const bool may_wrap = expr.thread_index <= ThreadIndex::Idz;
  const auto all = all_of(expr.type);
  return may_wrap ? all : Range{0, all->greatest};
}

std::optional<Range> IndexRanges::of_intrinsic(const Expr& expr) const {
  const int32_t (&block)[3] = function_.block;
  const int64_t threads = block[0] > 0 ? int64_t{block[0]} * block[1] * block[2] : kMostThreads;
  switch (expr.intrinsic) {
    case Intrinsic::LaneId:
      return Range{0, kWarpSize - 1};
    case Intrinsic::WarpId:
      return Range{0, (threads - 1) / kWarpSize};
    case Intrinsic::Popc:
      return Range{0, int64_t{8} * size_of(expr.operands[0]->type.scalar)};
    default:
      return all_of(expr.type);
  }
}

std::optional<Range> IndexRanges::of_unary(const Expr& expr) const {
  const auto a = of(*expr.operands[0]);
  if (expr.unary_op == UnaryOp::Negate && a) return fitting(difference({0, 0}, *a), expr.type);
  return all_of(expr.type);
}

std::optional<Range> IndexRanges::of_binary(const Expr& expr) const {
  const auto a = of(*expr.operands[0]);
  const auto b = of(*expr.operands[1]);
  const auto all = all_of(expr.type);
  if (!a || !b || !all) return all;
  const bool by_constant = b->least == b->greatest;
  switch (expr.binary_op) {
    case BinaryOp::Add:
      return fitting(sum(*a, *b), expr.type);
    case BinaryOp::Subtract:
      return fitting(difference(*a, *b), expr.type);
    case BinaryOp::Multiply:
      return fitting(product(*a, *b), expr.type);
    case BinaryOp::FloorDivide:
      if (!by_constant || b->least <= 0) return all;
      return Range{floor_divide(a->least, b->least), floor_divide(a->greatest, b->least)};
    case BinaryOp::Modulo:
      if (b->least <= 0) return all;
      if (a->least >= 0 && a->greatest < b->least) return a;
      return Range{0, b->greatest - 1};
    case BinaryOp::ShiftRight:
      if (!by_constant || b->least < 0 || b->least > 62) return all;
      return Range{a->least >> b->least, a->greatest >> b->least};
    case BinaryOp::ShiftLeft:
      if (!by_constant || b->least < 0 || b->least > 30) return all;
      return fitting(product(*a, {int64_t{1} << b->least, int64_t{1} << b->least}), expr.type);
    case BinaryOp::BitAnd:
      if (a->least < 0 && b->least < 0) return all;
      if (a->least < 0) return Range{0, b->greatest};
      if (b->least < 0) return Range{0, a->greatest};
      return Range{0, std::min(a->greatest, b->greatest)};
    case BinaryOp::BitOr:
    case BinaryOp::BitXor: {
      if (a->least < 0 || b->least < 0) return all;
      // All ones up to the highest bit of either.
      uint64_t bits = static_cast<uint64_t>(a->greatest) | static_cast<uint64_t>(b->greatest);
      for (const unsigned shift : {1U, 2U, 4U, 8U, 16U, 32U}) bits |= bits >> shift;
      return Range{0, static_cast<int64_t>(bits)};
    }
    case BinaryOp::Minimum:
      return Range{std::min(a->least, b->least), std::min(a->greatest, b->greatest)};
    case BinaryOp::Maximum:
      return Range{std::max(a->least, b->least), std::max(a->greatest, b->greatest)};
    default:
      return all;
  }
}

}  // namespace cudapy::transform
