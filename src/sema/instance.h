// What sema knows of a program while it infers types: one Instance for each function and list of
// argument types.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "ir/package_functions.h"
#include "ir/tree.h"
#include "sema/check.h"
#include "sema/flow.h"
#include "sema/promotion.h"
#include "sema/weak_number.h"
#include "support/diagnostic.h"

namespace cudapy::sema {

// A function as called with certain types. `function` is a copy whose expressions carry the types
// inferred so far, weak ones included; the builder turns it into the typed tree.
struct Instance {
  int32_t source = 0;                // index of the untyped function
  std::vector<ir::Type> parameters;  // as they are passed; weak where only literals are
  ir::Function function;
  Flow flow;
  std::vector<ir::Type> types;    // per local
  std::vector<ir::Scalar> alone;  // per local: what a weak integer in it becomes
  ir::Type result;
  ir::Scalar result_alone = ir::Scalar::I32;
  bool reported = false;  // its mistakes have been looked for
  bool faulty = false;    // and there were some
  int32_t built = -1;     // index in the typed program
  // Recursion. While its types are looked for: how many are looked for around it; else -1. Then,
  // where that depends on a function around it that is not done yet: which one.
  int depth = -1;
  int waits_for = -1;
  bool is_recursive = false;
  bool is_endless = false;  // nothing but its own calls says what it returns
  bool is_building = false;
  // Per local: its constant value, once asked for; complete after `freeze_constants`, when the tree
  // is not asked any more.
  mutable std::vector<std::optional<WeakNumber>> known;
  bool frozen = false;

  [[nodiscard]] const ir::Type& type_of(ir::LocalId local) const {
    return types[static_cast<size_t>(local)];
  }
  [[nodiscard]] const ir::Local& local(ir::LocalId id) const {
    return function.locals[static_cast<size_t>(id)];
  }
  [[nodiscard]] bool is_parameter(ir::LocalId id) const { return id < function.parameter_count; }
};

// All instances of a program, made when they are first asked for.
class Instances {
 public:
  Instances(const ir::Program& untyped, const Options& options, ir::Scalar default_float)
      : untyped_(untyped),
        options_(options),
        default_float_(default_float),
        of_function_(untyped.functions.size()) {}

  // With its types inferred.
  Instance& get(int32_t function, const std::vector<ir::Type>& parameters);

  // The types that the function has in the typed program.
  [[nodiscard]] ir::Type parameter_type(const Instance& instance, size_t parameter) const;
  [[nodiscard]] ir::Type result_type(const Instance& instance) const;

  // A function that calls itself with arguments of ever new types; -1: there is none.
  [[nodiscard]] int32_t runaway() const { return runaway_; }

  // Null if `get` was never asked for it.
  Instance* find(int32_t function, const std::vector<ir::Type>& parameters);

  [[nodiscard]] const ir::Function& untyped(int32_t function) const {
    return untyped_.functions[static_cast<size_t>(function)];
  }
  // Of the package's own functions of NumPy, and not of the user's by such a name.
  [[nodiscard]] bool is_of_numpy(const ir::Function& function) const;
  [[nodiscard]] bool is_of_package(const ir::Function& function) const {
    return ir::is_of_package(untyped_, function);
  }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] ir::Scalar default_float() const { return default_float_; }
  [[nodiscard]] ir::Type index_type() const { return options_.wide_index ? kInt64 : kInt32; }

 private:
  void infer(Instance& instance);
  void infer_cycle(size_t first);
  Instance& refer_to(Instance& instance);
  Instance* runaway_instance(int32_t function);

  const ir::Program& untyped_;
  const Options& options_;
  ir::Scalar default_float_;
  std::deque<Instance> instances_;  // stable addresses
  std::vector<std::vector<Instance*>> of_function_;
  std::vector<Instance*> waiting_;  // for the first function of their cycle
  int depth_ = 0;
  int lowest_ = 0;  // of those around, the outermost that was referred to since the last one began
  int32_t runaway_ = -1;
};

// The value of an expression that is known when the kernel is compiled and has a weak type (or is a
// bool).
WeakResult constant_of(const ir::Expr& expr, const Instance& instance);

// Which elements of a tuple of `length` elements a Slice takes; nullopt: its bounds are no
// constants.
std::optional<std::vector<size_t>> sliced(const ir::Expr& slice, size_t length,
                                          const Instance& instance);

// The fields that a MakeAggregate of `p._replace(x=1, y=2)` names, each for one operand behind p.
std::vector<std::string> replaced_names(const ir::Expr& expr);

// How many of a Store's operands are indices of its fields: the last ones.
std::ptrdiff_t field_indices(const ir::Stmt& store);
std::string stored_name(const ir::Stmt& store);

// Whether an Intrinsic is Python's any or all, of a tuple, and none of a warp.
bool is_python_vote(const ir::Expr& expr);

// Finds the values of all names that stand for constants, before the tree is taken apart.
void freeze_constants(Instance& instance);

// What a weak expression becomes alone: the default float, or an integer type that its constants
// fit.
ir::Type alone(const ir::Expr& expr, const Instance& instance, Instances& instances);

// A weak expression's type beside a strong one: still weak, unless its constant does not fit the
// partner's type.
ir::Type strengthened(const ir::Expr& weak, const ir::Type& partner, const Instance& instance,
                      Instances& instances);

// The type that two values are computed or compared in.
ir::Type common_type(const ir::Expr& a, const ir::Expr& b, const Instance& instance,
                     Instances& instances);

// The types that a call passes to its callee, from the types of its operands.
std::vector<ir::Type> passed_types(const ir::Expr& call, const Instance& caller,
                                   Instances& instances);

// Reports what is wrong in an instance and in those it calls, once each. `called_from` says how the
// instance came about; nothing for the kernel.
void report_mistakes(Instance& instance, Instances& instances, Diagnostics& diagnostics,
                     std::optional<DiagnosticNote> called_from = std::nullopt);

}  // namespace cudapy::sema
