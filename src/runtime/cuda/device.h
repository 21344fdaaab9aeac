// One NVIDIA GPU: its primary context, a pool of memory of our own, loaded kernels, launches, and
// the record of faults.
//
// All work but launches that name another goes to the legacy default stream, in whose order other
// libraries' streams join, so that arrays pass between them without a thought. Everything here is
// thread safe and throws CudaFailure. The caller's current context is left as it was; where there
// was none, the primary one stays.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/cpu/launch.h"
#include "runtime/cuda/driver.h"
#include "runtime/cuda/kernel_abi.h"
#include "runtime/cuda/staging.h"

namespace cudapy::runtime::cuda {

class Device;

// A function of a kernel's module that can be launched.
struct Entry {
  Function function = nullptr;
  int max_threads = 0;  // of a block
};

// A kernel in a device's memory. When it goes, its code stays until the device is idle.
class Kernel {
 public:
  // `number` as in CudaFaultReport. `gangs`: the entry whose threads stand for several neighbours;
  // null: there is none.
  Kernel(Device& device, Module module, Function function, Function gangs, int32_t number,
         bool prints, uint64_t stack_bytes);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();

  Device& device() const { return device_; }
  const Entry& entry(bool in_gangs) const { return in_gangs ? gangs_ : entry_; }
  int32_t number() const { return number_; }  // as in CudaFaultReport
  bool prints() const { return prints_; }
  // Of a thread, as far as its calls rely on it; 0: the driver knows what it needs.
  uint64_t stack_bytes() const { return stack_bytes_; }
  // Before a launch that gives blocks so much memory for their arrays.
  void allow_shared_bytes(int64_t bytes) const;

 private:
  Device& device_;
  Module module_;
  Entry entry_;
  Entry gangs_;
  int32_t number_;
  bool prints_;
  uint64_t stack_bytes_;
  mutable std::mutex shared_mutex_;
  mutable int64_t shared_bytes_ = 0;  // that the driver was told of
};

// The grid of a launch, in pieces where it has more blocks than the device takes at once.
struct GridPlan {
  CudaLaunch launch{};
  bool in_gangs = false;  // threads stand for several neighbours
  int64_t block[3] = {1, 1, 1};
  int64_t shared_bytes = 0;  // of a block's arrays that the launch gives their memory
};

// What threads printed: words as CudaPrints describes them, and of how many records.
struct PrintedWords {
  std::vector<uint64_t> words;
  uint64_t records = 0;  // those that found no room included
};

// What decides over blocks and grids beside what was asked for.
struct GridRules {
  int max_block_threads = 0;
  bool uses_block_shape = false;  // the kernel sees it
  int rank = 3;                   // blocks have one row for 1, one plane for 2
  int per_thread = 1;             // neighbours along x that one thread stands for
};

// Chooses block and grid. An error text if the request is more than a device does.
std::string plan_grid(const LaunchRequest& request, const GridRules& rules, GridPlan& plan);

class Device {
 public:
  // The device of that number, opened at first use; it lives as long as the process.
  static Device& get(int ordinal);
  static int count();
  // Without opening the device.
  static std::string name_of(int ordinal);

  int ordinal() const { return ordinal_; }
  Context context() const { return context_; }
  const std::string& architecture() const { return architecture_; }  // "sm_90"
  int64_t most_block_bytes() const { return most_block_bytes_; }     // of shared memory
  int multiprocessors() const { return multiprocessors_; }

  // Memory in stream order: it may be written by what is launched afterwards. Zero bytes give 0.
  Address allocate(size_t bytes);
  void free(Address address) noexcept;
  void fill_with_zero(Address address, size_t bytes);
  // Both are done when they return.
  void copy_from_host(Address to, const void* from, size_t bytes);
  void copy_to_host(void* to, Address from, size_t bytes);
  void copy_within(Address to, Address from, size_t bytes);
  // After all work on both devices so far, and before all that follows.
  void copy_from_device(Address to, const Device& other, Address from, size_t bytes);

