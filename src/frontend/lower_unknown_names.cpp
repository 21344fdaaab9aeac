// What to say about names that mean nothing: a name of another language, or the nearest one known.
#include <utility>

#include "frontend/foreign_names.h"
#include "frontend/function_lowering.h"
#include "frontend/known_names.h"
#include "frontend/nearest.h"

namespace cudapy::frontend {

void FunctionLowering::report_not_found(const std::vector<std::string>& path,
                                        const syntax::Expr& expr) {
  const auto foreign = find_foreign_name(path);
  const size_t parts = foreign ? foreign->parts : 1;
  const syntax::Expr* part = &expr;  // `a.b` of `a.b.c`
  for (size_t i = path.size(); i > parts; --i) part = &part->operands[0];
  std::string name = path[0];
  for (size_t i = 1; i < parts; ++i) name += "." + path[i];
  if (!reported_.insert(name).second) return;
  std::string help = foreign ? foreign->help : help_for_name(name);
  error("undefined-name", part->span, "name `" + name + "` is not defined", std::move(help));
}

std::string FunctionLowering::help_for_name(const std::string& name) {
  std::vector<std::string> known_names;
  known_names.reserve(bound_.variables.size() + definition_.parameters.size());
  for (const auto& [variable, place] : bound_.variables) known_names.push_back(variable);
  for (const syntax::Parameter& parameter : definition_.parameters)
    known_names.push_back(parameter.name);
  for (std::string& visible : resolver_.visible_names(id_))
    known_names.push_back(std::move(visible));
  std::string suggestion = nearest(name, known_names);
  if (find_math_name(name)) suggestion = "math." + name;
  if (suggestion.empty()) {
    suggestion = nearest(name, math_names());
    if (!suggestion.empty()) suggestion = "math." + suggestion;
  }
  return suggestion.empty()
             ? "assign it in the kernel, define it above the function, or pass it as an argument"
             : "did you mean `" + suggestion + "`?";
}

}  // namespace cudapy::frontend
