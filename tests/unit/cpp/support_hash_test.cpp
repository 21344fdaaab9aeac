// Hashes: stable, sensitive to every part and to where parts end.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/hash.h"

namespace cudapy::support {
namespace {

TEST(Hash, IsXxh3OverTheBytes) {
  // XXH3-128 of no bytes, as published with the algorithm.
  EXPECT_EQ(hash_bytes({}).hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, HexIsTheWholeValueMostSignificantFirst) {
  EXPECT_EQ((Hash128{.low = 0xab, .high = 1}).hex(), "000000000000000100000000000000ab");
}

TEST(Hash, PartsAreToldApart) {
  const auto of = [](std::string_view first, std::string_view second) {
    return Hasher().add(first).add(second).digest().hex();
  };
  const std::set<std::string> all = {of("ab", "c"), of("a", "bc"), of("abc", ""), of("", "abc")};
  EXPECT_EQ(all.size(), 4U);
}

TEST(Hash, EveryBitOfAScalarCounts) {
  std::set<std::string> all;
  for (int bit = 0; bit < 64; ++bit) all.insert(Hasher().add(uint64_t{1} << bit).digest().hex());
  EXPECT_EQ(all.size(), 64U);
  EXPECT_NE(Hasher().add(int32_t{1}).digest(), Hasher().add(int64_t{1}).digest());
  EXPECT_NE(Hasher().add(0.0).digest(), Hasher().add(-0.0).digest());
}

TEST(Hash, PiecewiseIsTheSameAsAtOnce) {
  const std::string text(1000, 'x');
  Hasher piecewise;
  for (const char c : text) piecewise.add_raw(&c, 1);
  EXPECT_EQ(piecewise.digest(), Hasher().add_raw(text.data(), text.size()).digest());
}

}  // namespace
}  // namespace cudapy::support