  // The number of the device whose memory `address` is.
  static int owner_of(Address address);
  // Waits for a stream of somebody else's, by its handle.
  void wait_for_stream(uint64_t handle);

  // Machine code of PTX for this device, by the driver's own compiler.
  std::vector<uint8_t> assemble(const std::string& ptx);
  // `gang_entry`: empty where there is none.
  std::shared_ptr<const Kernel> load(std::span<const uint8_t> cubin, const std::string& entry,
                                     const std::string& gang_entry);

  // `arguments` holds `bytes` bytes: the kernel's arguments and behind them room for a CudaLaunch,
  // which starts at `launch_offset`.
  // null: the default stream.
  void launch(const Kernel& kernel, unsigned char* arguments, size_t launch_offset, GridPlan& plan,
              StreamHandle stream);
  // Launches what a graph holds; `stack_bytes`: the most of its kernels' Kernel::stack_bytes().
  void replay(GraphExecutable graph, uint64_t stack_bytes, StreamHandle stream);

  // Waits for everything that was launched.
  void synchronize();

  // While a graph is recorded what would wait, or read what has not run, throws CudaFailure.
  void begin_recording() { recordings_.fetch_add(1, std::memory_order_relaxed); }
  void end_recording() noexcept;
  void refuse_while_recording() const;

  // The numbers of the kernels that were launched last, the last one first.
  std::vector<int32_t> recent_kernels() const;

  // Whether kernels that print were launched since take_prints(). A replay of a graph says so.
  bool may_have_printed() const { return may_have_printed_.load(std::memory_order_relaxed); }
  void expect_prints() { may_have_printed_.store(true, std::memory_order_relaxed); }
  // What was printed so far, once. Waits for all that was launched.
  PrintedWords take_prints();

  // The first fault of the launches so far, once; ask after a wait.
  std::optional<CudaFaultReport> take_fault();

 private:
  friend class Kernel;
  explicit Device(int ordinal);
  void set_up_memory();
  std::pair<Address, Result> try_to_allocate(size_t bytes);
  void set_up_faults();
  void bury(Module module) noexcept;
  Address print_memory();
  uint64_t most_stack_bytes() const;
  uint64_t make_stack(uint64_t wanted);
  std::unique_lock<std::mutex> keep_stack(uint64_t bytes, StreamHandle stream);
  void note_stack(uint64_t before);
  bool lower_stack(bool at_once);
  void upload(Address to, const void* from, size_t bytes);

  int ordinal_;
  std::string architecture_;
  int64_t most_block_bytes_ = 0;
  int multiprocessors_ = 1;
  Context context_ = nullptr;
  Pool pool_ = nullptr;  // null: the device has no pools
  StreamHandle uploads_ = nullptr;
  Address claim_ = 0;
  volatile CudaFaultReport* report_ = nullptr;  // in the host's memory
  Staging staging_;
  std::mutex mutex_;
  // The stack of all threads, as far as functions that call themselves have raised it.
  std::mutex stack_mutex_;
  uint64_t stack_before_ = 0;  // what it was; 0: it is not raised
  uint64_t stack_made_ = 0;
  int stack_waits_ = 0;       // since the last launch of such a kernel
  int stack_patience_ = 2;    // so many, and it is lowered; more each time that was too early
  bool stack_stays_ = false;  // somebody else may launch such a kernel
  std::vector<Module> dead_modules_;
  std::vector<Address> dead_memory_;  // freed while a graph is recorded
  int32_t next_kernel_ = 0;
  std::atomic<int> recordings_{0};
  Address prints_ = 0;  // a CudaPrints and its words, made for the first kernel that prints
  std::atomic<bool> may_have_printed_{false};
  std::atomic<int32_t> printing_launches_{0};
  static constexpr uint32_t kRecent = 8;
  std::array<std::atomic<int32_t>, kRecent> recent_{};  // where launch i, counted from 0, is i % 8
  std::atomic<uint32_t> launches_{0};
};

}  // namespace cudapy::runtime::cuda
