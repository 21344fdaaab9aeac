// Mistakes found in a kernel. A stage adds to `Diagnostics` and goes on, so that a user sees all of
// them at once; nothing in the core prints or throws for a user's mistake.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/span.h"

namespace cudapy {

struct DiagnosticNote {
  Span span;  // line == 0: a note without a place
  std::string message;
};

// `code` is a stable kebab-case name ("undefined-name"); `message` says what is wrong in one line
// without a full stop; `help` says what to write instead (may be empty).
struct Diagnostic {
  std::string code;
  Span span;
  std::string message;
  std::vector<DiagnosticNote> notes;
  std::string help;
};

class Diagnostics {
 public:
  Diagnostic& error(std::string code, Span span, std::string message, std::string help = {}) {
    errors_.push_back({std::move(code), span, std::move(message), {}, std::move(help)});
    return errors_.back();
  }
  [[nodiscard]] bool ok() const { return errors_.empty(); }
  [[nodiscard]] const std::vector<Diagnostic>& errors() const { return errors_; }

 private:
  std::vector<Diagnostic> errors_;
};

// Code in a message.
inline std::string quoted(std::string_view code) {
  return "`" + std::string(code) + "`";
}

// The text a user sees: every error with file, line, the source line, carets under the span, notes
// and help. `label` says what they are.
std::string render(const Diagnostics& diagnostics, std::span<const SourceText> sources,
                   std::string_view label = "error");

}  // namespace cudapy
