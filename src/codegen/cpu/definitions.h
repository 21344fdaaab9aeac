// Functions that call themselves: the only code of a kernel that is called.
//
//     define internal fastcc { results, i8 stopped } @cudapy_recursive_0(
//         ptr context, iW mask, i32 depth, arguments)
//
// for a gang of lanes, of which those of `mask` make the call; a scalar instead of a gang has no
// mask. `context` holds what is the same for all calls of a thread: where it is, the arrays, the
// launch's fault record. It lies in the kernel's frame. `stopped`: a lane has met a fault, or the
// launch is to stop, and whoever called leaves as well. A fault ends a GPU's thread where it is:
// its functions return their results alone.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "ir/tree.h"

namespace llvm {
class Function;
class IRBuilderBase;
class StructType;
class Value;
}  // namespace llvm

namespace cudapy::codegen::cpu {

class BodyEmitter;

struct Definition {
  const ir::Expr* frame = nullptr;
  std::set<ir::LocalId> declared;  // arrays of each call
  llvm::Function* function = nullptr;
};

// What the emitters of a kernel and of its definitions share.
struct Definitions {
  std::map<int32_t, Definition> by_number;
  std::vector<ir::LocalId> arrays;      // that definitions use, declared ones included
  std::set<ir::LocalId> handed_on;      // those of them that another one declares
  llvm::StructType* context = nullptr;  // known at the first call
  // On a GPU, around the body of each: where its faults go. They end the thread, so that nothing is
  // `stopped`.
  std::function<void(BodyEmitter& body, llvm::Function& function)> open;
  std::function<void(BodyEmitter& body)> close;
};

// Empty where the kernel calls nothing.
Definitions find_definitions(const ir::Function& kernel);

}  // namespace cudapy::codegen::cpu
