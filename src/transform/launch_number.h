// A number that a launch is given: an argument, a length of an array or the distance of its rows.
#pragma once

#include <cstdint>

#include "ir/tree.h"

namespace cudapy::transform {

struct LaunchNumber {
  enum class Kind : uint8_t { Argument, Length, Stride };

  Kind kind = Kind::Argument;
  ir::LocalId parameter = ir::kNoLocal;
  int32_t axis = 0;
  friend bool operator==(const LaunchNumber&, const LaunchNumber&) = default;
};

}  // namespace cudapy::transform
