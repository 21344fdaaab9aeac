// Copies are counted from the kernel down: a function has as many as there are ways of calls to it.
#include "sema/inlined_size.h"

#include <algorithm>
#include <string>
#include <vector>

#include "ir/call_cycles.h"

namespace cudapy::sema {
namespace {

// Nodes of the tree. A kernel that is written as long as that is the user's wish; one that calls
// make ten times as long as it is written is not.
constexpr double kMostNodes = 200'000;
constexpr double kMostGrowth = 10;

size_t count_nodes(const ir::Block& block);

size_t count_nodes(const ir::Expr& expr) {
  size_t count = 1 + count_nodes(expr.body);
  for (const ir::ExprPtr& operand : expr.operands) count += count_nodes(*operand);
  return count;
}

size_t count_nodes(const ir::Block& block) {
  size_t count = 0;
  for (const ir::StmtPtr& stmt : block) {
    count += 1 + count_nodes(stmt->body) + count_nodes(stmt->else_body);
    if (stmt->value) count += count_nodes(*stmt->value);
    for (const ir::ExprPtr& operand : stmt->operands) count += count_nodes(*operand);
  }
  return count;
}

class Copies {
 public:
  explicit Copies(const ir::Program& program)
      : is_recursive_(ir::functions_in_cycles(program)),
        callees_(program.functions.size()),
        is_visited_(program.functions.size()),
        copies_(program.functions.size()) {
    for (size_t i = 0; i < callees_.size(); ++i) {
      ir::for_each_call(program.functions[i].body, [&](const ir::Expr& call) {
        callees_[i].push_back(static_cast<size_t>(call.callee));
      });
    }
    callees_first(0);
    copies_[0] = 1;
    for (size_t i = order_.size(); i-- > 0;) {
      for (const size_t callee : callees_[order_[i]]) add_copies(order_[i], callee);
    }
  }

  [[nodiscard]] double of(size_t function) const { return copies_[function]; }

 private:
  void callees_first(size_t function) {
    is_visited_[function] = true;
    for (const size_t callee : callees_[function]) {
      if (!is_visited_[callee]) callees_first(callee);
    }
    order_.push_back(function);
  }

  // A function that calls itself is never copied.
  void add_copies(size_t caller, size_t callee) {
    copies_[callee] = is_recursive_[callee] ? 1 : copies_[callee] + copies_[caller];
  }

  const std::vector<bool> is_recursive_;
  std::vector<std::vector<size_t>> callees_;
  std::vector<bool> is_visited_;
  std::vector<double> copies_;
  std::vector<size_t> order_;
};

std::string count_text(double count) {
  constexpr double kExact = 1e15;
  if (count >= kExact) return "more than 1e15";
  return std::to_string(static_cast<int64_t>(count));
}

}  // namespace

void check_inlined_size(const ir::Program& typed, Diagnostics& diagnostics) {
  const Copies copies(typed);
  double written = 0;
  double copied = 0;
  double longest = 0;
  size_t worst = 0;
  for (size_t i = 0; i < typed.functions.size(); ++i) {
    const auto nodes = static_cast<double>(count_nodes(typed.functions[i].body));
    written += nodes;
    copied += nodes * copies.of(i);
    if (nodes * copies.of(i) <= longest) continue;
    longest = nodes * copies.of(i);
    worst = i;
  }
  if (copied <= kMostNodes || copied <= kMostGrowth * written) return;
  const ir::Function& function = typed.functions[worst];
  diagnostics.error("too-many-calls", function.span,
                    "`" + function.name + "` would be copied into the kernel " +
                        count_text(copies.of(worst)) +
                        " times, since the functions that call it are called again and again",
                    "call a function once, keep its result in a variable and use that; or call it "
                    "in a loop");
}

}  // namespace cudapy::sema
