// Sinks stores along branches that are hardly ever taken. See sink_stores.h.
#include "codegen/nvptx/sink_stores.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/CFG.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/ProfDataUtils.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include <algorithm>
#include <ranges>

namespace cudapy::codegen::nvptx {

using namespace llvm;

namespace {

constexpr unsigned kGlobalMemory = 1;  // address spaces
constexpr unsigned kSharedMemory = 3;
constexpr size_t kMostStores = 8;          // that one branch is given
constexpr size_t kMostBlocks = 8;          // that record a fault
constexpr uint64_t kUnlikely = 1U << 16U;  // times less often than the other way

// Where a check leads that fails: 0 or 1. -1: the branch is no check.
int unlikely_successor(const BranchInst& branch) {
  uint64_t taken = 0;
  uint64_t other = 0;
  if (!branch.isConditional() || !extractBranchWeights(branch, taken, other)) return -1;
  if (other < taken / kUnlikely) return 1;
  return taken < other / kUnlikely ? 0 : -1;
}

bool is_shared(const StoreInst& store) {
  return store.isSimple() && store.getPointerAddressSpace() == kSharedMemory;
}

// Whether a store to shared memory may be done after it.
bool lets_stores_pass(const Instruction& instruction) {
  if (!instruction.mayReadOrWriteMemory()) return true;
  const auto* load = dyn_cast<LoadInst>(&instruction);
  return load != nullptr && load->isSimple() && load->getPointerAddressSpace() == kGlobalMemory;
}

// The stores to shared memory that nothing in the rest of the block waits for, in their order.
SmallVector<StoreInst*, kMostStores> last_stores(BasicBlock& block) {
  SmallVector<StoreInst*, kMostStores> stores;
  for (Instruction& instruction : std::ranges::reverse_view(block)) {
    auto* store = dyn_cast<StoreInst>(&instruction);
    if (store != nullptr && is_shared(*store) && stores.size() < kMostStores)
      stores.push_back(store);
    else if (!lets_stores_pass(instruction))
      break;
  }
  std::ranges::reverse(stores);
  return stores;
}

// Stores are worth it if what is stored is waited for: where it was loaded.
bool waits_for_a_load(ArrayRef<StoreInst*> stores) {
  return std::ranges::any_of(
      stores, [](StoreInst* store) { return !isa<Constant>(store->getValueOperand()); });
}

// Whether every way from a block, a short one, ends the thread.
bool ends_thread(BasicBlock& block) {
  SmallVector<BasicBlock*, kMostBlocks> ways = {&block};
  for (size_t i = 0; i < ways.size(); ++i) {
    const Instruction* end = ways[i]->getTerminator();
    if (isa<ReturnInst>(end) || ways.size() > kMostBlocks) return false;
    for (BasicBlock* next : successors(ways[i]))
      if (!is_contained(ways, next)) ways.push_back(next);
  }
  return true;
}

void sink(BasicBlock& block) {
  auto* branch = dyn_cast<BranchInst>(block.getTerminator());
  if (branch == nullptr) return;
  const int unlikely = unlikely_successor(*branch);
  if (unlikely < 0) return;
  BasicBlock* on = branch->getSuccessor(static_cast<unsigned>(1 - unlikely));
  if (on->getSinglePredecessor() != &block) return;
  const auto stores = last_stores(block);
  if (stores.empty() || !waits_for_a_load(stores)) return;
  BasicBlock* other = branch->getSuccessor(static_cast<unsigned>(unlikely));
  BasicBlock* kept = ends_thread(*other) ? nullptr : SplitEdge(&block, other);
  const auto place = std::find_if(on->getFirstNonPHIIt(), on->end(), [](const Instruction& next) {
    return next.isTerminator() || !lets_stores_pass(next);
  });
  for (StoreInst* store : stores) {
    if (kept) store->clone()->insertBefore(kept->getTerminator()->getIterator());
    store->moveBefore(place);
  }
}

}  // namespace

void sink_stores(Module& module) {
  for (Function& function : module) {
    // In the order of the code, so that stores go on past several checks.
    SmallVector<BasicBlock*, 32> blocks;
    for (BasicBlock& block : function) blocks.push_back(&block);
    for (BasicBlock* block : blocks) sink(*block);
  }
}

}  // namespace cudapy::codegen::nvptx
