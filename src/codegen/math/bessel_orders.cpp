// The Bessel functions of any order n by the recurrence f(k - 1) + f(k + 1) = 2 k / x f(k): upwards
// from orders 0 and 1 for Y, and for J up to n = x; beyond, J's is unstable and goes downwards from
// an order at which J has vanished, to a multiple that orders 0 and 1 tell (Miller). float64 in
// pairs.
#include "codegen/math/bessel.h"
#include "codegen/math/coefficients.h"
#include "codegen/math/formulas.h"
#include "codegen/math/special_coefficients.h"

#include <functional>
#include <limits>

namespace cudapy::codegen::math {
namespace {

using llvm::BasicBlock;
using llvm::Value;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Y of x below it is infinite, and J 0, but for the orders 0 and 1.
constexpr double kLeast = 0x1p-560;
constexpr double kLeastNumber = std::numeric_limits<double>::denorm_min();

Value* any_lane(Bool lanes) {
  const Context& context = *lanes.context;
  if (context.lanes == 0) return lanes.value;
  llvm::IRBuilderBase& builder = context.builder;
  Value* bits = builder.CreateBitCast(lanes.value, builder.getIntNTy(context.lanes));
  return builder.CreateICmpNE(bits, llvm::ConstantInt::get(bits->getType(), 0));
}

using State = llvm::SmallVector<Real, 8>;

// while (some lane goes on) state = step(state), for all lanes.
State loop_while(const State& start, const std::function<Bool(const State&)>& goes_on,
                 const std::function<State(const State&)>& step) {
  const Context& context = *start[0].context;
  llvm::IRBuilderBase& builder = context.builder;
  BasicBlock* before = builder.GetInsertBlock();
  llvm::Function* parent = before->getParent();
  BasicBlock* head = BasicBlock::Create(parent->getContext(), "order", parent);
  BasicBlock* body = BasicBlock::Create(parent->getContext(), "next", parent);
  BasicBlock* after = BasicBlock::Create(parent->getContext(), "ordered", parent);
  builder.CreateBr(head);
  builder.SetInsertPoint(head);
  State state;
  llvm::SmallVector<llvm::PHINode*, 8> phis;
  for (const Real& value : start) {
    phis.push_back(builder.CreatePHI(value.value->getType(), 2));
    phis.back()->addIncoming(value.value, before);
    state.push_back({&context, phis.back()});
  }
  builder.CreateCondBr(any_lane(goes_on(state)), body, after);
  builder.SetInsertPoint(body);
  State next = step(state);
  BasicBlock* last = builder.GetInsertBlock();
  for (size_t i = 0; i < next.size(); ++i) phis[i]->addIncoming(next[i].value, last);
  builder.CreateBr(head);
  builder.SetInsertPoint(after);
  return state;
}

// What float64 computes in pairs, float32 computes in doubles.
Real head_of(Real x) {
  return x;
}
Real head_of(Pair x) {
  return x.hi;
}
Real rounded(Real x) {
  return x;
}
Real rounded(Pair x) {
  return x.hi + x.lo;
}
Real negated(Real x) {
  return -x;
}
Pair negated(Pair x) {
  return {-x.hi, -x.lo};
}
Real times(Real x, Real factor) {
  return x * factor;
}
Pair times(Pair x, Real power_of_two) {
  return {x.hi * power_of_two, x.lo * power_of_two};
}
Real lifted(Real x, Real /*like*/) {
  return x;
}
Pair lifted(Real x, Pair /*like*/) {
  return {x, x.same(0.0)};
}
void append(State& state, Real x) {
  state.push_back(x);
}
void append(State& state, Pair x) {
  state.push_back(x.hi);
  state.push_back(x.lo);
}
void take(const State& state, size_t& at, Real& x) {
  x = state[at++];
}
void take(const State& state, size_t& at, Pair& x) {
  x = {state[at], state[at + 1]};
  at += 2;
}

// f of orders 0 and 1, and 2 / x. Order 0 is that of numbers down to the least, too.
template <typename Number>
struct Orders {
  Number zeroth;
  Number first;
  Number ratio;

