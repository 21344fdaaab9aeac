// A small recursive-descent parser over the pieces of a signature; every token knows its place.
#include "frontend/signature.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "frontend/nearest.h"
#include "frontend/type_names.h"

namespace cudapy::frontend {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

struct Token {
  enum class Kind : uint8_t { Word, Symbol, End };
  Kind kind = Kind::End;
  std::string text;
  Span span;
};

std::vector<Token> tokenize(const SignatureText& text) {
  std::vector<Token> tokens;
  Span end;
  for (const SignatureText::Piece& piece : text.pieces) {
    const auto span_of = [&](size_t from, size_t to) {
      return Span{text.source, piece.line, piece.column + static_cast<int>(from), piece.line,
                  piece.column + static_cast<int>(to)};
    };
    size_t at = 0;
    while (at < piece.text.size()) {
      const size_t from = at;
      if (std::isspace(static_cast<unsigned char>(piece.text[at])) != 0) {
        ++at;
        continue;
      }
      const bool word = is_word(piece.text[at]);
      while (word && at < piece.text.size() && is_word(piece.text[at])) ++at;
      if (!word) ++at;
      tokens.push_back({word ? Token::Kind::Word : Token::Kind::Symbol,
                        piece.text.substr(from, at - from), span_of(from, at)});
      end = span_of(at, at + 1);
    }
    if (tokens.empty()) end = span_of(0, 1);
  }
  tokens.push_back({Token::Kind::End, "", end});
  return tokens;
}

bool is_type_name(std::string_view word, const TypeBindings& bound) {
  return word == "void" || find_scalar(word).has_value() || bound.contains(word);
}

std::string nearest_type(std::string_view word, const TypeBindings& bound) {
  const std::string_view replacement = replacement_for_type(word);
  if (!replacement.empty()) return std::string(replacement);
  std::vector<std::string> known(type_names().begin(), type_names().end());
  for (const auto& [name, type] : bound) known.push_back(name);
  return nearest(word, known);
}

constexpr std::string_view kForm =
    "the form is `name : result (type [name], ...)`, as in "
    "`saxpy : void (float alpha, float* X, float* Y)`";

class Parser {
 public:
  Parser(std::vector<Token> tokens, const TypeBindings& bound, const TypeHints& hints,
         Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), bound_(bound), hints_(hints), diagnostics_(diagnostics) {}

  std::optional<ParsedSignature> parse() {
    ParsedSignature result;
    result.span = tokens_.front().span;
    if (tokens_.size() > 2 && tokens_[0].kind == Token::Kind::Word && tokens_[1].text == ":") {
      result.name = tokens_[0].text;
      result.name_span = tokens_[0].span;
      next_ = 2;
    }
    result.result_span = peek().span;
    std::optional<ir::Type> type = parse_type("a result type");
    if (!type) return std::nullopt;
    result.result = *type;
    if (!expect("(", "`(` and the types of the parameters")) return std::nullopt;
    if (!parse_parameters(result)) return std::nullopt;
    result.span.end_line = tokens_[next_ - 1].span.end_line;
    result.span.end_column = tokens_[next_ - 1].span.end_column;
    if (peek().kind != Token::Kind::End) {
      fail("nothing after the `)` of the signature", "put remarks on a line of their own");
      return std::nullopt;
    }
    return ok_ ? std::optional(std::move(result)) : std::nullopt;
  }

 private:
  const Token& peek() const { return tokens_[next_]; }
  bool accept(std::string_view symbol) {
    if (peek().kind != Token::Kind::Symbol || peek().text != symbol) return false;
    ++next_;
    return true;
  }
  bool expect(std::string_view symbol, const std::string& wanted) {
    if (accept(symbol)) return true;
    fail(wanted);
    return false;
  }
  void fail(const std::string& wanted, std::string help = std::string(kForm)) {
    const std::string found = peek().kind == Token::Kind::End ? "the end" : "`" + peek().text + "`";
    error("malformed-signature", peek().span,
          "the signature needs " + wanted + " here, not " + found, std::move(help));
  }
  void error(std::string code, Span span, std::string message, std::string help) {
    ok_ = false;
    diagnostics_.error(std::move(code), span, std::move(message), std::move(help));
  }

  // `( type [name], ... )` after the opening parenthesis.
  bool parse_parameters(ParsedSignature& result) {
    if (accept(")")) return true;
    if (peek().text == "void" && tokens_[next_ + 1].text == ")") {  // C's way to write "none"
      next_ += 2;
      return true;
    }
    while (true) {
      if (!parse_parameter(result)) return false;
      if (accept(")")) return true;
      if (peek().text == "[") {
        fail("`,` or `)`", "an array is written with a star: `float* X`");
        return false;
      }
      if (!expect(",", "`,` or `)`")) return false;
    }
  }

