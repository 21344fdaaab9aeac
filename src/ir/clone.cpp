// Deep copies of trees.
#include "ir/tree.h"

#include <algorithm>

namespace cudapy::ir {

namespace {

std::vector<ExprPtr> clone_all(const std::vector<ExprPtr>& exprs) {
  std::vector<ExprPtr> copies;
  copies.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) copies.push_back(clone(*expr));
  return copies;
}

}  // namespace

ExprPtr clone(const Expr& expr) {
  auto copy = std::make_unique<Expr>();
  copy->kind = expr.kind;
  copy->type = expr.type;
  copy->span = expr.span;
  copy->shape = expr.shape;
  copy->stride = expr.stride;
  copy->operands = clone_all(expr.operands);
  copy->constant = expr.constant;
  copy->local = expr.local;
  copy->thread_index = expr.thread_index;
  copy->unary_op = expr.unary_op;
  copy->binary_op = expr.binary_op;
  copy->compare_op = expr.compare_op;
  copy->builtin = expr.builtin;
  copy->intrinsic = expr.intrinsic;
  copy->atomic_op = expr.atomic_op;
  copy->math = expr.math;
  copy->math_single = expr.math_single;
  copy->callee = expr.callee;
  copy->body = clone(expr.body);
  copy->is_frame = expr.is_frame;
  copy->results = expr.results;
  copy->field = expr.field;
  copy->unpack_count = expr.unpack_count;
  copy->name = expr.name;
  copy->byte_offset = expr.byte_offset;
  copy->divergent_return = expr.divergent_return;
  copy->fault_site = expr.fault_site;
  copy->row_axes = expr.row_axes;
  copy->axis = expr.axis;
  copy->is_transposed = expr.is_transposed;
  copy->is_divergent = expr.is_divergent;
  return copy;
}

StmtPtr clone(const Stmt& stmt) {
  auto copy = std::make_unique<Stmt>();
  copy->kind = stmt.kind;
  copy->span = stmt.span;
  copy->local = stmt.local;
  copy->counter = stmt.counter;
  if (stmt.value) copy->value = clone(*stmt.value);
  copy->operands = clone_all(stmt.operands);
  copy->body = clone(stmt.body);
  copy->else_body = clone(stmt.else_body);
  copy->byte_offset = stmt.byte_offset;
  copy->fields = stmt.fields;
  copy->fault_site = stmt.fault_site;
  copy->exception = stmt.exception;
  copy->message = stmt.message;
  copy->is_assertion = stmt.is_assertion;
  copy->row_axes = stmt.row_axes;
  copy->block_level = stmt.block_level;
  copy->vote = stmt.vote;
  copy->divergent_exit = stmt.divergent_exit;
  copy->divergent_continue = stmt.divergent_continue;
  copy->divergent_return = stmt.divergent_return;
  return copy;
}

Block clone(const Block& block) {
  Block copy;
  copy.reserve(block.size());
  for (const StmtPtr& stmt : block) copy.push_back(clone(*stmt));
  return copy;
}

namespace {

ExprPtr clone_optional(const ExprPtr& expr) {
  return expr ? clone(*expr) : nullptr;
}

IndexHull clone_hull(const IndexHull& hull) {
  IndexHull copy;
  copy.array = hull.array;
  copy.axis = hull.axis;
  copy.base = clone_optional(hull.base);
  copy.least = hull.least;
  copy.greatest = hull.greatest;
  for (const IndexHull::Part& part : hull.parts) {
    copy.parts.push_back({clone(*part.factor), part.sign, part.axis, clone_optional(part.first),
                          clone_optional(part.last)});
  }
  return copy;
}

}  // namespace

Function clone(const Function& function) {
  Function copy;
  copy.name = function.name;
  copy.span = function.span;
  copy.locals = function.locals;
  copy.parameter_count = function.parameter_count;
  copy.result = function.result;
  copy.signature = function.signature;
  copy.body = clone(function.body);
  copy.written = function.written;
  copy.uses_block_shape = function.uses_block_shape;
  copy.wide_index = function.wide_index;
  std::copy_n(function.block, 3, copy.block);
  copy.runs_warps = function.runs_warps;
  copy.divergent_return = function.divergent_return;
  copy.repeated_axes = function.repeated_axes;
  for (const Clip& clip : function.clips)
    copy.clips.push_back({clip.axis, clip.op, clone(*clip.bound)});
  copy.fault_sites = function.fault_sites;
  for (const RowAccess& access : function.row_accesses) {
    copy.row_accesses.push_back({access.array, access.axis, access.has_idx,
                                 clone_optional(access.offset), clone_optional(access.last)});
  }
  for (const IndexHull& hull : function.hulls) copy.hulls.push_back(clone_hull(hull));
  return copy;
}

}  // namespace cudapy::ir
