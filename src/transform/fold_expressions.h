// The rewrites of one expression whose operands are folded already. Private to `fold`.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/tree.h"

namespace cudapy::transform {

// Can be left out: it changes nothing and cannot fault.
bool is_droppable(const ir::Expr& expr);

class ExpressionFolder {
 public:
  // Once products and sums are fused it matters no more which of them are constants, so that what
  // only one device knows counts as one, too: the turn of a loop that it unrolls, the channels of
  // an image. Powers of floats stay what they are then: products round differently.
  enum class Stage : uint8_t { BeforeContraction, AfterContraction };

  ExpressionFolder(ir::Function& function, Stage stage) : function_(function), stage_(stage) {}

  // Replaces `expr` by something cheaper that gives the same bits, if there is such.
  void fold(ir::ExprPtr& expr);

  // Per local (may be shorter): the constant that every read of it gives, or null.
  std::vector<ir::ExprPtr>& constants() { return constants_; }

 private:
  void unary(ir::ExprPtr& expr);
  void binary(ir::ExprPtr& expr);
  void sum(ir::ExprPtr& expr);
  void product(ir::ExprPtr& expr);
  void quotient(ir::ExprPtr& expr);
  void floor_division(ir::ExprPtr& expr);
  void shift(ir::ExprPtr& expr);
  void power(ir::ExprPtr& expr);
  void compare(ir::ExprPtr& expr);
  void logical(ir::ExprPtr& expr);
  void select(ir::ExprPtr& expr);
  void cast(ir::ExprPtr& expr);
  void math(ir::ExprPtr& expr);

  ir::Function& function_;
  Stage stage_;
  std::vector<ir::ExprPtr> constants_;
};

}  // namespace cudapy::transform
