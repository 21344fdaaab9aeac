// Loops over the grid's width: `for i in range(idx, n, blockDim.x * gridDim.x)`, and
// `while i < n: ...; i += blockDim.x * gridDim.x`, where i was idx before.
#pragma once

#include <cstdint>
#include <optional>

#include "ir/each_expression.h"
#include "ir/tree.h"
#include "transform/single_assignments.h"

namespace cudapy::transform {

struct GridLoop {
  uint8_t axis = 0;
  ir::LocalId index = ir::kNoLocal;  // what the body reads
  bool counts_itself = false;        // a while, whose last statement moves the index on
  ir::Clip clip;                     // of the index
  ir::ExprPtr width;
};

class GridLoops {
 public:
  explicit GridLoops(const ir::Function& function) : function_(function), assignments_(function) {}

  // `loop`: a statement of the kernel's own body. Its index has the type of idx, its end is known
  // before the first thread runs, and it has no `else`.
  [[nodiscard]] std::optional<GridLoop> find(const ir::Stmt& loop) const;

 private:
  [[nodiscard]] std::optional<GridLoop> range_loop(const ir::Stmt& loop) const;
  [[nodiscard]] std::optional<GridLoop> while_loop(const ir::Stmt& loop) const;
  static const ir::Expr* advance_of(const ir::Stmt& stmt, ir::LocalId index);
  [[nodiscard]] const ir::Expr* only_start(const ir::Stmt& loop, ir::LocalId index) const;
  [[nodiscard]] bool is_index_type(const ir::Type& type) const;
  [[nodiscard]] const ir::Expr& value_of(const ir::Expr& expr) const;
  [[nodiscard]] bool is_block_extent(const ir::Expr& expr, uint8_t axis) const;
  [[nodiscard]] std::optional<uint8_t> axis_of_width(const ir::Expr& expr) const;
  [[nodiscard]] bool is_thread(const ir::Expr& expr, uint8_t axis) const;

  const ir::Function& function_;
  SingleAssignments assignments_;
};

// Whether `expr` is the index `first` along `axis`, where `first` is the one along x.
bool is_thread_index(const ir::Expr& expr, ir::ThreadIndex first, uint8_t axis);

// Whether statements end the thread or the loop around them.
bool leaves_loop(const ir::Block& body, bool may_continue);

using ir::each_expression;

// Drops plain assignments at the top that nothing reads, as those of a width.
void drop_unread(ir::Function& function);
// Whether anything asks for the place of a thread in its block, or of the block.
bool sees_blocks(const ir::Function& function);
// The same, or for the shape of blocks.
bool sees_block_shape(const ir::Function& function);
bool prints(const ir::Block& block);
// Whether a value may be computed before each turn as well as once, or not at all.
bool may_be_repeated(const ir::Expr& value);

}  // namespace cudapy::transform
