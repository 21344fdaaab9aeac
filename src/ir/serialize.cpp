// The canonical bytes of a typed function. Each node writes its kind, its type and exactly the
// fields that its kind uses, so a field that happens to hold a leftover value never splits two
// equal kernels.
#include "ir/serialize.h"

#include <bit>
#include <cstring>

namespace cudapy::ir {

namespace {

// Bump when the layout changes: the bytes are part of what names a cache entry.
constexpr uint8_t kFormat = 6;

class Writer {
 public:
  std::vector<uint8_t> take() { return std::move(bytes_); }

  void function(const Function& function) {
    byte(kFormat);
    number(function.parameter_count);
    count(function.locals.size());
    for (const Local& local : function.locals) {
      type(local.type);
      kind(local.storage);
      count(local.extents.size());
      for (const int64_t extent : local.extents) number(extent);
      count(local.sizes.size());
      for (const ArraySize& size : local.sizes) {
        count(size.size());
        for (const SizeStep& step : size) {
          kind(step.kind);
          number(step.value);
        }
      }
      count(local.table.size());
      bytes_.insert(bytes_.end(), local.table.begin(), local.table.end());
    }
    type(function.result);
    byte(function.uses_block_shape);
    byte(function.wide_index);
    for (const int32_t size : function.block) number(size);
    count(function.written.size());
    for (const bool written : function.written) byte(written);
    byte(function.repeated_axes);
    count(function.clips.size());
    for (const Clip& clip : function.clips) {
      byte(clip.axis);
      kind(clip.op);
      expr(*clip.bound);
    }
    count(function.row_accesses.size());
    for (const RowAccess& access : function.row_accesses) {
      number(access.array);
      byte(access.axis);
      byte(access.has_idx);
      optional(access.offset);
      optional(access.last);
    }
    count(function.hulls.size());
    for (const IndexHull& of : function.hulls) hull(of);
    block(function.body);
  }

 private:
  void byte(uint8_t value) { bytes_.push_back(value); }
  void optional(const ExprPtr& value) {
    byte(value != nullptr);
    if (value) expr(*value);
  }
  void hull(const IndexHull& hull) {
    number(hull.array);
    byte(hull.axis);
    optional(hull.base);
    number(hull.least);
    number(hull.greatest);
    count(hull.parts.size());
    for (const IndexHull::Part& part : hull.parts) {
      expr(*part.factor);
      number(part.sign);
      number(part.axis);
      optional(part.first);
      optional(part.last);
    }
  }
  template <typename T>
  void kind(T value) {
    byte(static_cast<uint8_t>(value));
  }
  // LEB128 of the zigzag: most numbers here are small.
  void number(int64_t value) {
    auto rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; rest >= 0x80; rest >>= 7) byte(static_cast<uint8_t>(rest | 0x80));
    byte(static_cast<uint8_t>(rest));
  }
  void count(size_t value) { number(static_cast<int64_t>(value)); }
  void type(const Type& type) {
    kind(type.kind);
    kind(type.scalar);
    byte(type.rank);
    byte(type.strided);
    byte(type.channels);
    byte(type.aggregate != nullptr);
    if (type.aggregate == nullptr) return;
    kind(type.aggregate->kind);
    number(type.aggregate->size);
    number(type.aggregate->alignment);
    count(type.aggregate->offsets.size());
    for (const int32_t offset : type.aggregate->offsets) number(offset);
    count(type.aggregate->elements.size());
    for (const Type& element : type.aggregate->elements) this->type(element);
  }

  void constant(const ConstantValue& value) {
    kind(value.kind);
    if (value.kind == ConstantValue::Kind::Float) {
      number(static_cast<int64_t>(std::bit_cast<uint64_t>(value.real)));
    } else if (value.kind == ConstantValue::Kind::Complex) {
      number(static_cast<int64_t>(std::bit_cast<uint64_t>(value.real)));
      number(static_cast<int64_t>(std::bit_cast<uint64_t>(value.imag)));
    } else {
      number(value.integer);
      byte(value.exceeds_int64);
    }
  }

  void exprs(const std::vector<ExprPtr>& list) {
    count(list.size());
    for (const ExprPtr& expr : list) this->expr(*expr);
  }

  void expr(const Expr& expr) {
    kind(expr.kind);
    type(expr.type);
    switch (expr.kind) {
      case ExprKind::Constant:
        constant(expr.constant);
        return;
      case ExprKind::Local:
        number(expr.local);
        return;
      case ExprKind::ThreadIndex:
        kind(expr.thread_index);
        return;
      case ExprKind::Unary:
        kind(expr.unary_op);
        break;
      case ExprKind::Binary:
        kind(expr.binary_op);
        number(expr.fault_site);
        break;
      case ExprKind::Compare:
        kind(expr.compare_op);
        break;
      case ExprKind::Math:
        // The name, not the number: the catalogue may grow in the middle.
        text(info(expr.math).name);
        byte(expr.math_single);
        break;
      case ExprKind::Intrinsic:
        text(info(expr.intrinsic).name);
        break;
      case ExprKind::Atomic:
        kind(expr.atomic_op);
        break;
      case ExprKind::Call:
        number(expr.callee);
        number(expr.fault_site);
        count(expr.results.size());
        for (const LocalId result : expr.results) number(result);
        break;
      case ExprKind::CallBuiltin:
        kind(expr.builtin);
        break;
      case ExprKind::Sequence:
        byte(expr.is_frame);
        number(expr.local);
        number(expr.callee);
        count(expr.results.size());
        for (const LocalId result : expr.results) number(result);
        block(expr.body);
        break;
      case ExprKind::And:
      case ExprKind::Or:
      case ExprKind::Select:
      case ExprKind::Cast:
        break;
      case ExprKind::Len:
      case ExprKind::Stride:
        number(expr.axis);
        break;
      case ExprKind::MakeAggregate:
        break;
      case ExprKind::Field:
      case ExprKind::Slice:
      case ExprKind::Argument:
        number(expr.field);
        break;
      case ExprKind::Bound:
        number(expr.local);
        number(expr.fault_site);
        break;
      case ExprKind::Load:
        number(expr.byte_offset);
        number(expr.fault_site);
        byte(expr.row_axes);
        byte(expr.is_transposed ? 1 : 0);
        break;
    }
    exprs(expr.operands);
  }

  void block(const Block& block) {
    count(block.size());
    for (const StmtPtr& stmt : block) this->stmt(*stmt);
  }

  void stmt(const Stmt& stmt) {
    kind(stmt.kind);
    number(stmt.local);
    number(stmt.counter);
    number(stmt.byte_offset);
    number(stmt.fault_site);
    byte(stmt.row_axes);
    byte(stmt.block_level);
    kind(stmt.vote);
    byte(stmt.value != nullptr);
    if (stmt.value) expr(*stmt.value);
    exprs(stmt.operands);
    block(stmt.body);
    block(stmt.else_body);
  }

  void text(std::string_view text) {
    count(text.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }

  std::vector<uint8_t> bytes_;
};

}  // namespace

std::vector<uint8_t> serialize(const Function& function) {
  Writer writer;
  writer.function(function);
  return writer.take();
}

}  // namespace cudapy::ir
