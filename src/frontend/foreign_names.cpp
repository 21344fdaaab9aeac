// The table behind foreign_names.h. What has the same name here but for a prefix, `__popc` and
// `cuda.popc`, needs no line of it.
#include "frontend/foreign_names.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "frontend/known_names.h"

namespace cudapy::frontend {
namespace {

struct Entry {
  std::string_view name;
  std::string_view help;
};

constexpr std::string_view kIdx = "write `idx`, the number of the thread among all of the launch";
constexpr std::string_view kLane = "write `lane_id()`";
constexpr std::string_view kShared = "write `tile = shared((16, 16), float)` on a line of its own";
constexpr std::string_view kLocal = "write `few = local(4, float)` on a line of its own";
constexpr std::string_view kRandom =
    "write `rand(seed, idx)`: random numbers are counted, and have no state";
constexpr std::string_view kQualifier = "leave it out: a kernel calls any function by its name";
constexpr std::string_view kNone = "use a number that means none, such as -1";

constexpr Entry kEntries[] = {
    // other languages, and modules that nobody imported
    {"true", "Python writes `True`"},
    {"false", "Python writes `False`"},
    {"null", kNone},
    {"NULL", kNone},
    {"nullptr", kNone},
    {"self", "a kernel is a plain function: pass what it needs as arguments"},
    {"np", "write `import numpy as np` above the function"},
    {"numpy", "write `import numpy` above the function"},
    {"cp", "write `import cudapy as cp` above the function, or the name alone: idx, threadIdx"},
    {"cudapy", "write `import cudapy` above the function, or the name alone: idx, threadIdx"},
    {"unsigned", "write `uint32`"},
    {"long", "write `int64`"},
    {"printf", "write `print(\"x =\", x)`, or an f-string: `print(f\"x = {x:.3f}\")`"},
    // constants of C
    {"M_PI", "write `math.pi`"},
    {"M_E", "write `math.e`"},
    {"INFINITY", "write `math.inf`"},
    {"NAN", "write `math.nan`"},
    {"INT_MAX", "write `2147483647`"},
    {"INT_MIN", "write `-2147483648`"},
    {"UINT_MAX", "write `4294967295`"},
    {"FLT_MAX", "write `3.4028235e38`, or `math.inf`"},
    {"FLT_MIN", "write `1.1754944e-38`"},
    {"FLT_EPSILON", "write `1.1920929e-07`"},
    {"DBL_MAX", "write `1.7976931348623157e308`, or `math.inf`"},
    {"DBL_EPSILON", "write `2.220446049250313e-16`"},
    // threads
    {"tid", kIdx},
    {"gid", kIdx},
    {"thread_id", kIdx},
    {"threadId", kIdx},
    {"global_id", kIdx},
    {"lane", kLane},
    {"laneid", kLane},
    {"laneId", kLane},
    {"grid", "write `idx`, or `idx, idy` for two dimensions"},
    {"gridsize", "write `blockDim.x * gridDim.x`"},
    // CUDA C++
    {"__global__", "leave it out, and write `@cp.kernel` above the function"},
    {"__device__", kQualifier},
    {"__host__", kQualifier},
    {"__shared__", kShared},
    {"__constant__", "name a small NumPy array or a tuple from outside: it becomes a constant"},
    {"__ldg", "write `A[i]`"},
    {"__syncthreads", "write `syncthreads()`"},
    {"__fdividef", "write `a / b`"},
    {"__frcp_rn", "write `1 / x`"},
    {"__fadd_rn", "write `a + b`"},
    {"__fsub_rn", "write `a - b`"},
    {"__fmul_rn", "write `a * b`"},
    {"__fdiv_rn", "write `a / b`"},
    {"__fsqrt_rn", "write `math.sqrtf(x)`"},
    {"__fmaf_rn", "write `fma(a, b, c)`"},
    {"__saturatef", "write `min(max(x, 0.0), 1.0)`"},
    {"__popcll", "write `popc(x)`: it takes an integer of any width"},
    {"__clzll", "write `clz(x)`: it takes an integer of any width"},
    {"__ffsll", "write `ffs(x)`: it takes an integer of any width"},
    {"__brevll", "write `brev(x)`: it takes an integer of any width"},
    {"__umulhi", "write `mulhi(a, b)`"},
    {"__float2int_rz", "write `int(x)`"},
    {"__float2int_rn", "write `int(math.rint(x))`"},
    {"__int2float_rn", "write `float(i)`"},
    {"atomicAdd", "write `atomic.add(A, i, value)`"},
    {"atomicSub", "write `atomic.sub(A, i, value)`"},
    {"atomicMin", "write `atomic.min(A, i, value)`"},
    {"atomicMax", "write `atomic.max(A, i, value)`"},
    {"atomicAnd", "write `atomic.and_(A, i, value)`"},
    {"atomicOr", "write `atomic.or_(A, i, value)`"},
    {"atomicXor", "write `atomic.xor(A, i, value)`"},
    {"atomicInc", "write `atomic.inc(A, i, limit)`"},
    {"atomicDec", "write `atomic.dec(A, i, limit)`"},
    {"atomicExch", "write `atomic.exch(A, i, value)`"},
    {"atomicCAS", "write `atomic.cas(A, i, expected, value)`"},
    {"curand", kRandom},
    {"curand_init", kRandom},
    {"curand_uniform", kRandom},
    {"curand_normal", "write `normal(seed, idx)`: random numbers are counted, and have no state"},
    // Numba
    {"cuda", "Numba's names stand alone here: `idx`, `threadIdx.x`, `syncthreads()`"},
    {"cuda.grid", "write `idx`, or `idx, idy` for two dimensions"},
    {"cuda.gridsize", "write `blockDim.x * gridDim.x`"},
    {"cuda.laneid", kLane},
    {"cuda.warpsize", "write `warpSize`"},
    {"cuda.shared", kShared},
    {"cuda.shared.array", kShared},
    {"cuda.local", kLocal},
    {"cuda.local.array", kLocal},
    {"cuda.const", "name a small NumPy array from outside: it becomes a constant"},
    {"cuda.atomic.compare_and_swap", "write `atomic.cas(A, i, expected, value)`"},
    {"cuda.selp", "write `a if condition else b`"},
    {"cuda.libdevice", "write the function of `math`: `math.sinf(x)`"},
    {"cuda.device_array", "make the array before the launch and pass it as an argument"},
    {"cuda.to_device", "make the array before the launch and pass it as an argument"},
    {"xoroshiro128p_uniform_float32", kRandom},
    {"xoroshiro128p_normal_float32",
     "write `normal(seed, idx)`: random numbers are counted, and have no state"},
};

std::string joined(std::span<const std::string> path) {
  std::string text;
  for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
  return text;
}

// __popc, __sinf: CUDA C++ puts underscores before what has the same name here.
std::optional<ForeignName> with_underscores(const std::string& name) {
  if (!name.starts_with("__")) return std::nullopt;
  const std::string bare = name.substr(2);
  if (find_cudapy_name(bare)) return ForeignName{1, "write `" + bare + "`"};
  if (find_math_name(bare)) return ForeignName{1, "write `math." + bare + "`"};
  return std::nullopt;
}

// cuda.popc, cuda.atomic.add, cuda.threadIdx.x: the same names, in a module.
std::optional<ForeignName> of_module(std::span<const std::string> path) {
  if (path.size() < 2 || path[0] != "cuda") return std::nullopt;
  const auto known = find_cudapy_name(path[1]);
  if (!known) return std::nullopt;
  const bool has_members =
      known->kind == Resolved::Kind::ThreadGroup || known->kind == Resolved::Kind::Module;
  const size_t parts = has_members ? std::min(path.size(), size_t{3}) : 2;
  const std::string bare = joined(path.subspan(1, parts - 1));
  return ForeignName{parts, "write `" + bare + "` alone"};
}

std::optional<ForeignName> of_table(std::span<const std::string> path) {
  const auto* const found = std::ranges::find(kEntries, joined(path), &Entry::name);
  if (found == std::end(kEntries)) return std::nullopt;
  return ForeignName{path.size(), std::string(found->help)};
}

}  // namespace

std::optional<ForeignName> find_foreign_name(std::span<const std::string> path) {
  if (auto whole = of_table(path)) return whole;
  if (auto member = of_module(path)) return member;
  if (auto bare = with_underscores(path[0])) return bare;
  for (size_t parts = path.size() - 1; parts > 0; --parts) {
    if (auto beginning = of_table(path.first(parts))) return beginning;
  }
  return std::nullopt;
}

}  // namespace cudapy::frontend
