// A fixpoint over the whole function: shapes only go up (uniform, linear, varying), as do the
// divergence flags, so the walk is repeated until nothing changes.
#include "sema/shapes.h"

#include <algorithm>
#include <cstdlib>

#include "ir/liveness.h"
#include "ir/warps.h"

namespace cudapy::sema {

namespace {

using namespace ir;

struct LaneShape {
  Shape shape = Shape::Uniform;
  int32_t stride = 0;
  friend bool operator==(const LaneShape&, const LaneShape&) = default;
};

constexpr LaneShape kUniform{};
constexpr LaneShape kVarying{Shape::Varying, 0};
constexpr int64_t kLargestStride = 1 << 16;

LaneShape linear(int64_t stride) {
  if (stride == 0) return kUniform;
  if (std::abs(stride) > kLargestStride) return kVarying;
  return {Shape::Linear, static_cast<int32_t>(stride)};
}

LaneShape join(LaneShape a, LaneShape b) {
  return a == b ? a : kVarying;
}

class ShapeWalk {
 public:
  explicit ShapeWalk(Function& function)
      : function_(function),
        liveness_(function),
        crosses_rows_(warps_cross_rows(function)),
        known_(function.locals.size(), false) {
    for (Local& local : function.locals) {
      local.shape = Shape::Uniform;
      local.stride = 0;
    }
    for (int i = 0; i < function.parameter_count; ++i) known_[static_cast<size_t>(i)] = true;
  }

  void run() {
    do {
      changed_ = false;
      regions_.push_back({.kind = Region::Frame, .divergent_return = &function_.divergent_return});
      block(function_.body);
      regions_.pop_back();
    } while (changed_);
    for (Clip& clip : function_.clips) expression(*clip.bound);
    for (RowAccess& access : function_.row_accesses) {
      if (access.offset) expression(*access.offset);
      if (access.last) expression(*access.last);
    }
    for (IndexHull& hull : function_.hulls) {
      if (hull.base) expression(*hull.base);
      for (IndexHull::Part& part : hull.parts) {
        expression(*part.factor);
        for (ExprPtr* end : {&part.first, &part.last})
          if (*end) expression(**end);
      }
    }
  }

 private:
  // What encloses the statement at hand, innermost last.
  struct Region {
    enum Kind { VaryingArm, Loop, Frame } kind;
    const StmtLiveness* liveness = nullptr;  // VaryingArm, Loop
    Stmt* loop = nullptr;                    // Loop
    const Expr* frame = nullptr;             // Frame that is no function
    bool* divergent_return = nullptr;        // Frame
  };

  void block(Block& statements) {
    for (StmtPtr& stmt : statements) statement(*stmt);
  }

  void arm(Block& statements, bool varying, const StmtLiveness& liveness) {
    if (varying) regions_.push_back({.kind = Region::VaryingArm, .liveness = &liveness});
    block(statements);
    if (varying) regions_.pop_back();
  }

  void statement(Stmt& stmt) {
    switch (stmt.kind) {
      case StmtKind::Assign:
        assign(stmt.local, expression(*stmt.value));
        break;
      case StmtKind::Store:
        for (ExprPtr& operand : stmt.operands) expression(*operand);
        expression(*stmt.value);
        break;
      case StmtKind::Evaluate:
      case StmtKind::Define:
        expression(*stmt.value);
        break;
      case StmtKind::If: {
        bool varying = expression(*stmt.value).shape != Shape::Uniform && !stmt.block_level;
        arm(stmt.body, varying, liveness_.of(stmt));
        arm(stmt.else_body, varying, liveness_.of(stmt));
        break;
      }
      case StmtKind::While:
      case StmtKind::For:
        loop(stmt);
        break;
      case StmtKind::Break:
        if (lanes_differ(Region::Loop)) raise(innermost(Region::Loop)->loop->divergent_exit);
        break;
      case StmtKind::Continue:
        if (lanes_differ(Region::Loop)) raise(innermost(Region::Loop)->loop->divergent_continue);
        break;
      case StmtKind::Return:
        return_(stmt);
        break;
      case StmtKind::Region:
        block(stmt.body);
        break;
      case StmtKind::Print:
      case StmtKind::Raise:
        for (ExprPtr& operand : stmt.operands) expression(*operand);
        break;
      case StmtKind::Barrier:
        for (ExprPtr& operand : stmt.operands) expression(*operand);
        if (stmt.local != kNoLocal) assign(stmt.local, kUniform);
        break;
      case StmtKind::Declare:
        break;
    }
  }

