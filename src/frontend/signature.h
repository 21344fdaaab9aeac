// CudaPy's signatures, in the comment above a function or given as `sig=`:
//
//   name : result (type [name], ...)        # saxpy : void (float alpha, float* X, float* Y)
//
// Types are scalars (frontend/type_names.h), `void` as a result, and `type*` for 1-D, `type**` for
// 2-D arrays. The name is optional in a `sig=`. A comment is a signature if it begins with the
// function's name and a colon, and goes on with something like a type; anything else is prose and
// left alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "frontend/syntax.h"
#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::frontend {

// The characters of a signature with their places: the contents of one or more comment lines, or of
// a string.
struct SignatureText {
  struct Piece {
    std::string text;
    int line = 1;
    int column = 0;  // of text[0], in bytes
  };
  uint16_t source = 0;
  std::vector<Piece> pieces;
};

struct ParsedSignature {
  struct Parameter {
    ir::Type type;
    Span type_span;
    std::string name;  // empty: not given
    Span name_span;
  };
  std::string name;  // empty: not given
  Span name_span;
  std::vector<Parameter> parameters;
  ir::Type result;
  Span result_span;
  Span span;
};

// Names of types in addition to the language's own: those that a template binds, and those that
// name a type in the function's scope.
using TypeBindings = std::map<std::string, ir::Type, std::less<>>;

// What messages say about names that are no types.
struct TypeHints {
  std::map<std::string, std::string, std::less<>> refused;  // and why
  std::vector<std::string> structs;                         // names in scope, for suggestions
};

// The signature among the comment lines that `source.lines` begins with, before line `def_line`;
// the one nearest to the `def` where there are several.
std::optional<SignatureText> find_comment_signature(const SourceText& source, uint16_t source_index,
                                                    int def_line, const std::string& function_name,
                                                    const TypeBindings& bound);

// nullopt: errors were added.
std::optional<ParsedSignature> parse_signature(const SignatureText& text, const TypeBindings& bound,
                                               Diagnostics& diagnostics,
                                               const TypeHints& hints = {});

// Compares with the parameters of the `def` and gives what the tree keeps. nullopt: errors were
// added.
std::optional<ir::Signature> apply_signature(const ParsedSignature& signature,
                                             const syntax::FunctionDef& function,
                                             Diagnostics& diagnostics);

}  // namespace cudapy::frontend
