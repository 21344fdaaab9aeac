// Lowering of a function's header: parameters, signature, and the bookkeeping of its variables.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

FunctionLowering::FunctionLowering(ProgramLowering& program, int32_t index,
                                   const Specialisation& wanted, const LoadedFunction& loaded)
    : program_(program),
      resolver_(program.resolver()),
      diagnostics_(program.diagnostics()),
      index_(index),
      id_(wanted.function->nested ? wanted.function->root : wanted.function->target.function),
      loaded_(loaded),
      definition_(loaded.definition),
      is_nested_(wanted.function->nested != nullptr),
      bound_(bound_names(loaded.definition.body)) {
  lower_parameters(wanted);
}

// The parameters that are values; then, of a nested function, the variables around it that it
// reads; then those that the functions handed to it read.
void FunctionLowering::lower_parameters(const Specialisation& wanted) {
  function_.name = definition_.name;
  function_.span = definition_.span;
  const std::vector<syntax::Parameter>& parameters = definition_.parameters;
  const auto handed = [&](size_t i) {
    return i < wanted.arguments.size() ? wanted.arguments[i] : nullptr;
  };
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (handed(i)) continue;
    variable(parameters[i].name, parameters[i].span);
    mark_assigned(parameters[i].name);
  }
  Pack rest;
  for (size_t i = parameters.size(); i < wanted.arguments.size(); ++i) {
    PackElement& item = rest.emplace_back();
    if (handed(i)) continue;
    const std::string name = definition_.rest + "[" + std::to_string(rest.size() - 1) + "]";
    item.local = static_cast<ir::LocalId>(function_.locals.size());
    function_.locals.push_back({name, {}, {}, definition_.rest_span, {}, 0});
  }
  const auto hidden = [&](const std::string& name, ir::LocalId) {
    const std::string shown = name.starts_with('=') ? name.substr(1) : name;
    function_.locals.push_back({shown, {}, {}, definition_.span, {}, 0});
    return static_cast<ir::LocalId>(function_.locals.size() - 1);
  };
  const FunctionPtr own = with_captures(*wanted.function, hidden);
  for (const auto& [name, local] : own->variables) {
    variables_.emplace(name, local);
    mark_assigned(name);
  }
  for (const auto& [name, function] : own->functions) {
    flow_.functions[name] = taken_out(function, own);
    function_names_.emplace(name, definition_.span);
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!handed(i)) continue;
    flow_.functions[parameters[i].name] = with_captures(*handed(i), hidden);
    function_names_.emplace(parameters[i].name, parameters[i].span);
  }
  for (size_t i = 0; i < rest.size(); ++i) {
    if (const FunctionPtr function = handed(parameters.size() + i))
      rest[i].function = with_captures(*function, hidden);
  }
  if (!definition_.rest.empty()) packs_.emplace(definition_.rest, std::move(rest));
  function_.parameter_count = static_cast<int32_t>(function_.locals.size());
}

ir::Function FunctionLowering::lower() {
  if (definition_.variadic.line != 0) {
    for (const std::string& name : definition_.variadic_names) bound_.refused.insert(name);
    error("variadic-parameter", definition_.variadic, "kernels have a fixed number of parameters",
          "name each parameter");
  }
  if (!definition_.rest.empty() && index_ == 0) {
    bound_.refused.insert(definition_.rest);
    error("variadic-parameter", definition_.rest_span, "kernels have a fixed number of parameters",
          "name each parameter");
  } else if (bound_.variables.contains(definition_.rest)) {
    error("variadic-parameter", bound_.variables.find(definition_.rest)->second,
          "`" + definition_.rest + "` stands for the arguments of a call and cannot be assigned",
          "use another name");
    bound_.refused.insert(definition_.rest);
  }
  if (!is_nested_ && !definition_.parameters.empty() && definition_.parameters[0].name == "self") {
    error("method", definition_.parameters[0].span,
          "`" + definition_.name + "` is a method, and kernels are plain functions",
          "move it out of its class, and pass what it reads from `self` as arguments");
    bound_.refused.insert("self");
  } else {
    lower_signature();
  }
  function_.body = lower_block(definition_.body);
  return std::move(function_);
}

// What is written about the type of a parameter; it goes into `signature` too, if that is given.
void FunctionLowering::declare(size_t parameter, const ir::Type& type, ir::Signature* signature) {
  const syntax::Parameter& declared = definition_.parameters[parameter];
  if (flow_.functions.contains(declared.name)) {
    if (!type.is_unknown())
      error("function-argument", declared.span,
            "`" + definition_.name + "` is handed a function for `" + declared.name +
                "`, which is declared as " + ir::to_string(type),
            "leave the type of this parameter out");
    return;
  }
  function_.locals[static_cast<size_t>(variables_.find(declared.name)->second)].declared = type;
  if (signature != nullptr) signature->parameters.push_back(type);
}

