// Lowering of calls of dataclasses and NamedTuples: `Particle(x, y)`, `Particle(x, y=0.0)`, with
// the defaults of their fields.
#include <algorithm>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {
namespace {

std::string name_of_class(const syntax::Expr& call) {
  const syntax::Expr* step = &call.operands[0];
  std::string name = step->text;
  while (step->kind == syntax::ExprKind::Attribute) {
    step = &step->operands[0];
    name = step->text + "." + name;
  }
  return name;
}

// Those of a class that says nothing more.
std::vector<StructParameter> plain_parameters(const std::vector<std::string>& names) {
  std::vector<StructParameter> parameters;
  for (const std::string& name : names) {
    parameters.emplace_back();
    parameters.back().name = name;
  }
  return parameters;
}

// Of what can be given by position.
std::vector<size_t> places_in_order(const std::vector<StructParameter>& fields) {
  std::vector<size_t> places;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].by_position) places.push_back(i);
  }
  return places;
}

}  // namespace

ir::ExprPtr FunctionLowering::call_struct(const syntax::Expr& expr, const Resolved& target) {
  if (!target.struct_problem.empty()) {
    lower_arguments_for_errors(expr);
    return error("struct-call", expr.span,
                 "kernels cannot make a `" + name_of_class(expr) + "`: " + target.struct_problem,
                 "make it outside and pass it to the kernel, or call a function that fills a plain "
                 "class of the same fields");
  }
  const std::vector<std::string>& names = target.type.aggregate->names;
  const std::vector<StructParameter> fields =
      target.struct_parameters.empty() ? plain_parameters(names) : target.struct_parameters;
  const auto is_plain = [](const StructParameter& field) {
    return field.by_position && !field.has_default;
  };
  std::vector<ir::ExprPtr> values;
  if (expr.keywords.empty() && std::ranges::all_of(fields, is_plain)) {
    auto arguments = positional(expr, names.size(), names.size());
    if (!arguments) return make_integer(0, expr.span);
    values = std::move(*arguments);
  } else if (!give_fields(expr, fields, values) || !give_defaults(expr, fields, values)) {
    return make_integer(0, expr.span);
  }
  ir::ExprPtr result = make_expr(ir::ExprKind::MakeAggregate, expr.span);
  result->operands = std::move(values);
  result->type = target.type;
  return result;
}

// p._replace(x=1, y=2): a MakeAggregate of p and the values, with the names of the fields. Which
// struct it is, sema finds out.
ir::ExprPtr FunctionLowering::lower_replace(const syntax::Expr& expr) {
  const size_t before = diagnostics_.errors().size();
  const size_t values = expr.operands.size() - 1;
  if (values != expr.keywords.size() || values == 0) {
    return error("argument-count", expr.span, "`_replace` takes fields by their names",
                 "write `p._replace(x=...)`");
  }
  ir::ExprPtr result = make_expr(ir::ExprKind::MakeAggregate, expr.span);
  result->operands.push_back(lower(expr.operands[0].operands[0]));
  for (size_t i = 0; i < values; ++i) {
    result->name += (i == 0 ? "" : ",") + expr.keywords[i];
    result->operands.push_back(lower(expr.operands[1 + i]));
  }
  return diagnostics_.errors().size() == before ? std::move(result) : make_integer(0, expr.span);
}

// The values of a struct's fields in their order. They are evaluated in the order in which they are
// written.
bool FunctionLowering::give_fields(const syntax::Expr& expr,
                                   const std::vector<StructParameter>& fields,
                                   std::vector<ir::ExprPtr>& values) {
  const size_t before = diagnostics_.errors().size();
  const size_t given = expr.operands.size() - 1;
  const size_t in_order = given - expr.keywords.size();
  const std::vector<size_t> places = places_in_order(fields);
  values.resize(fields.size());
  for (size_t i = 0; i < given; ++i) {
    ir::ExprPtr value = keep(lower(expr.operands[i + 1]), "field");
    if (i < in_order) {
      if (i < places.size()) values[places[i]] = std::move(value);
      continue;
    }
    const std::string& name = expr.keywords[i - in_order];
    const auto found = std::ranges::find(fields, name, &StructParameter::name);
    const auto at = static_cast<size_t>(found - fields.begin());
    if (found != fields.end() && !values[at]) {
      values[at] = std::move(value);
      continue;
    }
    error("argument-name", expr.keyword_spans[i - in_order],
          found != fields.end() ? "`" + name + "` is given twice"
                                : "`" + name_of_class(expr) + "` has no field `" + name + "`");
  }
  if (in_order > places.size() && diagnostics_.errors().size() == before) {
    const bool names_some = places.size() < fields.size();
    error("argument-count", expr.span,
          "`" + name_of_class(expr) + "` takes " + std::to_string(places.size()) +
              (places.size() == 1 ? " field" : " fields") + " by position, and is given " +
              std::to_string(in_order),
          names_some
              ? "write the others as `" +
                    std::ranges::find(fields, false, &StructParameter::by_position)->name + "=...`"
              : "");
  }
  return diagnostics_.errors().size() == before;
}

bool FunctionLowering::give_defaults(const syntax::Expr& expr,
                                     const std::vector<StructParameter>& fields,
                                     std::vector<ir::ExprPtr>& values) {
  std::string missing;
  for (size_t i = 0; i < fields.size(); ++i) {
    const StructParameter& field = fields[i];
    if (values[i]) continue;
    if (field.is_constant) {
      values[i] = make_constant(field.constant, field.type, expr.span);
    } else if (field.has_default) {
      error("struct-call", expr.span,
            "the default of the field `" + field.name + "` is " + field.description +
                ", and kernels take over numbers alone",
            "give the field its value: `" + field.name + "=...`");
      return false;
    } else {
      missing += (missing.empty() ? "`" : ", `") + field.name + "`";
    }
  }
  if (missing.empty()) return true;
  error("argument-count", expr.span, "this `" + name_of_class(expr) + "` lacks " + missing,
        "give each field without a default its value");
  return false;
}

}  // namespace cudapy::frontend
