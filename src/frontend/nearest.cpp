// Edit distance with neighbour swaps (optimal string alignment), in half edits.
#include "frontend/nearest.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace cudapy::frontend {
namespace {

constexpr int kEdit = 2;

int substitution(char a, char b) {
  if (a == b) return 0;
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return lower(a) == lower(b) ? kEdit / 2 : kEdit;
}

int distance(std::string_view a, std::string_view b) {
  const size_t width = b.size() + 1;
  std::vector<int> cells((a.size() + 1) * width);
  const auto at = [&](size_t i, size_t j) -> int& { return cells[i * width + j]; };
  for (size_t i = 0; i <= a.size(); ++i) at(i, 0) = static_cast<int>(i) * kEdit;
  for (size_t j = 0; j <= b.size(); ++j) at(0, j) = static_cast<int>(j) * kEdit;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      int best = std::min({at(i - 1, j) + kEdit, at(i, j - 1) + kEdit,
                           at(i - 1, j - 1) + substitution(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, at(i - 2, j - 2) + kEdit);
      }
      at(i, j) = best;
    }
  }
  return at(a.size(), b.size());
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  // One slip in three letters, two in six, three in a long name; a name of one letter is only a
  // matter of case.
  const int allowed = name.size() < 2    ? kEdit / 2
                      : name.size() < 6  ? kEdit
                      : name.size() < 12 ? 2 * kEdit
                                         : 3 * kEdit;
  int best = allowed + 1;
  std::string found;
  for (const std::string& candidate : known) {
    const int length_gap =
        std::abs(static_cast<int>(candidate.size()) - static_cast<int>(name.size()));
    if (candidate == name || length_gap * kEdit >= best) continue;
    const int cost = distance(name, candidate);
    // Nothing of the name would be left.
    if (cost >= kEdit * static_cast<int>(std::min(name.size(), candidate.size()))) continue;
    if (cost < best) {
      best = cost;
      found = candidate;
    }
  }
  return found;
}

}  // namespace cudapy::frontend