  void loop(Stmt& stmt) {
    const StmtLiveness& liveness = liveness_.of(stmt);
    LaneShape bounds = kUniform;
    for (ExprPtr& operand : stmt.operands) bounds = join(bounds, expression(*operand));
    if (stmt.block_level) bounds = kUniform;
    regions_.push_back({.kind = Region::Loop, .liveness = &liveness, .loop = &stmt});
    if (stmt.kind == StmtKind::For) {
      // Lanes that start together at the same step stay together, wherever they stop.
      LaneShape start = stmt.block_level ? kUniform : shape_of(*stmt.operands[0]);
      LaneShape step = stmt.block_level ? kUniform : shape_of(*stmt.operands[2]);
      LocalId counter = stmt.counter != kNoLocal ? stmt.counter : stmt.local;
      // Progressions of 64 bits have no wider vectors to pass the end of their type in.
      bool may_wrap = start != kUniform && shape_of(*stmt.operands[1]) != kUniform &&
                      size_of(function_.locals[static_cast<size_t>(counter)].type.scalar) == 8;
      assign(counter, step == kUniform && !may_wrap ? start : kVarying);
      if (bounds != kUniform) raise(stmt.divergent_exit);
    } else if (expression(*stmt.value).shape != Shape::Uniform && !stmt.block_level) {
      raise(stmt.divergent_exit);
    }
    block(stmt.body);
    regions_.pop_back();
    arm(stmt.else_body, stmt.divergent_exit || stmt.divergent_return, liveness);
  }

  void return_(Stmt& stmt) {
    Region& frame = *innermost(Region::Frame);
    if (lanes_differ(Region::Frame)) {
      raise(*frame.divergent_return);
      for (auto it = regions_.rbegin(); it->kind != Region::Frame; ++it) {
        if (it->kind == Region::Loop) raise(it->loop->divergent_return);
      }
    }
    const auto give = [&](LocalId result, LaneShape shape) {
      set_local(result, *innermost(Region::Frame)->divergent_return ? kVarying : shape);
    };
    for (size_t i = 0; i < stmt.operands.size(); ++i) {
      LaneShape shape = expression(*stmt.operands[i]);
      give(innermost(Region::Frame)->frame->results[i], shape);
    }
    if (!stmt.value) return;
    LaneShape shape = expression(*stmt.value);
    const Expr* sequence = innermost(Region::Frame)->frame;
    if (sequence && sequence->local != kNoLocal) give(sequence->local, shape);
  }

  // Whether, at this point, some lanes of those that entered the innermost region of `kind` may be
  // elsewhere.
  bool lanes_differ(Region::Kind kind) {
    for (auto it = regions_.rbegin(); it != regions_.rend(); ++it) {
      if (it->kind == Region::VaryingArm) return true;
      if (it->kind == Region::Loop) {
        if (it->loop->divergent_continue) return true;
        if (it->loop->divergent_exit && (kind == Region::Frame || !it->loop->else_body.empty()))
          return true;
      }
      if (it->kind == kind) return it->kind == Region::Frame && *it->divergent_return;
    }
    return false;
  }

  Region* innermost(Region::Kind kind) {
    for (auto it = regions_.rbegin(); it != regions_.rend(); ++it) {
      if (it->kind == kind) return &*it;
    }
    return nullptr;
  }

  // An assignment is varying, whatever its value, if lanes that don't execute it meet again with
  // those that do where the variable is read.
  void assign(LocalId local, LaneShape shape) {
    for (auto it = regions_.rbegin(); it != regions_.rend() && it->kind != Region::Frame; ++it) {
      bool parted = false;
      if (it->kind == Region::VaryingArm) {
        parted = it->liveness->after.contains(local);
      } else {
        parted = (it->loop->divergent_exit && it->liveness->after.contains(local)) ||
                 (it->loop->divergent_continue && it->liveness->header.contains(local));
      }
      if (parted) shape = kVarying;
    }
    set_local(local, shape);
  }

