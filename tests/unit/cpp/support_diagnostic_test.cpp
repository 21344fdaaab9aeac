// The renderer: places, marks under tabs and wide characters, spans over lines, notes, order.
#include "support/diagnostic.h"

#include <gtest/gtest.h>

namespace cudapy {
namespace {

std::vector<SourceText> source(std::vector<std::string> lines, int first_line = 1) {
  return {{"k.py", first_line, std::move(lines)}};
}

TEST(Diagnostic, ShowsPlaceLineMarksAndHelp) {
  Diagnostics found;
  found.error("undefined-name", {0, 9, 7, 9, 11}, "name `idxx` is not defined",
              "did you mean `idx`?");
  EXPECT_EQ(render(found, source({"def f(X):", "    if idxx < len(X):"}, 8)),
            "k.py:9:8: error[undefined-name]: name `idxx` is not defined\n"
            "  |\n"
            "9 |     if idxx < len(X):\n"
            "  |        ^^^^\n"
            "  = help: did you mean `idx`?");
}

TEST(Diagnostic, CountsColumnsInCharactersAndMarksInTerminalCells) {
  Diagnostics found;
  // "\t長 é x": the x is at byte 8, character 6, behind a tab, a double-width character and a
  // two-byte one.
  found.error("code", {0, 1, 8, 1, 9}, "message");
  EXPECT_EQ(render(found, source({"\t長 é x"})),
            "k.py:1:6: error[code]: message\n"
            "  |\n"
            "1 | \t長 é x\n"
            "  | \t     ^");
  Diagnostics wide;
  wide.error("code", {0, 1, 1, 1, 7}, "message");
  EXPECT_NE(render(wide, source({"(長さ)"})).find("  |  ^^^^"), std::string::npos);
}

TEST(Diagnostic, MarksTheFirstLineOfALongSpan) {
  Diagnostics found;
  found.error("code", {0, 1, 4, 3, 2}, "message");
  EXPECT_EQ(render(found, source({"x = f(a,   ", "      b", " )"})),
            "k.py:1:5: error[code]: message\n"
            "  |\n"
            "1 | x = f(a,   \n"
            "  |     ^^^^");
}

TEST(Diagnostic, NotesPointAtTheirPlaces) {
  Diagnostics found;
  Diagnostic& error = found.error("code", {0, 2, 0, 2, 1}, "message", "first\nsecond");
  error.notes.push_back({{0, 10, 0, 10, 1}, "here"});
  error.notes.push_back({{}, "no place"});
  std::vector<std::string> lines(10, "x");
  EXPECT_EQ(render(found, source(lines)),
            "k.py:2:1: error[code]: message\n"
            "   |\n"
            " 2 | x\n"
            "   | ^\n"
            "  --> k.py:10:1: note: here\n"
            "   |\n"
            "10 | x\n"
            "   | ^\n"
            "   = note: no place\n"
            "   = help: first\n"
            "           second");
}

TEST(Diagnostic, SortsByPlaceAndSeparatesWithABlankLine) {
  Diagnostics found;
  found.error("second", {0, 2, 3, 2, 4}, "b");
  found.error("first", {0, 1, 0, 1, 1}, "a");
  const std::string text = render(found, source({"x", "   y"}));
  EXPECT_LT(text.find("first"), text.find("second"));
  EXPECT_NE(text.find("^\n\nk.py:2:4"), std::string::npos);
}

TEST(Diagnostic, SurvivesSpansThatFitNothing) {
  Diagnostics found;
  found.error("code", {7, 3, 0, 3, 1}, "no such source");
  found.error("code", {0, 99, 0, 99, 1}, "no such line");
  found.error("code", {0, 1, 50, 1, 60}, "no such column");
  found.error("code", {}, "no place at all");
  const std::string text = render(found, source({"abc\xff"}));
  for (const char* message :
       {"no such source", "no such line", "no such column", "no place at all"}) {
    EXPECT_NE(text.find(message), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace cudapy
