// What to say about Python that kernels cannot use.
#pragma once

#include <string>
#include <string_view>

namespace cudapy::frontend {

struct RefusedSyntax {
  std::string_view node;  // the class in CPython's ast
  std::string_view message;
  std::string_view help;
};

// For every statement and expression that the reader leaves Unsupported.
const RefusedSyntax& refused_syntax(std::string_view node);

// For an attribute or method of an array or a number, such as `A.shpae` and `A.sum()`.
std::string help_for_attribute(const std::string& attribute);

}  // namespace cudapy::frontend
