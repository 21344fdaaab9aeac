// Launches: whatever block shape is chosen, every wanted thread runs once and no other.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "runtime/cpu/cpu_count.h"
#include "runtime/cpu/launch.h"

namespace cudapy::runtime {
namespace {

struct Hits {
  std::atomic<int>* counts;
};

// What compiled code does, one thread at a time.
void count_threads(const void* arguments, const Launch* launch, int64_t block_begin,
                   int64_t block_end) {
  const Hits& hits = *static_cast<const Hits*>(arguments);
  for (int64_t block = block_begin; block < block_end; ++block) {
    const int64_t bx = block % launch->grid[0];
    const int64_t by = block / launch->grid[0] % launch->grid[1];
    const int64_t bz = block / launch->grid[0] / launch->grid[1];
    for (int64_t z = bz * launch->block[2];
         z < std::min((bz + 1) * launch->block[2], launch->threads[2]); ++z) {
      for (int64_t y = by * launch->block[1];
           y < std::min((by + 1) * launch->block[1], launch->threads[1]); ++y) {
        for (int64_t x = bx * launch->block[0];
             x < std::min((bx + 1) * launch->block[0], launch->threads[0]); ++x) {
          hits.counts[(z * launch->threads[1] + y) * launch->threads[0] + x].fetch_add(
              1, std::memory_order_relaxed);
        }
      }
    }
  }
}

int64_t wrong_threads(const KernelMetadata& metadata, const LaunchRequest& request) {
  const CpuKernel kernel{count_threads, metadata};
  const auto total = static_cast<size_t>(launch_thread_count(request.threads));
  std::vector<std::atomic<int>> counts(total + 1);
  const Hits hits{counts.data()};
  LaunchPlan plan = plan_launch(metadata, request);
  FaultRecord fault;
  EXPECT_EQ(run_launch(kernel, &hits, plan, fault, {}), PoolOutcome::kDone);
  int64_t wrong = counts[total].load() != 0;
  for (size_t i = 0; i < total; ++i) wrong += counts[i].load() != 1;
  return wrong;
}

TEST(Launch, RunsEveryThreadOnceInEveryShape) {
  const int64_t sizes[][3] = {{1, 1, 1},    {31, 1, 1},      {32, 1, 1},   {33, 1, 1},
                              {1000, 1, 1}, {100'003, 1, 1}, {7, 1000, 1}, {1000, 7, 1},
                              {1, 1, 99},   {33, 17, 5},     {2, 3, 4},    {300'000, 2, 1}};
  for (int threads : {1, 4}) {
    set_pool_thread_count(threads);
    for (int uses_block_shape : {0, 1}) {
      for (int uneven : {0, 1}) {
        for (int instructions : {1, 30, 10'000}) {
          for (const auto& size : sizes) {
            const KernelMetadata metadata{16, uses_block_shape, uneven, instructions};
            EXPECT_EQ(wrong_threads(metadata, {{size[0], size[1], size[2]}, {0, 0, 0}}), 0)
                << size[0] << " " << size[1] << " " << size[2] << " instructions " << instructions;
          }
        }
      }
    }
  }
  set_pool_thread_count(default_thread_count());
}

TEST(Launch, TakesTheUsersBlock) {
  const KernelMetadata metadata{8, 0, 0, 20};
  EXPECT_EQ(wrong_threads(metadata, {{1000, 3, 1}, {48, 2, 1}}), 0);
  const LaunchPlan plan = plan_launch(metadata, {{1000, 3, 1}, {48, 2, 1}});
  EXPECT_EQ(plan.launch.block[0], 48);
  EXPECT_EQ(plan.launch.grid[0], 21);
  EXPECT_EQ(plan.launch.grid[1], 2);
  EXPECT_EQ(plan.blocks, 42);
}

TEST(Launch, DefaultShapesAreThoseThatKernelsMayRelyOn) {
  const KernelMetadata metadata{8, 1, 0, 20};
  const auto block = [&](int64_t x, int64_t y, int64_t z) {
    const Launch launch = plan_launch(metadata, {{x, y, z}, {0, 0, 0}}).launch;
    return std::vector<int64_t>(launch.block, launch.block + 3);
  };
  EXPECT_EQ(block(1000, 1, 1), (std::vector<int64_t>{256, 1, 1}));
  EXPECT_EQ(block(1000, 10, 1), (std::vector<int64_t>{32, 8, 1}));
  EXPECT_EQ(block(1000, 10, 3), (std::vector<int64_t>{32, 4, 2}));
}

TEST(Launch, FreeBlocksAreWholeGangsOfARow) {
  for (int64_t n : {1, 15, 16, 17, 1000, 1'000'000}) {
    const KernelMetadata metadata{16, 0, 0, 10};
    const Launch launch = plan_launch(metadata, {{n, 5, 1}, {0, 0, 0}}).launch;
    EXPECT_EQ(launch.block[0] % 16, 0);
    EXPECT_GE(launch.block[1] * launch.grid[1], 5);
  }
}

TEST(Launch, WhatIsTooSmallToShareIsOneBlock) {
  const KernelMetadata metadata{16, 0, 0, 3};
  for (int64_t n : {1, 1000, 8'192}) {
    const LaunchPlan plan = plan_launch(metadata, {{n, 2, 2}, {0, 0, 0}});
    EXPECT_TRUE(plan.is_tiny);
    EXPECT_EQ(plan.blocks, 1);
  }
}

TEST(Launch, FreeBlocksTakeSeveralShortRows) {
  const KernelMetadata metadata{16, 0, 0, 10};
  const Launch launch = plan_launch(metadata, {{100, 10'000, 2}, {0, 0, 0}}).launch;
  EXPECT_EQ(launch.block[0], 112);
  EXPECT_GT(launch.block[1], 8);
  EXPECT_LT(launch.block[1], 100);
  EXPECT_EQ(launch.block[2], 1);
  EXPECT_EQ(launch.grid[1], (10'000 - 1) / launch.block[1] + 1);
  const Launch few = plan_launch(metadata, {{16, 3, 1}, {0, 0, 0}}).launch;
  EXPECT_LE(few.block[1], 3);
}

TEST(Launch, ThreadsThatShareColumnsAreCutIntoTiles) {
  for (int instructions : {256, 500, 10'000}) {
    KernelMetadata metadata{16, 0, 0, instructions};
    EXPECT_EQ(plan_launch(metadata, {{5'000, 3'000, 1}, {0, 0, 0}}).launch.block[1], 1);
    metadata.shares_columns = 1;
    const Launch launch = plan_launch(metadata, {{5'000, 3'000, 1}, {0, 0, 0}}).launch;
    EXPECT_GE(launch.block[0], 32);
    EXPECT_LE(launch.block[0], 64);
    EXPECT_EQ(launch.block[0] * launch.block[1], 1024);
    EXPECT_EQ(launch.grid[1], (3'000 - 1) / launch.block[1] + 1);
    const Launch line = plan_launch(metadata, {{5'000, 1, 1}, {0, 0, 0}}).launch;
    EXPECT_EQ(line.block[1], 1);
    const Launch few = plan_launch(metadata, {{5'000, 3, 1}, {0, 0, 0}}).launch;
    EXPECT_LE(few.block[1], 3);
  }
  KernelMetadata light{16, 0, 0, 40};
  light.shares_columns = 1;
  EXPECT_EQ(plan_launch(light, {{5'000, 3'000, 1}, {0, 0, 0}}).launch.block[1], 1);
}

TEST(Launch, ThreadsThatRunAgainGoOnByTheVisibleBlocks) {
  KernelMetadata metadata{16, 0, 0, 10};
  metadata.repeated_axes = 3;
  const Launch line = plan_launch(metadata, {{1000, 1, 1}, {0, 0, 0}}).launch;
  EXPECT_EQ(line.extent[0], 1024);
  EXPECT_EQ(line.extent[1], 1);
  const Launch plane = plan_launch(metadata, {{100, 20, 1}, {0, 0, 0}}).launch;
  EXPECT_EQ(plane.extent[0], 128);
  EXPECT_EQ(plane.extent[1], 24);
  const Launch chosen = plan_launch(metadata, {{1000, 1, 1}, {48, 1, 1}}).launch;
  EXPECT_EQ(chosen.extent[0], 1008);
  EXPECT_EQ(chosen.block[0], 48);
}

TEST(Launch, ThreadsThatRunAgainShareLargeBlocks) {
  KernelMetadata metadata{16, 0, 0, 10};
  metadata.repeated_axes = 1;
  for (int64_t n : {1, 15, 2048, 65'536, 1'000'000}) {
    const Launch launch = plan_launch(metadata, {{n, 1, 1}, {0, 0, 0}}).launch;
    EXPECT_EQ(launch.block[0] % 16, 0);
    EXPECT_LE(launch.block[0], 16'384);
    EXPECT_GE(launch.block[0] * pool_thread_count() * 2, std::min<int64_t>(n, 4'096));
  }
  EXPECT_EQ(wrong_threads(metadata, {{70'001, 3, 1}, {0, 0, 0}}), 0);
}

TEST(Launch, SizesThatDoNotFitAreRefused) {
  const int64_t fits[3] = {int64_t{1} << 62, 1, 1};
  const int64_t too_many[3] = {int64_t{1} << 62, 2, 1};
  const int64_t overflowing[3] = {int64_t{1} << 40, int64_t{1} << 20, int64_t{1} << 20};
  const int64_t none[3] = {int64_t{1} << 62, int64_t{1} << 62, 0};
  EXPECT_EQ(launch_thread_count(fits), int64_t{1} << 62);
  EXPECT_EQ(launch_thread_count(too_many), -1);
  EXPECT_EQ(launch_thread_count(overflowing), -1);
  EXPECT_EQ(launch_thread_count(none), 0);
}

TEST(Launch, NoThreadsRunNothing) {
  const KernelMetadata metadata{16, 0, 0, 10};
  LaunchPlan plan = plan_launch(metadata, {{0, 1, 1}, {0, 0, 0}});
  EXPECT_EQ(plan.blocks, 0);
  const CpuKernel kernel{[](const void*, const Launch*, int64_t, int64_t) { FAIL(); }, metadata};
  FaultRecord fault;
  EXPECT_EQ(run_launch(kernel, nullptr, plan, fault, {}), PoolOutcome::kDone);
}

TEST(Launch, HugeGridsPlanWithoutOverflow) {
  for (int uses_block_shape : {0, 1}) {
    const KernelMetadata metadata{16, uses_block_shape, 0, 10};
    const LaunchPlan plan = plan_launch(metadata, {{kMaxLaunchThreads, 1, 1}, {0, 0, 0}});
    EXPECT_GT(plan.blocks, 0);
    EXPECT_GE(plan.launch.grid[0] * plan.launch.block[0], kMaxLaunchThreads);
    EXPECT_TRUE(plan.is_long);
  }
}

TEST(Launch, SmallLaunchesAreTiny) {
  const KernelMetadata metadata{16, 0, 0, 10};
  EXPECT_TRUE(plan_launch(metadata, {{256, 1, 1}, {0, 0, 0}}).is_tiny);
  EXPECT_FALSE(plan_launch(metadata, {{1'000'000, 1, 1}, {0, 0, 0}}).is_tiny);
  const KernelMetadata loops{16, 0, 1, 100'000};
  EXPECT_FALSE(plan_launch(loops, {{256, 1, 1}, {0, 0, 0}}).is_tiny);
}

}  // namespace
}  // namespace cudapy::runtime
