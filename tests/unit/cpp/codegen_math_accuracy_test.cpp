// Every function of the catalogue against a reference of higher precision: special values, random
// bit patterns and the range where the function does something, at the stated bound, on each level
// this machine runs; and the same bits at every vector width.
//
// CUDAPY_MATH_REPORT=1 prints the largest error found and the time per element.
// CUDAPY_MATH_POINTS=n sets how many random points a range gets, CUDAPY_MATH_STRIDE=n which float32
// values the sweeps look at: every n-th, 1 for all of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

#include "codegen_math_harness.h"
#include "codegen_math_reference.h"

namespace cudapy::tests {
namespace {

using ir::MathFunction;

struct Points {
  std::vector<std::vector<double>> arguments;  // one array an argument, each value exact in T
};

int64_t points_per_range() {
  const char* wanted = std::getenv("CUDAPY_MATH_POINTS");
  return wanted == nullptr ? 20000 : std::atoll(wanted);
}

template <typename T>
std::vector<double> special_values() {
  using Limits = std::numeric_limits<T>;
  const T epsilon = Limits::epsilon();
  std::vector<T> positive = {0,
                             Limits::denorm_min(),
                             Limits::denorm_min() * 3,
                             Limits::min() - Limits::denorm_min(),
                             Limits::min(),
                             Limits::max(),
                             Limits::infinity(),
                             epsilon,
                             epsilon / 2,
                             1 - epsilon / 2,
                             1,
                             1 + epsilon,
                             T(0.5),
                             T(1.5),
                             2,
                             T(2.5),
                             3,
                             4,
                             T(0.25),
                             10,
                             100,
                             T(1 / epsilon),
                             T(2 / epsilon),
                             T(0.5) / epsilon,
                             T(0.5) / epsilon + T(0.5),
                             T(M_PI),
                             T(M_PI_2),
                             T(M_PI_4),
                             T(1e5),
                             T(1e10),
                             T(1e30),
                             T(88.72283),
                             T(88.72284),
                             T(-103.97207),
                             T(-87.33654),
                             T(709.782712893384),
                             T(709.7827128933841),
                             T(-745.1332191019411),
                             T(-708.3964185322641),
                             128,
                             127,
                             149,
                             150,
                             1023,
                             1024,
                             1074,
                             1075};
  std::vector<double> all = {std::numeric_limits<double>::quiet_NaN()};
  for (T value : positive) {
    all.push_back(static_cast<double>(value));
    all.push_back(static_cast<double>(-value));
  }
  return all;
}

template <typename T>
double random_bits(std::mt19937_64& random) {
  if constexpr (sizeof(T) == 4)
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(random())));
  return std::bit_cast<double>(random());
}

template <typename T>
double random_in(std::mt19937_64& random, Range range) {
  const double unit = static_cast<double>(random() >> 11) * 0x1p-53;
  return static_cast<double>(static_cast<T>(range.low + (range.high - range.low) * unit));
}

double integer_argument(double value) {
  if (!(std::fabs(value) < 2e9)) return std::signbit(value) ? -2000000000 : 2000000000;
  return std::trunc(value);
}

template <typename T>
Points make_points(const Reference& reference) {
  const ir::MathInfo& info = ir::info(reference.function);
  Points points;
  points.arguments.resize(info.arity);
  auto add = [&](std::initializer_list<double> values) {
    unsigned i = 0;
    for (double value : values) {
      if (i == info.arity) break;
      const bool is_float = info.arguments[i] == ir::MathKind::Float;
      points.arguments[i++].push_back(is_float ? value : integer_argument(value));
    }
  };
  const std::vector<double> special = special_values<T>();
  if (reference.special) {
    for (double a : special) {
      if (info.arity == 1) add({a});
      if (info.arity >= 2)
        for (double b : special) add({a, b, special[points.arguments[0].size() % 31], b});
    }
  }
  std::mt19937_64 random(static_cast<unsigned>(reference.function) + 1);
  const int64_t count = points_per_range();
  if (reference.special) {
    for (int64_t i = 0; i < count; ++i)
      add({random_bits<T>(random), random_bits<T>(random), random_bits<T>(random),
           random_bits<T>(random)});
  }
  for (const std::vector<Range>& box : reference.ranges) {
    auto pick = [&](unsigned i) {
      return random_in<T>(random, box[std::min<size_t>(i, box.size() - 1)]);
    };
    for (int64_t i = 0; i < count; ++i) {
      const double a = pick(0), b = pick(1), c = pick(2), d = pick(3);
      add({a, b, c, d});
    }
  }
  // Whole vectors of every width.
  for (std::vector<double>& argument : points.arguments)
    while (argument.size() % 32 != 0) argument.push_back(1);
  return points;
}

