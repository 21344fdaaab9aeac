// The disk cache: what is stored is found, whatever else happens to the folder is a miss.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cache/kernel_cache.h"

namespace cudapy::runtime {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

Bytes bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

Bytes payload_of(size_t size, uint8_t seed = 1) {
  Bytes made(size);
  std::iota(made.begin(), made.end(), seed);
  return made;
}

class Cache : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/cudapy_cache_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override {
    fs::permissions(root_, fs::perms::owner_all, fs::perm_options::add);
    fs::remove_all(root_);
  }

  CacheOptions options(uint64_t limit = uint64_t{1} << 30) const {
    return {.directory = root_ + "/cache", .enabled = true, .size_limit = limit};
  }
  fs::path folder() const { return root_ + "/cache/kernels"; }

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(folder())) found.push_back(file.path());
    return found;
  }
  fs::path only_file() const {
    const auto found = files();
    EXPECT_EQ(found.size(), 1U);
    return found.at(0);
  }

  std::string root_;
};

Bytes read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(stream), {});
}

void write_file(const fs::path& path, const Bytes& contents) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(contents.data()),
             static_cast<std::streamsize>(contents.size()));
}

// The exit status of a child process that runs `body`; -1 if it died.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Cache, FindsWhatWasStored) {
  KernelCache cache(options());
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  ASSERT_TRUE(cache.store(bytes("key"), payload_of(10'000)));
  EXPECT_EQ(cache.load(bytes("key")), payload_of(10'000));
  EXPECT_EQ(cache.load(bytes("kez")), std::nullopt);
  EXPECT_EQ(KernelCache(options()).load(bytes("key")), payload_of(10'000));

  const CacheInfo info = cache.info();
  EXPECT_TRUE(info.enabled);
  EXPECT_EQ(info.problem, "");
  EXPECT_EQ(info.directory, root_ + "/cache");
  EXPECT_EQ(info.entries, 1U);
  EXPECT_EQ(info.bytes, fs::file_size(only_file()));
  EXPECT_EQ(info.hits, 1U);
  EXPECT_EQ(info.misses, 2U);
  EXPECT_EQ(info.writes, 1U);
  EXPECT_EQ(info.errors, 0U);
}

TEST_F(Cache, EmptyKeysAndPayloadsAreOrdinary) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store({}, {}));
  EXPECT_EQ(cache.load({}), Bytes{});
  ASSERT_TRUE(cache.store(bytes("k"), {}));
  EXPECT_EQ(cache.load(bytes("k")), Bytes{});
}

TEST_F(Cache, StoringAgainReplaces) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), bytes("old")));
  ASSERT_TRUE(cache.store(bytes("key"), bytes("new")));
  EXPECT_EQ(cache.load(bytes("key")), bytes("new"));
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(Cache, DisabledDoesNothing) {
  CacheOptions off = options();
  off.enabled = false;
  KernelCache cache(off);
  EXPECT_FALSE(cache.store(bytes("key"), bytes("value")));
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  EXPECT_FALSE(fs::exists(root_ + "/cache"));
  EXPECT_FALSE(cache.info().enabled);
}

TEST_F(Cache, ClearRemovesEveryEntryAndNothingElse) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("a"), bytes("1")));
  ASSERT_TRUE(cache.store(bytes("b"), bytes("2")));
  std::ofstream(folder() / "README") << "not an entry";
  cache.clear();
  EXPECT_EQ(cache.info().entries, 0U);
  EXPECT_EQ(cache.load(bytes("a")), std::nullopt);
  EXPECT_TRUE(fs::exists(folder() / "README"));
}

TEST_F(Cache, EveryTruncationIsAMissAndIsMended) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), payload_of(100)));
  const fs::path file = only_file();
  const Bytes whole = read_file(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    write_file(file, Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    ASSERT_EQ(cache.load(bytes("key")), std::nullopt) << size;
  }
  EXPECT_EQ(cache.info().errors, whole.size());
  ASSERT_TRUE(cache.store(bytes("key"), payload_of(100)));
  EXPECT_EQ(cache.load(bytes("key")), payload_of(100));
}

