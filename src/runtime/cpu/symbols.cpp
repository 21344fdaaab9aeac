// The table behind resolve_runtime_symbol.
#include "runtime/cpu/symbols.h"

#include "runtime/cpu/block_memory.h"
#include "runtime/cpu/fault.h"
#include "runtime/cpu/interruption.h"
#include "runtime/cpu/print_buffer.h"
#include "runtime/cpu/private_bins.h"
#include "runtime/cpu/stack_end.h"
#include "runtime/math/math_symbols.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace cudapy::runtime {
namespace {

template <typename Function>
constexpr const void* address(Function* function) {
  return reinterpret_cast<const void*>(function);
}

using Unary = double(double);
using UnaryF = float(float);
using Binary = double(double, double);
using BinaryF = float(float, float);
using Ternary = double(double, double, double);
using TernaryF = float(float, float, float);

// Sorted by name.
const std::array kLibrarySymbols = {
    MathSymbol{"ceil", address<Unary>(::ceil)},
    MathSymbol{"ceilf", address<UnaryF>(::ceilf)},
    MathSymbol{"cudapy_block_memory", address(::cudapy_block_memory)},
    MathSymbol{"cudapy_close_bins32", address(::cudapy_close_bins32)},
    MathSymbol{"cudapy_close_bins64", address(::cudapy_close_bins64)},
    MathSymbol{"cudapy_open_bins", address(::cudapy_open_bins)},
    MathSymbol{"cudapy_poll", address(::cudapy_poll)},
    MathSymbol{"cudapy_print", address(::cudapy_print)},
    MathSymbol{"cudapy_record_fault", address(::cudapy_record_fault)},
    MathSymbol{"cudapy_record_raise", address(::cudapy_record_raise)},
    MathSymbol{"cudapy_stack_end", address(::cudapy_stack_end)},
    MathSymbol{"floor", address<Unary>(::floor)},
    MathSymbol{"floorf", address<UnaryF>(::floorf)},
    MathSymbol{"fma", address<Ternary>(::fma)},
    MathSymbol{"fmaf", address<TernaryF>(::fmaf)},
    MathSymbol{"fmod", address<Binary>(::fmod)},
    MathSymbol{"fmodf", address<BinaryF>(::fmodf)},
    MathSymbol{"memcmp", address(::memcmp)},
    MathSymbol{"memcpy", address(::memcpy)},
    MathSymbol{"memmove", address(::memmove)},
    MathSymbol{"memset", address(::memset)},
    MathSymbol{"nearbyint", address<Unary>(::nearbyint)},
    MathSymbol{"nearbyintf", address<UnaryF>(::nearbyintf)},
    MathSymbol{"rint", address<Unary>(::rint)},
    MathSymbol{"rintf", address<UnaryF>(::rintf)},
    MathSymbol{"round", address<Unary>(::round)},
    MathSymbol{"roundeven", address<Unary>(::roundeven)},
    MathSymbol{"roundevenf", address<UnaryF>(::roundevenf)},
    MathSymbol{"roundf", address<UnaryF>(::roundf)},
    MathSymbol{"trunc", address<Unary>(::trunc)},
    MathSymbol{"truncf", address<UnaryF>(::truncf)},
};

template <typename Symbols>
const void* find(const Symbols& symbols, std::string_view name) {
  const auto by_name = [](const MathSymbol& symbol) { return std::string_view(symbol.name); };
  const auto found = std::ranges::lower_bound(symbols, name, {}, by_name);
  return found != symbols.end() && by_name(*found) == name ? found->address : nullptr;
}

}  // namespace

const void* resolve_runtime_symbol(std::string_view name) {
  if (const void* address = find(math_symbols(), name)) return address;
  return find(kLibrarySymbols, name);
}

}  // namespace cudapy::runtime
