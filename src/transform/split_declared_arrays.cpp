// z = t[i].imag becomes z = t.imag[i]. See split_declared_arrays.h.
#include "transform/split_declared_arrays.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace cudapy::transform {

namespace {

using namespace ir;

// The parts of an array's elements, and the array of each.
struct Parts {
  std::vector<int32_t> offsets;
  std::vector<LocalId> arrays;
};

class ArraySplitter {
 public:
  explicit ArraySplitter(Function& function) : function_(function) {}

  void run() {
    const size_t count = function_.locals.size();
    parts_.resize(count);
    bool found = false;
    for (size_t i = 0; i < count; ++i) {
      const Local& local = function_.locals[i];
      if (local.storage == Storage::Value || !is_compound(local.type.element())) continue;
      split(i);
      found = true;
    }
    if (found) block(function_.body);
  }

 private:
  // The first part takes the place of the whole, so that no other local changes its number. All
  // keep its name, which messages show.
  void split(size_t i) {
    const Type element = function_.locals[i].type.element();
    const auto size = static_cast<size_t>(item_size(function_.locals[i].type));
    const std::vector<uint8_t> table = std::move(function_.locals[i].table);  // of a constant
    std::vector<Type> leaves;
    append_leaves(element, leaves);
    append_offsets(element, 0, parts_[i].offsets);
    for (size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      Local part = function_.locals[i];
      part.type = Type::array(leaves[leaf].scalar, part.type.rank);
      const auto offset = static_cast<size_t>(parts_[i].offsets[leaf]);
      const auto width = static_cast<size_t>(size_of(leaves[leaf].scalar));
      part.table.clear();
      for (size_t at = offset; at < table.size(); at += size) {
        const auto begin = table.begin() + static_cast<std::ptrdiff_t>(at);
        part.table.insert(part.table.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
      }
      if (leaf == 0) function_.locals[i].table = part.table;
      if (leaf > 0) function_.locals.push_back(std::move(part));
      parts_[i].arrays.push_back(static_cast<LocalId>(leaf == 0 ? i : function_.locals.size() - 1));
    }
    function_.locals[i].type = Type::array(leaves[0].scalar, function_.locals[i].type.rank);
  }

  [[nodiscard]] const Parts* parts_of(LocalId local) const {
    if (local == kNoLocal || static_cast<size_t>(local) >= parts_.size()) return nullptr;
    const Parts& parts = parts_[static_cast<size_t>(local)];
    return parts.arrays.empty() ? nullptr : &parts;
  }

  // `array`: what an access of the part at `byte_offset` reads or writes.
  void choose(Expr& array, int32_t& byte_offset) {
    const Parts* parts = parts_of(array.local);
    if (parts == nullptr) return;
    const auto place = std::find(parts->offsets.begin(), parts->offsets.end(), byte_offset);
    array.local = parts->arrays[static_cast<size_t>(place - parts->offsets.begin())];
    array.type = function_.locals[static_cast<size_t>(array.local)].type;
    byte_offset = 0;
  }

  void expression(Expr& expr) {
    if (expr.kind == ExprKind::Load) choose(*expr.operands[0], expr.byte_offset);
    for (ExprPtr& operand : expr.operands) expression(*operand);
    // In what is no access, its length, any part stands for the whole.
    if (expr.kind == ExprKind::Local && parts_of(expr.local) != nullptr)
      expr.type = function_.locals[static_cast<size_t>(expr.local)].type;
    block(expr.body);
  }

  void block(Block& statements) {
    Block made;
    made.reserve(statements.size());
    for (StmtPtr& stmt : statements) {
      if (stmt->kind == StmtKind::Store) choose(*stmt->operands[0], stmt->byte_offset);
      if (stmt->value) expression(*stmt->value);
      for (ExprPtr& operand : stmt->operands) expression(*operand);
      block(stmt->body);
      block(stmt->else_body);
      const Parts* parts = stmt->kind == StmtKind::Declare ? parts_of(stmt->local) : nullptr;
      for (size_t i = 1; parts != nullptr && i < parts->arrays.size(); ++i) {
        made.push_back(clone(*stmt));
        made.back()->local = parts->arrays[i];
      }
      made.push_back(std::move(stmt));
    }
    statements = std::move(made);
  }

  Function& function_;
  std::vector<Parts> parts_;  // by local
};

}  // namespace

void split_declared_arrays(Function& function) {
  ArraySplitter(function).run();
}

}  // namespace cudapy::transform
