// Lowers one function. Private to src/frontend: lower.cpp drives it, and its members are spread
// over lower_function.cpp, lower_statements.cpp, lower_loops.cpp, lower_assignments.cpp,
// lower_arrays.cpp, lower_expressions.cpp, lower_calls.cpp and lower_functions.cpp by what they
// lower.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frontend/bound_names.h"
#include "frontend/function_value.h"
#include "frontend/resolver.h"
#include "frontend/syntax.h"
#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::frontend {

// What the functions of one program share.
class ProgramLowering {
 public:
  ProgramLowering(NameResolver& resolver, Diagnostics& diagnostics)
      : resolver_(resolver), diagnostics_(diagnostics) {}

  std::optional<ir::Program> lower();

  // Index into Program::functions; the callee is lowered later. `span`: of the call.
  int32_t index_of(Span span, const Specialisation& callee);
  [[nodiscard]] NameResolver& resolver() { return resolver_; }
  [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }
  void fail() { failed_ = true; }  // a Python exception is pending

 private:
  const LoadedFunction* load(const FunctionValue& function);
  bool lower_rest(ir::Program& program);
  bool add_complex_functions(ir::Program& program);

  NameResolver& resolver_;
  Diagnostics& diagnostics_;
  std::deque<Specialisation> functions_;    // in the order of Program::functions
  std::map<std::string, int32_t> indices_;  // by Specialisation::key()
  std::map<const syntax::FunctionDef*, LoadedFunction> nested_;
  bool failed_ = false;
};

class FunctionLowering {
 public:
  FunctionLowering(ProgramLowering& program, int32_t index, const Specialisation& wanted,
                   const LoadedFunction& loaded);

  ir::Function lower();

 private:
  // Which variables some path to here has assigned: what "used before it is assigned" is decided
  // by.
  struct Flow {
    std::set<std::string, std::less<>> assigned;
    std::map<std::string, FunctionPtr, std::less<>> functions;  // names that stand for functions
    bool reachable = true;
  };

  // Something that a `for` runs over: a range, an array, or enumerate and zip of such.
  struct Iterable {
    enum class Kind : uint8_t { Range, Array, Enumerate, Zip };
    Kind kind = Kind::Range;
    Span span;
    ir::ExprPtr start, stop, step;  // Range; Enumerate: start
    int64_t step_value = 0;         // Range: 0 if the step is no constant
    ir::ExprPtr array;              // Array
    std::vector<Iterable> parts;    // Enumerate: one; Zip
  };

  // An argument of a call: a value, or a function.
  struct Argument {
    ir::ExprPtr value;
    FunctionPtr function;
    [[nodiscard]] bool given() const { return value != nullptr || function != nullptr; }
  };

  // One of `*args`: a variable, or a function.
  struct PackElement {
    ir::LocalId local = ir::kNoLocal;
    FunctionPtr function;
  };
  using Pack = std::vector<PackElement>;

  // lower_function.cpp
  void lower_parameters(const Specialisation& wanted);
  void declare(size_t parameter, const ir::Type& type, ir::Signature* signature);
  void lower_signature();
  void take_signature(const SignatureText& text);
  void take_annotations();
  void take_nested_annotations();
  void refuse_result_of_kernel(Span span, const std::string& type);
  ir::LocalId variable(const std::string& name, Span span);
  ir::LocalId temporary(const std::string& name, Span span);
  [[nodiscard]] bool is_variable(const std::string& name) const;
  [[nodiscard]] bool is_poisoned(const std::string& name) const;
  void mark_assigned(const std::string& name);
  void join(const Flow& other);

  // lower_statements.cpp
  ir::Block lower_block(std::span<const syntax::Stmt> body);
  void lower_statement(const syntax::Stmt& stmt);
  void lower_expression_statement(const syntax::Stmt& stmt);
  void lower_if(const syntax::Stmt& stmt);
  void lower_while(const syntax::Stmt& stmt);
  void lower_return(const syntax::Stmt& stmt);
  void lower_refused(const syntax::Stmt& stmt);
  void enter_loop(const syntax::Stmt& stmt);
  ir::Stmt& emit(ir::StmtKind kind, Span span);