  bool parse_parameter(ParsedSignature& result) {
    ParsedSignature::Parameter parameter;
    parameter.type_span = peek().span;
    std::optional<ir::Type> type = parse_type("a parameter's type");
    if (!type) return false;
    parameter.type = *type;
    parameter.type_span.end_line = tokens_[next_ - 1].span.end_line;
    parameter.type_span.end_column = tokens_[next_ - 1].span.end_column;
    if (type->is_void()) {
      error("malformed-signature", parameter.type_span, "a parameter cannot be void",
            "void stands for the result of a function that returns nothing");
    }
    if (peek().kind == Token::Kind::Word) {
      parameter.name = peek().text;
      parameter.name_span = peek().span;
      ++next_;
    }
    result.parameters.push_back(std::move(parameter));
    return true;
  }

  // `word *...`
  std::optional<ir::Type> parse_type(const std::string& wanted) {
    if (peek().kind != Token::Kind::Word) {
      fail(wanted);
      return std::nullopt;
    }
    const Token word = peek();
    if (word.text == "const") {
      error("malformed-signature", word.span, "signatures have no `const`",
            "leave it out: which arrays a kernel writes is found out from the kernel itself");
      return std::nullopt;
    }
    ++next_;
    std::optional<ir::Type> type;
    if (auto found = bound_.find(word.text); found != bound_.end())
      type = found->second;
    else
      type = find_type(word.text);
    if (!type) {
      unknown_type(word);
      type = ir::Type::of(ir::Scalar::F32);  // so that the rest is read as well
    }
    return parse_stars(word, *type);
  }

  std::optional<ir::Type> parse_stars(const Token& word, ir::Type type) {
    Span span = word.span;
    int stars = type.is_array() ? type.rank : 0;
    while (accept("*")) {
      ++stars;
      span.end_line = tokens_[next_ - 1].span.end_line;
      span.end_column = tokens_[next_ - 1].span.end_column;
      if (type.is_void()) {
        error("malformed-signature", span, "`void*` is no type of an array",
              "name the type of its elements: `float*`");
        type = ir::Type::of(ir::Scalar::F32);
      }
      type =
          ir::Type::array_of(type.element(), static_cast<uint8_t>(std::min(stars, ir::kMaxRank)));
    }
    if (stars > ir::kMaxRank) {
      error("array-rank", span,
            "an array has at most " + std::to_string(ir::kMaxRank) + " dimensions, and this has " +
                std::to_string(stars),
            "each `*` stands for a dimension");
    }
    if (peek().text == "[") {
      fail("`*` to make an array", "write `" + word.text + "*` for an array of " + word.text);
      return std::nullopt;
    }
    if (peek().text == ".") {
      fail("`,` or `)`", "a type is one name: `Point = " + word.text + ".Point` gives it one");
      return std::nullopt;
    }
    if (peek().text == "&") {
      fail("no `&`", "arrays are `" + word.text + "*`, and plain numbers are passed by value");
      return std::nullopt;
    }
    return type;
  }

  void unknown_type(const Token& word) {
    if (const auto refused = hints_.refused.find(word.text); refused != hints_.refused.end()) {
      error("unknown-type", word.span, "`" + word.text + "` is not a type of kernels",
            refused->second);
      return;
    }
    std::string suggestion = nearest_type(word.text, bound_);
    if (suggestion.empty()) suggestion = nearest(word.text, hints_.structs);
    error("unknown-type", word.span, "`" + word.text + "` is not a type",
          !suggestion.empty() ? "did you mean `" + suggestion + "`?"
                              : "types are bool, int8 to int64, uint8 to uint64, float32, float64, "
                                "int, float, double, structs that the function can see, "
                                "and `type*` for arrays");
    // `unsigned int`: one mistake, not two
    if (find_scalar(peek().text) || !replacement_for_type(peek().text).empty()) ++next_;
  }

