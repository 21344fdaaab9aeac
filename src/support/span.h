// Places in the user's source: what every node of every tree carries and every message points at.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cudapy {

// One piece of Python source that a kernel or a helper came from. Lines are those of the function
// alone; `first_line` is the number of lines[0] in its file, so that messages show the file's own
// numbers.
struct SourceText {
  std::string filename;
  int first_line = 1;
  std::vector<std::string> lines;
};

// A range of characters in `Program::sources[source]`: lines count from 1 as in the file, columns
// from 0 in UTF-8 bytes, as CPython's ast gives them; the end column is exclusive. line == 0 means
// "no place known".
struct Span {
  uint16_t source = 0;
  int line = 0;
  int column = 0;
  int end_line = 0;
  int end_column = 0;
};

}  // namespace cudapy