  void set_local(LocalId id, LaneShape shape) {
    Local& local = function_.locals[static_cast<size_t>(id)];
    LaneShape old{local.shape, local.stride};
    LaneShape joined = known_[static_cast<size_t>(id)] ? join(old, shape) : shape;
    known_[static_cast<size_t>(id)] = true;
    if (joined == old) return;
    local.shape = joined.shape;
    local.stride = joined.stride;
    changed_ = true;
  }

  void raise(bool& flag) {
    changed_ |= !flag;
    flag = true;
  }

  static LaneShape shape_of(const Expr& expr) { return {expr.shape, expr.stride}; }

  LaneShape expression(Expr& expr) {
    LaneShape shape = expr.kind == ExprKind::Sequence ? sequence(expr) : operation(expr);
    expr.shape = shape.shape;
    expr.stride = shape.stride;
    return shape;
  }

  LaneShape sequence(Expr& expr) {
    if (expr.is_frame) {
      regions_.push_back(
          {.kind = Region::Frame, .frame = &expr, .divergent_return = &expr.divergent_return});
    }
    block(expr.body);
    if (expr.is_frame) regions_.pop_back();
    if (!expr.operands.empty()) return expression(*expr.operands[0]);
    return expr.local == kNoLocal ? kUniform : local_shape(expr.local);
  }

  LaneShape local_shape(LocalId id) const {
    const Local& local = function_.locals[static_cast<size_t>(id)];
    return {local.shape, local.stride};
  }

  [[nodiscard]] bool is_of_thread(LocalId array) const {
    return function_.locals[static_cast<size_t>(array)].storage == Storage::Thread;
  }

  // Of operands that are evaluated where the first one says so, some lanes stay behind if it
  // differs among them.
  LaneShape operands_of(Expr& expr) {
    const bool is_lazy =
        expr.kind == ExprKind::And || expr.kind == ExprKind::Or || expr.kind == ExprKind::Select;
    LaneShape all = kUniform;
    int parted = 0;
    for (ExprPtr& operand : expr.operands) {
      if (expression(*operand) != kUniform) {
        all = kVarying;
        if (is_lazy && operand == expr.operands[0]) parted = 1;
      }
      if (operand == expr.operands[0]) parted_operands_ += parted;
    }
    parted_operands_ -= parted;
    return all;
  }

  LaneShape thread_index(const Expr& expr) const {
    const ThreadIndex index = expr.thread_index;
    if (index >= ThreadIndex::BlockIdxX) return kUniform;
    if (crosses_rows_) return kVarying;
    return index == ThreadIndex::Idx || index == ThreadIndex::ThreadIdxX ? linear(1) : kUniform;
  }

  // Whether some lanes of the gang may be elsewhere.
  bool may_be_parted() const {
    if (parted_operands_ > 0) return true;
    return std::any_of(regions_.begin(), regions_.end(), [](const Region& region) {
      if (region.kind == Region::VaryingArm) return true;
      if (region.kind == Region::Loop)
        return region.loop->divergent_exit || region.loop->divergent_continue ||
               region.loop->divergent_return;
      return region.frame != nullptr && *region.divergent_return;
    });
  }

  // What all lanes that take part are told is the same for them.
  LaneShape intrinsic(Expr& expr, LaneShape all) {
    if (!function_.runs_warps) return all;
    if (expr.intrinsic == Intrinsic::LaneId) return linear(1);
    if (expr.intrinsic == Intrinsic::WarpId) return kUniform;
    if (!is_warp_operation(expr.intrinsic)) return all;
    expr.is_divergent = may_be_parted();
    if (is_shuffle(expr.intrinsic) || expr.intrinsic == Intrinsic::MatchAny)
      return shape_of(*expr.operands[0]) == kUniform ? kUniform : kVarying;
    return kUniform;
  }