  std::vector<Token> tokens_;
  const TypeBindings& bound_;
  const TypeHints& hints_;
  Diagnostics& diagnostics_;
  size_t next_ = 0;
  bool ok_ = true;
};

// Whether what follows "name :" in a comment means to be a signature.
bool looks_like_signature(std::string_view rest, const TypeBindings& bound) {
  std::vector<std::string> words;
  bool first_is_word = false;
  for (size_t at = 0; at < rest.size();) {
    const size_t from = at;
    while (at < rest.size() && is_word(rest[at])) ++at;
    if (at == from) {
      ++at;
      continue;
    }
    if (words.empty()) {
      const size_t start = rest.find_first_not_of(" \t\n");
      first_is_word = start == from;
    }
    words.emplace_back(rest.substr(from, at - from));
  }
  if (words.empty()) return false;
  const auto type_like = [&](const std::string& word) {
    return is_type_name(word, bound) || !replacement_for_type(word).empty() || word == "const";
  };
  if (first_is_word && (type_like(words[0]) || !nearest_type(words[0], bound).empty())) return true;
  const size_t open = rest.find('(');
  if (open == std::string_view::npos) return false;
  // "(float a, ..." without a result, or "str (float a)" with a result that is no type
  const size_t before = rest.find_last_not_of(" \t\n*", open == 0 ? 0 : open - 1);
  const bool one_word_before =
      before == std::string_view::npos || open == 0 ||
      rest.substr(0, before + 1).find_first_of(" \t\n", rest.find_first_not_of(" \t\n")) ==
          std::string_view::npos;
  return one_word_before &&
         std::any_of(words.begin() + (first_is_word ? 1 : 0), words.end(), type_like);
}

struct CommentLine {
  std::string_view text;
  int column = 0;
  int line = 0;
};

// Without the '#'s in front; nullopt if the line is no comment.
std::optional<CommentLine> comment_of(const SourceText& source, size_t index) {
  std::string_view line = source.lines[index];
  const size_t hash = line.find_first_not_of(" \t\f");
  if (hash == std::string_view::npos || line[hash] != '#') return std::nullopt;
  const size_t start = std::min(line.find_first_not_of('#', hash), line.size());
  return CommentLine{line.substr(start), static_cast<int>(start),
                     source.first_line + static_cast<int>(index)};
}

// Where "name :" ends in the line; npos if it does not begin so.
size_t after_name(std::string_view text, const std::string& name) {
  size_t at = std::min(text.find_first_not_of(" \t"), text.size());
  if (text.substr(at, name.size()) != name) return std::string_view::npos;
  at = text.find_first_not_of(" \t", at + name.size());
  return at == std::string_view::npos || text[at] != ':' ? std::string_view::npos : at + 1;
}

}  // namespace

std::optional<SignatureText> find_comment_signature(const SourceText& source, uint16_t source_index,
                                                    int def_line, const std::string& function_name,
                                                    const TypeBindings& bound) {
  std::optional<SignatureText> found;
  const size_t end =
      std::min(source.lines.size(), static_cast<size_t>(std::max(0, def_line - source.first_line)));
  for (size_t i = 0; i < end; ++i) {
    std::optional<CommentLine> line = comment_of(source, i);
    if (!line) continue;
    const size_t colon = after_name(line->text, function_name);
    if (colon == std::string_view::npos) continue;
    SignatureText text{source_index, {{std::string(line->text), line->line, line->column}}};
    std::string rest(line->text.substr(colon));
    SignatureText joined = text;
    bool closed = rest.find(')') != std::string::npos;
    for (size_t j = i + 1; j < end && !closed; ++j) {
      std::optional<CommentLine> more = comment_of(source, j);
      if (!more) break;
      joined.pieces.push_back({std::string(more->text), more->line, more->column});
      rest += "\n" + std::string(more->text);
      closed = more->text.find(')') != std::string_view::npos;
    }
    if (closed)
      text = std::move(joined);
    else
      rest = std::string(line->text.substr(colon));
    if (looks_like_signature(rest, bound)) found = std::move(text);
  }
  return found;
}

std::optional<ParsedSignature> parse_signature(const SignatureText& text, const TypeBindings& bound,
                                               Diagnostics& diagnostics, const TypeHints& hints) {
  return Parser(tokenize(text), bound, hints, diagnostics).parse();
}

std::optional<ir::Signature> apply_signature(const ParsedSignature& signature,
                                             const syntax::FunctionDef& function,
                                             Diagnostics& diagnostics) {
  bool ok = true;
  const auto error = [&](const char* code, Span span, std::string message,
                         std::string help) -> Diagnostic& {
    ok = false;
    return diagnostics.error(code, span, std::move(message), std::move(help));
  };
  if (!signature.name.empty() && signature.name != function.name) {
    error("signature-name", signature.name_span,
          "the signature is for `" + signature.name + "`, and the function is `" + function.name +
              "`",
          "")
        .notes.push_back({function.span, "the function is here"});
  }
  const auto& typed = signature.parameters;
  const auto& named = function.parameters;
  const auto plural = [](size_t n) {
    return std::to_string(n) + (n == 1 ? " parameter" : " parameters");
  };
  if (typed.size() != named.size()) {
    Span at = signature.span;
    if (typed.size() > named.size()) at = typed[named.size()].type_span;
    error("signature-parameter-count", at,
          "the signature has " + plural(typed.size()) + ", and `" + function.name + "` has " +
              plural(named.size()),
          typed.size() < named.size() ? "add the type of `" + named[typed.size()].name + "`"
                                      : "remove what is too many, or add it to the function")
        .notes.push_back({function.span, "the function is here"});
  }
  ir::Signature result{{}, signature.result, signature.span};
  for (size_t i = 0; i < std::min(typed.size(), named.size()); ++i) {
    result.parameters.push_back(typed[i].type);
    if (typed[i].name.empty() || typed[i].name == named[i].name) continue;
    error("signature-parameter-name", typed[i].name_span,
          "parameter " + std::to_string(i + 1) + " is `" + typed[i].name +
              "` in the signature and `" + named[i].name + "` in the function",
          "write `" + named[i].name + "`, or leave the name out")
        .notes.push_back({named[i].span, "the parameter is here"});
  }
  return ok ? std::optional(std::move(result)) : std::nullopt;
}

}  // namespace cudapy::frontend
