// How work is handed out: a job's grains are split into one contiguous share a participant, so that
// a thread stays in its own part of the arrays and meets it again at the next launch. A participant
// takes batches from the front of its share; when that is empty, from the back of others'. Batches
// grow while they are short and shrink when they are long, so grains may be small.
//
// Jobs live in a fixed table that is never freed. A worker enters a job by counting itself into the
// job's state word while the job is open; the launching thread closes it and waits for the count to
// fall to zero. Nothing else is shared, so no mutex is taken on the way of a launch.

#include "runtime/cpu/pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "runtime/cpu/cpu_count.h"

namespace cudapy::runtime {
namespace {

constexpr int64_t kSpinNanoseconds = 40'000;  // before a worker or a waiting launch sleeps
constexpr int64_t kInlineNanoseconds =
    15'000;  // before a launch of unknown length calls for workers
constexpr int64_t kShortBatchNanoseconds = 20'000;  // shorter batches grow
constexpr int64_t kLongBatchNanoseconds = 120'000;  // longer ones shrink
constexpr int64_t kCheckNanoseconds = 50'000'000;   // between two interrupt checks
constexpr int kJobs = 16;  // launches that share the workers; further ones run alone
constexpr uint32_t kMaxGrains = UINT32_MAX / 2;

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "futex words are plain integers");

int64_t now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected, int64_t nanoseconds) {
  timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nanoseconds > 0 ? &timeout : nullptr,
          nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word, int count) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

#if defined(__x86_64__)
constexpr uint32_t kDefaultFloatControl =
    0x1f80;  // MXCSR: all exceptions masked, nearest, no FTZ, no DAZ