TEST_F(Cache, EveryFlippedBitIsAMiss) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("some key"), payload_of(64)));
  const fs::path file = only_file();
  const Bytes whole = read_file(file);
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    write_file(file, damaged);
    ASSERT_EQ(cache.load(bytes("some key")), std::nullopt) << bit;
  }
  write_file(file, whole);
  EXPECT_EQ(cache.load(bytes("some key")), payload_of(64));
}

TEST_F(Cache, TrailingBytesAreAMiss) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), payload_of(100)));
  std::ofstream(only_file(), std::ios::app) << "x";
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
}

TEST_F(Cache, AnotherKeysFileIsAMiss) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("one"), bytes("1")));
  const fs::path name = only_file();
  const Bytes one = read_file(name);
  cache.clear();
  ASSERT_TRUE(cache.store(bytes("two"), bytes("2")));
  write_file(only_file(), one);  // as if both keys hashed alike
  EXPECT_EQ(cache.load(bytes("two")), std::nullopt);
}

TEST_F(Cache, FilesAndFoldersArePrivate) {
  KernelCache cache(options());
  const mode_t mask = umask(0);
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  umask(mask);
  EXPECT_EQ(fs::status(folder()).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(only_file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Cache, AFolderThatOthersMayWriteToIsNotUsed) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  fs::permissions(folder(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  EXPECT_FALSE(cache.store(bytes("key"), bytes("value")));
  EXPECT_NE(cache.info().problem.find("not owned by the current user alone"), std::string::npos);
  fs::permissions(folder(), fs::perms::owner_all);
  EXPECT_EQ(cache.load(bytes("key")), bytes("value"));
}

TEST_F(Cache, AFileThatOthersMayWriteToIsAMiss) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  fs::permissions(only_file(), fs::perms::group_write, fs::perm_options::add);
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
}

TEST_F(Cache, SymbolicLinksPipesAndFoldersAreMisses) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  const fs::path file = only_file();
  const fs::path elsewhere = root_ + "/elsewhere";
  fs::rename(file, elsewhere);
  fs::create_symlink(elsewhere, file);
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  fs::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);  // and does not wait for a writer
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  EXPECT_FALSE(cache.store(bytes("key"), bytes("value")));
  EXPECT_EQ(files().size(), 1U);  // no temporary file is left
}

TEST_F(Cache, AFolderOfAnotherUserIsNotUsed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to hand a folder to another user";
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  ASSERT_EQ(chown(folder().c_str(), 65534, 65534), 0);
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  EXPECT_NE(cache.info().problem, "");
}

TEST_F(Cache, AReadOnlyFolderIsReadAndNotWritten) {
  const auto body = [this] {
    KernelCache cache(options());
    if (!cache.store(bytes("key"), bytes("value"))) return 1;
    fs::permissions(folder(), fs::perms::owner_read | fs::perms::owner_exec);
    if (cache.load(bytes("key")) != bytes("value")) return 2;
    if (cache.store(bytes("other"), bytes("value"))) return 3;
    if (cache.store(bytes("key"), bytes("newer"))) return 4;
    return cache.info().errors == 2 && cache.info().entries == 1 ? 0 : 5;
  };
  // Root may write anywhere, so become somebody else.
  if (geteuid() == 0) {
    ASSERT_EQ(chown(root_.c_str(), 65534, 65534), 0);
  }
  EXPECT_EQ(in_child([&] { return geteuid() == 0 && seteuid(65534) != 0 ? 99 : body(); }), 0);
}

TEST_F(Cache, AFolderThatCannotBeMadeIsAMiss) {
  write_file(root_ + "/file", {});
  KernelCache cache({.directory = root_ + "/file/cache", .enabled = true, .size_limit = 1 << 20});
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  EXPECT_FALSE(cache.store(bytes("key"), bytes("value")));
}

