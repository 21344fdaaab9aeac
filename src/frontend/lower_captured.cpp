// Arrays and tuples from outside of the function: constants of the code, whose values are those at
// the time of compiling.
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

// The array, of which a function has one local however often it reads it; or its shape, ndim or
// size.
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
  const std::string& attribute = path.back();
  const bool is_known = attribute == "shape" || attribute == "ndim" || attribute == "size";
  if (path.size() != found.consumed + 2 || !is_known) {
    return error("unknown-attribute", expr.span,
                 "`" + name + "` has no `" + path[found.consumed + 1] + "` in a kernel",
                 "an array in a kernel has elements, a shape, ndim and size");
  }
  std::vector<ir::ExprPtr> operands;
  operands.push_back(make_local(local, expr.span));
  const ir::Builtin builtin = attribute == "shape"  ? ir::Builtin::Shape
                              : attribute == "ndim" ? ir::Builtin::Ndim
                                                    : ir::Builtin::Size;
  return make_builtin(builtin, expr.span, std::move(operands));
}

ir::ExprPtr FunctionLowering::captured_tuple(const Resolved& found, const std::string& name,
                                             Span span) {
  ir::ExprPtr result = make_expr(ir::ExprKind::MakeAggregate, span);
  for (size_t i = 0; i < found.elements.size(); ++i) {
    const Resolved& element = found.elements[i];
    const std::string place = name + "[" + std::to_string(i) + "]";
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