constexpr uint32_t kFloatStatusFlags = 0x3f;
uint64_t float_control() {
  return _mm_getcsr();
}
void set_float_control(uint64_t value) {
  _mm_setcsr(static_cast<uint32_t>(value));
}
#elif defined(__aarch64__)
constexpr uint64_t kDefaultFloatControl = 0;
constexpr uint64_t kFloatStatusFlags = 0;
uint64_t float_control() {
  uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void set_float_control(uint64_t value) {
  asm volatile("msr fpcr, %0" ::"r"(value));
}
#endif

// The grains of one participant that nobody has taken: the first in the low half, the end in the
// high half.
struct alignas(64) Share {
  std::atomic<uint64_t> range{0};

  static uint64_t pack(uint32_t begin, uint32_t end) { return uint64_t{end} << 32 | begin; }

  // Takes up to `wanted` grains; their number, 0 if there are none left.
  // The owner takes from the front and leaves at least half, others from the back and leave three
  // quarters, so that the end of a launch stays even.
  uint32_t take(uint32_t wanted, bool is_owner, uint32_t& first) {
    uint64_t old = range.load(std::memory_order_relaxed);
    while (true) {
      const auto begin = static_cast<uint32_t>(old), end = static_cast<uint32_t>(old >> 32);
      if (begin >= end) return 0;
      const uint32_t left = end - begin;
      const uint32_t count = std::min(wanted, is_owner ? (left + 1) / 2 : (left + 3) / 4);
      const uint64_t next = is_owner ? pack(begin + count, end) : pack(begin, end - count);
      if (range.compare_exchange_weak(old, next, std::memory_order_relaxed)) {
        first = is_owner ? begin : end - count;
        return count;
      }
    }
  }
};

struct alignas(64) Job {
  static constexpr uint32_t kOpen = 1u << 31;  // workers may enter
  static constexpr uint32_t kWaited = 1u
                                      << 30;  // the launching thread sleeps until the count is zero
  static constexpr uint32_t kCount = kWaited - 1;

  std::atomic<uint32_t> state{0};
  std::atomic<bool> owned{false};  // by a launching thread
  std::atomic<bool> cancelled{false};
  std::atomic<int> to_wake{0};       // workers that those who are awake should still wake
  std::atomic<int> participants{0};  // workers of this number or higher stay out
  PoolWork work;
  std::unique_ptr<Share[]> shares;
  int share_capacity = 0;

  bool enter() {
    uint32_t old = state.load(std::memory_order_relaxed);
    while (old & kOpen) {
      if (state.compare_exchange_weak(old, old + 1, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  void leave() {
    const uint32_t old = state.fetch_sub(1, std::memory_order_release);
    if ((old & kCount) == 1 && (old & kWaited)) futex_wake(state, 1);
  }

  void close() { state.fetch_and(~kOpen, std::memory_order_relaxed); }

  void run_grains(uint32_t first, uint32_t count) const {
    const int64_t begin = work.begin + int64_t{first} * work.grain;
    const int64_t end =
        count * work.grain < work.end - begin ? begin + count * work.grain : work.end;
    work.run(work.context, begin, end);
  }
};

// How many grains a participant takes at once, found by watching how long they take.
class BatchSize {
 public:
  uint32_t grains() const { return grains_; }
  void observe(uint32_t taken, int64_t nanoseconds) {
    if (nanoseconds < kShortBatchNanoseconds && taken == grains_)
      grains_ = std::min(grains_ * 2, 1u << 20);
    if (nanoseconds > kLongBatchNanoseconds) grains_ = std::max(taken / 2, 1u);
  }

 private:
  uint32_t grains_ = 1;
};

struct Pool {
  Job jobs[kJobs];
  alignas(64) std::atomic<uint32_t> epoch{0};  // changes when a job opens; what idle workers watch
  std::atomic<int> sleepers{0};
  alignas(64) std::atomic<int> workers{0};
  std::atomic<int> thread_count{0};  // 0: not decided yet
  std::atomic<uint32_t> forks{0};
  std::mutex start_mutex;
};

// Never destroyed: workers outlive main().
Pool& pool() {
  static Pool* const instance = [] {
    auto* created = new Pool;
    pthread_atfork(nullptr, nullptr, [] {
      Pool& here = pool();
      for (Job& job : here.jobs) {
        job.state.store(0, std::memory_order_relaxed);
        job.owned.store(false, std::memory_order_relaxed);
      }
      here.sleepers.store(0, std::memory_order_relaxed);
      here.workers.store(0, std::memory_order_relaxed);
      here.forks.fetch_add(1, std::memory_order_relaxed);
      new (&here.start_mutex) std::mutex;
    });
    return created;
  }();
  return *instance;
}

// One participant's way through a job: batches of its own share, then of others'.
class Participant {
 public:
  Participant(Job& job, int index)
      : job_(job),
        participants_(job.participants.load(std::memory_order_relaxed)),
        index_(index),
        victim_(index) {}

  // Runs one batch; false if there is nothing left to take.
  bool run_batch() {
    if (job_.cancelled.load(std::memory_order_relaxed)) return false;
    uint32_t first = 0;
    const uint32_t count = take(first);
    if (count == 0) return false;
    job_.run_grains(first, count);
    const int64_t time = now();
    batch_.observe(count, time - last_);
    last_ = time;
    return true;
  }

  int64_t last_time() const { return last_; }

 private:
  uint32_t take(uint32_t& first) {
    for (int tried = 0; tried < participants_; ++tried) {
      Share& share = job_.shares[static_cast<size_t>(victim_)];
      if (const uint32_t count = share.take(batch_.grains(), victim_ == index_, first))
        return count;
      victim_ = victim_ + 1 == participants_ ? 0 : victim_ + 1;
    }
    return 0;
  }

  Job& job_;
  const int participants_;
  const int index_;
  int victim_;
  BatchSize batch_;
  int64_t last_ = now();
};

// Runs what is left of a job that the worker has entered, then leaves it.
void help(Job& job, int index) {
  Participant participant(job, index);
  while (participant.run_batch()) {
  }
  job.close();  // nothing is left to take, so nobody else need come
  job.leave();
}

// Waking one sleeper costs the waker a microsecond or more, so those who were woken wake others.
void wake_some(Pool& pool, Job& job) {
  constexpr int kEach = 2;
  if (job.to_wake.load(std::memory_order_relaxed) <= 0) return;
  const int left = job.to_wake.fetch_sub(kEach, std::memory_order_relaxed);
  if (left > 0 && pool.sleepers.load(std::memory_order_seq_cst) > 0) {
    futex_wake(pool.epoch, std::min(left, kEach));
  }
}

// Enters the open job with the fewest workers in it, of those that want worker `index`. A job that
// doesn't want it may have woken it all the same, because the number of threads was lowered: then
// it wakes others in its place.
Job* enter_any_job(Pool& pool, int index) {
  while (true) {
    Job* best = nullptr;
    Job* excluding = nullptr;
    uint32_t fewest = UINT32_MAX;
    for (Job& job : pool.jobs) {
      const uint32_t state = job.state.load(std::memory_order_acquire);
      if (!(state & Job::kOpen)) continue;
      if (index >= job.participants.load(std::memory_order_relaxed)) {
        excluding = &job;
      } else if ((state & Job::kCount) < fewest) {
        best = &job;
        fewest = state & Job::kCount;
      }
    }
    if (best == nullptr) {
      if (excluding != nullptr && pool.sleepers.load() > 0) futex_wake(pool.epoch, 2);
      return nullptr;
    }
    if (!best->enter()) continue;
    if (index < best->participants.load(std::memory_order_relaxed)) return best;
    best->leave();  // it was another launch's by the time it was entered
  }
}

// Returns when the epoch is no longer `seen`.
void wait_for_epoch(Pool& pool, uint32_t seen) {
  const int64_t give_up = now() + kSpinNanoseconds;
  do {
    for (int i = 0; i < 64; ++i) {
      if (pool.epoch.load(std::memory_order_relaxed) != seen) return;
      pause();
    }
  } while (now() < give_up);
  pool.sleepers.fetch_add(1, std::memory_order_seq_cst);
  while (pool.epoch.load(std::memory_order_seq_cst) == seen) futex_wait(pool.epoch, seen, 0);
  pool.sleepers.fetch_sub(1, std::memory_order_relaxed);
}

void worker_main(int index) {
  pthread_setname_np(pthread_self(), "cudapy");
  set_float_control(kDefaultFloatControl);
  Pool& here = pool();
  while (true) {
    const uint32_t seen = here.epoch.load(std::memory_order_acquire);
    if (Job* job = enter_any_job(here, index)) {
      wake_some(here, *job);
      help(*job, index);
    } else {
      wait_for_epoch(here, seen);
    }
  }
}

// Starts workers until there are `wanted`, or as many as the system gives.
void start_workers(Pool& pool, int wanted) {
  if (pool.workers.load(std::memory_order_acquire) >= wanted) return;
  const std::lock_guard lock(pool.start_mutex);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.workers.load(std::memory_order_relaxed) < wanted) {
    const int index = pool.workers.load(std::memory_order_relaxed) + 1;
    try {
      std::thread(worker_main, index).detach();
    } catch (const std::system_error&) {
      break;
    }
    pool.workers.store(index, std::memory_order_release);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Job* acquire_job(Pool& pool) {
  for (Job& job : pool.jobs) {
    if (!job.owned.load(std::memory_order_relaxed) &&
        !job.owned.exchange(true, std::memory_order_acquire))
      return &job;
  }
  return nullptr;
}

// One launch, seen from its own thread.
class Launching {
 public:
  Launching(Pool& pool, const PoolWork& work, const InterruptCheck& check)
      : pool_(pool),
        work_(work),
        check_(check),
        forks_(pool.forks.load(std::memory_order_relaxed)) {}

  PoolOutcome run() {
    int64_t next = work_.begin;
    const bool done = work_.is_long ? false : run_alone(next, start_ + kInlineNanoseconds);
    if (done || interrupted_) return outcome();
    const int64_t grains = (work_.end - next - 1) / work_.grain + 1;
    const int participants = static_cast<int>(std::min<int64_t>(pool_thread_count(), grains));
    Job* job = participants > 1 ? acquire_job(pool_) : nullptr;
    if (job == nullptr) {
      run_alone(next, INT64_MAX);
    } else {
      open(*job, next, participants);
      work_in(*job);
      wait_for_workers(*job);
      if (!forked()) job->owned.store(false, std::memory_order_release);
    }
    return outcome();
  }

 private:
  // Runs from `next` on in this thread alone until `give_up`; true if nothing is left.
  bool run_alone(int64_t& next, int64_t give_up) {
    BatchSize batch;
    int64_t last = now();
    while (next < work_.end && last < give_up && !interrupted_) {
      const int64_t left = (work_.end - next - 1) / work_.grain + 1;
      const auto taken = static_cast<uint32_t>(std::min<int64_t>(batch.grains(), left));
      const int64_t end = taken == left ? work_.end : next + taken * work_.grain;
      work_.run(work_.context, next, end);
      next = end;
      const int64_t time = now();
      batch.observe(taken, time - last);
      last = time;
      poll(time);
    }
    return next >= work_.end;
  }

  void open(Job& job, int64_t next, int participants) {
    start_workers(pool_, participants - 1);
    job.work = work_;
    job.work.begin = next;
    const int64_t blocks = work_.end - next;
    job.work.grain = std::max(work_.grain, blocks / kMaxGrains + 1);
    const auto grains = static_cast<uint32_t>((blocks - 1) / job.work.grain + 1);
    job.participants.store(participants, std::memory_order_relaxed);
    if (job.share_capacity < participants) {
      job.shares.reset(new Share[static_cast<size_t>(participants)]);
      job.share_capacity = participants;
    }
    for (int i = 0; i < participants; ++i) {
      const auto begin = static_cast<uint32_t>(uint64_t{grains} * i / participants);
      const auto end = static_cast<uint32_t>(uint64_t{grains} * (i + 1) / participants);
      job.shares[i].range.store(Share::pack(begin, end), std::memory_order_relaxed);
    }
    job.cancelled.store(false, std::memory_order_relaxed);
    job.to_wake.store(participants - 1, std::memory_order_relaxed);
    job.state.store(Job::kOpen, std::memory_order_release);
    pool_.epoch.fetch_add(1, std::memory_order_seq_cst);
    wake_some(pool_, job);
  }

  void work_in(Job& job) {
    Participant participant(job, 0);
    while (!interrupted_ && participant.run_batch()) poll(participant.last_time());
    if (interrupted_) job.cancelled.store(true, std::memory_order_relaxed);
    job.close();
  }

  // The job is closed; spins, then sleeps until no worker is inside it.
  void wait_for_workers(Job& job) {
    const int64_t spin_until = now() + kSpinNanoseconds;
    while (true) {
      uint32_t state = job.state.load(std::memory_order_acquire);
      if ((state & Job::kCount) == 0 || forked()) break;
      const int64_t time = now();
      if (time < spin_until) {
        for (int i = 0; i < 32; ++i) pause();
        continue;
      }
      if (!(state & Job::kWaited))
        state = job.state.fetch_or(Job::kWaited, std::memory_order_acquire) | Job::kWaited;
      if (state & Job::kCount) futex_wait(job.state, state, kCheckNanoseconds);
      poll(now());
      if (interrupted_) job.cancelled.store(true, std::memory_order_relaxed);
    }
    job.state.store(0, std::memory_order_relaxed);
  }

  void poll(int64_t time) {
    if (interrupted_ || check_.interrupted == nullptr || time - last_check_ < kCheckNanoseconds)
      return;
    interrupted_ = check_.interrupted(check_.context) || forked();
    last_check_ = now();
  }

  bool forked() const { return pool_.forks.load(std::memory_order_relaxed) != forks_; }

  PoolOutcome outcome() const {
    if (forked()) return PoolOutcome::kForked;
    return interrupted_ ? PoolOutcome::kInterrupted : PoolOutcome::kDone;
  }

  Pool& pool_;
  const PoolWork& work_;
  const InterruptCheck& check_;
  const uint32_t forks_;
  const int64_t start_ = now();
  int64_t last_check_ = start_;
  bool interrupted_ = false;
};

}  // namespace

PoolOutcome pool_run(const PoolWork& work, const InterruptCheck& check) {
  if (work.begin >= work.end) return PoolOutcome::kDone;
  return Launching(pool(), work, check).run();
}

int pool_thread_count() {
  Pool& here = pool();
  int count = here.thread_count.load(std::memory_order_relaxed);
  if (count != 0) return count;
  int undecided = 0;
  here.thread_count.compare_exchange_strong(undecided, default_thread_count(),
                                            std::memory_order_relaxed);
  return here.thread_count.load(std::memory_order_relaxed);
}

void set_pool_thread_count(int count) {
  pool().thread_count.store(std::clamp(count, 1, kMaxThreads), std::memory_order_relaxed);
}

int pool_worker_count() {
  return pool().workers.load(std::memory_order_relaxed);
}

KernelFloatEnvironment::KernelFloatEnvironment() : saved_(float_control()) {
  if ((saved_ & ~uint64_t{kFloatStatusFlags}) != kDefaultFloatControl)
    set_float_control(kDefaultFloatControl);
}

KernelFloatEnvironment::~KernelFloatEnvironment() {
  if ((saved_ & ~uint64_t{kFloatStatusFlags}) != kDefaultFloatControl) set_float_control(saved_);
}

}  // namespace cudapy::runtime
