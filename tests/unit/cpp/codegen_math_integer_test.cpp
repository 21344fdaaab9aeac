// Floor division and remainder of every integer type and both float types, and integer powers,
// against plain C++ at several vector widths: edge values in all pairs, then random ones.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>

#include "codegen/math/emit.h"
#include "codegen/math/integer.h"
#include "codegen_math_harness.h"

namespace cudapy::tests {
namespace {

template <typename T>
constexpr Element element_of() {
  if constexpr (std::is_same_v<T, float>) return Element::kFloat;
  if constexpr (std::is_same_v<T, double>) return Element::kDouble;
  constexpr Element kBySize[] = {Element::kInt8, Element::kInt16, Element::kInt32, Element::kInt64};
  return kBySize[sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3];
}

template <typename T>
std::vector<T> edge_values() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> values = {0, 1, 2, 3, 5, 7, 10, 100, 127};
  if constexpr (std::is_floating_point_v<T>) {
    for (T value : {T(0.5), T(0.1), T(1e-3), T(2.5), T(1e6), Limits::max(), Limits::min(),
                    Limits::denorm_min(), Limits::infinity(), Limits::quiet_NaN()})
      values.push_back(value);
    const size_t positive = values.size();
    for (size_t i = 0; i < positive; ++i) values.push_back(-values[i]);
  } else {
    for (unsigned bit = 3; bit < sizeof(T) * 8; ++bit) {
      const uint64_t power = uint64_t{1} << bit;
      for (const uint64_t near : {power, power - 1, power + 1, -power, ~power})
        values.push_back(static_cast<T>(near));
    }
    values.insert(values.end(), {Limits::max(), Limits::min(), static_cast<T>(-1),
                                 static_cast<T>(-2), static_cast<T>(-3), static_cast<T>(-7)});
  }
  return values;
}

template <typename T>
struct Operands {
  std::vector<T> a, b;
};

template <typename T>
Operands<T> make_operands() {
  Operands<T> operands;
  for (T a : edge_values<T>())
    for (T b : edge_values<T>()) {
      operands.a.push_back(a);
      operands.b.push_back(b);
    }
  std::mt19937_64 random(1);
  for (int i = 0; i < 40000; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      const double scale = std::ldexp(1.0, static_cast<int>(random() % 24) - 12);
      operands.a.push_back(
          static_cast<T>(static_cast<double>(static_cast<int64_t>(random())) * 0x1p-50));
      operands.b.push_back(
          static_cast<T>(static_cast<double>(static_cast<int64_t>(random())) * 0x1p-60 * scale));
    } else {
      // All magnitudes alike, and quotients next to an integer.
      const T a = static_cast<T>(random() >> (random() % 64));
      const T b = static_cast<T>(random() >> (random() % 64));
      operands.a.push_back(a);
      operands.b.push_back(b);
      const uint64_t product = static_cast<uint64_t>(b) * (static_cast<uint64_t>(a) | 1);
      operands.a.push_back(static_cast<T>(product - random() % 3 + 1));
      operands.b.push_back(b);
    }
  }
  while (operands.a.size() % 32 != 0) {
    operands.a.push_back(1);
    operands.b.push_back(1);
  }
  return operands;
}

template <typename T>
T floor_quotient(T a, T b) {
  if constexpr (std::is_unsigned_v<T>) return a / b;
  using Wide = __int128;
  const Wide quotient = static_cast<Wide>(a) / b;
  const bool down = static_cast<Wide>(a) % b != 0 && (a < 0) != (b < 0);
  return static_cast<T>(quotient - down);
}

template <typename T>
T floor_remainder(T a, T b) {
  using Wide = __int128;
  return static_cast<T>(static_cast<Wide>(a) - static_cast<Wide>(floor_quotient(a, b)) * b);
}

using Emit = llvm::Value* (*)(llvm::IRBuilderBase&, llvm::Value*, llvm::Value*, bool);

template <typename T>
void check_integers(Emit emit, T (*expected)(T, T), const char* what) {
  const Operands<T> operands = make_operands<T>();
  const auto count = static_cast<int64_t>(operands.a.size());
  for (const std::string& isa : {std::string(), std::string("avx2"), std::string("sse4")}) {
    for (unsigned lanes : {0u, 4u, 16u, 32u}) {
      Build build{isa, lanes};
      ArrayFunction code(build, {element_of<T>(), element_of<T>()}, element_of<T>(),
                         [&](llvm::IRBuilderBase& builder, const std::vector<llvm::Value*>& values,
                             llvm::Value*, const codegen::cpu::TargetInfo&) {
                           return emit(builder, values[0], values[1], std::is_signed_v<T>);
                         });
      std::vector<T> result(operands.a.size());
      code.run({operands.a.data(), operands.b.data()}, result.data(), count);
      for (size_t i = 0; i < result.size(); ++i) {
        if (operands.b[i] == 0) continue;
        ASSERT_EQ(result[i], expected(operands.a[i], operands.b[i]))
            << +operands.a[i] << ' ' << what << ' ' << +operands.b[i] << ", " << 8 * sizeof(T)
            << (std::is_signed_v<T> ? " bits signed, " : " bits unsigned, ") << lanes
            << " lanes on '" << isa << "'";
      }
    }
  }
}

