// The tables behind known_names.h.
#include "frontend/known_names.h"

#include <algorithm>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include "frontend/type_names.h"
#include "ir/math_function.h"

namespace cudapy::frontend {
namespace {

using ir::ThreadIndex;

struct SpecialName {
  std::string_view name;
  SpecialForm form;
};

// `xrange` is CudaPy's spelling.
constexpr SpecialName kBuiltins[] = {
    {"range", SpecialForm::Range},
    {"xrange", SpecialForm::Range},
    {"enumerate", SpecialForm::Enumerate},
    {"zip", SpecialForm::Zip},
    {"divmod", SpecialForm::Divmod},
    {"min", SpecialForm::Min},
    {"max", SpecialForm::Max},
    {"abs", SpecialForm::Abs},
    {"round", SpecialForm::Round},
    {"pow", SpecialForm::Pow},
    {"len", SpecialForm::Len},
    {"print", SpecialForm::Print},
    {"complex", SpecialForm::Complex},
};

struct Refusal {
  std::string_view name;
  std::string_view message;
  std::string_view help;
};

constexpr std::string_view kNoTexts = "kernels have no strings";
constexpr std::string_view kPrint =
    "`print` takes numbers as they are: `print(\"x =\", x)`, `print(f\"x = {x}\")`";
constexpr std::string_view kNoObjects = "kernels have no objects";

constexpr Refusal kRefusedBuiltins[] = {
    {"sorted", "`sorted` is not supported in kernels", "sort the array before the launch"},
    {"reversed", "`reversed` is not supported in kernels",
     "count down: `for i in range(n - 1, -1, -1)`"},
    {"map", "`map` is not supported in kernels", "write a loop, or let each thread do one element"},
    {"filter", "`filter` is not supported in kernels", "write a loop with an if"},
    {"list", "kernels have no lists",
     "make an array of fixed length, `t = local(8, float)`, or pass one as an argument"},
    {"tuple", "kernels do not make tuples of other things",
     "write the items: `(a, b, c)`, `(*t, x)`"},
    {"dict", "kernels have no dictionaries", "use an array whose index is the key"},
    {"set", "kernels have no sets", "use an array of bools whose index is the value"},
    {"frozenset", "kernels have no sets", "use an array of bools whose index is the value"},
    {"bytes", "kernels have no bytes", "make an array of fixed length: `t = local(8, uint8)`"},
    {"bytearray", "kernels have no bytes", "make an array of fixed length: `t = local(8, uint8)`"},
    {"str", kNoTexts, kPrint},
    {"repr", kNoTexts, kPrint},
    {"ascii", kNoTexts, kPrint},
    {"format", kNoTexts, "`print` takes formats: `print(f\"x = {x:.3f}\")`"},
    {"bin", kNoTexts, "`print` takes formats: `print(f\"{x:b}\")`"},
    {"oct", kNoTexts, "`print` takes formats: `print(f\"{x:o}\")`"},
    {"hex", kNoTexts, "`print` takes formats: `print(f\"{x:x}\")`"},
    {"input", "a kernel cannot read input", "pass values as arguments"},
    {"open", "a kernel cannot open files", "read the file before the launch and pass an array"},
    {"isinstance", "types are known when a kernel is compiled",
     "write one kernel a type, or leave it untyped"},
    {"type", "types are known when a kernel is compiled",
     "write the cast by its name: `float(x)`, `int(x)`"},
    {"ord", "kernels have no strings",
     "`ord` of one character in quotes is a number: `ord(\"=\")`"},
    {"chr", kNoTexts, "use the number of the character"},
    {"getattr", kNoObjects, "write the attribute out: `A.shape`"},
    {"setattr", kNoObjects, "store to an element of an array: `A[i] = value`"},
    {"hasattr", kNoObjects, "write one kernel for each case"},
    {"callable", kNoObjects, "write one kernel for each case"},
    {"object", kNoObjects, "use a variable for each number in it"},
    {"vars", kNoObjects, "write the names out"},
    {"locals", kNoObjects, "write the names out"},
    {"globals", kNoObjects, "write the names out: kernels see the module's"},
    {"eval", "kernels are compiled, and run no text", "write the expression out"},
    {"exec", "kernels are compiled, and run no text", "write the statements out"},
    {"slice", "a slice is no value in a kernel", "write it where it cuts: `A[start:stop]`"},
    {"hash", "`hash` is not supported in kernels", "write the integer arithmetic that you want"},
    {"id", "`id` is not supported in kernels", "use idx to tell threads apart"},
    {"iter", "`iter` is not supported in kernels", "write a for loop"},
    {"next", "`next` is not supported in kernels", "write a for loop"},
};

// Python's exceptions that are made of a text.
constexpr std::string_view kExceptions[] = {"ArithmeticError",   "AssertionError",
                                            "AttributeError",    "BufferError",
                                            "EOFError",          "Exception",
                                            "FileNotFoundError", "FloatingPointError",
                                            "IndexError",        "KeyError",
                                            "LookupError",       "MemoryError",
                                            "NameError",         "NotImplementedError",
                                            "OSError",           "OverflowError",
                                            "PermissionError",   "RecursionError",
                                            "ReferenceError",    "RuntimeError",
                                            "SystemError",       "TimeoutError",
                                            "TypeError",         "ValueError",
                                            "ZeroDivisionError"};

struct ThreadName {
  std::string_view name;
  ThreadIndex index;
};

constexpr ThreadName kThreadNames[] = {
    {"idx", ThreadIndex::Idx}, {"idy", ThreadIndex::Idy}, {"idz", ThreadIndex::Idz}};

struct ThreadGroup {
  std::string_view name;
  ThreadIndex x;
};

constexpr ThreadGroup kThreadGroups[] = {{"threadIdx", ThreadIndex::ThreadIdxX},
                                         {"blockIdx", ThreadIndex::BlockIdxX},
                                         {"blockDim", ThreadIndex::BlockDimX},
                                         {"gridDim", ThreadIndex::GridDimX}};

// What the threads of a block do together, and the arrays that they do it in.
constexpr SpecialName kCooperation[] = {
    {"local", SpecialForm::LocalArray},
    {"shared", SpecialForm::SharedArray},
    {"syncthreads", SpecialForm::SyncThreads},
    {"syncthreads_count", SpecialForm::SyncThreadsCount},
    {"syncthreads_and", SpecialForm::SyncThreadsAnd},
    {"syncthreads_or", SpecialForm::SyncThreadsOr},
    {"match_all", SpecialForm::MatchAll},
    {"match_all_sync", SpecialForm::MatchAllSync},
};

struct MathConstant {
  std::string_view name;
  double value;
};

constexpr MathConstant kMathConstants[] = {{"pi", std::numbers::pi},
                                           {"e", std::numbers::e},
                                           {"tau", 2 * std::numbers::pi},
                                           {"inf", std::numeric_limits<double>::infinity()},
                                           {"nan", std::numeric_limits<double>::quiet_NaN()}};

constexpr SpecialName kMathSpecials[] = {{"floor", SpecialForm::Floor},
                                         {"ceil", SpecialForm::Ceil},
                                         {"trunc", SpecialForm::Trunc},
                                         {"log", SpecialForm::MathLog}};

constexpr SpecialName kComplexSpecials[] = {{"log", SpecialForm::ComplexLog}};

constexpr Refusal kRefusedMath[] = {
    {"fsum", "`math.fsum` is not supported in kernels", "add up in a loop"},
};

// NumPy's spelling, and math's or ours.
constexpr std::pair<std::string_view, std::string_view> kNumpyMath[] = {
    {"sin", "sin"},         {"cos", "cos"},
    {"tan", "tan"},         {"arcsin", "asin"},
    {"arccos", "acos"},     {"arctan", "atan"},
    {"arctan2", "atan2"},   {"asin", "asin"},
    {"acos", "acos"},       {"atan", "atan"},
    {"atan2", "atan2"},     {"sinh", "sinh"},
    {"cosh", "cosh"},       {"tanh", "tanh"},
    {"arcsinh", "asinh"},   {"arccosh", "acosh"},
    {"arctanh", "atanh"},   {"exp", "exp"},
    {"exp2", "exp2"},       {"expm1", "expm1"},
    {"log", "log"},         {"log2", "log2"},
    {"log10", "log10"},     {"log1p", "log1p"},
    {"sqrt", "sqrt"},       {"cbrt", "cbrt"},
    {"floor", "floor"},     {"ceil", "ceil"},
    {"trunc", "trunc"},     {"rint", "rint"},
    {"fabs", "fabs"},       {"hypot", "hypot"},
    {"fmod", "fmod"},       {"fmin", "fmin"},
    {"fmax", "fmax"},       {"copysign", "copysign"},
    {"ldexp", "ldexp"},     {"nextafter", "nextafter"},
    {"signbit", "signbit"}, {"isnan", "isnan"},
    {"isinf", "isinf"},     {"isfinite", "isfinite"},
    {"deg2rad", "radians"}, {"radians", "radians"},
    {"rad2deg", "degrees"}, {"degrees", "degrees"},
};

constexpr SpecialName kNumpySpecials[] = {
    {"abs", SpecialForm::Abs},         {"absolute", SpecialForm::Abs},
    {"minimum", SpecialForm::Minimum}, {"maximum", SpecialForm::Maximum},
    {"where", SpecialForm::Where},     {"power", SpecialForm::Pow},
    {"square", SpecialForm::Square},   {"clip", SpecialForm::Clip},
    {"divmod", SpecialForm::Divmod},   {"logical_not", SpecialForm::LogicalNot},
    {"real", SpecialForm::Real},       {"imag", SpecialForm::Imag},
    {"conj", SpecialForm::Conjugate},  {"conjugate", SpecialForm::Conjugate},
};

constexpr std::string_view kNoArrays = "a kernel cannot make arrays of NumPy";
constexpr std::string_view kDeclare =
    "write `t = local(8, float)` for an array of the thread, `shared(8, float)` for one of the "
    "block, or pass one as an argument";
constexpr std::string_view kOfElements = "this function of NumPy's takes whole arrays";
constexpr std::string_view kRandomNumbers = "random numbers of NumPy have a state";
constexpr std::string_view kCounted = "write `rand(seed, idx)`, or `normal` or `randint`";

// `numpy.random.rand` and its like are here by their last names.
constexpr Refusal kRefusedNumpy[] = {
    {"array", kNoArrays, kDeclare},
    {"asarray", kNoArrays, kDeclare},
    {"zeros", kNoArrays, kDeclare},
    {"zeros_like", kNoArrays, kDeclare},
    {"ones", kNoArrays, kDeclare},
    {"ones_like", kNoArrays, kDeclare},
    {"empty", kNoArrays, kDeclare},
    {"empty_like", kNoArrays, kDeclare},
    {"full", kNoArrays, kDeclare},
    {"full_like", kNoArrays, kDeclare},
    {"eye", kNoArrays, kDeclare},
    {"identity", kNoArrays, kDeclare},
    {"concatenate", kNoArrays, kDeclare},
    {"stack", kNoArrays, kDeclare},
    {"copy", kNoArrays, "copy element by element: `B[idx] = A[idx]`"},
    {"arange", kNoArrays, "count with idx, or with `for i in range(n)`"},
    {"linspace", kNoArrays, "compute the value: `start + step * idx`"},
    {"meshgrid", kNoArrays, "a launch has two dimensions: `k(nx, ny)`, and `idx` and `idy`"},
    {"sum", kOfElements, "write Python's `sum(A)`"},
    {"prod", kOfElements, "multiply in a loop: `for x in A: product *= x`"},
    {"dot", kOfElements, "add up in a loop: `for i in range(len(A)): s += A[i] * B[i]`"},
    {"matmul", kOfElements, "add up in a loop: `for k in range(n): s += A[i, k] * B[k, j]`"},
    {"norm", kOfElements,
     "write `math.hypot(x, y)` or `math.norm3d(x, y, z)`, or add up the squares in a loop"},
    {"mean", kOfElements, "write `sum(A) / len(A)`"},
    {"std", kOfElements, "add up the values and their squares in a loop"},
    {"var", kOfElements, "add up the values and their squares in a loop"},
    {"max", kOfElements, "keep the largest in a loop: `best = max(best, A[i])`"},
    {"amax", kOfElements, "keep the largest in a loop: `best = max(best, A[i])`"},
    {"min", kOfElements, "keep the smallest in a loop: `best = min(best, A[i])`"},
    {"amin", kOfElements, "keep the smallest in a loop: `best = min(best, A[i])`"},
    {"argmax", kOfElements, "keep its index in a loop: `if A[i] > A[best]: best = i`"},
    {"argmin", kOfElements, "keep its index in a loop: `if A[i] < A[best]: best = i`"},
    {"any", kOfElements, "look in a loop: `for x in A: found = found or x != 0`"},
    {"all", kOfElements, "look in a loop: `for x in A: whole = whole and x != 0`"},
    {"cumsum", kOfElements, "add up in a loop, and store each sum: `B[i] = total`"},
    {"sort", kOfElements, "sort the array before the launch, or after it"},
    {"argsort", kOfElements, "sort the array before the launch, or after it"},
    {"round", "`numpy.round` is not supported in kernels",
     "write `round(x)`, or `numpy.rint(x)` for a float result"},
    {"rand", kRandomNumbers, kCounted},
    {"randn", kRandomNumbers, "write `normal(seed, idx)`"},
    {"random", kRandomNumbers, kCounted},
    {"uniform", kRandomNumbers, kCounted},
    {"normal", kRandomNumbers, "write `normal(seed, idx)`"},
    {"randint", kRandomNumbers, "write `randint(seed, idx, low, high)`"},
};

template <size_t N>
std::optional<Resolved> find_refusal(const Refusal (&table)[N], std::string_view name) {
  for (const Refusal& refusal : table) {
    if (refusal.name != name) continue;
    Resolved result;
    result.kind = Resolved::Kind::Unsupported;
    result.message = refusal.message;
    result.help = refusal.help;
    return result;
  }
  return std::nullopt;
}

template <size_t N>
std::optional<Resolved> find_special(const SpecialName (&table)[N], std::string_view name) {
  for (const SpecialName& entry : table) {
    if (entry.name != name) continue;
    Resolved result;
    result.kind = Resolved::Kind::Special;
    result.special = entry.form;
    return result;
  }
  return std::nullopt;
}

std::optional<Resolved> find_cast(std::string_view name) {
  std::optional<ir::Scalar> scalar = find_scalar(name);
  if (!scalar) return std::nullopt;
  Resolved result;
  result.kind = Resolved::Kind::Cast;
  result.type = ir::Type::of(*scalar);
  return result;
}

Resolved weak_float(double value) {
  Resolved result;
  result.kind = Resolved::Kind::Constant;
  result.constant.kind = ir::ConstantValue::Kind::Float;
  result.constant.real = value;
  return result;
}

std::optional<Resolved> find_math_constant(std::string_view name) {
  for (const MathConstant& entry : kMathConstants) {
    if (entry.name == name) return weak_float(entry.value);
  }
  return std::nullopt;
}

Resolved make_math(ir::MathFunction function, bool single) {
  Resolved result;
  result.kind = Resolved::Kind::Math;
  result.math = function;
  result.math_single = single;
  return result;
}

std::optional<Resolved> find_intrinsic_name(std::string_view name) {
  constexpr std::string_view kMasked = "_sync";  // CUDA's own: a mask of lanes comes first
  const bool is_masked = name.ends_with(kMasked);
  if (is_masked) name.remove_suffix(kMasked.size());
  const std::optional<ir::Intrinsic> intrinsic = ir::find_intrinsic(name);
  if (!intrinsic || (is_masked && !ir::takes_mask(*intrinsic))) return std::nullopt;
  Resolved result;
  result.takes_mask = is_masked;
  result.kind = Resolved::Kind::Intrinsic;
  result.intrinsic = *intrinsic;
  return result;
}

// Names that stand for a type but are no casts in Python: only what NumPy and C call so.
bool is_dtype_name(std::string_view name) {
  return name != "int" && name != "float" && name != "bool";
}

template <typename Table>
void append_names(std::vector<std::string>& names, const Table& table) {
  for (const auto& entry : table) names.emplace_back(entry.name);
}

}  // namespace

std::optional<Resolved> find_builtin(std::string_view name) {
  if (name == "any" || name == "all") return find_intrinsic_name(name);
  if (auto special = find_special(kBuiltins, name)) return special;
  if (name == "int" || name == "float" || name == "bool") return find_cast(name);
  if (std::find(std::begin(kExceptions), std::end(kExceptions), name) != std::end(kExceptions)) {
    Resolved result;
    result.kind = Resolved::Kind::Exception;
    result.description = name;
    return result;
  }
  return find_refusal(kRefusedBuiltins, name);
}

std::optional<Resolved> find_cudapy_name(std::string_view name) {
  Resolved result;
  for (const ThreadName& entry : kThreadNames) {
    if (entry.name != name) continue;
    result.kind = Resolved::Kind::ThreadIndex;
    result.thread_index = entry.index;
    return result;
  }
  for (const ThreadGroup& group : kThreadGroups) {
    if (group.name != name) continue;
    result.kind = Resolved::Kind::ThreadGroup;
    result.description = name;
    return result;
  }
  if (name == "warpSize") {
    result.kind = Resolved::Kind::Constant;
    result.constant.integer = 32;
    result.type = ir::Type::of(ir::Scalar::I32);
    return result;
  }
  if (name == "math") {
    result.kind = Resolved::Kind::Module;
    result.description = "math";
    return result;
  }
  if (name == "atomic") {
    result.kind = Resolved::Kind::Module;
    result.description = "atomic";
    return result;
  }
  if (name.starts_with("atomic.")) return find_atomic_name(name.substr(7));
  if (auto intrinsic = find_intrinsic_name(name)) return intrinsic;
  if (name == "xrange") return find_special(kBuiltins, name);
  if (auto special = find_special(kCooperation, name)) return special;
  if (name == "fma") return find_math_name(name);
  if (is_dtype_name(name)) {
    if (auto cast = find_cast(name)) return cast;
  }
  constexpr std::pair<std::string_view, std::string_view> kSpellings[] = {
      {"Bool", "bool"}, {"Int", "int"}, {"Float", "float"}, {"Double", "double"}};
  for (const auto& [spelling, type] : kSpellings) {
    if (spelling == name) return find_cast(type);
  }
  return std::nullopt;
}

std::optional<ir::ThreadIndex> find_thread_index(std::string_view group, std::string_view axis) {
  for (const ThreadGroup& entry : kThreadGroups) {
    if (entry.name != group || axis.size() != 1 || axis[0] < 'x' || axis[0] > 'z') continue;
    return static_cast<ThreadIndex>(static_cast<int>(entry.x) + (axis[0] - 'x'));
  }
  return std::nullopt;
}

std::optional<Resolved> find_atomic_name(std::string_view name) {
  const std::optional<ir::AtomicOp> op = ir::find_atomic(name);
  if (!op) return std::nullopt;
  Resolved result;
  result.kind = Resolved::Kind::Atomic;
  result.atomic = *op;
  return result;
}

std::optional<Resolved> find_math_name(std::string_view name) {
  if (auto special = find_special(kMathSpecials, name)) return special;
  if (auto constant = find_math_constant(name)) return constant;
  bool single = false;
  if (auto function = ir::find_math_function(name, &single)) return make_math(*function, single);
  return find_refusal(kRefusedMath, name);
}

std::optional<Resolved> find_complex_name(std::string_view name) {
  return find_special(kComplexSpecials, name);
}

std::optional<Resolved> find_numpy_name(std::string_view name) {
  if (auto special = find_special(kNumpySpecials, name)) return special;
  for (const auto& [spelling, math] : kNumpyMath) {
    bool single = false;
    if (spelling != name) continue;
    Resolved found = make_math(*ir::find_math_function(math, &single), false);
    found.of_numpy = true;
    return found;
  }
  if (name != "tau") {
    if (auto constant = find_math_constant(name)) return constant;
  }
  if (name != "int" && name != "float") {  // NumPy dropped these two
    if (auto cast = find_cast(name)) return cast;
  }
  return find_refusal(kRefusedNumpy, name);
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names = {"int", "float", "bool"};
  append_names(names, kBuiltins);
  return names;
}

std::vector<std::string> cudapy_names() {
  std::vector<std::string> names;
  append_names(names, kThreadNames);
  append_names(names, kThreadGroups);
  for (std::string_view type : type_names()) {
    if (is_dtype_name(type) && type != "void") names.emplace_back(type);
  }
  names.insert(names.end(), {"warpSize", "math", "atomic", "fma"});
  append_names(names, kCooperation);
  for (std::string_view name : ir::intrinsic_names()) names.emplace_back(name);
  return names;
}

std::vector<std::string> atomic_names() {
  std::vector<std::string> names;
  for (std::string_view name : ir::atomic_names()) names.emplace_back(name);
  return names;
}

std::vector<std::string> math_names() {
  std::vector<std::string> names;
  append_names(names, kMathConstants);
  append_names(names, kMathSpecials);
  for (std::string_view name : ir::math_function_names()) names.emplace_back(name);
  return names;
}

std::vector<std::string> numpy_names() {
  std::vector<std::string> names;
  append_names(names, kNumpySpecials);
  for (const auto& [spelling, math] : kNumpyMath) names.emplace_back(spelling);
  for (std::string_view type : type_names()) {
    if (is_dtype_name(type) && type != "void") names.emplace_back(type);
  }
  return names;
}

}  // namespace cudapy::frontend
