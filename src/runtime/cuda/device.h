// One NVIDIA GPU: its primary context, a pool of memory of our own, loaded kernels, launches, and
// the record of faults.
//
// All work but launches that name another goes to the legacy default stream, in whose order other
// libraries' streams join, so that arrays pass between them without a thought. Everything here is
// thread safe and throws CudaFailure. The caller's current context is left as it was; where there
// was none, the primary one stays.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/cpu/launch.h"
#include "runtime/cuda/driver.h"
#include "runtime/cuda/kernel_abi.h"

namespace cudapy::runtime::cuda {

class Device;

// A kernel in a device's memory. When it goes, its code stays until the device is idle.
class Kernel {
 public:
  Kernel(Device& device, Module module, Function function, int32_t number);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();

  Device& device() const { return device_; }
  Function function() const { return function_; }
  int max_threads_per_block() const { return max_threads_; }
  int registers() const { return registers_; }
  int local_bytes() const { return local_bytes_; }  // a thread's, spills included
  int32_t number() const { return number_; }        // as in CudaFaultReport

 private:
  Device& device_;
  Module module_;
  Function function_;
  int32_t number_;
  int max_threads_ = 0;
  int registers_ = 0;
  int local_bytes_ = 0;
};

// The grid of a launch, in pieces where it has more blocks than the device takes at once.
struct GridPlan {
  CudaLaunch launch{};
  int64_t block[3] = {1, 1, 1};
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

  // Memory in stream order: it may be written by what is launched afterwards. Zero bytes give 0.
  Address allocate(size_t bytes);
  void free(Address address) noexcept;
  void fill_with_zero(Address address, size_t bytes);
  // Both are done when they return.
  void copy_from_host(Address to, const void* from, size_t bytes);
  void copy_to_host(void* to, Address from, size_t bytes);
  void copy_within(Address to, Address from, size_t bytes);

  // The number of the device whose memory `address` is.
  static int owner_of(Address address);
  // Waits for a stream of somebody else's, by its handle.
  void wait_for_stream(uint64_t handle);

  // Machine code of PTX for this device, by the driver's own compiler.
  std::vector<uint8_t> assemble(const std::string& ptx);
  std::shared_ptr<const Kernel> load(std::span<const uint8_t> cubin, const std::string& entry);

  // `arguments` holds `bytes` bytes: the kernel's arguments and behind them room for a CudaLaunch,
  // which starts at `launch_offset`.
  // null: the default stream.
  void launch(const Kernel& kernel, unsigned char* arguments, size_t launch_offset, GridPlan& plan,
              StreamHandle stream);

  // Waits for everything that was launched.
  void synchronize();

  // The first fault of the launches so far, once; ask after a wait.
  std::optional<CudaFaultReport> take_fault();

 private:
  friend class Kernel;
  explicit Device(int ordinal);
  void set_up_memory();
  void set_up_faults();
  void bury(Module module) noexcept;

  int ordinal_;
  std::string architecture_;
  Context context_ = nullptr;
  Pool pool_ = nullptr;  // null: the device has no pools
  Address claim_ = 0;
  volatile CudaFaultReport* report_ = nullptr;  // in the host's memory
  std::mutex mutex_;
  std::vector<Module> dead_modules_;
  int32_t next_kernel_ = 0;
};

}  // namespace cudapy::runtime::cuda
