// Which names count as slips of which.
#include "frontend/nearest.h"

#include <gtest/gtest.h>

namespace cudapy::frontend {
namespace {

const std::vector<std::string> kKnown = {"idx", "idy", "threadIdx", "alpha", "total", "X", "range"};

TEST(Nearest, FindsSlips) {
  EXPECT_EQ(nearest("idxx", kKnown), "idx");
  EXPECT_EQ(nearest("threadidx", kKnown), "threadIdx");
  EXPECT_EQ(nearest("alhpa", kKnown), "alpha");
  EXPECT_EQ(nearest("tota", kKnown), "total");
  EXPECT_EQ(nearest("x", kKnown), "X");
  EXPECT_EQ(nearest("rnage", kKnown), "range");
}

TEST(Nearest, SaysNothingRatherThanNonsense) {
  EXPECT_EQ(nearest("q", kKnown), "");
  EXPECT_EQ(nearest("ab", kKnown), "");
  EXPECT_EQ(nearest("weights", kKnown), "");
  EXPECT_EQ(nearest("", kKnown), "");
  EXPECT_EQ(nearest("idx", {}), "");
}

TEST(Nearest, PrefersTheFirstOfEquallyNearOnes) {
  EXPECT_EQ(nearest("idw", kKnown), "idx");
  EXPECT_EQ(nearest("idw", {"idy", "idx"}), "idy");
}

}  // namespace
}  // namespace cudapy::frontend