// Typed copies of the points' arguments.
template <typename T>
struct TypedArguments {
  std::vector<std::vector<T>> reals;
  std::vector<std::vector<int32_t>> ints;
  std::vector<std::vector<int64_t>> longs;
  std::vector<const void*> pointers;

  TypedArguments(const ir::MathInfo& info, const Points& points) {
    reals.resize(info.arity);
    ints.resize(info.arity);
    longs.resize(info.arity);
    for (unsigned i = 0; i < info.arity; ++i) {
      const std::vector<double>& from = points.arguments[i];
      if (info.arguments[i] == ir::MathKind::Float) {
        reals[i].assign(from.begin(), from.end());
        pointers.push_back(reals[i].data());
      } else if (info.arguments[i] == ir::MathKind::Int32) {
        ints[i].assign(from.begin(), from.end());
        pointers.push_back(ints[i].data());
      } else {
        longs[i].assign(from.begin(), from.end());
        pointers.push_back(longs[i].data());
      }
    }
  }
};

template <typename T>
struct Results {
  std::vector<unsigned char> bytes;
  ir::MathKind kind;

  Results(ir::MathKind result, size_t count) : bytes(count * 8), kind(result) {}
  size_t width() const {
    switch (kind) {
      case ir::MathKind::Bool:
        return 1;
      case ir::MathKind::Int32:
        return 4;
      case ir::MathKind::Int64:
        return 8;
      default:
        return sizeof(T);
    }
  }
  template <typename U>
  U at(size_t i) const {
    U value;
    std::memcpy(&value, bytes.data() + i * sizeof(U), sizeof(U));
    return value;
  }
};

std::string describe(const Points& points, size_t i) {
  std::string text;
  char buffer[64];
  for (const std::vector<double>& argument : points.arguments) {
    std::snprintf(buffer, sizeof buffer, "%s%.17g (%a)", text.empty() ? "" : ", ", argument[i],
                  argument[i]);
    text += buffer;
  }
  return text;
}

struct Worst {
  double error = 0;
  size_t at = 0;
  double nanoseconds = 0;
};

// In units in the last place of the exact value, or of `scale` where that is larger.
template <typename T>
double scaled_error(T result, long double exact, double scale) {
  if (!(std::fabs(exact) < scale) || !std::isfinite(result)) return ulp_error(result, exact);
  const long double ulp = std::ldexp(1.0L, std::ilogb(scale) - std::numeric_limits<T>::digits + 1);
  return static_cast<double>(std::fabs(result - exact) / ulp);
}

template <typename T>
double point_error(const Results<T>& results, size_t i, long double exact, double scale) {
  switch (results.kind) {
    case ir::MathKind::Bool:
      return results.template at<uint8_t>(i) == (exact != 0) ? 0 : HUGE_VAL;
    case ir::MathKind::Int32:
      return results.template at<int32_t>(i) == static_cast<int64_t>(exact) ? 0 : HUGE_VAL;
    case ir::MathKind::Int64:
      return results.template at<int64_t>(i) == static_cast<int64_t>(exact) ? 0 : HUGE_VAL;
    default:
      return scaled_error(results.template at<T>(i), exact, scale);
  }
}

template <typename T>
std::vector<long double> exact_values(const Reference& reference, const Points& points) {
  std::vector<long double> exact(points.arguments[0].size());
  for (size_t i = 0; i < exact.size(); ++i) {
    long double a[4] = {};
    for (size_t j = 0; j < points.arguments.size(); ++j) a[j] = points.arguments[j][i];
    exact[i] = reference.exact(a[0], a[1], a[2], a[3], sizeof(T) == 8);
  }
  return exact;
}

double scale_at(const Reference& reference, double first, double second) {
  return reference.scale == nullptr ? 0 : reference.scale(first, second);
}