  // lower_loops.cpp
  void lower_for(const syntax::Stmt& stmt);
  void lower_range_loop(const syntax::Stmt& stmt, Iterable range);
  void lower_index_loop(const syntax::Stmt& stmt, Iterable over);
  void finish_loop(const syntax::Stmt& stmt, ir::Stmt& loop, ir::Block body);
  std::optional<Iterable> iterable(const syntax::Expr& expr);
  std::optional<Iterable> range_iterable(const syntax::Expr& call);
  std::optional<Iterable> enumerate_iterable(const syntax::Expr& call);
  std::optional<Iterable> zip_iterable(const syntax::Expr& call);
  void refuse_iterable(const syntax::Expr& expr);
  ir::ExprPtr count_of(const Iterable& over);
  ir::ExprPtr element_of(const Iterable& over, const ir::Expr& index);
  ir::ExprPtr value_of_turn(const Iterable& over, const ir::Expr& index);
  void bind_element(const syntax::Expr& target, const Iterable& over, const ir::Expr& index);
  void keep_once(Iterable& over);

  // lower_assignments.cpp
  void lower_assign(const syntax::Stmt& stmt);
  ir::ExprPtr lower_or_poison(const syntax::Stmt& stmt);
  void lower_annotated(const syntax::Stmt& stmt);
  void lower_augmented(const syntax::Stmt& stmt);
  void assign(const syntax::Expr& target, ir::ExprPtr value);
  [[nodiscard]] bool may_read_captures(const syntax::Expr& expr) const;
  void assign_tuple(const syntax::Expr& target, const syntax::Expr& value);
  void assign_divmod(const syntax::Expr& target, const syntax::Expr& call);
  void unpack(const syntax::Expr& target, ir::ExprPtr value);
  static ir::ExprPtr rest_of(const ir::Expr& whole, size_t first, size_t last);
  void store(const syntax::Expr& target, ir::ExprPtr value);
  bool field_operands(const syntax::Expr& target, std::vector<ir::ExprPtr>& operands,
                      std::vector<std::string>& fields);
  // The targets of an assignment with their values.
  using Pairs = std::vector<std::pair<const syntax::Expr*, const syntax::Expr*>>;
  bool pair_up(const syntax::Expr& target, const syntax::Expr& value, Pairs& pairs);
  void mark_targets(std::span<const syntax::Expr> targets);
  bool check_pairs(const syntax::Expr& target, size_t values, Span span);
  std::optional<ir::Type> local_type(const syntax::Expr& annotation);
  ir::ExprPtr keep(ir::ExprPtr value, const std::string& name);
  ir::ExprPtr keep_always(ir::ExprPtr value, const std::string& name);

  // lower_arrays.cpp
  bool lower_barrier(const syntax::Expr& call);
  ir::ExprPtr lower_vote(const syntax::Expr& call);
  std::optional<SpecialForm> cooperation_form(const syntax::Expr& value);
  std::optional<SpecialForm> array_form(const syntax::Expr& value);
  void declare_array(const syntax::Expr& target, const syntax::Expr& call, SpecialForm form);
  bool array_arguments(const syntax::Expr& call, const std::string& name,
                       const syntax::Expr*& shape, const syntax::Expr*& dtype);
  // sizes: of a shared array that the launch decides about, else empty.
  struct ArrayShape {
    std::vector<int64_t> extents;
    std::vector<ir::ArraySize> sizes;
  };
  std::optional<ArrayShape> array_shape(const syntax::Expr& shape, const std::string& name,
                                        bool is_shared);
  bool append_size(const ir::Expr& expr, ir::ArraySize& size) const;
  void refuse_shape(const ir::Expr& length, Span span, bool is_shared);
  std::optional<ir::Type> array_element(const syntax::Expr& dtype, const std::string& name);
  bool check_array_size(const syntax::Expr& call, SpecialForm form,
                        const std::vector<int64_t>& extents, const ir::Type& element);
  [[nodiscard]] const syntax::Expr* declared_base(const syntax::Expr& expr) const;
  bool declared_operands(const syntax::Expr& expr, const syntax::Expr& base,
                         std::vector<ir::ExprPtr>& operands);

