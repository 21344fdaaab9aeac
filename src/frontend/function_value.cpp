// Shapes and captures of functions that are handed about.
#include "frontend/function_value.h"

#include <cstdint>

namespace cudapy::frontend {

std::string shape_of(const FunctionValue& value) {
  using Kind = Resolved::Kind;
  std::string shape;
  if (!value.nested) {
    const Resolved& target = value.target;
    shape = std::to_string(static_cast<int>(target.kind)) + ":";
    if (target.kind == Kind::Function) shape += std::to_string(target.function);
    if (target.kind == Kind::Math)
      shape += std::to_string(static_cast<int>(target.math)) + (target.math_single ? "f" : "") +
               (target.of_numpy ? "n" : "");
    if (target.kind == Kind::Special) shape += std::to_string(static_cast<int>(target.special));
    if (target.kind == Kind::Cast) shape += ir::to_string(target.type);
    return shape;
  }
  if (value.is_recursive) shape = "^";
  shape += "d" + std::to_string(reinterpret_cast<uintptr_t>(value.nested.get())) + "(";
  for (const auto& [name, variable] : value.variables) shape += name + ",";
  for (const auto& [name, function] : value.functions)
    shape += name + "=" + shape_of(*function) + ",";
  return shape + ")";
}

void append_captures(const FunctionValue& value, std::vector<ir::LocalId>& variables) {
  for (const auto& [name, variable] : value.variables) variables.push_back(variable);
  for (const auto& [name, function] : value.functions) append_captures(*function, variables);
}

namespace {

FunctionPtr recursive(const std::shared_ptr<const syntax::FunctionDef>& definition) {
  auto value = std::make_shared<FunctionValue>();
  value->nested = definition;
  value->is_recursive = true;
  return value;
}

// A copy in which `change(f)` stands for each of the functions inside, where it is not null.
template <typename Change>
FunctionPtr changed(const FunctionValue& value, const Change& change) {
  auto copy = std::make_shared<FunctionValue>(value);
  for (auto& [name, function] : copy->functions) {
    FunctionPtr other = change(*function);
    function = other ? std::move(other) : changed(*function, change);
  }
  return copy;
}

}  // namespace

FunctionPtr taken_out(const FunctionPtr& inner, const FunctionPtr& outer) {
  if (!inner->nested) return inner;
  if (inner->is_recursive) return inner->nested == outer->nested ? outer : inner;
  const FunctionPtr without = changed(*outer, [&](const FunctionValue& function) {
    return function.nested == inner->nested ? recursive(inner->nested) : nullptr;
  });
  return changed(*inner, [&](const FunctionValue& function) {
    return function.is_recursive && function.nested == outer->nested ? without : nullptr;
  });
}

std::string Specialisation::key() const {
  std::string key = shape_of(*function);
  for (const FunctionPtr& argument : arguments) key += "|" + (argument ? shape_of(*argument) : "");
  return key;
}

}  // namespace cudapy::frontend
