// Which math functions are instructions: a list beside math_functions.def, for those who weigh
// code.
#pragma once

#include "ir/math_function.h"

namespace cudapy::ir {

// How long lanes take for it together. Instruction: as an addition. Root: one instruction, too, but
// as slow as a division. Formula: the rest, of which some call or loop.
enum class MathPace : std::uint8_t { Instruction, Root, Formula };

constexpr MathPace pace_of(MathFunction function) {
  switch (function) {
    case MathFunction::Ceil:
    case MathFunction::Copysign:
    case MathFunction::Fabs:
    case MathFunction::Floor:
    case MathFunction::Fma:
    case MathFunction::Fmax:
    case MathFunction::Fmin:
    case MathFunction::Rint:
    case MathFunction::Trunc:
      return MathPace::Instruction;
    case MathFunction::Rsqrt:
    case MathFunction::Sqrt:
      return MathPace::Root;
    default:
      return MathPace::Formula;
  }
}

// Whether lanes take it together: no call, no loop, nothing that is looked up.
constexpr bool is_instruction(MathFunction function) {
  return pace_of(function) != MathPace::Formula;
}

}  // namespace cudapy::ir