  // lower_expressions.cpp
  ir::ExprPtr lower(const syntax::Expr& expr);
  ir::ExprPtr lower_name(const syntax::Expr& expr);
  [[nodiscard]] bool is_value(const syntax::Expr& expr) const;
  ir::ExprPtr lower_attribute(const syntax::Expr& expr);
  ir::ExprPtr lower_field(const syntax::Expr& expr);
  ir::ExprPtr lower_unary(const syntax::Expr& expr);
  ir::ExprPtr lower_binary(const syntax::Expr& expr);
  ir::ExprPtr refuse_text(const syntax::Expr& expr);
  ir::ExprPtr lower_logical(const syntax::Expr& expr);
  ir::ExprPtr lower_compare(const syntax::Expr& expr);
  ir::ExprPtr lower_subscript(const syntax::Expr& expr);
  ir::ExprPtr lower_tuple(const syntax::Expr& expr);
  ir::ExprPtr lower_slice(const syntax::Expr& expr);
  bool subscript_operands(const syntax::Expr& expr, std::vector<ir::ExprPtr>& operands);
  // A.shape[k], A.ndim and A.size, where A is a variable or an element; else null.
  [[nodiscard]] bool is_array_attribute(const syntax::Expr& expr) const;
  ir::ExprPtr lower_array_attribute(const syntax::Expr& expr);
  ir::ExprPtr lower_shape(const syntax::Expr& expr);
  bool refuse_comparison(const syntax::Expr& expr);
  ir::ExprPtr read_variable(const std::string& name, Span span);
  ir::ExprPtr value_of(const Resolved& found, const syntax::Expr& expr);
  // lower_captured.cpp
  ir::ExprPtr captured_array(const Resolved& found, const std::vector<std::string>& path,
                             const syntax::Expr& expr);
  ir::ExprPtr captured_tuple(const Resolved& found, const std::string& name, Span span);
  // The name and attributes of `a.b.c`; nullopt: it begins with something else than a name.
  static std::optional<std::vector<std::string>> path_of(const syntax::Expr& expr);
  Resolved resolve(const std::vector<std::string>& path);
  ir::ExprPtr report_no_attribute(const Resolved& found, const syntax::Expr& expr);
  ir::ExprPtr refuse(std::string_view node, Span span);
  ir::ExprPtr error(std::string code, Span span, std::string message, std::string help = {});

  // lower_unknown_names.cpp
  void report_not_found(const std::vector<std::string>& path, const syntax::Expr& expr);
  std::string help_for_name(const std::string& name);

  // lower_callees.cpp
  FunctionPtr resolve_callee(const syntax::Expr& callee);
  void refuse_called_value(const syntax::Expr& callee);
  void refuse_callee(const Resolved& found, const std::vector<std::string>& path,
                     const syntax::Expr& callee);

  // lower_calls.cpp
  ir::ExprPtr lower_call(const syntax::Expr& expr);
  ir::ExprPtr call_special(const syntax::Expr& expr, SpecialForm form);
  ir::ExprPtr call_builtin(const syntax::Expr& expr, SpecialForm form,
                           std::vector<ir::ExprPtr> arguments);
  ir::ExprPtr call_math(const syntax::Expr& expr, const Resolved& target);
  ir::ExprPtr call_divmod(const syntax::Expr& expr);
  ir::ExprPtr call_cast(const syntax::Expr& expr, const ir::Type& type);
  // lower_struct_calls.cpp
  ir::ExprPtr call_struct(const syntax::Expr& expr, const Resolved& target);
  ir::ExprPtr lower_replace(const syntax::Expr& expr);
  bool give_fields(const syntax::Expr& expr, const std::vector<StructParameter>& fields,
                   std::vector<ir::ExprPtr>& values);
  bool give_defaults(const syntax::Expr& expr, const std::vector<StructParameter>& fields,
                     std::vector<ir::ExprPtr>& values);
  std::optional<std::vector<ir::ExprPtr>> positional(const syntax::Expr& expr, size_t least,
                                                     size_t most);
  bool check_positional(const syntax::Expr& expr, size_t least, size_t most);
  bool check_keywords(const syntax::Expr& expr);
  bool check_count(const syntax::Expr& expr, size_t count, size_t least, size_t most);
  void lower_arguments_for_errors(const syntax::Expr& expr);
  bool is_type_or_text(const syntax::Expr& expr);

