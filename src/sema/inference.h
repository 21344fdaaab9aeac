// The typing rules. One walk serves both uses: silently, again and again, until the types are
// stable; then once more to report what is wrong.
#pragma once

#include <string>
#include <vector>

#include "sema/instance.h"

namespace cudapy::sema {

// Complex powers are products of at most this many factors.
inline constexpr int kLargestPower = 64;

class Inference {
 public:
  // Reports nothing.
  Inference(Instance& instance, Instances& instances)
      : instance_(instance), instances_(instances) {}
  Inference(Instance& instance, Instances& instances, Diagnostics& diagnostics,
            std::optional<DiagnosticNote> called_from)
      : instance_(instance),
        instances_(instances),
        diagnostics_(&diagnostics),
        called_from_(std::move(called_from)) {}

  // One pass over the body. True if the type of a local or of the result has changed.
  bool pass();

  // Gives variables that are still weak the type they have alone. True if there was one.
  bool settle_weak_locals();

 private:
  // Statements.
  void block(ir::Block& block);
  void stmt(ir::Stmt& stmt);
  void declare(const ir::Stmt& stmt);
  void declare_like(const ir::Stmt& stmt);
  void assign(ir::Stmt& stmt);
  void store(ir::Stmt& stmt);
  void refuse_view(const ir::Stmt& stmt, const std::string& name);
  void loop_over_range(ir::Stmt& stmt);
  void give_back(ir::Stmt& stmt);
  void check_range(const ir::Stmt& stmt);
  void condition(ir::Expr& expr);
  void raise_local(ir::LocalId local, const ir::Type& type);
  void note_alone(ir::Scalar& alone, const ir::Expr& value);

  // Expressions: sets and returns the type.
  ir::Type infer(ir::Expr& expr);
  ir::Type rule(ir::Expr& expr);
  ir::Type constant(const ir::Expr& expr);
  ir::Type local(const ir::Expr& expr);
  ir::Type unary(ir::Expr& expr);
  ir::Type binary(ir::Expr& expr);
  ir::Type bit_operation(const ir::Expr& expr);
  ir::Type shift(const ir::Expr& expr);
  ir::Type power(const ir::Expr& expr);
  ir::Type complex_power(const ir::Expr& expr);
  ir::Type complex_function(const ir::Expr& expr);
  [[nodiscard]] bool is_users_call_of_package(const ir::Function& callee) const;
  void report_as_one(const ir::Expr& call, const std::vector<ir::Type>& passed, Instance& instance);
  void check_text_size(const ir::Stmt& stmt);
  ir::Type compare(ir::Expr& expr);
  ir::Type logical(ir::Expr& expr);
  ir::Type select(ir::Expr& expr);
  ir::Type select_tuple(const ir::Expr& expr);
  ir::Type cast(ir::Expr& expr);
  ir::Type load(ir::Expr& expr);
  ir::Type complex_part(ir::Expr& expr);
  bool refuses_complex(const ir::Expr& expr, const std::string& what);
  ir::Type named_field(const ir::Expr& value, const ir::Type& whole, const std::string& name,
                       Span span);
  ir::Type stored_field(const ir::Stmt& stmt, ir::Type element);
  ir::Type make_struct(const ir::Expr& expr);
  ir::Type make_tuple(ir::Expr& expr);
  bool refuses_leaves(const ir::Expr& expr, const std::vector<ir::Type>& types);
  ir::Type field(ir::Expr& expr);
  ir::Type unpacked(const ir::Expr& array, size_t wanted, Span span);
  [[nodiscard]] std::optional<int64_t> known_length(const ir::Expr& array) const;
  ir::Type common_element(const ir::Type& tuple, const ir::Expr& index);
  ir::Type tuple_element(const ir::Expr& expr);
  bool is_comparable(const ir::Expr& expr);
  std::optional<ir::Type> extreme_tuple(const ir::Expr& expr);
  ir::Type element(const std::vector<ir::ExprPtr>& operands, Span span);
  ir::Type slice(ir::Expr& expr);
  void check_index(const ir::Expr& index, const ir::Expr& array);
  ir::Type math(ir::Expr& expr);
  ir::Type call(ir::Expr& expr);
  bool refuses_bools(const ir::Expr& call, const ir::Function& callee);
  ir::Type builtin(ir::Expr& expr);
  ir::Type length(const ir::Expr& expr);
  ir::Type array_property(const ir::Expr& expr);
  ir::Type element_type(const ir::Expr& expr);
  static bool name_array_property(ir::Expr& expr);
  ir::Type refuse_struct_dtype(const ir::Expr& dtype, const std::string& what);
  ir::Type extremum(const ir::Expr& expr);
  // infer_tuple_operations.cpp
  std::optional<ir::Type> tuple_operation(const ir::Expr& expr);
  ir::Type sliced_tuple(const ir::Expr& load, const ir::Type& tuple, const ir::Expr& slice);
  ir::Type starred_field(const ir::Expr& expr, const ir::Type& whole);
  ir::Type indexed_field(const ir::Type& field, const ir::Expr& index);
  ir::Type replaced_fields(const ir::Expr& expr);
  ir::Type common_number(const ir::Expr& tuple, const std::string& what);
  ir::Type rounded(const ir::Expr& expr);
  ir::Type intrinsic(ir::Expr& expr);
  ir::Type view_of_bits(const ir::Expr& expr);
  ir::Type warp_operation(ir::Expr& expr);
  ir::Type atomic(ir::Expr& expr);
  bool are_integers(const ir::Expr& expr, size_t count, const std::string& name);

