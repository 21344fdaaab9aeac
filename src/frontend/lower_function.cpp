// Lowering of a function's header: parameters, signature, and the bookkeeping of its variables.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

FunctionLowering::FunctionLowering(ProgramLowering& program, FunctionId id,
                                   const LoadedFunction& loaded)
    : program_(program),
      resolver_(program.resolver()),
      diagnostics_(program.diagnostics()),
      id_(id),
      loaded_(loaded),
      definition_(loaded.definition),
      bound_(bound_names(loaded.definition.body)) {}

ir::Function FunctionLowering::lower() {
  function_.name = definition_.name;
  function_.span = definition_.span;
  for (const syntax::Parameter& parameter : definition_.parameters) {
    variable(parameter.name, parameter.span);
    mark_assigned(parameter.name);
  }
  function_.parameter_count = static_cast<int32_t>(definition_.parameters.size());
  if (definition_.variadic.line != 0) {
    for (const std::string& name : definition_.variadic_names) bound_.refused.insert(name);
    error("variadic-parameter", definition_.variadic, "kernels have a fixed number of parameters",
          "name each parameter");
  }
  if (!definition_.parameters.empty() && definition_.parameters[0].name == "self") {
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
  std::optional<ParsedSignature> parsed = parse_signature(text, loaded_.bound_types, diagnostics_);
  if (!parsed) return;
  if (!parsed->result.is_void())
    refuse_result_of_kernel(parsed->result_span, ir::to_string(parsed->result));
  function_.signature = apply_signature(*parsed, definition_, diagnostics_);
  if (!function_.signature) return;
  for (size_t i = 0; i < function_.signature->parameters.size(); ++i) {
    function_.locals[i].declared = function_.signature->parameters[i];
  }
}

// Annotations of all parameters are a signature; of some, they declare those and leave the others
// to the call.
void FunctionLowering::take_annotations() {
  ir::Signature signature{{}, {}, definition_.span};
  bool complete = !loaded_.annotations.empty();
  const auto take = [&](const AnnotatedType& annotation, Span span) -> ir::Type {
    if (annotation.kind == AnnotatedType::Kind::NotAType) {
      error("annotation", span,
            "the annotation is " + annotation.description + ", which is no type of a kernel",
            "annotate with `cp.float32`, `cp.int32`, int, float, bool, a NumPy dtype, or "
            "cp.Array[cp.float32]");
    } else if (annotation.type.is_array() && annotation.type.rank > 1) {
      error("array-rank", span,
            "only 1-D arrays so far, and this is a " + std::to_string(annotation.type.rank) +
                "-D one",
            "pass it flat, as `cp.Array[cp." + std::string(ir::name_of(annotation.type.scalar)) +
                "]`, and index it as `A[i * width + j]`");
    }
    return annotation.kind == AnnotatedType::Kind::Type ? annotation.type : ir::Type::unknown();
  };
  for (size_t i = 0; i < loaded_.annotations.size(); ++i) {
    const ir::Type type = take(loaded_.annotations[i], definition_.parameters[i].annotation.span);
    complete = complete && !type.is_unknown();
    function_.locals[i].declared = type;
    signature.parameters.push_back(type);
  }
  signature.result = take(loaded_.result_annotation, definition_.returns.span);
  if (!signature.result.is_unknown() && !signature.result.is_void()) {
    refuse_result_of_kernel(definition_.returns.span, ir::to_string(signature.result));
  }
  if (complete && !definition_.parameters.empty()) function_.signature = std::move(signature);
}

void FunctionLowering::refuse_result_of_kernel(Span span, const std::string& type) {
  if (id_ != 0) return;
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
  return variables_.contains(name) || bound_.variables.contains(name);
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
}

}  // namespace cudapy::frontend
