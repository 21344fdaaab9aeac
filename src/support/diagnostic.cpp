// Renders diagnostics as text:
//
//   saxpy.py:4:8: error[undefined-name]: name 'idxx' is not defined
//     |
//   4 |     if idxx < len(X):
//     |        ^^^^
//     = help: did you mean 'idx'?
#include "support/diagnostic.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace cudapy {
namespace {

const SourceText* source_of(const Span& span, std::span<const SourceText> sources) {
  return span.source < sources.size() ? &sources[span.source] : nullptr;
}

// The line's text, or nullptr where the source is not at hand.
const std::string* line_of(const Span& span, std::span<const SourceText> sources) {
  const SourceText* source = source_of(span, sources);
  if (source == nullptr || span.line < source->first_line) return nullptr;
  const auto index = static_cast<size_t>(span.line - source->first_line);
  return index < source->lines.size() ? &source->lines[index] : nullptr;
}

// Decodes one character; malformed bytes count as one character each.
char32_t next_character(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at++);
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (more == 0) return lead;
  char32_t value = lead & (0x3FU >> more);
  for (int i = 0; i < more; ++i) {
    if (at >= text.size() || (byte(at) & 0xC0) != 0x80) return lead;
    value = value << 6 | (byte(at++) & 0x3FU);
  }
  return value;
}

struct Range {
  char32_t first;
  char32_t last;
};

// Columns of a terminal: combining marks take none; East Asian wide and full-width characters and
// emoji take two (the blocks of Unicode's EastAsianWidth that are wide throughout).
int width_of(char32_t c) {
  static constexpr Range kNone[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},
                                    {0x610, 0x61A},   {0x64B, 0x65F},   {0x1AB0, 0x1AFF},
                                    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF},
                                    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
  static constexpr Range kWide[] = {
      {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
      {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
      {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},
      {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
  const auto within = [c](const Range& range) { return c >= range.first && c <= range.last; };
  if (std::any_of(std::begin(kNone), std::end(kNone), within)) return 0;
  return std::any_of(std::begin(kWide), std::end(kWide), within) ? 2 : 1;
}

// Blanks as wide as `text`; tabs stay tabs, so that the marks align whatever a tab is worth.
std::string blanks_for(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    if (c == '\t')
      result += '\t';
    else
      result.append(static_cast<size_t>(width_of(c)), ' ');
  }
  return result;
}

std::string marks_for(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_character(text, at);
    if (c == '\t')
      result += "^\t";  // a run of marks stops at a tab, and goes on behind it
    else
      result.append(static_cast<size_t>(width_of(c)), '^');
  }
  return result.empty() ? "^" : result;
}

std::string place_of(const Span& span, std::span<const SourceText> sources) {
  const SourceText* source = source_of(span, sources);
  std::string result = source != nullptr ? source->filename : "<unknown>";
  if (span.line <= 0) return result;
  result += ":" + std::to_string(span.line);
  const std::string* line = line_of(span, sources);
  if (line == nullptr) return result;
  // Counted in characters from 1, as editors do.
  int column = 1;
  const std::string_view before =
      std::string_view(*line).substr(0, static_cast<size_t>(std::max(0, span.column)));
  for (size_t at = 0; at < before.size(); ++column) next_character(before, at);
  return result + ":" + std::to_string(column);
}

// The source line under its number, and the marks: the span's part of its first line.
void append_excerpt(std::string& out, const Span& span, std::span<const SourceText> sources,
                    size_t gutter) {
  const std::string* line = line_of(span, sources);
  if (line == nullptr) return;
  const std::string_view text = *line;
  const size_t from = std::min(text.size(), static_cast<size_t>(std::max(0, span.column)));
  size_t to =
      span.end_line > span.line
          ? text.size()
          : std::clamp(static_cast<size_t>(std::max(0, span.end_column)), from, text.size());
  if (span.end_line > span.line) {  // up to the end of the code, not of the blanks behind it
    const size_t last = text.find_last_not_of(" \t\r");
    to = std::max(from, last == std::string_view::npos ? from : last + 1);
  }
  const std::string number = std::to_string(span.line);
  const std::string margin = std::string(gutter, ' ') + " |";
  out += margin + "\n";
  out += std::string(gutter - number.size(), ' ') + number + " | " + std::string(text) + "\n";
  out += margin + " " + blanks_for(text.substr(0, from)) + marks_for(text.substr(from, to - from)) +
         "\n";
}

// "  = help: first line", further lines below the text.
void append_remark(std::string& out, std::string_view label, std::string_view text, size_t gutter) {
  const std::string indent = std::string(gutter, ' ') + " = " + std::string(label) + ": ";
  const std::string more = std::string(indent.size(), ' ');
  bool first = true;
  while (true) {
    const size_t end = text.find('\n');
    out += (first ? indent : more) + std::string(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
    first = false;
  }
}

void append(std::string& out, const Diagnostic& error, std::span<const SourceText> sources,
            std::string_view label) {
  int last_line = error.span.line;
  for (const DiagnosticNote& note : error.notes) last_line = std::max(last_line, note.span.line);
  const size_t gutter = std::to_string(std::max(1, last_line)).size();
  if (error.span.line > 0) out += place_of(error.span, sources) + ": ";
  out += std::string(label) + "[" + error.code + "]: " + error.message + "\n";
  append_excerpt(out, error.span, sources, gutter);
  for (const DiagnosticNote& note : error.notes) {
    if (note.span.line <= 0) {
      append_remark(out, "note", note.message, gutter);
      continue;
    }
    out += std::string(gutter, ' ') + "--> " + place_of(note.span, sources) +
           ": note: " + note.message + "\n";
    append_excerpt(out, note.span, sources, gutter);
  }
  if (!error.help.empty()) append_remark(out, "help", error.help, gutter);
}

}  // namespace

std::string render(const Diagnostics& diagnostics, std::span<const SourceText> sources,
                   std::string_view label) {
  // In the order of the source; mistakes of one place stay in the order in which they were found.
  std::vector<const Diagnostic*> ordered;
  for (const Diagnostic& error : diagnostics.errors()) ordered.push_back(&error);
  std::stable_sort(ordered.begin(), ordered.end(), [](const Diagnostic* a, const Diagnostic* b) {
    if (a->span.source != b->span.source) return a->span.source < b->span.source;
    return a->span.line != b->span.line ? a->span.line < b->span.line
                                        : a->span.column < b->span.column;
  });
  std::string out;
  for (const Diagnostic* error : ordered) {
    if (!out.empty()) out += "\n";
    append(out, *error, sources, label);
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace cudapy
