// A walk over all expressions of a tree, those that run inside of others too, each before what it
// is made of.
#pragma once

#include "ir/tree.h"

namespace cudapy::ir {

template <class Visit>
void each_expression(const Block& block, const Visit& visit);

template <class Visit>
void each_expression(const Expr& expr, const Visit& visit) {
  visit(expr);
  for (const ExprPtr& operand : expr.operands) each_expression(*operand, visit);
  each_expression(expr.body, visit);
}

template <class Visit>
void each_expression(const Block& block, const Visit& visit) {
  for (const StmtPtr& stmt : block) {
    if (stmt->value) each_expression(*stmt->value, visit);
    for (const ExprPtr& operand : stmt->operands) each_expression(*operand, visit);
    each_expression(stmt->body, visit);
    each_expression(stmt->else_body, visit);
  }
}

}  // namespace cudapy::ir
