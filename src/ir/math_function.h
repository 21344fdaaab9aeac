// The math functions a kernel can call, looked up by the name a Python programmer or CUDA gives
// them. The table itself is math_functions.def. Nothing here allocates or throws.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cudapy::ir {

enum class MathFunction : std::uint8_t {
#define CUDAPY_MATH(Enum, name, arguments, result, ulp32, ulp64, how) Enum,
#include "ir/math_functions.def"
};

// Float stands for the type the function is called at: float32 or float64.
enum class MathKind : std::uint8_t { None, Float, Int32, Int64, Bool };

// How code for it is made: inline vector code, or a call per active lane.
enum class MathForm : std::uint8_t { Vector, Scalar };

struct MathInfo {
  std::string_view name;              // the generic spelling, "sin"
  std::uint8_t arity;                 // 1 to 4
  std::array<MathKind, 4> arguments;  // None beyond the arity
  MathKind result;
  float ulp32;  // largest error of a float32 result, in ulp
  float ulp64;  // of a float64 result
  MathForm form;
};

const MathInfo& info(MathFunction function);

// "sin" finds Sin and leaves *single_precision false; "sinf" finds Sin and sets it: the call takes
// and gives float32. nullopt if there is no such function.
std::optional<MathFunction> find_math_function(std::string_view name, bool* single_precision);

// Every generic name and alias, sorted, for suggestions.
std::span<const std::string_view> math_function_names();

}  // namespace cudapy::ir
