// The tables of refused syntax: what it is, and what to write instead.
#include "frontend/refused_syntax.h"

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
    {"Try", "kernels have no `try`", "test for the mistake with an `if` before it can happen"},
    {"TryStar", "kernels have no `try`", "test for the mistake with an `if` before it can happen"},
    {"Match", "kernels have no `match`", "write if, elif and else"},
    {"Global", "a kernel cannot assign globals",
     "reading needs no `global`; to give a value back, store it in an array argument"},
    {"Nonlocal", "a function cannot assign variables outside of it in a kernel",
     "return the value and assign it at the call: `total = add(total)`"},
    {"AsyncFor", "kernels have no `async for`", "write a plain `for` over a range or an array"},
    {"Delete", "kernels have no `del`", "leave it out: variables end with the thread"},
    {"TypeAlias", "kernels have no `type` statements",
     "write the type where it is needed: `x: cp.float64 = 0`"},
    {"ListComp", "kernels have no lists",
     "write a loop that stores each value: `for i in range(n): Y[i] = ...`"},
    {"SetComp", "kernels have no sets", "write a loop over an array argument"},
    {"DictComp", "kernels have no dictionaries", "write a loop over an array argument"},
    {"GeneratorExp", "kernels have no generators",
     "write a loop: `total = 0.0`, then `for x in A: total += x`"},
    {"List", "kernels have no lists",
     "use a variable for each item, or pass an array as an argument"},
    {"Dict", "kernels have no dictionaries",
     "use a variable for each item, or pass an array as an argument"},
    {"Set", "kernels have no sets",
     "use a variable for each item, or pass an array as an argument"},
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

constexpr AttributeHelp kAttributes[] = {
    {"shape", "the length of a 1-D array is `len(A)`"},
    {"size", "the length of an array is `len(A)`"},
    {"length", "the length of an array is `len(A)`"},
    {"ndim", "arrays have one dimension so far"},
    {"strides",
     "how an array lies in memory is not known in a kernel: index it, or pass the number that is "
     "meant"},
    {"T", "arrays have it, and it is indexed, not called: `A.T[i, j]`"},
    {"transpose", "write `A.T`"},
    {"dtype",
     "types are known when a kernel is compiled: use a cast, such as `float(x)`, or an array's "
     "type, `A.dtype(x)`"},
    {"astype", "cast each element: `float(A[i])`"},
    {"sum", "add up in a loop: `total = 0.0`, then `for x in A: total += x`"},
    {"mean", "add up in a loop and divide by `len(A)`"},
    {"min", "keep the smallest in a loop: `best = min(best, A[i])`"},
    {"max", "keep the largest in a loop: `best = max(best, A[i])`"},
    {"append", "arrays have a fixed length: store to an index, `A[i] = value`"},
    {"fill", "let each thread store one element: `A[idx] = value`"},
    {"copy", "copy element by element: `B[idx] = A[idx]`"},
    {"x", "threadIdx, blockIdx, blockDim and gridDim have .x, .y and .z"},
};

}  // namespace

const RefusedSyntax& refused_syntax(std::string_view node) {
  for (const RefusedSyntax& entry : kRefused) {
    if (entry.node == node) return entry;
  }
  return kUnknown;
}

std::string_view help_for_attribute(std::string_view attribute) {
  for (const AttributeHelp& entry : kAttributes) {
    if (entry.attribute == attribute) return entry.help;
  }
  return "variables of a kernel are numbers and arrays; use operators, len() and the functions of "
         "math";
}

}  // namespace cudapy::frontend
