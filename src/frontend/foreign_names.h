// What names of Numba, CUDA C++ and C are called here, for those who write them from habit.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace cudapy::frontend {

struct ForeignName {
  size_t parts;  // how many parts of the path are the name
  std::string help;
};

// `path` is a name and its attributes, such as {"cuda", "grid"}. nullopt: nobody's name.
std::optional<ForeignName> find_foreign_name(std::span<const std::string> path);

}  // namespace cudapy::frontend
