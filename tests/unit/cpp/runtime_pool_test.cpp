// The thread pool: every block runs exactly once whatever the number of threads, grains and
// launches at once; it survives interrupts and forks.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "runtime/cpu/cpu_count.h"
#include "runtime/cpu/pool.h"

namespace cudapy::runtime {
namespace {

struct Counting {
  explicit Counting(int64_t blocks) : counts(static_cast<size_t>(blocks)) {}

  static void run(const void* context, int64_t begin, int64_t end) {
    const auto& self = *static_cast<const Counting*>(context);
    for (int64_t i = begin; i < end; ++i) {
      self.counts[static_cast<size_t>(i)].fetch_add(1, std::memory_order_relaxed);
      if (self.nanoseconds > 0) spin(self.nanoseconds);
    }
  }

  static void spin(int64_t nanoseconds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(nanoseconds);
    while (std::chrono::steady_clock::now() < end) {
    }
  }

  int64_t wrong() const {
    int64_t wrong = 0;
    for (const auto& count : counts) wrong += count.load() != 1;
    return wrong;
  }

  PoolWork work(int64_t grain, bool is_long) const {
    return {run, this, 0, static_cast<int64_t>(counts.size()), grain, is_long};
  }

  mutable std::vector<std::atomic<int>> counts;
  int64_t nanoseconds = 0;
};

// ThreadSanitizer's runtime does not let the child of a threaded process start threads.
#if defined(__SANITIZE_THREAD__)
#define SKIP_FORKS_UNDER_TSAN GTEST_SKIP()
#else
#define SKIP_FORKS_UNDER_TSAN static_cast<void>(0)
#endif

class Pool : public testing::Test {
 protected:
  void TearDown() override { set_pool_thread_count(default_thread_count()); }
};

TEST_F(Pool, RunsEveryBlockOnce) {
  for (int threads : {1, 2, 3, 7, 16}) {
    set_pool_thread_count(threads);
    for (int64_t blocks : {1, 2, 3, 64, 1001, 50'000}) {
      for (int64_t grain : {int64_t{1}, int64_t{3}, int64_t{100'000}}) {
        for (bool is_long : {false, true}) {
          Counting counting(blocks);
          EXPECT_EQ(pool_run(counting.work(grain, is_long), {}), PoolOutcome::kDone);
          EXPECT_EQ(counting.wrong(), 0)
              << threads << " threads, " << blocks << " blocks, grain " << grain;
        }
      }
    }
  }
}

TEST_F(Pool, HonoursFirstBlock) {
  Counting counting(10);
  PoolWork work = counting.work(1, true);
  work.begin = 4;
  pool_run(work, {});
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(counting.counts[i].load(), i >= 4 ? 1 : 0);
}

TEST_F(Pool, NoBlocksIsNothing) {
  Counting counting(0);
  EXPECT_EQ(pool_run(counting.work(1, true), {}), PoolOutcome::kDone);
}

struct Recording {
  mutable std::mutex mutex;
  mutable std::set<std::thread::id> threads;

  static void run(const void* context, int64_t, int64_t) {
    const auto& self = *static_cast<const Recording*>(context);
    {
      const std::lock_guard lock(self.mutex);
      self.threads.insert(std::this_thread::get_id());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
};

TEST_F(Pool, UsesAsManyThreadsAsAsked) {
  for (int threads : {1, 3, 5, 2}) {
    set_pool_thread_count(threads);
    Recording recording;
    pool_run({Recording::run, &recording, 0, 40, 1, true}, {});
    EXPECT_EQ(recording.threads.size(), static_cast<size_t>(threads));
    EXPECT_TRUE(recording.threads.contains(std::this_thread::get_id()));
  }
}

TEST_F(Pool, WakesWorkersWhenAnUnknownLaunchTurnsOutLong) {
  set_pool_thread_count(3);
  Recording recording;
  pool_run({Recording::run, &recording, 0, 40, 1, false}, {});
  EXPECT_EQ(recording.threads.size(), 3U);
}

TEST_F(Pool, StaysInlineWhenShort) {
  set_pool_thread_count(4);
  struct Threads {
    static void run(const void* context, int64_t, int64_t) {
      const auto* caller = static_cast<const std::thread::id*>(context);
      EXPECT_EQ(*caller, std::this_thread::get_id());
    }
  };
  const auto caller = std::this_thread::get_id();
  for (int i = 0; i < 1000; ++i) pool_run({Threads::run, &caller, 0, 4, 1, false}, {});
}

TEST_F(Pool, ConcurrentLaunchesAllFinish) {
  set_pool_thread_count(4);
  std::atomic<int64_t> wrong{0};
  std::vector<std::thread> launchers;
  for (int t = 0; t < 24; ++t) {
    launchers.emplace_back([&wrong, t] {
      for (int i = 0; i < 60; ++i) {
        Counting counting(1 + (t * 61 + i * 7) % 700);
        pool_run(counting.work(1 + i % 3, i % 2 == 0), {});
        wrong += counting.wrong();
      }
    });
  }
  for (auto& launcher : launchers) launcher.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST_F(Pool, ThreadCountMayChangeBetweenLaunches) {
  std::atomic<bool> stop{false};
  std::thread changer([&stop] {
    for (int i = 0; !stop.load(); ++i) {
      set_pool_thread_count(1 + i % 9);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  for (int i = 0; i < 400; ++i) {
    Counting counting(300);
    pool_run(counting.work(1, true), {});
    ASSERT_EQ(counting.wrong(), 0);
  }
  stop = true;
  changer.join();
}

TEST_F(Pool, InterruptStopsAndThePoolIsUsableAfterwards) {
  for (int threads : {1, 3}) {
    set_pool_thread_count(threads);
    Counting counting(1'000'000);
    counting.nanoseconds = 20'000;
    int asked = 0;
    const InterruptCheck check{[](void* context) { return ++*static_cast<int*>(context) == 2; },
                               &asked};
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(pool_run(counting.work(1, true), check), PoolOutcome::kInterrupted);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    EXPECT_EQ(asked, 2);
    EXPECT_GT(counting.wrong(), 0);

    Counting again(5000);
    EXPECT_EQ(pool_run(again.work(1, true), {}), PoolOutcome::kDone);
    EXPECT_EQ(again.wrong(), 0);
  }
}

TEST_F(Pool, ChildOfAForkStartsAnew) {
  SKIP_FORKS_UNDER_TSAN;
  set_pool_thread_count(3);
  Counting before(5000);
  pool_run(before.work(1, true), {});
  ASSERT_GE(pool_worker_count(), 2);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    if (pool_worker_count() != 0) _exit(2);
    Counting counting(5000);
    counting.nanoseconds = 2000;
    const PoolOutcome outcome = pool_run(counting.work(1, true), {});
    _exit(outcome == PoolOutcome::kDone && counting.wrong() == 0 && pool_worker_count() == 2 ? 0
                                                                                             : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(Pool, ForkDuringAnotherThreadsLaunch) {
  SKIP_FORKS_UNDER_TSAN;
  set_pool_thread_count(3);
  std::atomic<bool> stop{false};
  std::thread launcher([&stop] {
    while (!stop.load()) {
      Counting counting(500);
      counting.nanoseconds = 1000;
      pool_run(counting.work(1, true), {});
    }
  });
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      Counting counting(500);
      pool_run(counting.work(1, true), {});
      _exit(counting.wrong() == 0 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  stop = true;
  launcher.join();
}

TEST_F(Pool, ForkInsideTheInterruptCheckIsReportedToTheChild) {
  SKIP_FORKS_UNDER_TSAN;
  set_pool_thread_count(2);
  Counting counting(200'000);
  counting.nanoseconds = 2000;
  pid_t child = -1;
  const InterruptCheck check{[](void* context) {
                               auto& pid = *static_cast<pid_t*>(context);
                               if (pid == -1) pid = fork();
                               if (pid == 0) alarm(20);
                               return false;
                             },
                             &child};
  const PoolOutcome outcome = pool_run(counting.work(1, true), check);
  if (child == 0) _exit(outcome == PoolOutcome::kForked ? 0 : 1);
  EXPECT_EQ(outcome, PoolOutcome::kDone);
  EXPECT_EQ(counting.wrong(), 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST_F(Pool, WorkersBlockSignals) {
  set_pool_thread_count(3);
  struct Masks {
    static void run(const void* context, int64_t, int64_t) {
      auto& unblocked = *static_cast<std::atomic<int>*>(const_cast<void*>(context));
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      if (!sigismember(&mask, SIGINT)) unblocked.fetch_add(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  std::atomic<int> unblocked{0};
  pool_run({Masks::run, &unblocked, 0, 30, 1, true}, {});
  EXPECT_GT(unblocked.load(), 0);   // the caller's own
  EXPECT_LT(unblocked.load(), 30);  // the workers'
}

#if defined(__x86_64__)
TEST_F(Pool, KernelsSeeTheDefaultFloatEnvironment) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040 | 0x6000);  // FTZ, DAZ, towards zero
  const unsigned changed = _mm_getcsr();
  {
    const KernelFloatEnvironment environment;
    EXPECT_EQ(_mm_getcsr() & ~0x3fU, 0x1f80U);
  }
  EXPECT_EQ(_mm_getcsr() & ~0x3fU, changed & ~0x3fU);
  _mm_setcsr(before);
}
#endif

// A made-up /proc and /sys.
class CgroupTree : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("cudapy-cgroup-" + std::to_string(getpid()));
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    const auto full = root_ / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }

  std::filesystem::path root_;
};

TEST_F(CgroupTree, Version2TakesTheTightestAncestor) {
  write("proc/self/mountinfo",
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  write("sys/fs/cgroup/a/cpu.max", "250000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_).value_or(0), 2.5);
  write("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_).value_or(0), 0.5);
}

TEST_F(CgroupTree, Version1) {
  write("proc/self/mountinfo",
        "33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "34 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  write("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
  write("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_).value_or(0), 3.0);
}

TEST_F(CgroupTree, ContainerSeesItsOwnGroupAsTheRoot) {
  write("proc/self/mountinfo", "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  write("proc/self/cgroup", "0::/docker/abc\n");
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(cgroup_cpu_limit(root_).value_or(0), 1.5);
}

TEST_F(CgroupTree, NothingThereMeansNoLimit) {
  EXPECT_FALSE(cgroup_cpu_limit(root_).has_value());
}

TEST(CpuCount, IsPositiveAndFollowsTheEnvironment) {
  EXPECT_GE(usable_cpu_count(), 1);
  EXPECT_LE(usable_cpu_count(), affinity_cpu_count());
  setenv("CUDAPY_NUM_THREADS", "3", 1);
  EXPECT_EQ(default_thread_count(), 3);
  for (const char* bad : {"0", "-2", "x", "3x", ""}) {
    setenv("CUDAPY_NUM_THREADS", bad, 1);
    EXPECT_EQ(default_thread_count(), usable_cpu_count()) << bad;
  }
  unsetenv("CUDAPY_NUM_THREADS");
}

}  // namespace
}  // namespace cudapy::runtime
