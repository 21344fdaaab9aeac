// The types of fields, of structs and of complex numbers.
#include <algorithm>

#include "frontend/refused_syntax.h"
#include "ir/stored_fields.h"
#include "sema/inference.h"

namespace cudapy::sema {

using ir::Expr;
using ir::Type;

namespace {

// The last name of `a.b`.
Span name_span(Span span, const std::string& name) {
  if (span.end_column < static_cast<int>(name.size())) return span;
  span.line = span.end_line;
  span.column = span.end_column - static_cast<int>(name.size());
  return span;
}

}  // namespace

// The type of `value.name`, where `whole` is the value's type, or that of a field of it.
Type Inference::named_field(const Expr& value, const Type& whole, const std::string& name,
                            Span span) {
  const int field = ir::field_of(whole, name);
  if (field >= 0) {
    if (whole.weak) return Type::weak_float();
    return ir::elements_of(whole)[static_cast<size_t>(field)];
  }
  const Span at = name_span(span, name);
  if (ir::is_struct(whole)) {
    std::string names;
    for (const std::string& known : whole.aggregate->names)
      names += (names.empty() ? "`" : ", `") + known + "`";
    return wrong("unknown-field", at, "this is " + describe(whole) + ", and has no `" + name + "`",
                 "it has " + names);
  }
  if (whole.is_array() && name == "dtype") {
    return wrong("not-a-value", span, "`dtype` is a type, not a value",
                 "write it where a type is meant: `A.dtype(x)`, `shared(256, A.dtype)`, "
                 "`x.view(A.dtype)`");
  }
  const std::string subject = name_of(value);
  const std::string has_not = " has no attribute `" + name + "`";
  return wrong("unknown-attribute", at,
               subject == "this" ? "this value" + has_not : subject + has_not + " in a kernel",
               frontend::help_for_attribute(name));
}

// What A[i].position.x = value, or A[i].v[j] = value, stores to.
Type Inference::stored_field(const ir::Stmt& stmt, Type element) {
  auto index = stmt.operands.end() - field_indices(stmt);
  for (const std::string& name : stmt.fields) {
    if (element.is_unknown()) return element;
    element = name == ir::kFieldIndex ? indexed_field(element, **index++)
                                      : named_field(*stmt.operands[0], element, name, stmt.span);
  }
  return element;
}

std::ptrdiff_t field_indices(const ir::Stmt& store) {
  return std::count(store.fields.begin(), store.fields.end(), ir::kFieldIndex);
}

// The last of the names: `v` of A[i].at.v[j].
std::string stored_name(const ir::Stmt& store) {
  const auto name = std::find_if(store.fields.rbegin(), store.fields.rend(),
                                 [](const std::string& step) { return step != ir::kFieldIndex; });
  return name == store.fields.rend() ? "" : *name;
}

// An element of a field that is an array of fixed length.
Type Inference::indexed_field(const Type& field, const Expr& index) {
  if (index.type.is_unknown()) return index.type;
  if (!ir::is_tuple(field) || index.kind == ir::ExprKind::Slice) {
    return wrong("not-an-array", index.span,
                 ir::is_tuple(field) ? "a part of a field is no place to store to"
                                     : "this is " + describe(field) + " and can't be indexed",
                 ir::is_tuple(field) ? "store its elements one by one" : "");
  }
  const std::vector<Type>& elements = field.aggregate->elements;
  const WeakResult known = constant_of(index, instance_);
  const auto count = static_cast<int64_t>(elements.size());
  if (!known.number || known.number->kind != WeakNumber::Kind::Integer) {
    if (reporting()) check_index(index, index);
    return elements[0];
  }
  if (known.number->integer >= -count && known.number->integer < count) return elements[0];
  return wrong("tuple-index", index.span,
               "index " + to_string(*known.number) + " is outside of a field of " +
                   std::to_string(count) + (count == 1 ? " element" : " elements"));
}

// p._replace(x=1): `name` lists the fields that the values behind the struct are for.
Type Inference::replaced_fields(const Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) infer(*operand);
  const Type whole = expr.operands[0]->type;
  if (whole.is_unknown()) return whole;
  if (!ir::is_struct(whole)) {
    return wrong("unknown-attribute", expr.span,
                 "this is " + describe(whole) + ", which has no `_replace`",
                 "it makes another struct of a struct: `p._replace(x=...)`");
  }
  const std::vector<std::string> names = replaced_names(expr);
  for (size_t i = 0; i < names.size(); ++i) {
    const Expr& value = *expr.operands[1 + i];
    const Type field = named_field(*expr.operands[0], whole, names[i], value.span);
    if (is_erroneous(field)) return field;
    if (!reporting() || value.type.is_unknown()) continue;
    const std::string what = "the field `" + names[i] + "`";
    if (!field.is_aggregate() && !is_value(value, what.c_str())) return kErroneous;
    check_conversion(value, field, what);
  }
  return whole;
}

std::vector<std::string> replaced_names(const Expr& expr) {
  std::vector<std::string> names(1);
  for (const char letter : expr.name) {
    if (letter == ',')
      names.emplace_back();
    else
      names.back() += letter;
  }
  return names;
}

// Particle(x, y): each field has its type, whatever it is given.
Type Inference::make_struct(const Expr& expr) {
  const ir::Aggregate& structure = *expr.type.aggregate;
  for (size_t i = 0; i < expr.operands.size(); ++i) {
    const Expr& operand = *expr.operands[i];
    const Type type = infer(*expr.operands[i]);
    if (!reporting() || type.is_unknown()) continue;
    const std::string what = "the field `" + structure.names[i] + "`";
    if (!structure.elements[i].is_aggregate() && !is_value(operand, what.c_str())) continue;
    check_conversion(operand, structure.elements[i], what);
  }
  return expr.type;
}

}  // namespace cudapy::sema
