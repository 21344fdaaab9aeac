// The functions of math_symbols.h, by C's library.
#include "runtime/math/math_symbols.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

// Both precisions of a function of one argument: double from an expression in long double, float
// from one in double. The argument is x in both.
#define CUDAPY_SCALAR(name, of_long_double, of_double)  \
  extern "C" double cudapy_math_##name(double value) {  \
    long double x = value;                              \
    return static_cast<double>(of_long_double);         \
  }                                                     \
  extern "C" float cudapy_math_##name##f(float value) { \
    double x = static_cast<double>(value);              \
    return static_cast<float>(of_double);               \
  }

// C's are within 0.55 ulp in double already.
CUDAPY_SCALAR(cos, std::cos(static_cast<double>(x)), std::cos(x))
CUDAPY_SCALAR(sin, std::sin(static_cast<double>(x)), std::sin(x))
CUDAPY_SCALAR(tan, std::tan(x), std::tan(x))

extern "C" double cudapy_math_fma(double x, double y, double z) {
  return std::fma(x, y, z);
}
extern "C" float cudapy_math_fmaf(float x, float y, float z) {
  return std::fma(x, y, z);
}
extern "C" double cudapy_math_fmod(double x, double y) {
  return std::fmod(x, y);
}
extern "C" float cudapy_math_fmodf(float x, float y) {
  return std::fmod(x, y);
}
extern "C" double cudapy_math_remainder(double x, double y) {
  return std::remainder(x, y);
}
extern "C" float cudapy_math_remainderf(float x, float y) {
  return std::remainder(x, y);
}

namespace cudapy::runtime {

std::span<const MathSymbol> math_symbols() {
#define CUDAPY_SYMBOLS(name)                                                            \
  MathSymbol{"cudapy_math_" #name, reinterpret_cast<const void*>(&cudapy_math_##name)}, \
      MathSymbol {                                                                      \
    "cudapy_math_" #name "f", reinterpret_cast<const void*>(&cudapy_math_##name##f)     \
  }
  static const auto kSymbols = [] {
    std::array symbols{CUDAPY_SYMBOLS(cos),       CUDAPY_SYMBOLS(fma), CUDAPY_SYMBOLS(fmod),
                       CUDAPY_SYMBOLS(remainder), CUDAPY_SYMBOLS(sin), CUDAPY_SYMBOLS(tan)};
    std::sort(symbols.begin(), symbols.end(), [](const MathSymbol& a, const MathSymbol& b) {
      return std::string_view(a.name) < b.name;
    });
    return symbols;
  }();
  return kSymbols;
}

}  // namespace cudapy::runtime
