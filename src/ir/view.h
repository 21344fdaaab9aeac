// Views of arrays in typed trees: Loads that leave dimensions open, which other indices fill. A
// Slice leaves its dimension open for indices that count through it; dimensions behind the last
// index are open and whole.
//     B[k], where B is A[i, 2:8:3]        A[i, 2 + 3 * bound(k, 2)]
// The open dimensions of a transposed view are counted from the last one; it has an index or a
// Slice for each dimension.
//     B[i, j], where B is A.T             A[j, i]
#pragma once

#include <cstddef>
#include <vector>

#include "ir/tree.h"

namespace cudapy::ir {

// Of an array (a Local) or a view: the length of the dimension that is number `axis` among the open
// ones.
ExprPtr length_of(const Expr& array, size_t axis, const Type& index_type, Span span);

// The same of its stride, in elements: int64.
ExprPtr stride_of(const Expr& array, size_t axis, Span span);

// `operands` are an array or a view, then indices or slices; the view's own indices come first
// afterwards, and the array is a Local. Copies what it needs twice, so a view's slices must be made
// of constants, lengths and locals.
void flatten_view(std::vector<ExprPtr>& operands);
// The same for a Load, which may be a view itself.
void flatten_view(Expr& load);

// A view of all of an array, or a view, with its open dimensions in reverse order.
ExprPtr transposed(ExprPtr array, const Type& index_type);

// An index that has been held against the length of a slice, which lies in its array.
bool is_bounded(const Expr& index);

// May be evaluated again, wherever the locals in it have not changed.
bool is_steady(const Expr& expr);

ExprPtr make_slice(ExprPtr start, ExprPtr length, ExprPtr step, Span span);

}  // namespace cudapy::ir
