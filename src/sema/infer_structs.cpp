// The types of fields, of structs and of complex numbers.
#include "frontend/refused_syntax.h"
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
  const std::string subject = name_of(value);
  const std::string has_not = " has no attribute `" + name + "`";
  return wrong("unknown-attribute", at,
               subject == "this" ? "this value" + has_not : subject + has_not + " in a kernel",
               std::string(frontend::help_for_attribute(name)));
}

// What A[i].position.x = value stores to.
Type Inference::stored_field(const ir::Stmt& stmt, Type element) {
  for (const std::string& name : stmt.fields) {
    if (element.is_unknown()) return element;
    element = named_field(*stmt.operands[0], element, name, stmt.span);
  }
  return element;
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