  LaneShape operation(Expr& expr) {
    const LaneShape all = operands_of(expr);
    switch (expr.kind) {
      case ExprKind::Local:
        return local_shape(expr.local);
      case ExprKind::ThreadIndex:
        return thread_index(expr);
      case ExprKind::Intrinsic:
        return intrinsic(expr, all);
      case ExprKind::Load:
        // Each lane has elements of its own in its thread's array.
        return is_of_thread(expr.operands[0]->local) ? kVarying : all;
      case ExprKind::Atomic:
        return kVarying;  // each lane finds what the one before it left
      case ExprKind::Argument:
        return kVarying;
      case ExprKind::Call:
        for (const LocalId result : expr.results) set_local(result, kVarying);
        return kVarying;
      case ExprKind::Select:
        if (shape_of(*expr.operands[0]) != kUniform) return kVarying;
        return join(shape_of(*expr.operands[1]), shape_of(*expr.operands[2]));
      case ExprKind::Unary:
      case ExprKind::Binary:
        return all == kUniform || !keeps_progressions(expr.type) ? all : arithmetic(expr);
      case ExprKind::Bound:
        // The length does not matter to what comes out.
        return expr.type == expr.operands[0]->type       ? shape_of(*expr.operands[0])
               : shape_of(*expr.operands[0]) == kUniform ? kUniform
                                                         : kVarying;
      case ExprKind::Cast:
        return all == kUniform ? kUniform : cast(expr);
      default:
        return all;
    }
  }

  // Progressions are followed in signed 32- and 64-bit integers alone: there a lane past the wrap
  // is a negative number, which is no index, so an address computed from the first lane is right
  // for all that may be accessed.
  static bool keeps_progressions(const Type& type) {
    return type.is_scalar() && (type.scalar == Scalar::I32 || type.scalar == Scalar::I64);
  }

  static LaneShape arithmetic(const Expr& expr) {
    if (expr.kind == ExprKind::Unary) {
      LaneShape a = shape_of(*expr.operands[0]);
      return expr.unary_op == UnaryOp::Negate && a.shape == Shape::Linear ? linear(-a.stride)
                                                                          : kVarying;
    }
    LaneShape a = shape_of(*expr.operands[0]);
    LaneShape b = shape_of(*expr.operands[1]);
    if (a.shape == Shape::Varying || b.shape == Shape::Varying) return kVarying;
    switch (expr.binary_op) {
      case BinaryOp::Add:
        return linear(int64_t{a.stride} + b.stride);
      case BinaryOp::Subtract:
        return linear(int64_t{a.stride} - b.stride);
      case BinaryOp::Multiply:
        if (auto factor = constant_of(*expr.operands[1])) return scaled(a, *factor);
        if (auto factor = constant_of(*expr.operands[0])) return scaled(b, *factor);
        return kVarying;
      case BinaryOp::ShiftLeft:
        if (auto bits = constant_of(*expr.operands[1]); bits && *bits >= 0 && *bits < 16)
          return scaled(a, 1 << *bits);
        return kVarying;
      default:
        return kVarying;
    }
  }

  static LaneShape scaled(LaneShape shape, int64_t factor) {
    if (std::abs(factor) > kLargestStride) return kVarying;
    return linear(shape.stride * factor);
  }

  static std::optional<int64_t> constant_of(const Expr& expr) {
    if (expr.kind != ExprKind::Constant || expr.constant.kind != ConstantValue::Kind::Integer)
      return std::nullopt;
    return expr.constant.integer;
  }

  // Widening keeps a progression only where it is known not to have wrapped before: the thread's
  // own index.
  static LaneShape cast(const Expr& expr) {
    const Expr& operand = *expr.operands[0];
    if (operand.shape != Shape::Linear || !keeps_progressions(expr.type)) return kVarying;
    bool narrows = size_of(expr.type.scalar) < size_of(operand.type.scalar);
    if (narrows || operand.kind == ExprKind::ThreadIndex || expr.type == operand.type)
      return shape_of(operand);
    return kVarying;
  }

  Function& function_;
  Liveness liveness_;
  bool crosses_rows_;        // a gang has threads of several rows
  int parted_operands_ = 0;  // around the expression at hand: evaluated for some lanes alone
  std::vector<bool> known_;  // has been assigned in the walk so far: a local's first shape replaces
                             // the initial one
  std::vector<Region> regions_;
  bool changed_ = false;
};

}  // namespace

void annotate_shapes(Function& function) {
  ShapeWalk(function).run();
}

}  // namespace cudapy::sema
