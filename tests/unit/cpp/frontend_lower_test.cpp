// Lowering without Python: syntax is built by hand and names are answered from a table. What real
// kernels become is in tests/ir; here are what needs no parser: placeholders after mistakes, flow,
// recursion, and every table of names.
#include "frontend/lower.h"

#include <gtest/gtest.h>

#include <map>

#include "frontend/known_names.h"
#include "frontend/refused_syntax.h"
#include "ir/call_cycles.h"
#include "ir/printer.h"

namespace cudapy::frontend {
namespace {

using syntax::Expr;
using syntax::ExprKind;
using syntax::Stmt;
using syntax::StmtKind;

Span next_span() {
  static int line = 0;
  ++line;
  return {0, line, 0, line, 1};
}

Expr name(const std::string& text) {
  Expr expr;
  expr.kind = ExprKind::Name;
  expr.span = next_span();
  expr.text = text;
  return expr;
}

Expr number(int64_t value) {
  Expr expr;
  expr.kind = ExprKind::Number;
  expr.span = next_span();
  expr.constant.integer = value;
  return expr;
}

Expr call(const std::string& callee, std::vector<Expr> arguments) {
  Expr expr;
  expr.kind = ExprKind::Call;
  expr.span = next_span();
  expr.operands.push_back(name(callee));
  for (Expr& argument : arguments) expr.operands.push_back(std::move(argument));
  return expr;
}

Stmt assign(const std::string& target, Expr value) {
  Stmt stmt;
  stmt.kind = StmtKind::Assign;
  stmt.span = next_span();
  stmt.targets.push_back(name(target));
  stmt.value = std::move(value);
  return stmt;
}

Stmt with_body(StmtKind kind, Expr value, std::vector<Stmt> body,
               std::vector<Stmt> else_body = {}) {
  Stmt stmt;
  stmt.kind = kind;
  stmt.span = next_span();
  stmt.value = std::move(value);
  stmt.body = std::move(body);
  stmt.else_body = std::move(else_body);
  return stmt;
}

Stmt return_value(Expr value) {
  return with_body(StmtKind::Return, std::move(value), {});
}

class TableResolver final : public NameResolver {
 public:
  FunctionId add(const std::string& function, std::vector<std::string> parameters,
                 std::vector<Stmt> body) {
    LoadedFunction loaded;
    loaded.definition.name = function;
    loaded.definition.span = next_span();
    for (std::string& parameter : parameters) {
      loaded.definition.parameters.push_back({std::move(parameter), next_span(), {}, false, false});
    }
    loaded.defaults.resize(loaded.definition.parameters.size());
    loaded.definition.body = std::move(body);
    ids_[function] = static_cast<FunctionId>(functions_.size());
    functions_.push_back(std::move(loaded));
    return ids_[function];
  }

  Resolved resolve(FunctionId, const std::string& root, std::span<const std::string>) override {
    if (auto found = ids_.find(root); found != ids_.end()) {
      Resolved result;
      result.kind = Resolved::Kind::Function;
      result.function = found->second;
      return result;
    }
    if (auto found = find_builtin(root)) return *found;
    return find_cudapy_name(root).value_or(Resolved{});
  }
  std::vector<std::string> visible_names(FunctionId) override { return cudapy_names(); }
  const LoadedFunction* load(FunctionId function, const Span&, Diagnostics&) override {
    return &functions_[static_cast<size_t>(function)];
  }

