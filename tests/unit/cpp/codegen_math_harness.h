// Compiles one math function into a loop over arrays, the way kernels are compiled and loaded, and
// measures its error against references in extended precision.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codegen/cpu/target_info.h"
#include "ir/math_function.h"
#include "runtime/cpu/code_image.h"

namespace llvm {
class IRBuilderBase;
class Value;
}  // namespace llvm

namespace cudapy::tests {

struct Build {
  std::string isa;     // a level's name, empty for the host's own
  unsigned lanes = 0;  // 0 for scalars
  bool is_double = false;
  bool fast = false;
  bool masked = false;  // every third lane off: those hold nan, and their results don't count
};

// Emits the result from the arguments, one vector each; the mask is null or of active lanes.
using Emitter = std::function<llvm::Value*(llvm::IRBuilderBase&, const std::vector<llvm::Value*>&,
                                           llvm::Value* mask, const codegen::cpu::TargetInfo&)>;

enum class Element : uint8_t { kBool, kInt8, kInt16, kInt32, kInt64, kFloat, kDouble };

// Code that reads arrays of the argument elements and writes one of the result's. bool is a byte.
class ArrayFunction {
 public:
  ArrayFunction(const Build& build, std::vector<Element> arguments, Element result,
                const Emitter& emit);

  // count is rounded down to whole vectors.
  void run(const std::vector<const void*>& arguments, void* result, int64_t count) const;

  const std::string& assembly() const { return assembly_; }

 private:
  runtime::LoadedCode code_;
  std::string assembly_;
  unsigned lanes_;
};

ArrayFunction compile_math(ir::MathFunction function, const Build& build);

// Levels that this machine can run, the host's own (empty) first.
std::vector<std::string> runnable_levels();

// How far a result is from the exact value, in units in the last place of the exact value as a
// float or double. Infinite where one is nan, infinite or a zero of a sign the other is not.
double ulp_error(float result, long double exact);
double ulp_error(double result, long double exact);

}  // namespace cudapy::tests
