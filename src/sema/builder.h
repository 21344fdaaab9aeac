// The builder of one typed function. Private to sema: see build.h.
#pragma once

#include <string>

#include "sema/build.h"

namespace cudapy::sema {

class Builder {
 public:
  Builder(Instance& instance, Instances& instances, ir::Program& typed, Diagnostics& diagnostics)
      : instance_(instance), instances_(instances), typed_(typed), diagnostics_(diagnostics) {}

  ir::Function run();

 private:
  void lay_out_locals(ir::Function& function, ir::Block& prologue);
  [[nodiscard]] ir::Type storage_of(size_t local) const;
  ir::LocalId new_local(ir::Type type, std::string name, Span span);
  [[nodiscard]] ir::LocalId mapped(ir::LocalId local) const {
    return map_[static_cast<size_t>(local)];
  }

  // Statements. One statement may become none, or two.
  ir::Block block(ir::Block block);
  void stmt(ir::StmtPtr stmt, ir::Block& into);
  // build_stores.cpp
  struct FieldPath;
  void store(ir::StmtPtr stmt, ir::Block& into);
  void store_part(const FieldPath& path, size_t step, size_t index, ir::Type element,
                  ir::StmtPtr stmt, ir::Block& into);
  void give_back(ir::StmtPtr stmt, ir::Block& into);
  void turns(ir::Stmt& loop, ir::Block& into);
  void mark_written(const ir::Expr& array);

  // Types are passed by value: building adds locals, and a reference to one's type would not
  // survive that.

