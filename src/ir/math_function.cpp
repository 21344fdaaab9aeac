// Lookup in the catalogue of math functions: sorted tables made by the compiler from the .def file.
#include "ir/math_function.h"

#include <algorithm>
#include <initializer_list>

namespace cudapy::ir {
namespace {

struct Kinds {
  std::uint8_t arity = 0;
  std::array<MathKind, 4> kinds{};
  constexpr Kinds(std::initializer_list<MathKind> list) {
    for (MathKind kind : list) kinds[arity++] = kind;
  }
};

constexpr MathInfo make_info(std::string_view name, Kinds arguments, MathKind result, float ulp32,
                             float ulp64, MathForm form) {
  return {name, arguments.arity, arguments.kinds, result, ulp32, ulp64, form};
}

using enum MathKind;
using enum MathForm;

#define CUDAPY_KINDS(...) {__VA_ARGS__}
constexpr MathInfo kInfos[] = {
#define CUDAPY_MATH(Enum, name, arguments, result, ulp32, ulp64, how) \
  make_info(name, CUDAPY_KINDS arguments, result, ulp32, ulp64, how),
#include "ir/math_functions.def"
};

struct Name {
  std::string_view spelling;
  MathFunction function;
  bool alias;
};

constexpr std::size_t kNameCount = 0
#define CUDAPY_MATH(Enum, name, arguments, result, ulp32, ulp64, how) +1
#define CUDAPY_MATH_ALIAS(name, Enum) +1
#include "ir/math_functions.def"
    ;

constexpr std::array<Name, kNameCount> sorted_names() {
  std::array<Name, kNameCount> names{{
#define CUDAPY_MATH(Enum, name, arguments, result, ulp32, ulp64, how) \
  {name, MathFunction::Enum, false},
#define CUDAPY_MATH_ALIAS(name, Enum) {name, MathFunction::Enum, true},
#include "ir/math_functions.def"
  }};
  std::sort(names.begin(), names.end(),
            [](const Name& a, const Name& b) { return a.spelling < b.spelling; });
  return names;
}

constexpr std::array<Name, kNameCount> kNames = sorted_names();

constexpr std::array<std::string_view, kNameCount> sorted_spellings() {
  std::array<std::string_view, kNameCount> spellings{};
  for (std::size_t i = 0; i < kNameCount; ++i) spellings[i] = kNames[i].spelling;
  return spellings;
}

constexpr std::array<std::string_view, kNameCount> kSpellings = sorted_spellings();

const Name* find_name(std::string_view spelling) {
  const auto* found = std::lower_bound(
      kNames.begin(), kNames.end(), spelling,
      [](const Name& entry, std::string_view wanted) { return entry.spelling < wanted; });
  return found != kNames.end() && found->spelling == spelling ? found : nullptr;
}

}  // namespace

const MathInfo& info(MathFunction function) {
  return kInfos[static_cast<std::size_t>(function)];
}

std::optional<MathFunction> find_math_function(std::string_view name, bool* single_precision) {
  *single_precision = false;
  if (const Name* exact = find_name(name)) return exact->function;
  if (!name.ends_with('f')) return std::nullopt;
  const Name* generic = find_name(name.substr(0, name.size() - 1));
  if (generic == nullptr || generic->alias) return std::nullopt;
  *single_precision = true;
  return generic->function;
}

std::span<const std::string_view> math_function_names() {
  return kSpellings;
}

}  // namespace cudapy::ir