template <typename T>
class IntegerDivision : public testing::Test {};
using IntegerTypes =
    testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(IntegerDivision, IntegerTypes);

TYPED_TEST(IntegerDivision, FloorDiv) {
  check_integers<TypeParam>(codegen::emit_floor_div, floor_quotient<TypeParam>, "//");
}

TYPED_TEST(IntegerDivision, FloorMod) {
  check_integers<TypeParam>(codegen::emit_floor_mod, floor_remainder<TypeParam>, "%");
}

template <typename T>
T power(T base, T exponent) {
  T result = 1;
  for (uint64_t left = static_cast<std::make_unsigned_t<T>>(exponent); left != 0; left >>= 1) {
    if ((left & 1) != 0)
      result = static_cast<T>(static_cast<uint64_t>(result) * static_cast<uint64_t>(base));
    base = static_cast<T>(static_cast<uint64_t>(base) * static_cast<uint64_t>(base));
  }
  return result;
}

TYPED_TEST(IntegerDivision, Power) {
  auto emit = [](llvm::IRBuilderBase& builder, llvm::Value* a, llvm::Value* b, bool) {
    return codegen::emit_int_pow(builder, a, b);
  };
  check_integers<TypeParam>(emit, power<TypeParam>, "**");
}

// CPython's own definition, in its words: divmod of two floats.
template <typename T>
struct PythonDivision {
  T quotient, remainder;
};

template <typename T>
PythonDivision<T> python_divmod(T a, T b) {
  T remainder = std::fmod(a, b);
  T quotient = (a - remainder) / b;
  if (remainder != 0) {
    if ((b < 0) != (remainder < 0)) {
      remainder += b;
      quotient -= 1;
    }
  } else {
    remainder = std::copysign(T(0), b);
  }
  if (quotient == 0) return {std::copysign(T(0), a / b), remainder};
  T whole = std::floor(quotient);
  if (quotient - whole > T(0.5)) whole += 1;
  return {whole, remainder};
}

using EmitFloat = llvm::Value* (*)(llvm::IRBuilderBase&, llvm::Value*, llvm::Value*,
                                   const codegen::MathOptions&);

template <typename T>
bool same(T a, T b) {
  return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
}

template <typename T>
void check_floats(EmitFloat emit, T PythonDivision<T>::* part) {
  const Operands<T> operands = make_operands<T>();
  for (const std::string& isa : {std::string(), std::string("sse4")}) {
    for (unsigned lanes : {0u, 4u, 16u, 32u}) {
      ArrayFunction code({isa, lanes}, {element_of<T>(), element_of<T>()}, element_of<T>(),
                         [&](llvm::IRBuilderBase& builder, const std::vector<llvm::Value*>& values,
                             llvm::Value* mask, const codegen::cpu::TargetInfo& target) {
                           codegen::MathOptions options;
                           options.has_fma = target.has_fma;
                           options.mask = mask;
                           return emit(builder, values[0], values[1], options);
                         });
      std::vector<T> result(operands.a.size());
      code.run({operands.a.data(), operands.b.data()}, result.data(),
               static_cast<int64_t>(result.size()));
      for (size_t i = 0; i < result.size(); ++i) {
        const T expected = python_divmod(operands.a[i], operands.b[i]).*part;
        if (operands.b[i] == 0) continue;
        ASSERT_TRUE(same(result[i], expected))
            << operands.a[i] << " and " << operands.b[i] << " give " << result[i] << ", not "
            << expected << ", at " << lanes << " lanes on '" << isa << "'";
      }
    }
  }
}

TEST(FloatDivision, FloorDiv) {
  check_floats<float>(codegen::emit_float_floor_div, &PythonDivision<float>::quotient);
  check_floats<double>(codegen::emit_float_floor_div, &PythonDivision<double>::quotient);
}

TEST(FloatDivision, Mod) {
  check_floats<float>(codegen::emit_float_mod, &PythonDivision<float>::remainder);
  check_floats<double>(codegen::emit_float_mod, &PythonDivision<double>::remainder);
}

}  // namespace
}  // namespace cudapy::tests
