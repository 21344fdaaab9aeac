// Functions as values. They exist while a kernel is compiled only: a helper that is handed one is
// compiled for it, and a function inside a function is compiled as one beside it that gets what it
// reads from around it as parameters of its own ("captures"). Nothing can assign those while it
// runs, so passing their values at each call is what Python's sharing of variables amounts to.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frontend/resolver.h"
#include "frontend/syntax.h"
#include "ir/tree.h"

namespace cudapy::frontend {

struct FunctionValue;
using FunctionPtr = std::shared_ptr<const FunctionValue>;

// What a parameter of a nested function is where a call leaves it out: evaluated at the definition.
struct NestedDefault {
  std::shared_ptr<const ir::Expr> constant;  // or
  std::string variable;                      // among the captures; empty: there is none
};

struct FunctionValue {
  // From outside: a function of the user, a math function, a cast, a special form.
  Resolved target;
  // Or a `def` or lambda inside a function.
  std::shared_ptr<const syntax::FunctionDef> nested;
  FunctionId root = -1;  // nested: the function from outside around it, where names resolve
  std::vector<NestedDefault> defaults;
  // Nested, in the function that defines it: captures are what the names stand for at each use.
  bool is_open = false;
  // Nested, elsewhere: variables of the function that is being lowered, by their names in `nested`.
  std::vector<std::pair<std::string, ir::LocalId>> variables;
  std::vector<std::pair<std::string, FunctionPtr>> functions;
  // Among the functions of another, or of those of its own: the one around it of this definition,
  // which is called from inside. Nothing else is set.
  bool is_recursive = false;
  // The name stands for different functions on different paths; nothing else is set.
  bool is_ambiguous = false;

  [[nodiscard]] bool is_user_function() const {
    return nested != nullptr || target.kind == Resolved::Kind::Function;
  }
};

// Tells functions apart but for which variables they capture: the same shape leads to the same
// code.
std::string shape_of(const FunctionValue& value);

// All captured variables, those of captured functions too, in a fixed order.
void append_captures(const FunctionValue& value, std::vector<ir::LocalId>& variables);

// `inner`, one of the functions of `outer`, by itself: where it calls `outer`, it has that among
// its own functions.
FunctionPtr taken_out(const FunctionPtr& inner, const FunctionPtr& outer);

// A copy whose captured variables are `next()`, `next()`, ... in that order.
template <typename Next>
FunctionPtr with_captures(const FunctionValue& value, Next&& next) {
  auto copy = std::make_shared<FunctionValue>(value);
  for (auto& [name, variable] : copy->variables) variable = next(name, variable);
  for (auto& [name, function] : copy->functions) function = with_captures(*function, next);
  return copy;
}

// A function as it is compiled for the functions that it is handed.
struct Specialisation {
  FunctionPtr function;                // a user function; nested: with captures of its own caller
  std::vector<FunctionPtr> arguments;  // one a parameter; null: an ordinary argument

  [[nodiscard]] std::string key() const;
};

}  // namespace cudapy::frontend
