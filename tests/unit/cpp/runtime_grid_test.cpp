// The grids of launches on a GPU: blocks have the shape that code is made for, and cover all
// threads.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/cpu/launch.h"
#include "runtime/cuda/device.h"

namespace cudapy::runtime::cuda {
namespace {

LaunchRequest request_of(int64_t x, int64_t y, int64_t z) {
  LaunchRequest request;
  request.threads[0] = x;
  request.threads[1] = y;
  request.threads[2] = z;
  return request;
}

TEST(Grid, BlocksThatThreadsSeeHaveTheShapeThatCodeIsMadeFor) {
  const int64_t sizes[][3] = {{1, 1, 1}, {1000, 1, 1}, {33, 17, 1},
                              {1, 9, 1}, {5, 6, 7},    {1, 1, 9}};
  const int64_t blocks[][3] = {{0, 0, 0}, {64, 1, 1}, {7, 5, 3}, {1, 1, 32}, {1024, 1, 1}};
  for (const auto& size : sizes) {
    for (const auto& block : blocks) {
      LaunchRequest request = request_of(size[0], size[1], size[2]);
      std::copy_n(block, 3, request.block);
      GridRules rules;
      rules.max_block_threads = 1024;
      rules.uses_block_shape = true;
      GridPlan plan;
      ASSERT_EQ(plan_grid(request, rules, plan), "");
      int64_t made_for[3];
      visible_block(request, made_for);
      for (int axis = 0; axis < 3; ++axis) {
        EXPECT_EQ(plan.block[axis], made_for[axis]);
        const int64_t covered = plan.block[axis] * plan.launch.grid[axis];
        EXPECT_GE(covered, size[axis]);
        EXPECT_LT(covered - plan.block[axis], size[axis]);
      }
    }
  }
}

TEST(Grid, ShapesThatNobodySeesFitTheDevice) {
  GridRules rules;
  rules.max_block_threads = 100;
  GridPlan plan;
  ASSERT_EQ(plan_grid(request_of(1000, 1000, 1), rules, plan), "");
  EXPECT_LE(plan.block[0] * plan.block[1] * plan.block[2], 100);
  rules.uses_block_shape = true;
  EXPECT_NE(plan_grid(request_of(1000, 1000, 1), rules, plan), "");
}

}  // namespace
}  // namespace cudapy::runtime::cuda