  // Expressions. `natural` keeps an expression's own type (a weak one becomes what it is alone);
  // `as` converts it; `condition` is its truth.
  ir::ExprPtr natural(ir::ExprPtr expr);
  ir::ExprPtr as(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr condition(ir::ExprPtr expr);
  ir::ExprPtr weak_as(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr strong(ir::ExprPtr expr);
  ir::ExprPtr unary(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr binary(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr shift_count(ir::ExprPtr count, ir::Type type);
  ir::ExprPtr compare(ir::ExprPtr expr);
  ir::ExprPtr logical(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr select(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr cast(ir::ExprPtr expr);
  // build_views.cpp. Arrays are names of parameters, or views of them: partly indexed, or cut.
  // What has to be computed once for a view goes into `before`.
  ir::ExprPtr array_of(ir::ExprPtr expr, ir::Block& before);
  ir::ExprPtr index(ir::ExprPtr expr, const ir::Expr& array, size_t axis);
  bool place(std::vector<ir::ExprPtr>& operands, ir::Block& before);
  [[nodiscard]] bool may_be_transposed(const ir::Expr& array) const;
  ir::ExprPtr transposed(ir::ExprPtr expr);
  ir::ExprPtr slice(ir::ExprPtr expr, const ir::Expr& array, size_t axis, ir::Block& before);
  ir::ExprPtr slice_end(ir::ExprPtr expr, const ir::Expr& length, int64_t least, ir::Block& before);
  ir::ExprPtr kept(ir::ExprPtr expr, ir::Block& before);
  static ir::ExprPtr after(ir::Block before, ir::ExprPtr value);
  ir::ExprPtr load(ir::ExprPtr expr);
  ir::ExprPtr unpacked(ir::ExprPtr expr);
  ir::StmtPtr check_count(const ir::Expr& length, int64_t count, Span span);
  void name_array(ir::Stmt& stmt, ir::Block& into);
  ir::ExprPtr length(ir::Expr& expr, size_t axis);
  ir::ExprPtr array_property(ir::ExprPtr expr);
  ir::ExprPtr shape(const ir::Expr& array, size_t rank, Span span);
  ir::ExprPtr strides(const ir::Expr& array, Span span);
  ir::ExprPtr math(ir::ExprPtr expr);
  ir::ExprPtr call(ir::ExprPtr expr);
  ir::ExprPtr builtin(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr extremum(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr absolute(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr rounded(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr to_whole(ir::ExprPtr expr, ir::Type type, ir::MathFunction function);
  ir::ExprPtr intrinsic(ir::ExprPtr expr);
  ir::ExprPtr warp_operation(ir::ExprPtr expr);
  ir::ExprPtr random(ir::ExprPtr expr);
  ir::ExprPtr atomic(ir::ExprPtr expr);

  // build_tests.cpp
  static ir::ExprPtr compare_node(ir::CompareOp op, ir::ExprPtr a, ir::ExprPtr b);
  ir::ExprPtr compare_with(ir::CompareOp op, const ir::Expr& value, int64_t constant);
  static ir::ExprPtr either(ir::ExprPtr a, ir::ExprPtr b);
  ir::ExprPtr is_position(const ir::Expr& index, int64_t i, int64_t count);
  ir::StmtPtr raise_outside_of_tuple(const ir::Expr& index, int64_t count, Span span);
  static ir::StmtPtr raise(const char* exception, std::string message, Span span);
  static ir::StmtPtr raise_if(ir::ExprPtr condition, ir::StmtPtr raise);

  // Nodes.
  ir::ExprPtr convert(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr aggregate_as(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr convert_aggregate(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr complex_builtin(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr make_complex(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr complex_size(ir::ExprPtr value);
  ir::ExprPtr complex_power(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr complex_function(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr product_of_powers(ir::ExprPtr base, int exponent, ir::ExprPtr so_far = nullptr);
  ir::ExprPtr tuple_element(ir::ExprPtr expr);
  ir::ExprPtr table_element(ir::Expr& expr);
  ir::ExprPtr from_end(ir::ExprPtr expr, int64_t length, ir::Block& before);
  ir::ExprPtr table(ir::Type element, const std::vector<int64_t>& extents,
                    std::vector<uint8_t> bytes, Span span);
  ir::ExprPtr choose_element(ir::ExprPtr tuple, ir::ExprPtr index, Span span);
  ir::ExprPtr field_node(ir::ExprPtr whole, size_t field);
  ir::ExprPtr zero(ir::Type type, Span span);
  ir::ExprPtr compare_tuples(ir::ExprPtr expr);
  ir::ExprPtr extreme_tuple(ir::ExprPtr expr, ir::Type type);
  // build_tuple_operations.cpp
  ir::ExprPtr tuple_operation(ir::ExprPtr expr, ir::Type type);
  ir::ExprPtr sliced_tuple(ir::ExprPtr tuple, const ir::Expr& slice);
  ir::ExprPtr fold_tuple(ir::ExprPtr tuple, ir::BinaryOp op, ir::Type type);
  ir::ExprPtr replaced_fields(ir::ExprPtr expr);
  ir::ExprPtr vote_of_tuple(ir::ExprPtr expr);
  ir::ExprPtr order(ir::CompareOp op, const ir::Expr& a, const ir::Expr& b);
  ir::ExprPtr equality(const ir::Expr& a, const ir::Expr& b);
  [[nodiscard]] ir::Type settled_type(const ir::Type& type) const {
    return settled(type, instances_.default_float());
  }
  ir::ExprPtr number(const WeakNumber& number, ir::Type type, Span span);
  ir::ExprPtr local(ir::LocalId id, ir::Type type, Span span);
  ir::ExprPtr binary_node(ir::BinaryOp op, ir::ExprPtr a, ir::ExprPtr b);
  ir::ExprPtr math_node(ir::MathFunction function, ir::ExprPtr argument);
  // { %name = value; yield body(%name) }
  template <typename Body>
  ir::ExprPtr with_temporary(ir::ExprPtr value, Body body) {
    const ir::Type type = value->type;
    const Span span = value->span;
    const ir::LocalId id = new_local(type, "%value", span);
    auto assign = std::make_unique<ir::Stmt>();
    assign->kind = ir::StmtKind::Assign;
    assign->span = span;
    assign->local = id;
    assign->value = std::move(value);
    ir::ExprPtr result = body([&] { return local(id, type, span); });
    ir::ExprPtr sequence = node(ir::ExprKind::Sequence, result->type, span);
    sequence->body.push_back(std::move(assign));
    sequence->operands.push_back(std::move(result));
    return sequence;
  }
  static ir::ExprPtr node(ir::ExprKind kind, const ir::Type& type, Span span);

  [[nodiscard]] ir::Type alone_type(const ir::Expr& expr) const {
    return alone(expr, instance_, instances_);
  }

  Instance& instance_;
  Instances& instances_;
  ir::Program& typed_;
  Diagnostics& diagnostics_;
  std::vector<ir::Local> locals_;
  std::vector<ir::LocalId> map_;     // untyped local -> typed local
  std::vector<ir::ExprPtr> arrays_;  // untyped local that names an array -> that array, typed
  std::vector<bool> written_;
  ir::Type result_;
  bool uses_block_shape_ = false;
};

}  // namespace cudapy::sema
