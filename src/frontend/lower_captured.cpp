// Arrays and tuples from outside of the function: constants of the code, whose values are those at
// the time of compiling.
#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

// The array, of which a function has one local however often it reads it; or its shape, ndim, size
// or T.
ir::ExprPtr FunctionLowering::captured_array(const Resolved& found,
                                             const std::vector<std::string>& path,
                                             const syntax::Expr& expr) {
  std::string name = path[0];
  for (size_t i = 1; i <= found.consumed; ++i) name += "." + path[i];
  const auto known = tables_.find(name);
  ir::LocalId local = known == tables_.end() ? ir::kNoLocal : known->second;
  if (local == ir::kNoLocal) {
    ir::Local array;
    array.name = name;
    array.declared = found.type;
    array.span = expr.span;
    array.storage = ir::Storage::Constant;
    array.extents = found.extents;
    array.table = found.table;
    local = static_cast<ir::LocalId>(function_.locals.size());
    function_.locals.push_back(std::move(array));
    tables_.emplace(name, local);
  }
  if (path.size() == found.consumed + 1) return make_local(local, expr.span);
  const std::string& attribute = path[found.consumed + 1];
  constexpr std::string_view kKnown[] = {"shape",    "ndim",   "size",   "T",
                                         "itemsize", "nbytes", "strides"};
  if (std::find(std::begin(kKnown), std::end(kKnown), attribute) == std::end(kKnown)) {
    return error("unknown-attribute", expr.span,
                 "`" + name + "` has no `" + attribute + "` in a kernel",
                 "an array in a kernel has elements, shape, strides, ndim, size, T, dtype, "
                 "itemsize and nbytes");
  }
  ir::ExprPtr value = make_local(local, expr.span);
  for (size_t i = found.consumed + 1; i < path.size(); ++i) {
    value = make_expr(ir::ExprKind::Field, expr.span, std::move(value));
    value->name = path[i];
  }
  return value;
}

ir::ExprPtr FunctionLowering::captured_tuple(const Resolved& found, const std::string& name,
                                             Span span) {
  ir::ExprPtr result = make_expr(ir::ExprKind::MakeAggregate, span);
  const bool is_struct = found.type.is_aggregate();
  if (is_struct) result->type = found.type;
  for (size_t i = 0; i < found.elements.size(); ++i) {
    const Resolved& element = found.elements[i];
    const std::string place = is_struct ? name + "." + found.type.aggregate->names[i]
                                        : name + "[" + std::to_string(i) + "]";
    if (element.kind == Resolved::Kind::Constant) {
      result->operands.push_back(make_constant(element.constant, element.type, span));
    } else if (element.kind == Resolved::Kind::Tuple) {
      result->operands.push_back(captured_tuple(element, place, span));
    } else {
      return error("captured-object", span,
                   "`" + place + "` is " +
                       (element.description.empty() ? "no number" : element.description) +
                       ", and a tuple that a kernel uses holds numbers",
                   "give it a name of its own outside of the kernel");
    }
  }
  if (!result->operands.empty()) return result;
  return error("tuple-value", span, "`" + name + "` is empty, and a tuple in a kernel is not",
               "leave the empty tuple out");
}

}  // namespace cudapy::frontend