template <typename T>
Worst measure(const Reference& reference, const Build& build, const Points& points,
              const std::vector<long double>& exact) {
  const ir::MathInfo& info = ir::info(reference.function);
  ArrayFunction code = compile_math(reference.function, build);
  if (std::getenv("CUDAPY_MATH_ASM") != nullptr) std::puts(code.assembly().c_str());
  TypedArguments<T> arguments(info, points);
  Results<T> results(info.result, exact.size());
  const auto count = static_cast<int64_t>(exact.size());
  const auto start = std::chrono::steady_clock::now();
  code.run(arguments.pointers, results.bytes.data(), count);
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  Worst worst;
  worst.nanoseconds = time.count() / static_cast<double>(count);
  for (size_t i = 0; i < exact.size(); ++i) {
    if (reference.skip && reference.skip(points.arguments[0][i], exact[i])) continue;
    const double scale = scale_at(reference, points.arguments[0][i], points.arguments.back()[i]);
    const double error = point_error(results, i, exact[i], scale);
    if (!(error <= worst.error)) {
      worst.error = error;
      worst.at = i;
    }
  }
  return worst;
}

class MathAccuracy : public testing::TestWithParam<MathFunction> {};

template <typename T>
void check_accuracy(MathFunction function) {
  const Reference* reference = find_reference(function);
  ASSERT_NE(reference, nullptr) << "no reference for " << ir::info(function).name;
  const ir::MathInfo& info = ir::info(function);
  const double bound = sizeof(T) == 8 ? info.ulp64 : info.ulp32;
  const Points points = make_points<T>(*reference);
  const std::vector<long double> exact = exact_values<T>(*reference, points);
  for (const std::string& isa : runnable_levels()) {
    Build build{isa, 16, sizeof(T) == 8};
    const Worst worst = measure<T>(*reference, build, points, exact);
    // The references are themselves off by up to a few thousandths of an ulp.
    EXPECT_LE(worst.error, bound + 0.01)
        << info.name << (sizeof(T) == 8 ? " float64" : " float32") << " on '" << isa << "' at "
        << describe(points, worst.at) << ", expected " << static_cast<double>(exact[worst.at]);
    if (std::getenv("CUDAPY_MATH_REPORT") != nullptr)
      std::printf("%-14s f%zu %-7s %8.4f ulp %8.2f ns  at %s\n", std::string(info.name).c_str(),
                  8 * sizeof(T), isa.c_str(), worst.error, worst.nanoseconds,
                  describe(points, worst.at).c_str());
  }
}

TEST_P(MathAccuracy, Float32) {
  check_accuracy<float>(GetParam());
}
TEST_P(MathAccuracy, Float64) {
  check_accuracy<double>(GetParam());
}

// Under fastmath: 4 ulp wherever argument and result are normal numbers.
template <typename T>
void check_fast(MathFunction function) {
  const Reference* reference = find_reference(function);
  ASSERT_NE(reference, nullptr);
  const ir::MathInfo& info = ir::info(function);
  if (info.result != ir::MathKind::Float || reference->ranges.empty()) return;
  Reference plain = *reference;
  plain.special = false;
  Points points = make_points<T>(plain);
  std::vector<long double> exact = exact_values<T>(plain, points);
  // What doesn't count becomes 1, whose value every function has.
  for (size_t i = 0; i < exact.size(); ++i) {
    bool normal = std::isnormal(static_cast<T>(exact[i]));
    for (const std::vector<double>& argument : points.arguments)
      normal = normal && std::isnormal(static_cast<T>(argument[i]));
    if (normal) continue;
    for (std::vector<double>& argument : points.arguments) argument[i] = 0.5;
    exact[i] = plain.exact(0.5, 0.5, 0.5, 0.5, sizeof(T) == 8);
  }
  Build build{"", 16, sizeof(T) == 8};
  build.fast = true;
  const Worst worst = measure<T>(plain, build, points, exact);
  EXPECT_LE(worst.error, std::max(4.0F, sizeof(T) == 8 ? info.ulp64 : info.ulp32))
      << info.name << " at " << describe(points, worst.at);
}

TEST_P(MathAccuracy, Fast) {
  if (ir::info(GetParam()).form == ir::MathForm::Scalar) GTEST_SKIP() << "the same code";
  if (GetParam() == MathFunction::Acosh) GTEST_SKIP() << "not real at a half";
  check_fast<float>(GetParam());
  check_fast<double>(GetParam());
}