  Number neighbour(Real k, Number at_k, Number behind) const {
    return ratio * k * at_k + negated(behind);
  }
};

// f(n) for the lanes that are wanted, whose n is 2 or more; times 2^-200, as Y may overflow.
template <typename Number>
Number upwards(const Orders<Number>& orders, Real n, Bool wanted) {
  Real down = n.same(0x1p-200);
  State start{n.same(1.0)};
  append(start, times(orders.zeroth, down));
  append(start, times(orders.first, down));
  auto read = [&](const State& state, Number& behind, Number& at) {
    behind = at = orders.first;
    size_t i = 1;
    take(state, i, behind);
    take(state, i, at);
  };
  auto goes_on = [&](const State& state) {
    Number behind = orders.first, at = orders.first;
    read(state, behind, at);
    return wanted & (state[0] < n) & (abs(head_of(at)) < 0x1p850);
  };
  auto step = [&](const State& state) {
    Number behind = orders.first, at = orders.first;
    read(state, behind, at);
    Bool active = goes_on(state);
    Number next = orders.neighbour(state[0], at, behind);
    State out{select(active, state[0] + 1.0, state[0])};
    append(out, select(active, at, behind));
    append(out, select(active, next, at));
    return out;
  };
  State end = loop_while(start, goes_on, step);
  Number behind = orders.first, at = orders.first;
  read(end, behind, at);
  return at;
}

// What downwards goes through: p(k + 1) and p(k) of the multiple p of J, p(n) once it is there, and
// how many times p has been scaled by 2^-600 since.
template <typename Number>
struct Descent {
  Real k;
  Real scalings;
  Number above;
  Number at;
  Number at_order;
};

template <typename Number>
State pack(const Descent<Number>& d) {
  State state{d.k, d.scalings};
  append(state, d.above);
  append(state, d.at);
  append(state, d.at_order);
  return state;
}

template <typename Number>
Descent<Number> unpack(const State& state, Number like) {
  Descent<Number> d{state[0], state[1], like, like, like};
  size_t i = 2;
  take(state, i, d.above);
  take(state, i, d.at);
  take(state, i, d.at_order);
  return d;
}

// J(n) for the lanes that are wanted, whose n is above x.
template <typename Number>
Real downwards(const Orders<Number>& orders, Real n, Bool wanted) {
  const Number& like = orders.first;
  Real zero = n.same(0.0);
  Real top = trunc(n + mad(sqrt(n), 8.0, 24.0));
  Descent<Number> start{select(wanted, top, zero), zero, lifted(zero, like),
                        lifted(n.same(1.0), like), lifted(zero, like)};
  auto goes_on = [&](const State& state) { return state[0] > 0.0; };
  auto step = [&](const State& state) {
    Descent<Number> d = unpack(state, like);
    Bool active = goes_on(state);
    Number next = orders.neighbour(d.k, d.at, d.above);
    Bool large = abs(head_of(next)) > 0x1p300;
    Real down = select(large, n.same(0x1p-600), 1.0);
    Number above = times(d.at, down);
    next = times(next, down);
    Real k = d.k - 1.0;
    Real scalings = d.scalings + select((k < n) & large, n.same(1.0), 0.0);
    return pack(Descent<Number>{select(active, k, d.k), select(active, scalings, d.scalings),
                                select(active, above, d.above), select(active, next, d.at),
                                select(active & (k == n), next, d.at_order)});
  };
  Descent<Number> end = unpack(loop_while(pack(start), goes_on, step), like);
  // The multiple by the order that is farther from a zero.
  Bool by_zeroth = abs(head_of(end.at)) >= abs(head_of(end.above));
  Number known = select(by_zeroth, orders.zeroth, orders.first);
  Number found = select(by_zeroth, end.at, end.above);
  Real y = rounded(end.at_order * (known / found));
  y = y * select(end.scalings > 0.0, n.same(0x1p-600), 1.0);
  y = y * select(end.scalings > 1.0, n.same(0x1p-600), 1.0);
  return select(end.scalings > 2.0, zero, y);
}

template <typename Number>
Orders<Number> start_orders(Real a, bool second);

template <>
Orders<Pair> start_orders(Real a, bool second) {
  Real x = max(a, kLeast);
  return {bessel_to_pair(max(a, kLeastNumber), 0, second), bessel_to_pair(x, 1, second),
          constant_pair(x, 2.0, 0.0) / Pair{x, x.same(0.0)}};
}

template <>
Orders<Real> start_orders(Real a, bool second) {
  Real x = max(a, kLeast);
  return {bessel_medium(x, 0, second), bessel_medium(x, 1, second), 2.0 / x};
}

// So much larger than x that J is 0 and Y infinite.
Bool out_of_range(Real n, Real x) {
  return n > mad(x, 4.0, 1000.0);
}

template <typename Number>
Real jn_of(Real n, Real a) {
  Orders<Number> orders = start_orders<Number>(a, false);
  Bool loops = (n > 1.0) & (a < kInfinity) & !out_of_range(n, a);
  Bool below = n <= a;
  Real up = rounded(upwards(orders, n, loops & below)) * 0x1p200;
  Real down = downwards(orders, n, loops & !below);
  Real y = select(loops, select(below, up, down), 0.0);
  Real first = select(a < 0x1p-30, a * 0.5, rounded(orders.first));
  return select(n == 0.0, rounded(orders.zeroth), select(n == 1.0, first, y));
}

// Y of order 1 below kLeast: -2 / (pi a).
Real first_of_little(Real a) {
  Pair scaled{a * 0x1p600, a.same(0.0)};
  Pair y = constant_pair(a, kTwoOverPiPair[0], kTwoOverPiPair[1]) / scaled;
  return -(rounded(y) * 0x1p600);
}

template <typename Number>
Real yn_of(Real n, Real a) {
  Orders<Number> orders = start_orders<Number>(a, true);
  Bool loops = (n > 1.0) & (a < kInfinity) & !out_of_range(n, a);
  Real y = rounded(upwards(orders, n, loops)) * 0x1p200;
  y = select(loops & !is_nan(y), y, -kInfinity);
  Real first = select(a < kLeast, first_of_little(a), rounded(orders.first));
  return select(n == 0.0, rounded(orders.zeroth), select(n == 1.0, first, y));
}

struct Order {
  Real magnitude;  // a double
  Bool odd;
  Bool negative;
};

Order order_of(Int n) {
  Int wide = resize(n, 64);
  Bool negative = wide < 0;
  Int magnitude = select(negative, wide.same(0) - wide, wide);
  return {to_real(magnitude, true), (wide & 1) != 0, negative};
}

}  // namespace

Real jn(Int n, Real x) {
  Order order = order_of(n);
  Real a = abs(x);
  Real y = x.is_double() ? jn_of<Pair>(order.magnitude, a)
                         : narrow(jn_of<Real>(order.magnitude, widen(a)));
  y = select(a == kInfinity, 0.0, y);
  y = select(order.odd & (order.negative ^ is_negative(x)), -y, y);
  return select(is_nan(x), x, y);
}

Real yn(Int n, Real x) {
  Order order = order_of(n);
  Real a = abs(x);
  Real y = x.is_double() ? yn_of<Pair>(order.magnitude, a)
                         : narrow(yn_of<Real>(order.magnitude, widen(a)));
  y = select(a == kInfinity, 0.0, select(x == 0.0, -kInfinity, y));
  y = select(order.odd & order.negative, -y, y);
  return select(is_nan(x), x, select(x < 0.0, kNan, y));
}

}  // namespace cudapy::codegen::math
