// The table of type names.
#include "frontend/type_names.h"

#include <array>
#include <utility>

namespace cudapy::frontend {
namespace {

using ir::Scalar;

constexpr std::array<std::pair<std::string_view, Scalar>, 32> kScalars = {{
    {"bool", Scalar::Bool},     {"int", Scalar::I32},         {"float", Scalar::F32},
    {"double", Scalar::F64},    {"int8", Scalar::I8},         {"int16", Scalar::I16},
    {"int32", Scalar::I32},     {"int64", Scalar::I64},       {"uint8", Scalar::U8},
    {"uint16", Scalar::U16},    {"uint32", Scalar::U32},      {"uint64", Scalar::U64},
    {"float32", Scalar::F32},   {"float64", Scalar::F64},     {"bool_", Scalar::Bool},
    {"int8_t", Scalar::I8},     {"int16_t", Scalar::I16},     {"int32_t", Scalar::I32},
    {"int64_t", Scalar::I64},   {"uint8_t", Scalar::U8},      {"uint16_t", Scalar::U16},
    {"uint32_t", Scalar::U32},  {"uint64_t", Scalar::U64},    {"single", Scalar::F32},
    {"longlong", Scalar::I64},  {"intc", Scalar::I32},        {"byte", Scalar::I8},
    {"complex64", Scalar::C64}, {"complex128", Scalar::C128}, {"float16", Scalar::F16},
    {"half", Scalar::F16},      {"bfloat16", Scalar::BF16},
}};

constexpr std::array<std::string_view, 19> kSuggested = {
    "bool",    "int",       "float",      "double",  "void",    "int8",   "int16",
    "int32",   "int64",     "uint8",      "uint16",  "uint32",  "uint64", "float32",
    "float64", "complex64", "complex128", "float16", "bfloat16"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kReplacements = {{
    {"unsigned", "uint32"},
    {"signed", "int32"},
    {"long", "int64"},
    {"short", "int16"},
    {"char", "int8"},
    {"uchar", "uint8"},
    {"ushort", "uint16"},
    {"uint", "uint32"},
    {"ulong", "uint64"},
    {"size_t", "uint64"},
    {"ptrdiff_t", "int64"},
    {"Float", "float"},
    {"Int", "int"},
}};

}  // namespace

std::optional<ir::Scalar> find_scalar(std::string_view name) {
  for (const auto& [known, scalar] : kScalars) {
    if (known == name) return scalar;
  }
  return std::nullopt;
}

std::optional<ir::Type> find_type(std::string_view text) {
  if (text == "void") return ir::Type::void_();
  const size_t stars = text.find('*');
  std::optional<ir::Scalar> scalar = find_scalar(text.substr(0, stars));
  if (!scalar) return std::nullopt;
  if (stars == std::string_view::npos) return ir::Type::of(*scalar);
  return ir::Type::array(*scalar, static_cast<uint8_t>(text.size() - stars));
}

std::span<const std::string_view> type_names() {
  return kSuggested;
}

std::string_view replacement_for_type(std::string_view name) {
  for (const auto& [known, replacement] : kReplacements) {
    if (known == name) return replacement;
  }
  return {};
}

}  // namespace cudapy::frontend