// `sig=` wins over the comment, the comment over annotations.
void FunctionLowering::lower_signature() {
  if (loaded_.given_signature)
    take_signature(*loaded_.given_signature);
  else if (loaded_.comment_signature)
    take_signature(*loaded_.comment_signature);
  else
    take_annotations();
}

void FunctionLowering::take_signature(const SignatureText& text) {
  std::optional<ParsedSignature> parsed =
      parse_signature(text, loaded_.bound_types, diagnostics_, loaded_.type_hints);
  if (!parsed) return;
  if (!parsed->result.is_void())
    refuse_result_of_kernel(parsed->result_span, ir::to_string(parsed->result));
  std::optional<ir::Signature> written = apply_signature(*parsed, definition_, diagnostics_);
  if (!written) return;
  const std::vector<ir::Type> types = std::exchange(written->parameters, {});
  for (size_t i = 0; i < types.size(); ++i) declare(i, types[i], &*written);
  function_.signature = std::move(written);
}

// Annotations of all parameters are a signature; of some, they declare those and leave the others
// to the call.
void FunctionLowering::take_annotations() {
  if (is_nested_) return take_nested_annotations();
  ir::Signature signature{{}, {}, definition_.span};
  bool complete = !loaded_.annotations.empty();
  const auto take = [&](const AnnotatedType& annotation, Span span) -> ir::Type {
    if (annotation.kind == AnnotatedType::Kind::NotAType) {
      error("annotation", span,
            "the annotation is " + annotation.description + ", which is no type of a kernel",
            !annotation.help.empty()
                ? annotation.help
                : "annotate with `cp.float32`, `cp.int32`, int, float, bool, a NumPy dtype, a "
                  "dataclass or NamedTuple, or cp.Array[cp.float32]");
    }
    return annotation.kind == AnnotatedType::Kind::Type ? annotation.type : ir::Type::unknown();
  };
  for (size_t i = 0; i < loaded_.annotations.size(); ++i) {
    const ir::Type type = take(loaded_.annotations[i], definition_.parameters[i].annotation.span);
    complete = complete && !type.is_unknown();
    declare(i, type, &signature);
  }
  signature.result = take(loaded_.result_annotation, definition_.returns.span);
  if (!signature.result.is_unknown() && !signature.result.is_void()) {
    refuse_result_of_kernel(definition_.returns.span, ir::to_string(signature.result));
  }
  if (complete && !definition_.parameters.empty()) function_.signature = std::move(signature);
}

// Those of a function inside a function are read, not evaluated: `x: cp.float32`.
void FunctionLowering::take_nested_annotations() {
  for (size_t i = 0; i < definition_.parameters.size(); ++i) {
    const syntax::Expr& annotation = definition_.parameters[i].annotation;
    if (annotation.absent()) continue;
    if (const std::optional<ir::Type> type = local_type(annotation)) declare(i, *type, nullptr);
  }
}

void FunctionLowering::refuse_result_of_kernel(Span span, const std::string& type) {
  if (index_ != 0) return;
  error("kernel-returns-value", span,
        "a kernel returns nothing, and this one is declared to return " + type,
        "write `void` as its result, and store values in an array argument");
}

ir::LocalId FunctionLowering::variable(const std::string& name, Span span) {
  const auto [entry, added] =
      variables_.try_emplace(name, static_cast<ir::LocalId>(function_.locals.size()));
  if (added) function_.locals.push_back({name, {}, {}, span, {}, 0});
  return entry->second;
}

ir::LocalId FunctionLowering::temporary(const std::string& name, Span span) {
  function_.locals.push_back({"%" + name + std::to_string(temporaries_++), {}, {}, span, {}, 0});
  return static_cast<ir::LocalId>(function_.locals.size() - 1);
}

bool FunctionLowering::is_variable(const std::string& name) const {
  return variables_.contains(name) || bound_.variables.contains(name) ||
         flow_.functions.contains(name);
}

// Bound by something that was refused: whatever it would have been, it has been complained about.
bool FunctionLowering::is_poisoned(const std::string& name) const {
  return bound_.refused.contains(name);
}

void FunctionLowering::mark_assigned(const std::string& name) {
  flow_.assigned.insert(name);
}

void FunctionLowering::join(const Flow& other) {
  if (!other.reachable) return;
  if (!flow_.reachable) {
    flow_ = other;
    return;
  }
  flow_.assigned.insert(other.assigned.begin(), other.assigned.end());
  join_functions(other);
}

}  // namespace cudapy::frontend
