// How signatures, casts and annotations spell the scalar types.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ir/type.h"

namespace cudapy::frontend {

// "float" is float32, "double" float64, "int" int32; NumPy's names mean what they say. nullopt: no
// such type.
std::optional<ir::Scalar> find_scalar(std::string_view name);

// A type as `__cudapy_type__` spells it: "float32", "float32*", "void". nullopt: no such type.
std::optional<ir::Type> find_type(std::string_view text);

// All spellings that find_scalar knows, and "void", for suggestions.
std::span<const std::string_view> type_names();

// What to write for a type of C or NumPy that is not one of ours ("unsigned", "size_t"); empty if
// nothing is known.
std::string_view replacement_for_type(std::string_view name);

}  // namespace cudapy::frontend