  // Are these values that can be computed with? kErroneous or Unknown if not (reported), else any
  // scalar type.
  ir::Type operands_of(const ir::Expr& expr, const char* doing);
  bool is_value(const ir::Expr& expr, const char* doing);
  void refuse_no_value(const ir::Expr& call, const std::string& use, std::string help = {});
  // The type that two values are computed in; a constant that doesn't fit its partner's type keeps
  // the one it has alone.
  ir::Type meet(const ir::Expr& a, const ir::Expr& b) {
    return common_type(a, b, instance_, instances_);
  }
  ir::Type beside(const ir::Expr& weak, const ir::Type& partner) {
    return strengthened(weak, partner, instance_, instances_);
  }
  void check_zero_divisor(const ir::Expr& expr);

  // Does every assignment to the local read it, as in `count += 1`?
  [[nodiscard]] bool only_from_itself(ir::LocalId local) const;
  // Where a variable got the float that is in the way: empty unless `expr` is one.
  [[nodiscard]] std::vector<DiagnosticNote> origin_of_float(const ir::Expr& expr) const;
  // "called here with `v`: int32".
  [[nodiscard]] DiagnosticNote note_of_call(const ir::Expr& call,
                                            const std::vector<ir::Type>& passed) const;

  // A value given to something of a fixed type: `what` names it for the message.
  void check_conversion(const ir::Expr& value, const ir::Type& to, const std::string& what);

  [[nodiscard]] bool reporting() const { return diagnostics_ != nullptr; }
  // Reports and gives kErroneous; reports nothing while types are still going up.
  ir::Type wrong(const char* code, Span span, std::string message, std::string help = {},
                 std::vector<DiagnosticNote> notes = {});
  [[nodiscard]] std::string name_of(const ir::Expr& expr) const;  // "`x`", or "this"
  [[nodiscard]] ir::Scalar default_float() const { return instances_.default_float(); }

  Instance& instance_;
  Instances& instances_;
  Diagnostics* diagnostics_ = nullptr;
  std::optional<DiagnosticNote> called_from_;
  std::optional<Span> unknown_;  // while reporting: a value whose type was not found
  bool changed_ = false;

  // While reporting: the first assignment to each local, for notes; and what was said once about it
  // already.
  struct Seen {
    ir::Type type;
    Span span;
    bool complained = false;
  };
  std::vector<Seen> seen_;
  Seen seen_result_;  // the first return
};

}  // namespace cudapy::sema
