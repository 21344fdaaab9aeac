// Kernels built by hand, compiled for every instruction level and gang width that the host can run,
// against plain C++.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <vector>

#include "codegen_tree_builder.h"
#include "jit/jit.h"
#include "runtime/cpu/code_image.h"
#include "runtime/cpu/kernel_abi.h"
#include "runtime/cpu/symbols.h"
#include "sema/shapes.h"
#include "transform/clip_guards.h"
#include "transform/contract.h"
#include "transform/split_loop_counters.h"

namespace cudapy::test {
namespace {

struct ArrayAndScalar {
  runtime::ArrayArgument out;
  runtime::ArrayArgument in;
  int32_t limit;
};

void prepare(Function& function) {
  transform::contract(function);
  transform::split_loop_counters(function);
  transform::clip_guards(function);
  sema::annotate_shapes(function);
}

runtime::LoadedCode compile(const Function& function, const char* isa, int width) {
  jit::CompileRequest request;
  request.kernel = &function;
  request.isa = isa;
  request.gang_width = width;
  jit::CompileResult result;
  EXPECT_TRUE(cudapy_jit_compile(&request, &result)) << result.error;
  std::string error;
  runtime::LoadedCode code =
      runtime::load_image(result.image, runtime::resolve_runtime_symbol, error);
  EXPECT_TRUE(code) << error;
  return code;
}

std::vector<const char*> host_levels() {
  std::vector<const char*> levels;
  if (__builtin_cpu_supports("sse4.2")) levels.push_back("sse4");
  if (__builtin_cpu_supports("avx2")) levels.push_back("avx2");
  if (__builtin_cpu_supports("avx512vl")) levels.push_back("avx512");
  return levels;
}

// The result that a thread should store, given its index and the whole input.
using Expected = std::function<int32_t(int32_t thread, const std::vector<int32_t>& in)>;

void check_size(const runtime::LoadedCode& code, int32_t n, const Expected& expected) {
  std::vector<int32_t> in(static_cast<size_t>(n) + 1);
  for (int32_t i = 0; i <= n; ++i) in[static_cast<size_t>(i)] = (i * 7919 + 13) % 23 - 5;
  constexpr int32_t kUntouched = -77;
  std::vector<int32_t> out(static_cast<size_t>(n) + 8, kUntouched);
  ArrayAndScalar arguments{{out.data(), n}, {in.data(), n}, 10};
  int64_t threads = n + 3;
  runtime::Launch launch{{threads, 1, 1}, {512, 1, 1}, {(threads + 511) / 512, 1, 1}, nullptr};
  auto entry = reinterpret_cast<runtime::KernelEntry>(const_cast<void*>(code.entry()));
  entry(&arguments, &launch, 0, launch.grid[0]);
  for (int32_t i = 0; i < static_cast<int32_t>(out.size()); ++i) {
    int32_t want = i < n ? expected(i, in) : kUntouched;
    ASSERT_EQ(out[static_cast<size_t>(i)], want) << "n " << n << " thread " << i;
  }
}

// Runs `function`(int32* out, int32* in, int32 limit) at each level and width.
void check(Function& function, const Expected& expected) {
  prepare(function);
  for (const char* isa : host_levels()) {
    for (int width : {1, 4, 8, 16, 32}) {
      SCOPED_TRACE(std::string(isa) + " width " + std::to_string(width));
      runtime::LoadedCode code = compile(function, isa, width);
      if (!code) return;
      for (int32_t n : {0, 1, width - 1, width, width + 1, 3 * width + 5})
        check_size(code, n, expected);
    }
  }
}

// Every kernel here is: if idx < len(out): <body>.
struct GuardedKernel : KernelBuilder {
  LocalId out = array("out", Scalar::I32);
  LocalId in = array("in", Scalar::I32);
  LocalId limit = parameter("limit", kI32);
  void guard(Block body) {
    function.body = block(if_(less(idx(), len(read(out))), std::move(body)));
  }
  ExprPtr mine() { return load(read(in), idx()); }
  StmtPtr result(ExprPtr value) { return store(read(out), idx(), std::move(value)); }
};

TEST(CpuCode, LinearAccess) {
  GuardedKernel k;
  k.guard(block(k.result(add(k.mine(), idx()))));
  check(k.function, [](int32_t i, const auto& in) { return in[size_t(i)] + i; });
}

// for p in range(n): total += in[p * n + idx + shift]
bool shares_columns(bool in_loop, bool by_row) {
  KernelBuilder k;
  const LocalId in = k.array("in", Scalar::F32);
  const LocalId out = k.array("out", Scalar::F32);
  const LocalId n = k.parameter("n", kI32);
  const LocalId shift = k.local("shift", kI32);
  const LocalId p = k.local("p", kI32);
  const LocalId total = k.local("total", kF32);
  const auto idy = [] {
    ExprPtr expr = idx();
    expr->thread_index = ThreadIndex::Idy;
    return expr;
  };
  const auto element = [&](ExprPtr row) {
    ExprPtr place = add(add(mul(std::move(row), k.read(n)), idx()), k.read(shift));
    return load(k.read(in), std::move(place));
  };
  Block turn = block(assign(total, add(k.read(total), in_loop ? element(k.read(p)) : f32(1))));
  k.function.body = block(assign(shift, by_row ? idy() : i32(3)),
                          assign(total, in_loop ? f32(0) : element(i32(5))),
                          for_(p, i32(0), k.read(n), i32(1), std::move(turn)),
                          store(k.read(out), add(mul(idy(), k.read(n)), idx()), k.read(total)));
  prepare(k.function);
  runtime::KernelMetadata metadata;
  const runtime::LoadedCode code = compile(k.function, host_levels().front(), 0);
  EXPECT_EQ(code.metadata().size(), sizeof metadata);
  std::memcpy(&metadata, code.metadata().data(), sizeof metadata);
  return metadata.shares_columns != 0;
}

TEST(CpuCode, ColumnsAreSharedByLoopsThatDoNotDependOnTheRow) {
  EXPECT_TRUE(shares_columns(true, false));
  EXPECT_FALSE(shares_columns(true, true));
  EXPECT_FALSE(shares_columns(false, false));
}

TEST(CpuCode, WhileWithLiveOutCounter) {
  GuardedKernel k;
  LocalId n = k.local("n", kI32);
  LocalId x = k.local("x", kI32);
  k.guard(block(assign(n, i32(0)), assign(x, k.mine()),
                while_(both(less(k.read(x), k.read(k.limit)), less(k.read(n), i32(9))),
                       block(assign(x, add(k.read(x), i32(2))), assign(n, add(k.read(n), i32(1))))),
                k.result(add(mul(k.read(n), i32(100)), k.read(x)))));
  check(k.function, [](int32_t i, const auto& in) {
    int32_t n = 0, x = in[size_t(i)];
    while (x < 10 && n < 9) x += 2, n += 1;
    return n * 100 + x;
  });
}

TEST(CpuCode, ForWithBreakContinueElse) {
  GuardedKernel k;
  LocalId j = k.local("j", kI32);
  LocalId sum = k.local("sum", kI32);
  k.guard(
      block(assign(sum, i32(0)), assign(j, i32(-1)),
            for_(j, i32(0), i32(12), i32(1),
                 block(if_(equal(mod(add(k.read(j), k.mine()), i32(3)), i32(0)),
                           block(stmt(StmtKind::Continue))),
                       assign(sum, add(k.read(sum), k.read(j))),
                       if_(less(k.mine(), sub(k.read(j), i32(2))), block(stmt(StmtKind::Break)))),
                 block(assign(sum, add(k.read(sum), i32(1000))))),
            k.result(add(mul(k.read(j), i32(10000)), k.read(sum)))));
  check(k.function, [](int32_t i, const auto& in) {
    int32_t sum = 0, j = -1, mine = in[size_t(i)];
    bool broke = false;
    for (int32_t c = 0; c < 12; ++c) {
      j = c;
      if ((((j + mine) % 3) + 3) % 3 == 0) continue;
      sum += j;
      if (mine < j - 2) {
        broke = true;
        break;
      }
    }
    if (!broke) sum += 1000;
    return j * 10000 + sum;
  });
}

TEST(CpuCode, NestedVaryingLoopsAndReturn) {
  GuardedKernel k;
  LocalId a = k.local("a", kI32);
  LocalId b = k.local("b", kI32);
  LocalId total = k.local("total", kI32);
  k.guard(
      block(assign(total, i32(0)),
            for_(a, i32(0), k.mine(), i32(1),
                 block(for_(b, k.read(a), k.mine(), i32(2),
                            block(assign(total, add(k.read(total), k.read(b))),
                                  if_(less(i32(40), k.read(total)),
                                      block(k.result(sub(i32(0), k.read(total))),
                                            stmt(StmtKind::Return))))),
                       if_(equal(mod(k.read(a), i32(5)), i32(4)), block(stmt(StmtKind::Break))))),
            k.result(k.read(total))));
  check(k.function, [](int32_t i, const auto& in) {
    int32_t total = 0, mine = in[size_t(i)];
    for (int32_t a = 0; a < mine; ++a) {
      for (int32_t b = a; b < mine; b += 2) {
        total += b;
        if (40 < total) return -total;
      }
      if (a % 5 == 4) break;
    }
    return total;
  });
}

TEST(CpuCode, VaryingIfWithGatherAndUniformBranch) {
  GuardedKernel k;
  LocalId x = k.local("x", kI32);
  k.guard(block(assign(x, k.mine()),
                if_(less(i32(0), k.read(x)),
                    block(assign(x, load(k.read(k.in), mod(k.mine(), len(k.read(k.out)))))),
                    block(if_(less(i32(5), k.read(k.limit)),
                              block(assign(x, sub(k.read(x), idx()))), block(assign(x, i32(0)))))),
                k.result(k.read(x))));
  check(k.function, [](int32_t i, const auto& in) {
    int32_t x = in[size_t(i)];
    if (0 < x) return in[size_t(x) % (in.size() - 1)];
    return x - i;
  });
}

}  // namespace
}  // namespace cudapy::test
