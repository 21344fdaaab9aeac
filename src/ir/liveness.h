// Which locals are still read after a statement: what a merge of lanes has to keep, and what it may
// drop.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ir/tree.h"

namespace cudapy::ir {

// A set of locals.
class LocalSet {
 public:
  explicit LocalSet(size_t locals = 0) : words_((locals + 63) / 64) {}
  [[nodiscard]] bool contains(LocalId local) const {
    return (words_[word(local)] >> bit(local)) & 1;
  }
  void insert(LocalId local) { words_[word(local)] |= uint64_t{1} << bit(local); }
  void erase(LocalId local) { words_[word(local)] &= ~(uint64_t{1} << bit(local)); }
  void insert_all(const LocalSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  friend bool operator==(const LocalSet&, const LocalSet&) = default;

 private:
  static size_t word(LocalId local) { return static_cast<size_t>(local) / 64; }
  static unsigned bit(LocalId local) { return static_cast<unsigned>(local) % 64; }
  std::vector<uint64_t> words_;
};

struct StmtLiveness {
  LocalSet after;   // If, While, For, Region: read after the statement, by whatever path
  LocalSet header;  // While, For: read by a further turn of the loop, or after it
  LocalSet before;  // Region: read in it or after it, before it is assigned
};

class Liveness {
 public:
  explicit Liveness(const Function& function);
  // Of an If, While, For or Region of the function.
  [[nodiscard]] const StmtLiveness& of(const Stmt& stmt) const { return statements_.at(&stmt); }

 private:
  friend class LivenessWalk;
  std::unordered_map<const Stmt*, StmtLiveness> statements_;
};

// Locals that the block assigns, nested statements, loop counters and inlined functions included.
LocalSet assigned_in(const Block& block, size_t locals);
void add_assigned(const Expr& expr, LocalSet& assigned);

}  // namespace cudapy::ir