  // lower_packs.cpp
  [[nodiscard]] const Pack* pack_of(const syntax::Expr& expr) const;
  [[nodiscard]] const Pack* starred_pack(const syntax::Expr& expr) const;
  static Argument element(const PackElement& item, Span span);
  void append_arguments(const syntax::Expr& expr, std::vector<Argument>& into);
  const PackElement* pack_element(const syntax::Expr& expr);
  ir::ExprPtr lower_pack_element(const syntax::Expr& expr);
  void lower_pack_loop(const syntax::Stmt& stmt);
  [[nodiscard]] std::optional<int64_t> pack_length(const syntax::Expr& expr) const;
  [[nodiscard]] std::optional<bool> pack_truth(const syntax::Expr& expr) const;

  // lower_starred.cpp
  [[nodiscard]] bool is_starred_value(const syntax::Expr& expr) const;
  std::vector<ir::ExprPtr> spread(ir::ExprPtr value, size_t count);
  bool given_arguments(const syntax::Expr& call, size_t room, std::vector<Argument>& given);
  // lower_tuples.cpp
  ir::ExprPtr lower_membership(const syntax::Expr& expr);
  ir::ExprPtr equal_to_one(ir::ExprPtr value, const ir::Expr& tuple, Span span);
  ir::ExprPtr call_packaged(const std::string& name, std::vector<ir::ExprPtr> arguments, Span span);
  ir::ExprPtr sum_of_values(const syntax::Expr& call);
  ir::ExprPtr joined_tuple(std::span<const syntax::Expr> items, Span span);

  // lower_functions.cpp
  FunctionPtr function_of(const syntax::Expr& expr, bool is_statement);
  FunctionPtr define(const std::shared_ptr<const syntax::FunctionDef>& definition,
                     bool is_statement);
  FunctionPtr captured(const FunctionPtr& function, Span span);
  void lower_definition(const syntax::Stmt& stmt);
  void bind_function(const std::string& name, Span span, FunctionPtr function);
  bool check_no_function(const std::string& name, Span span);
  std::optional<ir::LocalId> assignable(const syntax::Expr& name);
  ir::LocalId loop_variable(const syntax::Expr& name);
  void refuse_choice(const std::string& name, Span span);
  void join_functions(const Flow& other);
  std::optional<bool> known_truth(const syntax::Expr& expr);
  ir::ExprPtr call_function(const syntax::Expr& expr, const FunctionPtr& called);
  ir::ExprPtr in_written_order(ir::ExprPtr call);
  Argument argument(const syntax::Expr& expr);
  bool match_arguments(const syntax::Expr& expr, const FunctionValue& callee,
                       const LoadedFunction* loaded, std::vector<Argument>& matched);
  void match_keyword(const syntax::Expr& expr, size_t keyword,
                     const syntax::FunctionDef& definition, std::vector<Argument>& matched);
  void report_missing(const syntax::Expr& expr, const syntax::FunctionDef& definition,
                      const std::vector<Argument>& matched);
  Argument default_argument(const LoadedFunction& callee, size_t parameter, Span span);
  static Argument nested_default(const FunctionValue& callee, size_t parameter, Span span);

  // lower_faults.cpp
  void lower_assert(const syntax::Stmt& stmt);
  void lower_raise(const syntax::Stmt& stmt);
  std::string lower_message(const syntax::Expr& message, std::vector<ir::ExprPtr>& values);

