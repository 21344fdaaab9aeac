// Small text files and folders.
#include "support/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace cudapy {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string pattern = testing::TempDir() + "/files-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  std::string folder;
};

TEST_F(Files, WhatWasWrittenIsRead) {
  const std::string text(10000, 'x');
  EXPECT_TRUE(write_text(folder + "/a", text));
  EXPECT_EQ(read_text(folder + "/a"), text);
  EXPECT_TRUE(write_text(folder + "/a", "short"));
  EXPECT_EQ(read_text(folder + "/a"), "short");
}

TEST_F(Files, WhatIsNotThereCannotBeRead) {
  EXPECT_EQ(read_text(folder + "/none"), std::nullopt);
  EXPECT_EQ(read_text(folder), std::nullopt);
  EXPECT_FALSE(write_text(folder + "/none/a", "text"));
}

TEST_F(Files, FoldersAreMadeAllTheWay) {
  EXPECT_TRUE(make_folders(folder + "/a/b/c"));
  EXPECT_TRUE(make_folders(folder + "/a/b/c"));
  EXPECT_TRUE(write_text(folder + "/a/file", ""));
  EXPECT_FALSE(make_folders(folder + "/a/file"));
  EXPECT_FALSE(make_folders(folder + "/a/file/b"));
  EXPECT_TRUE(is_regular_file(folder + "/a/file"));
  EXPECT_FALSE(is_regular_file(folder + "/a/b"));
}

TEST_F(Files, PathsStartAtTheWorkingFolder) {
  EXPECT_EQ(absolute_path("/a/b"), "/a/b");
  EXPECT_EQ(absolute_path("a"), working_folder() + "/a");
}

TEST_F(Files, ParentsEndBeforeTheLastSlash) {
  EXPECT_EQ(parent_folder("/a/b.py"), "/a");
  EXPECT_EQ(parent_folder("/b.py"), "/");
  EXPECT_EQ(parent_folder("b.py"), ".");
}

TEST_F(Files, TextIsSplit) {
  EXPECT_EQ(split("a:b::", ':'), (std::vector<std::string_view>{"a", "b", "", ""}));
  EXPECT_EQ(split("", ':'), (std::vector<std::string_view>{""}));
  EXPECT_EQ(split_words("  max 100\n"), (std::vector<std::string_view>{"max", "100"}));
  EXPECT_TRUE(split_words(" \n").empty());
}

}  // namespace
}  // namespace cudapy