 private:
  std::map<std::string, FunctionId> ids_;
  std::vector<LoadedFunction> functions_;
};

std::string codes_of(TableResolver& resolver) {
  Diagnostics diagnostics;
  const bool made = lower(resolver, diagnostics).has_value();
  EXPECT_EQ(made, diagnostics.ok());
  std::string codes;
  for (const Diagnostic& error : diagnostics.errors()) codes += error.code + " ";
  return codes;
}

std::string codes_of(std::vector<Stmt> body) {
  TableResolver resolver;
  resolver.add("kernel", {"n"}, std::move(body));
  return codes_of(resolver);
}

TEST(Lower, ReportsAnUndefinedNameOnce) {
  EXPECT_EQ(codes_of({assign("a", name("missing")), assign("b", name("missing"))}),
            "undefined-name ");
}

TEST(Lower, DoesNotComplainOfWhatARefusedStatementWouldHaveBound) {
  Stmt with;
  with.kind = StmtKind::Unsupported;
  with.text = "With";
  with.span = next_span();
  with.targets.push_back(name("file"));
  with.body.push_back(assign("a", number(1)));
  EXPECT_EQ(codes_of({with, assign("b", name("file")), assign("c", name("a"))}),
            "unsupported-syntax ");
}

TEST(Lower, KnowsWhichPathsAssign) {
  const auto if_ = [](std::vector<Stmt> body, std::vector<Stmt> else_body = {}) {
    return with_body(StmtKind::If, name("n"), std::move(body), std::move(else_body));
  };
  // Some path assigns: allowed. None does: an error.
  EXPECT_EQ(codes_of({if_({assign("a", number(1))}), assign("b", name("a"))}), "");
  EXPECT_EQ(codes_of({if_({assign("b", name("a"))}), assign("a", number(1))}),
            "used-before-assignment ");
  // The only path that assigns has left.
  EXPECT_EQ(codes_of({if_({assign("a", number(1)), return_value({})}), assign("b", name("a"))}),
            "used-before-assignment ");
  // An earlier turn of the loop may have assigned.
  EXPECT_EQ(codes_of({with_body(StmtKind::While, name("n"),
                                {if_({assign("b", name("a"))}), assign("a", number(1))})}),
            "");
}

TEST(Lower, LowersFunctionsThatCallEachOtherOnce) {
  TableResolver resolver;
  resolver.add("kernel", {"n"}, {assign("a", call("even", {name("n")}))});
  resolver.add("even", {"n"}, {return_value(call("odd", {name("n")}))});
  resolver.add("odd", {"n"}, {return_value(call("even", {name("n")}))});
  Diagnostics diagnostics;
  const auto program = lower(resolver, diagnostics);
  ASSERT_TRUE(program);
  ASSERT_EQ(program->functions.size(), 3U);
  EXPECT_EQ(ir::functions_in_cycles(*program), (std::vector<bool>{false, true, true}));
}

TEST(Lower, LowersAKernelThatCallsItselfAsAHelper) {
  TableResolver resolver;
  resolver.add("kernel", {}, {assign("a", call("kernel", {}))});
  Diagnostics diagnostics;
  const auto program = lower(resolver, diagnostics);
  ASSERT_TRUE(program);
  EXPECT_EQ(ir::functions_in_cycles(*program), (std::vector<bool>{false, true}));
}

TEST(Lower, LowersEachFunctionOnce) {
  TableResolver resolver;
  resolver.add("kernel", {"n"}, {assign("a", call("f", {call("f", {call("g", {name("n")})})}))});
  resolver.add("f", {"x"}, {return_value(call("g", {name("x")}))});
  resolver.add("g", {"x"}, {return_value(name("x"))});
  Diagnostics diagnostics;
  const auto program = lower(resolver, diagnostics);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->functions.size(), 3U);
}

TEST(Lower, ChecksTheCountOfArguments) {
  TableResolver resolver;
  resolver.add("kernel", {"n"},
               {assign("a", call("f", {})), assign("b", call("f", {number(1), number(2)})),
                assign("c", call("abs", {}))});
  resolver.add("f", {"x"}, {return_value(name("x"))});
  EXPECT_EQ(codes_of(resolver), "argument-count argument-count argument-count ");
}

TEST(Lower, AKernelReturnsNothing) {
  EXPECT_EQ(codes_of({return_value(number(1))}), "kernel-returns-value ");
  EXPECT_EQ(codes_of({return_value({})}), "");
}

TEST(KnownNames, SuggestionsCanBeFound) {
  for (const std::string& found : builtin_names()) EXPECT_TRUE(find_builtin(found)) << found;
  for (const std::string& found : cudapy_names()) EXPECT_TRUE(find_cudapy_name(found)) << found;
  for (const std::string& found : math_names()) EXPECT_TRUE(find_math_name(found)) << found;
  for (const std::string& found : numpy_names()) EXPECT_TRUE(find_numpy_name(found)) << found;
}

TEST(KnownNames, EveryRefusalSaysWhatToDoInstead) {
  for (const std::string& found : cudapy_names()) {
    const auto resolved = find_cudapy_name(found);
    const bool refused = resolved->kind == Resolved::Kind::Unsupported;
    EXPECT_TRUE(!refused || !resolved->help.empty()) << found;
  }
  for (const char* node : {"ListComp", "Await", "Try", "With", "Match", "Yield", "Delete"}) {
    EXPECT_EQ(refused_syntax(node).node, node);
    EXPECT_FALSE(refused_syntax(node).help.empty());
  }
}

TEST(KnownNames, ThreadIndicesHaveThreeAxes) {
  EXPECT_EQ(find_thread_index("threadIdx", "x"), ir::ThreadIndex::ThreadIdxX);
  EXPECT_EQ(find_thread_index("gridDim", "z"), ir::ThreadIndex::GridDimZ);
  EXPECT_EQ(find_thread_index("gridDim", "w"), std::nullopt);
  EXPECT_EQ(find_thread_index("idx", "x"), std::nullopt);
}

}  // namespace
}  // namespace cudapy::frontend