  // lower_print.cpp
  bool is_print(const syntax::Expr& value);
  void lower_print(const syntax::Expr& call, Span span);
  std::string print_argument(const syntax::Expr& argument, std::vector<ir::ExprPtr>& values);
  std::string print_joined(const syntax::Expr& text, std::vector<ir::ExprPtr>& values);
  std::string print_spec(const syntax::Expr& spec, Span whole);
  std::optional<std::string> print_keyword(const syntax::Expr& call, size_t keyword);

  // lower_intrinsics.cpp
  ir::ExprPtr view_bits(const syntax::Expr& expr);

  // lower_dtypes.cpp
  const syntax::Expr* dtype_base(const syntax::Expr& expr);
  ir::ExprPtr lower_dtype(const syntax::Expr& expr);
  struct NamedType {
    std::optional<ir::Type> type;  // none: the expression is no type
    bool failed = false;           // looking it up raised an exception
  };
  NamedType named_type(const syntax::Expr& expr);
  ir::ExprPtr call_dtype(const syntax::Expr& expr);
  ir::ExprPtr constant_of_text(const syntax::Expr& expr);
  ir::ExprPtr call_intrinsic(const syntax::Expr& expr, ir::Intrinsic intrinsic);
  ir::ExprPtr lower_place(const syntax::Expr& expr);
  ir::ExprPtr call_atomic(const syntax::Expr& expr, ir::AtomicOp op);
  // lower_warps.cpp
  ir::ExprPtr call_warp_operation(const syntax::Expr& expr, ir::Intrinsic intrinsic);
  ir::ExprPtr call_masked(const syntax::Expr& expr, ir::Intrinsic intrinsic);
  ir::ExprPtr warp_operation(ir::Intrinsic intrinsic, std::vector<ir::ExprPtr> operands, Span span);
  ir::ExprPtr call_match_all(const syntax::Expr& expr, bool is_masked);
  ir::LocalId mask_variable(ir::ExprPtr value, ir::Block& into);
  ir::ExprPtr behind_mask(ir::ExprPtr mask, ir::ExprPtr value);

  ProgramLowering& program_;
  NameResolver& resolver_;
  Diagnostics& diagnostics_;
  int32_t index_;  // into Program::functions; 0: the kernel
  FunctionId id_;  // whose names are meant: of a nested function, those of the one around it
  const LoadedFunction& loaded_;
  const syntax::FunctionDef& definition_;
  bool is_nested_;
  BoundNames bound_;
  ir::Function function_;
  std::map<std::string, ir::LocalId, std::less<>> variables_;
  std::set<std::string, std::less<>> reported_;              // undefined names: one message each
  std::set<std::string, std::less<>> names_of_dtypes_;       // variables given the type of an array
  std::map<std::string, ir::LocalId, std::less<>> tables_;   // captured arrays, by their paths
  std::map<std::string, Pack, std::less<>> packs_;           // `*args`
  std::map<std::string, Span, std::less<>> function_names_;  // names bound to functions so far
  std::set<const syntax::FunctionDef*> capturing_;           // being captured: finds cycles
  Flow flow_;
  ir::Block* block_ = nullptr;
  int loop_depth_ = 0;
  int temporaries_ = 0;
};

// Making nodes of the untyped tree.
ir::ExprPtr make_expr(ir::ExprKind kind, Span span);
ir::ExprPtr make_expr(ir::ExprKind kind, Span span, ir::ExprPtr first);
ir::ExprPtr make_expr(ir::ExprKind kind, Span span, ir::ExprPtr first, ir::ExprPtr second);
ir::ExprPtr make_integer(int64_t value, Span span);
ir::ExprPtr make_constant(const ir::ConstantValue& value, const ir::Type& type, Span span);
ir::ExprPtr make_local(ir::LocalId local, Span span);
ir::ExprPtr make_binary(ir::BinaryOp op, Span span, ir::ExprPtr left, ir::ExprPtr right);
ir::ExprPtr make_builtin(ir::Builtin builtin, Span span, std::vector<ir::ExprPtr> operands);

// A text in quotes, or an f-string.
bool is_text(const syntax::Expr& expr);

// May be evaluated twice in place of once: small, and without loads and calls.
bool is_cheap(const ir::Expr& expr);

}  // namespace cudapy::frontend