// Evenly over all bit patterns of a float32 argument.
TEST_P(MathAccuracy, Float32Sweep) {
  const Reference* reference = find_reference(GetParam());
  ASSERT_NE(reference, nullptr);
  const ir::MathInfo& info = ir::info(GetParam());
  if (info.arity != 1) GTEST_SKIP() << "takes " << +info.arity << " arguments";
  const char* wanted = std::getenv("CUDAPY_MATH_STRIDE");
  // The scalar calls take a hundred times as long.
  const bool slow = info.form == ir::MathForm::Scalar;
  const int64_t stride = wanted != nullptr ? std::atoll(wanted) : slow ? 1000003 : 9973;
  const ArrayFunction code = compile_math(GetParam(), {"", 16, false});
  constexpr int64_t kChunk = 1 << 16;
  std::vector<float> arguments(kChunk);
  double worst = 0;
  float at = 0;
  for (int64_t first = 0; first < int64_t{1} << 32; first += kChunk * stride) {
    for (int64_t i = 0; i < kChunk; ++i)
      arguments[static_cast<size_t>(i)] =
          std::bit_cast<float>(static_cast<uint32_t>(first + i * stride));
    Results<float> results(info.result, kChunk);
    code.run({arguments.data()}, results.bytes.data(), kChunk);
    for (size_t i = 0; i < kChunk; ++i) {
      if (first + static_cast<int64_t>(i) * stride >= int64_t{1} << 32) break;
      const long double exact = reference->exact(arguments[i], 0, 0, 0, false);
      if (reference->skip && reference->skip(arguments[i], exact)) continue;
      const double scale = scale_at(*reference, arguments[i], 0);
      const double error = point_error(results, i, exact, scale);
      if (!(error <= worst)) {
        worst = error;
        at = arguments[i];
      }
    }
  }
  EXPECT_LE(worst, info.ulp32 + 0.01) << info.name << " at " << at;
  if (std::getenv("CUDAPY_MATH_REPORT") != nullptr)
    std::printf("%-14s sweep %8.4f ulp  at %.9g (%a)\n", std::string(info.name).c_str(), worst,
                static_cast<double>(at), static_cast<double>(at));
}

// Bit for bit the same with no vectors, narrow and wide ones, and where lanes are off.
template <typename T>
void check_widths(MathFunction function) {
  const Reference* reference = find_reference(function);
  ASSERT_NE(reference, nullptr);
  const ir::MathInfo& info = ir::info(function);
  Points points = make_points<T>(*reference);
  const size_t count = std::min<size_t>(points.arguments[0].size(), 9600) / 32 * 32;
  for (std::vector<double>& argument : points.arguments) {
    std::rotate(argument.begin(), argument.end() - static_cast<int64_t>(count), argument.end());
    argument.resize(count);
  }
  TypedArguments<T> arguments(info, points);
  for (const std::string& isa : {std::string(), std::string("sse4")}) {
    Results<T> scalar(info.result, count);
    compile_math(function, {isa, 0, sizeof(T) == 8})
        .run(arguments.pointers, scalar.bytes.data(), static_cast<int64_t>(count));
    for (unsigned lanes : {4u, 16u, 32u}) {
      for (bool masked : {false, true}) {
        if (masked && lanes == 4) continue;
        Results<T> wide(info.result, count);
        compile_math(function, {isa, lanes, sizeof(T) == 8, false, masked})
            .run(arguments.pointers, wide.bytes.data(), static_cast<int64_t>(count));
        const size_t width = scalar.width();
        for (size_t i = 0; i < count; ++i) {
          if (masked && i % lanes % 3 == 2) continue;
          if (info.result == ir::MathKind::Float && std::isnan(scalar.template at<T>(i)) &&
              std::isnan(wide.template at<T>(i)))
            continue;
          ASSERT_EQ(
              std::memcmp(scalar.bytes.data() + i * width, wide.bytes.data() + i * width, width), 0)
              << info.name << " at " << lanes << " lanes, '" << isa << "': " << describe(points, i);
        }
      }
    }
  }
}

TEST_P(MathAccuracy, SameBitsAtEveryWidth) {
  check_widths<float>(GetParam());
  check_widths<double>(GetParam());
}

std::vector<MathFunction> all_functions() {
  std::vector<MathFunction> all;
#define CUDAPY_MATH(Enum, name, arguments, result, ulp32, ulp64, how) \
  all.push_back(MathFunction::Enum);
#include "ir/math_functions.def"
  return all;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, MathAccuracy, testing::ValuesIn(all_functions()),
                         [](const testing::TestParamInfo<MathFunction>& info) {
                           return std::string(ir::info(info.param).name);
                         });

}  // namespace
}  // namespace cudapy::tests