TEST_F(Cache, ADeletedFolderIsMadeAnew) {
  KernelCache cache(options());
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  fs::remove_all(root_ + "/cache");
  EXPECT_EQ(cache.load(bytes("key")), std::nullopt);
  ASSERT_TRUE(cache.store(bytes("key"), bytes("value")));
  EXPECT_EQ(cache.load(bytes("key")), bytes("value"));
}

// A file-size limit cuts a write short in its middle, as a full disk does, and needs no privileges.
TEST_F(Cache, AWriteThatIsCutShortLeavesNothing) {
  const auto body = [this] {
    KernelCache cache(options());
    if (!cache.store(bytes("before"), payload_of(1000))) return 1;
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    if (cache.store(bytes("key"), payload_of(100'000))) return 2;
    if (cache.load(bytes("key")) != std::nullopt) return 3;
    if (cache.load(bytes("before")) != payload_of(1000)) return 4;
    return files().size() == 1 && cache.info().errors == 1 ? 0 : 5;
  };
  EXPECT_EQ(in_child(body), 0);
}

TEST_F(Cache, AFullDiskIsAMiss) {
  const std::string disk = root_ + "/disk";
  fs::create_directory(disk);
  if (mount("none", disk.c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "needs the right to mount a small file system";
  {
    KernelCache cache({.directory = disk, .enabled = true, .size_limit = uint64_t{1} << 30});
    EXPECT_TRUE(cache.store(bytes("small"), payload_of(1000)));
    EXPECT_FALSE(cache.store(bytes("large"), payload_of(200'000)));
    EXPECT_EQ(cache.load(bytes("large")), std::nullopt);
    EXPECT_EQ(cache.load(bytes("small")), payload_of(1000));
    EXPECT_TRUE(cache.store(bytes("small too"), payload_of(1000)));  // nothing was left behind
  }
  umount(disk.c_str());
}

TEST_F(Cache, TwoProcessesWritingAtOnce) {
  const auto writer = [this](uint8_t seed) {
    KernelCache cache(options());
    for (int round = 0; round < 300; ++round) {
      const Bytes key = bytes("key " + std::to_string(round % 3));
      if (!cache.store(key, payload_of(20'000, seed))) return 1;
      const auto found = cache.load(key);
      if (found != payload_of(20'000, 1) && found != payload_of(20'000, 101)) return 2;
    }
    return cache.info().errors == 0 ? 0 : 3;
  };
  const pid_t child = fork();
  if (child == 0) _exit(writer(1));
  EXPECT_EQ(writer(101), 0);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(files().size(), 3U);
}

TEST_F(Cache, ThreadsShareOneCache) {
  KernelCache cache(options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const Bytes key = bytes(std::to_string(i));
        EXPECT_TRUE(cache.store(key, payload_of(100, static_cast<uint8_t>(i))));
        EXPECT_EQ(cache.load(key), payload_of(100, static_cast<uint8_t>(i))) << t;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.info().entries, 50U);
}

void set_age(const fs::path& file, std::chrono::hours age) {
  fs::last_write_time(file, fs::file_time_type::clock::now() - age);
}

TEST_F(Cache, EvictsTheLeastRecentlyUsed) {
  KernelCache cache(options(100'000));
  for (const char* key : {"old 0", "old 1", "old 2"})
    ASSERT_TRUE(cache.store(bytes(key), payload_of(10'000)));
  const auto old_files = files();
  ASSERT_TRUE(cache.store(bytes("used"), payload_of(10'000)));
  for (const auto& file : files()) {
    const bool old = std::ranges::find(old_files, file) != old_files.end();
    set_age(file, std::chrono::hours(old ? 100 : 200));
  }
  ASSERT_NE(cache.load(bytes("used")), std::nullopt);  // makes it younger than the others

  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(cache.store(bytes("new " + std::to_string(i)), payload_of(10'000)));
    EXPECT_LE(cache.info().bytes, 100'000U);
  }
  for (const char* key : {"old 0", "old 1", "old 2"})
    EXPECT_EQ(cache.load(bytes(key)), std::nullopt) << key;
  EXPECT_NE(cache.load(bytes("used")), std::nullopt);
  EXPECT_NE(cache.load(bytes("new 7")), std::nullopt);
}

TEST_F(Cache, WhatExceedsTheLimitIsNotStored) {
  KernelCache cache(options(1000));
  ASSERT_TRUE(cache.store(bytes("small"), payload_of(100)));
  EXPECT_FALSE(cache.store(bytes("large"), payload_of(2000)));
  EXPECT_NE(cache.load(bytes("small")), std::nullopt);
}

TEST_F(Cache, LeftoverTemporaryFilesAreRemovedInTime) {
  KernelCache cache(options(10'000));
  ASSERT_TRUE(cache.store(bytes("a"), payload_of(100)));
  write_file(folder() / "tmp-old", payload_of(100));
  write_file(folder() / "tmp-young", payload_of(100));
  set_age(folder() / "tmp-old", std::chrono::hours(2));
  ASSERT_TRUE(cache.store(bytes("b"), payload_of(5000)));  // enough to look for what to evict
  EXPECT_FALSE(fs::exists(folder() / "tmp-old"));
  EXPECT_TRUE(fs::exists(folder() / "tmp-young"));
}

class CacheEnvironment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : kNames) {
      const char* value = getenv(name);
      saved_.push_back(value != nullptr ? std::optional<std::string>(value) : std::nullopt);
      unsetenv(name);
    }
    setenv("HOME", "/home/someone", 1);
  }
  void TearDown() override {
    for (size_t i = 0; i < saved_.size(); ++i)
      saved_[i] ? setenv(kNames[i], saved_[i]->c_str(), 1) : unsetenv(kNames[i]);
  }

  static constexpr const char* kNames[] = {"HOME", "XDG_CACHE_HOME", "CUDAPY_CACHE",
                                           "CUDAPY_CACHE_DIR", "CUDAPY_CACHE_SIZE"};
  std::vector<std::optional<std::string>> saved_;
};

TEST_F(CacheEnvironment, ChoosesTheFolder) {
  EXPECT_EQ(CacheOptions::from_environment().directory, "/home/someone/.cache/cudapy");
  setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(CacheOptions::from_environment().directory, "/caches/cudapy");
  setenv("CUDAPY_CACHE_DIR", "/mine", 1);
  EXPECT_EQ(CacheOptions::from_environment().directory, "/mine");
  setenv("CUDAPY_CACHE_DIR", "relative", 1);
  EXPECT_EQ(CacheOptions::from_environment().directory, fs::current_path().string() + "/relative");
}

TEST_F(CacheEnvironment, WithoutAnyFolderItIsDisabledAndSaysWhy) {
  unsetenv("HOME");
  const CacheOptions options = CacheOptions::from_environment();
  EXPECT_FALSE(options.enabled);
  EXPECT_NE(KernelCache(options).info().problem.find("CUDAPY_CACHE_DIR"), std::string::npos);
}

TEST_F(CacheEnvironment, SwitchesOff) {
  EXPECT_TRUE(CacheOptions::from_environment().enabled);
  setenv("CUDAPY_CACHE", "1", 1);
  EXPECT_TRUE(CacheOptions::from_environment().enabled);
  setenv("CUDAPY_CACHE", "0", 1);
  EXPECT_FALSE(CacheOptions::from_environment().enabled);
}

TEST_F(CacheEnvironment, LimitsTheSize) {
  const auto limit = [](const char* text) {
    setenv("CUDAPY_CACHE_SIZE", text, 1);
    return CacheOptions::from_environment().size_limit;
  };
  constexpr uint64_t kDefault = uint64_t{1} << 30;
  EXPECT_EQ(limit("65536"), 65536U);
  EXPECT_EQ(limit("64K"), 65536U);
  EXPECT_EQ(limit("3M"), uint64_t{3} << 20);
  EXPECT_EQ(limit("2G"), uint64_t{2} << 30);
  for (const char* nonsense : {"", "many", "-5", "3X", "3MB", "99999999999999999G"})
    EXPECT_EQ(limit(nonsense), kDefault) << nonsense;
}

}  // namespace
}  // namespace cudapy::runtime
