// The estimates here only choose between ways that all give the same result. They may be far off,
// because the length of a kernel's loops is not known: the pool watches the clock and corrects what
// was chosen.

#include "runtime/cpu/launch.h"

#include <algorithm>

namespace cudapy::runtime {
namespace {

constexpr double kNanosecondsPerInstruction =
    0.4;  // of one vector instruction, somewhat pessimistic about memory
constexpr double kTinyNanoseconds = 4'000;   // below: inline, without a look at the clock
constexpr double kLongNanoseconds = 60'000;  // above: workers are woken at once
constexpr double kBlockNanoseconds = 1'000;  // of a block whose shape is free
// Of a tile of rows: a gang takes so many instructions, and where it is few of those, so many gangs
// of a row are taken that the row's start, some 40, is little beside them.
constexpr int kFewestTileInstructions = 256;
constexpr int kRowInstructions = 1280;
constexpr int kWidestTile = 4;  // gangs
constexpr int kNarrowestTile = 32;
constexpr double kTileThreads = 1024;
constexpr double kGrainNanoseconds = 1'000;  // of the smallest piece handed out
// Of a block: some pages of memory each turn, and yet what threads carry on stays in near caches.
constexpr double kFewRepeatedThreads = 4'096;
constexpr double kMostRepeatedThreads = 16'384;
constexpr double kUnknownTurns = 32;

int64_t divide_up(int64_t a, int64_t b) {
  return (a - 1) / b + 1;
}

double thread_nanoseconds(const KernelMetadata& metadata) {
  double instructions = std::max(metadata.instructions, 4);
  if (metadata.repeated_axes != 0) instructions *= kUnknownTurns;
  return instructions * kNanosecondsPerInstruction / std::max(metadata.gang_width, 1);
}

// Threads one above the other share what depends on x alone, as a column of a matrix: by the time
// that a long row is through, it has left the near caches. Where they share nothing, a tile would
// read a little from each of many pages.
void choose_tile(const KernelMetadata& metadata, const int64_t threads[3], double most,
                 int64_t block[3]) {
  const int gangs = std::clamp(kRowInstructions / metadata.instructions, 1, kWidestTile);
  block[0] = std::max(gangs * std::max(metadata.gang_width, 1), kNarrowestTile);
  const double height = std::min(kTileThreads, most) / static_cast<double>(block[0]);
  block[1] = std::clamp<int64_t>(static_cast<int64_t>(height), 1, threads[1]);
}

// A block's shape when nobody can see it: whole gangs of a row, then whole rows, enough of them to
// make the cost of a block small, few enough that every thread of the pool gets several; a tile,
// where a row is more than that, and threads have much to do and share columns.
void choose_free_block(const KernelMetadata& metadata, const int64_t threads[3], double per_thread,
                       int64_t block[3]) {
  const int64_t gang = std::max(metadata.gang_width, 1);
  const double rows = static_cast<double>(threads[1]) * static_cast<double>(threads[2]);
  const double total = static_cast<double>(threads[0]) * rows;
  const int64_t row = divide_up(threads[0], gang) * gang;
  if (total * per_thread < kTinyNanoseconds) {  // all in this thread: nothing need be cut
    block[0] = row;
    block[1] = threads[1];
    block[2] = threads[2];
    return;
  }
  // The number of threads is asked for where it matters: finding it reads files at first, and a
  // short launch hardly leaves this thread.
  const bool is_short = total * per_thread < kLongNanoseconds;
  const double workers = is_short ? 2.0 : pool_thread_count();
  const double pieces = workers * (metadata.uneven ? 64.0 : 8.0);
  const double share = std::max(total / pieces, 1.0);
  const double size = std::min(kBlockNanoseconds / per_thread, share);
  // Wide enough for gangs in flight at once, and a power of two of gangs so that arrays are cut at
  // cache lines.
  int64_t gangs = 4;
  while (static_cast<double>(gangs * gang * 2) <= size) gangs *= 2;
  block[0] = std::min(gangs * gang, row);
  block[1] = block[2] = 1;
  if (metadata.shares_columns != 0 && metadata.instructions >= kFewestTileInstructions &&
      block[0] < row && threads[1] > 1)
    return choose_tile(metadata, threads, share, block);
  if (block[0] == row) {
    const double height = std::min(size / static_cast<double>(row), 1e9);
    block[1] = std::clamp<int64_t>(static_cast<int64_t>(height), 1, threads[1]);
  }
}

// Of a kernel that its threads run again and again: every thread of the pool gets several blocks
// where there are many threads; where there are few, one, so that much lies together in each turn.
void choose_repeated_block(const KernelMetadata& metadata, const int64_t threads[3],
                           int64_t block[3]) {
  const int64_t gang = std::max(metadata.gang_width, 1);
  const double total = static_cast<double>(threads[0]) * static_cast<double>(threads[1]) *
                       static_cast<double>(threads[2]);
  const double share = total / pool_thread_count();
  const double size =
      std::clamp(share / 4, std::min(std::max(share, 1.0), kFewRepeatedThreads),
                 metadata.takes_turns != 0 ? kFewRepeatedThreads : kMostRepeatedThreads);
  int64_t gangs = 1;
  while (static_cast<double>(gangs * gang * 2) <= size) gangs *= 2;
  const int64_t row = divide_up(threads[0], gang) * gang;
  block[0] = std::min(gangs * gang, row);
  block[1] = block[2] = 1;
  if (block[0] == row)
    block[1] = std::clamp<int64_t>(static_cast<int64_t>(size) / row, 1, threads[1]);
}

void default_block(const int64_t threads[3], int64_t block[3]) {
  const int rank = threads[2] > 1 ? 3 : threads[1] > 1 ? 2 : 1;
  static constexpr int64_t kShapes[3][3] = {{256, 1, 1}, {32, 8, 1}, {32, 4, 2}};
  std::copy_n(kShapes[rank - 1], 3, block);
}

}  // namespace

void visible_block(const LaunchRequest& request, int64_t block[3]) {
  if (request.block[0] > 0)
    std::copy_n(request.block, 3, block);
  else
    default_block(request.threads, block);
}

namespace {

void choose_block(const KernelMetadata& metadata, const LaunchRequest& request, double per_thread,
                  Launch& launch) {
  const bool is_chosen = request.block[0] > 0;
  if (is_chosen) {
    std::copy_n(request.block, 3, launch.block);
  } else if (metadata.uses_block_shape) {
    default_block(launch.threads, launch.block);
  } else if (metadata.repeated_axes != 0 || metadata.takes_turns != 0) {
    choose_repeated_block(metadata, launch.threads, launch.block);
  } else {
    choose_free_block(metadata, launch.threads, per_thread, launch.block);
  }
}

struct BlockRunner {
  const CpuKernel* kernel;
  const void* arguments;
  const Launch* launch;

