// The name that was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cudapy::frontend {

// The nearest of `known` by edit distance (a swap of neighbours is one edit, another case half of
// one), if it is near enough to be a slip; else empty. The earlier of equally near ones wins.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace cudapy::frontend
