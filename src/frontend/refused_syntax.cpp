// The tables of refused syntax: what it is, and what to write instead.
#include "frontend/refused_syntax.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "frontend/nearest.h"

namespace cudapy::frontend {
namespace {

constexpr RefusedSyntax kRefused[] = {
    {"Decorated", "a function inside a kernel has no decorators",
     "leave them out, or move the function out, above the kernel"},
    {"AsyncFunctionDef", "an async function inside a kernel is not supported",
     "write a plain function outside"},
    {"ClassDef", "kernels have no classes", "use plain variables and arrays"},
    {"Import", "a kernel cannot import",
     "import the module at the top of the file; kernels see its names"},
    {"ImportFrom", "a kernel cannot import",
     "import the names at the top of the file; kernels see them"},
    {"With", "kernels have no `with`",
     "write its body alone, and what it sets up around the launch"},
    {"AsyncWith", "kernels have no `async with`", "write its body alone"},
    {"Try", "kernels have no `try`",
     "test with an `if` before it can go wrong, or put the `try` around the launch"},
    {"TryStar", "kernels have no `try`",
     "test with an `if` before it can go wrong, or put the `try` around the launch"},
    {"Match", "kernels have no `match`", "write if, elif and else"},
    {"Global", "a kernel cannot assign globals",
     "reading needs no `global`; to give a value back, store it in an array argument"},
    {"Nonlocal", "a function cannot assign variables outside of it in a kernel",
     "return the value and assign it at the call: `total = add(total)`"},
    {"AsyncFor", "kernels have no `async for`", "write a plain `for` over a range or an array"},
    {"Delete", "kernels have no `del`",
     "leave it out: variables end with the thread, and arrays keep their length"},
    {"TypeAlias", "kernels have no `type` statements",
     "write the type where it is needed: `x: cp.float64 = 0`"},
    {"ListComp", "kernels have no lists",
     "write a loop that stores each value: `t = local(8, float)`, `for i in range(8): t[i] = ...`"},
    {"SetComp", "kernels have no sets",
     "write a loop over an array of bools whose index is the value"},
    {"DictComp", "kernels have no dictionaries",
     "write a loop over an array whose index is the key"},
    {"GeneratorExp", "kernels have no generators",
     "write a loop: `total = 0.0`, then `for x in A: total += x`"},
    {"List", "kernels have no lists",
     "write a tuple, `(a, b)`, or make an array of fixed length: `t = local(8, float)`"},
    {"Dict", "kernels have no dictionaries",
     "use a variable for each item, or an array whose index is the key"},
    {"Set", "kernels have no sets",
     "write a tuple, `x in (1, 2)`, or an array of bools whose index is the value"},
    {"JoinedStr", "kernels have no strings",
     "`print` takes it; else store numbers, and make the text after the launch"},
    {"TemplateStr", "kernels have no strings", "store numbers, and make the text after the launch"},
    {"Bytes", "kernels have no bytes", "pass them as an array of uint8"},
    {"Ellipsis", "`...` is no value in a kernel", "write the index or the value that is meant"},
    {"Complex", "complex numbers are not supported yet",
     "keep the real and the imaginary part in two variables"},
    {"TooDeep", "this is nested too deep to be compiled",
     "keep parts of it in variables of their own, or write a loop"},
    {"BigInteger", "this integer does not fit into 64 bits", "the largest is 18446744073709551615"},
    {"NamedExpr", "`:=` is not supported in kernels", "assign on a line of its own before it"},
    {"Starred", "`*` before a value is not supported in kernels", "write the values one by one"},
    {"Await", "kernels have no `await`", "call the function directly"},
    {"Yield", "kernels have no `yield`", "store the value in an array: `Y[idx] = value`"},
    {"YieldFrom", "kernels have no `yield`", "store the value in an array: `Y[idx] = value`"},
};

constexpr RefusedSyntax kUnknown = {
    "", "this is not supported in kernels",
    "use assignments, if, while, for, return and calls of functions"};

struct AttributeHelp {
  std::string_view attribute;
  std::string_view help;
};

constexpr std::string_view kAnother =
    "make the other array before the launch, and store each element: `B[idx] = A[idx]`";
constexpr std::string_view kIndexAll =
    "index the array as it is, or give it another shape before the launch";
constexpr std::string_view kFixed = "arrays have a fixed length: store to an index, `A[i] = value`";
constexpr std::string_view kAfter = "call it after the launch: kernels work on elements";
constexpr std::string_view kNumber = "write the element alone, `A[i]`: it is a number";
constexpr std::string_view kSort = "sort the array before the launch, or after it";

// What NumPy's arrays have, lists and numbers.
constexpr AttributeHelp kAttributes[] = {
    {"shape", "arrays have it, and it is not called: `A.shape[0]`"},
    {"size", "arrays have it, and it is not called: `A.size`"},
    {"ndim", "arrays have it, and it is not called: `A.ndim`"},
    {"length", "the length of an array is `len(A)`"},
    {"len", "the length of an array is `len(A)`"},
    {"count", "count in a loop: `for x in A:`, then `n += x == value`"},
    {"strides", "arrays have it, in bytes, and it is not called: `A.strides[0]`"},
    {"T", "arrays have it, and it is indexed, not called: `A.T[i, j]`"},
    {"transpose", "write `A.T`"},
    {"swapaxes", "write `A.T` for two dimensions, or exchange the indices"},
    {"dtype",
     "types are known when a kernel is compiled: use a cast, such as `float(x)`, or an array's "
     "type, `A.dtype(x)`"},
    {"astype", "cast each element: `float(A[i])`"},
    {"sum", "write `sum(A)`"},
    {"mean", "write `sum(A) / len(A)`"},
    {"std", "add up the values and their squares in a loop"},
    {"var", "add up the values and their squares in a loop"},
    {"prod", "multiply in a loop: `product = 1.0`, then `for x in A: product *= x`"},
    {"cumsum", "add up in a loop, and store each sum: `B[i] = total`"},
    {"dot", "add up in a loop: `for i in range(len(A)): s += A[i] * B[i]`"},
    {"min", "keep the smallest in a loop: `best = min(best, A[i])`"},
    {"max", "keep the largest in a loop: `best = max(best, A[i])`"},
    {"argmin", "keep its index in a loop: `if A[i] < A[best]: best = i`"},
    {"argmax", "keep its index in a loop: `if A[i] > A[best]: best = i`"},
    {"any", "look in a loop: `found = False`, then `for x in A: found = found or x != 0`"},
    {"all", "look in a loop: `whole = True`, then `for x in A: whole = whole and x != 0`"},
    {"clip", "write `min(max(x, low), high)` of one element"},
    {"round", "write `round(x)` of one element"},
    {"conj", "write `z.conjugate()` of one element"},
    {"sort", kSort},
    {"argsort", kSort},
    {"append", kFixed},
    {"extend", kFixed},
    {"insert", kFixed},
    {"remove", kFixed},
    {"pop", kFixed},
    {"clear", kFixed},
    {"resize", kFixed},
    {"fill", "let each thread store one element: `A[idx] = value`"},
    {"copy", kAnother},
    {"reshape", kIndexAll},
    {"ravel", kIndexAll},
    {"flatten", kIndexAll},
    {"squeeze", kIndexAll},
    {"flat", kIndexAll},
    {"tolist", kAfter},
    {"toList", kAfter},
    {"toHost", kAfter},
    {"tobytes", kAfter},
    {"item", kNumber},
    {"bit_count", "write `popc(i)`"},
    {"bit_length", "write `32 - clz(i)` of an int32"},
    {"is_integer", "write `x == math.floor(x)`"},
    {"x", "threadIdx, blockIdx, blockDim and gridDim have .x, .y and .z"},
};

// What arrays and numbers of a kernel have.
constexpr std::string_view kKnown[] = {"shape",  "size", "ndim", "T",    "dtype",    "itemsize",
                                       "nbytes", "view", "real", "imag", "conjugate"};

}  // namespace

const RefusedSyntax& refused_syntax(std::string_view node) {
  for (const RefusedSyntax& entry : kRefused) {
    if (entry.node == node) return entry;
  }
  return kUnknown;
}

std::string help_for_attribute(const std::string& attribute) {
  const auto find = [](const std::string& name) {
    return std::ranges::find(kAttributes, name, &AttributeHelp::attribute);
  };
  const auto* const refused = find(attribute);
  if (refused != std::end(kAttributes)) return std::string(refused->help);
  const std::vector<std::string> known(std::begin(kKnown), std::end(kKnown));
  if (const std::string meant = nearest(attribute, known); !meant.empty())
    return "did you mean `" + meant + "`?";
  std::vector<std::string> names;
  for (const AttributeHelp& entry : kAttributes) names.emplace_back(entry.attribute);
  const auto* const meant = find(nearest(attribute, names));
  if (meant != std::end(kAttributes)) return std::string(meant->help);
  return "variables of a kernel are numbers and arrays; use operators, len() and the functions of "
         "math";
}

}  // namespace cudapy::frontend