  static void run(const void* context, int64_t begin, int64_t end) {
    const auto& self = *static_cast<const BlockRunner*>(context);
    if (self.launch->fault->claimed.load(std::memory_order_relaxed) != 0) return;
    if (self.launch->interruption->stopped()) return;
    self.kernel->entry(self.arguments, self.launch, begin, end);
  }
};

}  // namespace

int64_t launch_thread_count(const int64_t threads[3]) {
  if (threads[0] == 0 || threads[1] == 0 || threads[2] == 0) return 0;
  int64_t total = 0;
  if (__builtin_mul_overflow(threads[0], threads[1], &total) ||
      __builtin_mul_overflow(total, threads[2], &total) || total > kMaxLaunchThreads) {
    return -1;
  }
  return total;
}

LaunchPlan plan_launch(const KernelMetadata& metadata, const LaunchRequest& request) {
  LaunchPlan plan;
  std::copy_n(request.threads, 3, plan.launch.threads);
  const int64_t total = launch_thread_count(request.threads);
  if (total <= 0) return plan;
  const double per_thread = thread_nanoseconds(metadata);
  choose_block(metadata, request, per_thread, plan.launch);
  if (metadata.repeated_axes != 0 || metadata.takes_turns != 0) {
    int64_t (&block)[3] = plan.launch.seen_block;
    visible_block(request, block);
    for (int i = 0; i < 3; ++i)
      plan.launch.extent[i] = divide_up(request.threads[i], block[i]) * block[i];
  }
  plan.blocks = 1;
  for (int i = 0; i < 3; ++i) {
    plan.launch.grid[i] = divide_up(plan.launch.threads[i], plan.launch.block[i]);
    plan.blocks *= plan.launch.grid[i];
  }
  const double cost = per_thread * static_cast<double>(total);
  plan.is_tiny = cost < kTinyNanoseconds;
  plan.is_long = cost > kLongNanoseconds;
  const double block_cost = cost / static_cast<double>(plan.blocks);
  plan.grain = std::clamp<int64_t>(
      static_cast<int64_t>(std::min(kGrainNanoseconds / block_cost, 1e9)), 1, plan.blocks);
  return plan;
}

PoolOutcome run_inline(const CpuKernel& kernel, const void* arguments, LaunchPlan& plan,
                       FaultRecord& fault, const InterruptCheck& check) {
  Interruption interruption(check);
  plan.launch.fault = &fault;
  plan.launch.interruption = &interruption;
  const KernelFloatEnvironment environment;
  kernel.entry(arguments, &plan.launch, 0, plan.blocks);
  return interruption.stopped() ? PoolOutcome::kInterrupted : PoolOutcome::kDone;
}

PoolOutcome run_launch(const CpuKernel& kernel, const void* arguments, LaunchPlan& plan,
                       FaultRecord& fault, const InterruptCheck& check) {
  if (plan.blocks == 0) return PoolOutcome::kDone;
  Interruption interruption(check);
  plan.launch.fault = &fault;
  plan.launch.interruption = &interruption;
  const KernelFloatEnvironment environment;
  const BlockRunner runner{&kernel, arguments, &plan.launch};
  // The pool asks between grains, the kernel inside of them; both ask the same.
  const InterruptCheck ask{
      [](void* asked) { return static_cast<Interruption*>(asked)->check_now(); }, &interruption};
  const PoolOutcome outcome =
      pool_run({BlockRunner::run, &runner, 0, plan.blocks, plan.grain, plan.is_long},
               check.interrupted != nullptr ? ask : InterruptCheck{});
  const bool was_stopped = interruption.stopped() && outcome == PoolOutcome::kDone;
  return was_stopped ? PoolOutcome::kInterrupted : outcome;
}

}  // namespace cudapy::runtime
