#include "runtime/cuda/device.h"
#include "ir/array_size.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>
#include <utility>

#include "runtime/cuda/context_scope.h"
#include "runtime/cuda/stack_frames.h"
#include "support/address.h"

namespace cudapy::runtime::cuda {
namespace {

// CUdevice_attribute, CUfunction_attribute, CUmemPool_attribute and so on, as far as they are used.
constexpr int kMajor = 75;
constexpr int kMinor = 76;
constexpr int kMostSharedBytes = 97;  // CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
constexpr int kPoolsSupported = 115;
constexpr int kProcessors = 16;   // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
constexpr int kMostThreads = 39;  // CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR
constexpr int kStackSize = 0;     // CU_LIMIT_STACK_SIZE
constexpr int kMaxThreadsPerBlock = 0;
constexpr int kLocalBytes = 3;
constexpr int kDynamicSharedBytes = 8;  // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
constexpr int kReleaseThreshold = 4;
constexpr int kDeviceOrdinal = 9;      // CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL
constexpr unsigned kHostMapped = 2;    // CU_MEMHOSTALLOC_DEVICEMAP
constexpr unsigned kHostPortable = 1;  // CU_MEMHOSTALLOC_PORTABLE
constexpr int kErrorLog = 5;           // CU_JIT_ERROR_LOG_BUFFER
constexpr int kErrorLogBytes = 6;
constexpr int kKeepLines = 13;  // CU_JIT_GENERATE_LINE_INFO
constexpr int kInputPtx = 1;
constexpr int kOldestArchitecture = 75;
constexpr StreamHandle kStream = nullptr;  // the legacy default stream

constexpr int64_t kMaxBlocksX = INT32_MAX;
constexpr int64_t kMaxBlocksYZ = 65535;

int attribute(DeviceHandle device, int which) {
  int value = 0;
  CUDAPY_CALL(cuDeviceGetAttribute, &value, which, device);
  return value;
}

int attribute(Function function, int which) {
  int value = 0;
  CUDAPY_CALL(cuFuncGetAttribute, &value, which, function);
  return value;
}

DeviceHandle handle_of(int ordinal) {
  DeviceHandle handle = 0;
  CUDAPY_CALL(cuDeviceGet, &handle, ordinal);
  return handle;
}

int64_t divide_up(int64_t a, int64_t b) {
  return (a - 1) / b + 1;
}

struct DeviceSlot {
  std::mutex mutex;
  Device* device = nullptr;
};

}  // namespace

int Device::count() {
  int count = 0;
  CUDAPY_CALL(cuDeviceGetCount, &count);
  return count;
}

std::string Device::name_of(int ordinal) {
  std::array<char, 256> name{};
  CUDAPY_CALL(cuDeviceGetName, name.data(), static_cast<int>(name.size()) - 1, handle_of(ordinal));
  return name.data();
}

Device& Device::get(int ordinal) {
  constexpr int kMaxDevices = 64;
  static std::array<DeviceSlot, kMaxDevices> slots;
  const int devices = std::min(count(), kMaxDevices);
  if (ordinal < 0 || ordinal >= devices) {
    throw CudaFailure("there is no GPU " + std::to_string(ordinal) + ": this machine has " +
                          std::to_string(devices),
                      kNoDevice);
  }
  DeviceSlot& slot = slots[static_cast<size_t>(ordinal)];
  const std::lock_guard lock(slot.mutex);
  if (slot.device == nullptr) slot.device = new Device(ordinal);
  return *slot.device;
}

Device::Device(int ordinal) : ordinal_(ordinal) {
  const DeviceHandle handle = handle_of(ordinal);
  const int number = 10 * attribute(handle, kMajor) + attribute(handle, kMinor);
  architecture_ = "sm_" + std::to_string(number);
  most_block_bytes_ = attribute(handle, kMostSharedBytes);
  multiprocessors_ = attribute(handle, kProcessors);
  if (number < kOldestArchitecture) {
    throw CudaFailure(name_of(ordinal) + " is too old: it is " + architecture_ +
                          ", and kernels need sm_75 (Turing) or newer",
                      kNoDevice);
  }
  CUDAPY_CALL(cuDevicePrimaryCtxRetain, &context_, handle);
  try {
    const ContextScope scope(context_);
    set_up_memory();
    set_up_faults();
  } catch (...) {
    driver().cuDevicePrimaryCtxRelease(handle);
    throw;
  }
}

void Device::set_up_memory() {
  if (attribute(handle_of(ordinal_), kPoolsSupported) == 0) return;
  PoolProperties properties;
  properties.location_id = ordinal_;
  CUDAPY_CALL(cuMemPoolCreate, &pool_, &properties);
  size_t total = 0;
  CUDAPY_CALL(cuDeviceTotalMem, &total, handle_of(ordinal_));
  uint64_t keeps = total / 8;  // what is freed stays ours up to here
  CUDAPY_CALL(cuMemPoolSetAttribute, pool_, kReleaseThreshold, &keeps);
}

void Device::set_up_faults() {
  constexpr unsigned kApart = 1;  // CU_STREAM_NON_BLOCKING
  CUDAPY_CALL(cuStreamCreate, &uploads_, kApart);
  void* host = nullptr;
  CUDAPY_CALL(cuMemHostAlloc, &host, sizeof(CudaFaultReport), kHostMapped | kHostPortable);
  Address mapped = 0;
  CUDAPY_CALL(cuMemHostGetDevicePointer, &mapped, host, 0);
  report_ = new (host) CudaFaultReport;
  CudaFaultClaim claim;
  claim.report = static_cast<CudaFaultReport*>(pointer_to(mapped));
  CUDAPY_CALL(cuMemAlloc, &claim_, sizeof claim);
  CUDAPY_CALL(cuMemcpyHtoD, claim_, &claim, sizeof claim);
}

std::pair<Address, Result> Device::try_to_allocate(size_t bytes) {
  Address address = 0;
  const Result result = pool_ != nullptr
                            ? driver().cuMemAllocFromPoolAsync(&address, bytes, pool_, kStream)
                            : driver().cuMemAlloc(&address, bytes);
  return {address, result};
}

Address Device::allocate(size_t bytes) {
  if (bytes == 0) return 0;
  const ContextScope scope(context_);
  auto [address, result] = try_to_allocate(bytes);
  if (result == kOutOfMemory && lower_stack(/*at_once=*/true))
    std::tie(address, result) = try_to_allocate(bytes);
  if (result == kOutOfMemory) {
    throw CudaFailure("the GPU has no room for " + std::to_string(bytes) + " bytes", result);
  }
  check(result, "cuMemAllocFromPoolAsync");
  return address;
}

// The driver may be gone before the last array is, at the end of the process. While a graph is
// recorded the default stream may be closed to us: what is freed then waits for its end. In the
// child of a fork the memory is not ours.
void Device::free(Address address) noexcept {
  if (address == 0 || is_left_behind_by_fork()) return;
  if (recordings_.load(std::memory_order_relaxed) > 0) {
    const std::lock_guard lock(mutex_);
    dead_memory_.push_back(address);
    return;
  }
  try {
    const ContextScope scope(context_);
    if (pool_ != nullptr) {
      driver().cuMemFreeAsync(address, kStream);
    } else {
      driver().cuMemFree(address);
    }
  } catch (const CudaFailure&) {  // nothing is left to free
  }
}

void Device::fill_with_zero(Address address, size_t bytes) {
  if (bytes == 0) return;
  const ContextScope scope(context_);
  CUDAPY_CALL(cuMemsetD8Async, address, 0, bytes, kStream);
}

void Device::copy_from_host(Address to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  const ContextScope scope(context_);
  if (Staging::pays(from, bytes) && staging_.copy_from_host(to, from, bytes)) return;
  CUDAPY_CALL(cuMemcpyHtoD, to, from, bytes);
}

void Device::copy_to_host(void* to, Address from, size_t bytes) {
  refuse_while_recording();
  if (bytes == 0) return;
  const ContextScope scope(context_);
  if (Staging::pays(to, bytes) && staging_.copy_to_host(to, from, bytes)) return;
  CUDAPY_CALL(cuMemcpyDtoH, to, from, bytes);
}

void Device::copy_within(Address to, Address from, size_t bytes) {
  refuse_while_recording();
  if (bytes == 0) return;
  const ContextScope scope(context_);
  CUDAPY_CALL(cuMemcpyDtoDAsync, to, from, bytes, kStream);
}

void Device::copy_from_device(Address to, const Device& other, Address from, size_t bytes) {
  refuse_while_recording();
  other.refuse_while_recording();
  if (bytes == 0) return;
  const ContextScope scope(context_);
  CUDAPY_CALL(cuMemcpyPeer, to, context_, from, other.context_, bytes);
}

void Device::end_recording() noexcept {
  if (is_left_behind_by_fork()) return;
  std::vector<Address> dead;
  {
    const std::lock_guard lock(mutex_);
    if (recordings_.fetch_sub(1, std::memory_order_relaxed) > 1) return;
    dead.swap(dead_memory_);
  }
  for (const Address address : dead) free(address);
}

// In a stream that takes turns with none, so that it may be done while a graph is recorded.
void Device::upload(Address to, const void* from, size_t bytes) {
  CUDAPY_CALL(cuMemcpyHtoDAsync, to, from, bytes, uploads_);
  CUDAPY_CALL(cuStreamSynchronize, uploads_);
}

void Device::refuse_while_recording() const {
  if (recordings_.load(std::memory_order_relaxed) == 0) return;
  throw CudaFailure(
      "a graph is being recorded on this GPU, and its launches have not run: read arrays and wait "
      "for the GPU before the `with graph:` block or behind graph.launch()",
      kCaptureUnsupported);
}

std::vector<int32_t> Device::recent_kernels() const {
  std::vector<int32_t> numbers;
  const uint32_t launches = launches_.load(std::memory_order_relaxed);
  for (uint32_t back = 1; back <= std::min(launches, kRecent); ++back)
    numbers.push_back(recent_[(launches - back) % kRecent].load(std::memory_order_relaxed));
  return numbers;
}

int Device::owner_of(Address address) {
  int ordinal = 0;
  CUDAPY_CALL(cuPointerGetAttribute, &ordinal, kDeviceOrdinal, address);
  return ordinal;
}

void Device::wait_for_stream(uint64_t handle) {
  const ContextScope scope(context_);
  CUDAPY_CALL(cuStreamSynchronize, static_cast<StreamHandle>(pointer_to(handle)));
}

std::vector<uint8_t> Device::assemble(const std::string& ptx) {
  const ContextScope scope(context_);
  std::string log(8192, '\0');
  // The last one counts where the text says which lines it comes from.
  int options[] = {kErrorLog, kErrorLogBytes, kKeepLines};
  void* values[] = {log.data(), pointer_to(log.size()), pointer_to(1)};
  const unsigned option_count = ptx.find("\t.loc\t") != std::string::npos ? 3 : 2;
  LinkState link = nullptr;
  CUDAPY_CALL(cuLinkCreate, option_count, options, values, &link);
  void* cubin = nullptr;
  size_t size = 0;
  Result result = driver().cuLinkAddData(link, kInputPtx, const_cast<char*>(ptx.c_str()),
                                         ptx.size() + 1, "kernel.ptx", 0, nullptr, nullptr);
  if (result == 0) result = driver().cuLinkComplete(link, &cubin, &size);
  std::vector<uint8_t> bytes;
  if (result == 0) {
    const auto* first = static_cast<const uint8_t*>(cubin);
    bytes.assign(first, first + size);
  }
  driver().cuLinkDestroy(link);
  if (result != 0) {
    log.resize(std::strlen(log.c_str()));
    try {
      check(result, "the driver's PTX compiler");
    } catch (const CudaFailure& failure) {
      throw CudaFailure(failure.what() + (log.empty() ? "" : "\n" + log), result);
    }
  }
  return bytes;
}

std::shared_ptr<const Kernel> Device::load(std::span<const uint8_t> cubin, const std::string& entry,
                                           const std::string& gang_entry) {
  const ContextScope scope(context_);
  Module module = nullptr;
  CUDAPY_CALL(cuModuleLoadData, &module, cubin.data());
  try {
    Function function = nullptr;
    CUDAPY_CALL(cuModuleGetFunction, &function, module, entry.c_str());
    Function gangs = nullptr;
    if (!gang_entry.empty()) CUDAPY_CALL(cuModuleGetFunction, &gangs, module, gang_entry.c_str());
    int32_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ++next_kernel_;
    }
    Address variable = 0;
    size_t size = 0;
    // A kernel that cannot fault has no such variable.
    if (driver().cuModuleGetGlobal(&variable, &size, module, kCudaFaultVariable) == 0) {
      const CudaFaultHandle handle{static_cast<CudaFaultClaim*>(pointer_to(claim_)), number, 0};
      upload(variable, &handle, sizeof handle);
    }
    uint64_t stack_bytes = 0;
    if (driver().cuModuleGetGlobal(&variable, &size, module, kCudaStackVariable) == 0) {
      const StackPlan plan(largest_frame(cubin),
                           static_cast<uint64_t>(attribute(function, kLocalBytes)));
      stack_bytes = make_stack(plan.wanted());
      const int64_t room = plan.room(stack_bytes);
      upload(variable, &room, sizeof room);
    }
    const bool prints =
        driver().cuModuleGetGlobal(&variable, &size, module, kCudaPrintVariable) == 0;
    if (prints) {
      const CudaPrintHandle handle{static_cast<CudaPrints*>(pointer_to(print_memory())), number, 0};
      upload(variable, &handle, sizeof handle);
    }
    return std::make_shared<const Kernel>(*this, module, function, gangs, number, prints,
                                          stack_bytes);
  } catch (...) {
    driver().cuModuleUnload(module);
    throw;
  }
}

// The driver sets memory aside for all threads that a GPU can run at a time: a quarter of it is the
// most that kernels with deep stacks may take from others.
uint64_t Device::most_stack_bytes() const {
  const DeviceHandle handle = handle_of(ordinal_);
  size_t total = 0;
  CUDAPY_CALL(cuDeviceTotalMem, &total, handle);
  const int threads = attribute(handle, kProcessors) * attribute(handle, kMostThreads);
  constexpr uint64_t kMostOfDriver = uint64_t{500} << 10U;  // a thread's memory is 512 KiB at most
  return std::min(total / 4 / static_cast<uint64_t>(std::max(threads, 1)) / 16 * 16, kMostOfDriver);
}

// Gives the context's threads so much stack where they have less, as far as it goes; returns how
// much of it they have. The limit is that of all kernels, and stays until lower_stack().
uint64_t Device::make_stack(uint64_t wanted) {
  constexpr Result kInvalidValue = 1;
  const std::lock_guard lock(stack_mutex_);
  size_t bytes = 0;
  CUDAPY_CALL(cuCtxGetLimit, &bytes, kStackSize);
  uint64_t next = bytes < wanted ? std::min(wanted, most_stack_bytes()) : 0;
  for (; next > bytes; next /= 2) {
    const Result result = driver().cuCtxSetLimit(kStackSize, next);
    if (result != kOutOfMemory && result != kInvalidValue) {
      check(result, "cuCtxSetLimit");
      note_stack(bytes);
      bytes = stack_made_;
      break;
    }
  }
  stack_waits_ = 0;
  return std::min<uint64_t>(bytes, wanted);
}

// After the limit was raised from `before`.
void Device::note_stack(uint64_t before) {
  // What others have made of it since is theirs.
  if (stack_before_ == 0 || before != stack_made_) stack_before_ = before;
  size_t bytes = 0;
  CUDAPY_CALL(cuCtxGetLimit, &bytes, kStackSize);
  stack_made_ = bytes;
}

// Before launches that need so much stack, which lower_stack() or others may have lowered. Nobody
// lowers it while the result is held. Replays of our graphs come here as well, those of others,
// such as torch's, that have recorded a launch, do not.
std::unique_lock<std::mutex> Device::keep_stack(uint64_t wanted, StreamHandle stream) {
  if (wanted == 0) return {};
  std::unique_lock lock(stack_mutex_);
  int status = 0;  // the default stream has none while another records: the launch says so
  const bool is_known = driver().cuStreamIsCapturing(stream, &status) == 0;
  stack_waits_ = 0;
  if (is_known && status != 0) {
    // Recorded by us it runs when replay() comes, and the limit must not be touched in between.
    if (recordings_.load(std::memory_order_relaxed) > 0) return {};
    stack_stays_ = true;
  }
  size_t bytes = 0;
  CUDAPY_CALL(cuCtxGetLimit, &bytes, kStackSize);
  if (bytes >= wanted) return lock;
  const Result result = driver().cuCtxSetLimit(kStackSize, wanted);
  if (result == kOutOfMemory) {
    throw CudaFailure("the GPU has no room for stacks of " + std::to_string(wanted) +
                          " bytes a thread, which functions that call themselves need",
                      result);
  }
  check(result, "cuCtxSetLimit");
  note_stack(bytes);
  return lock;
}

// Gives back what stacks take once no launch needs them: at a wait, if there was none for several
// waits; `at_once` where memory is short. Waits for all that was launched. False: there is nothing
// to give back.
bool Device::lower_stack(bool at_once) {
  const std::lock_guard lock(stack_mutex_);
  if (stack_before_ == 0 || stack_stays_ || recordings_.load(std::memory_order_relaxed) > 0)
    return false;
  if (!at_once && ++stack_waits_ < stack_patience_) return false;
  const uint64_t before = std::exchange(stack_before_, 0);
  size_t bytes = 0;
  CUDAPY_CALL(cuCtxGetLimit, &bytes, kStackSize);
  if (bytes != stack_made_) return false;  // it is another's choice now
  constexpr int kMostPatience = 1024;
  stack_patience_ = std::min(2 * stack_patience_, kMostPatience);
  return driver().cuCtxSetLimit(kStackSize, before) == 0;
}

Kernel::Kernel(Device& device, Module module, Function function, Function gangs, int32_t number,
               bool prints, uint64_t stack_bytes)
    : device_(device),
      module_(module),
      entry_{function, attribute(function, kMaxThreadsPerBlock)},
      number_(number),
      prints_(prints),
      stack_bytes_(stack_bytes) {
  if (gangs != nullptr) gangs_ = {gangs, attribute(gangs, kMaxThreadsPerBlock)};
}

Kernel::~Kernel() {
  device_.bury(module_);
}

void Kernel::allow_shared_bytes(int64_t bytes) const {
  if (bytes <= ir::kStaticBlockBytes) return;
  // Two threads may both set it: the larger of the two has to come last.
  const std::lock_guard lock(shared_mutex_);
  if (bytes <= shared_bytes_) return;
  CUDAPY_CALL(cuFuncSetAttribute, entry_.function, kDynamicSharedBytes, static_cast<int>(bytes));
  shared_bytes_ = bytes;
}

void Device::bury(Module module) noexcept {
  if (is_left_behind_by_fork()) return;
  const std::lock_guard lock(mutex_);
  dead_modules_.push_back(module);
}

std::string plan_grid(const LaunchRequest& request, const GridRules& rules, GridPlan& plan) {
  const int64_t* threads = request.threads;
  visible_block(request, plan.block);
  int64_t size = plan.block[0] * plan.block[1] * plan.block[2];
  // A shape that nobody asked for or sees may shrink.
  while (size > rules.max_block_threads && request.block[0] == 0 && !rules.uses_block_shape) {
    int64_t& largest = *std::max_element(plan.block, plan.block + 3);
    largest /= 2;
    size = plan.block[0] * plan.block[1] * plan.block[2];
  }
  if (size > rules.max_block_threads) {
    return "a block of " + std::to_string(size) + " threads: this kernel needs so many registers " +
           "that the GPU takes at most " + std::to_string(rules.max_block_threads);
  }
  for (int i = 2; i >= rules.rank; --i) plan.block[i - 1] *= std::exchange(plan.block[i], 1);
  plan.in_gangs = rules.per_thread > 1;
  for (int i = 0; i < 3; ++i) {
    const int64_t reach = plan.block[i] * (i == 0 ? rules.per_thread : 1);
    const int64_t grid = threads[i] == 0 ? 0 : divide_up(threads[i], reach);
    if (grid > kMaxBlocksX) {
      return std::to_string(threads[i]) + " threads are more than a GPU's grid holds";
    }
    plan.launch.threads[i] = threads[i];
    plan.launch.grid[i] = static_cast<int32_t>(grid);
  }
  return {};
}

void Device::launch(const Kernel& kernel, unsigned char* arguments, size_t launch_offset,
                    GridPlan& plan, StreamHandle stream) {
  if (plan.launch.grid[0] == 0 || plan.launch.grid[1] == 0 || plan.launch.grid[2] == 0) return;
  const ContextScope scope(context_);
  size_t bytes = launch_offset + sizeof(CudaLaunch);
  void* extra[] = {reinterpret_cast<void*>(1), arguments, reinterpret_cast<void*>(2), &bytes,
                   nullptr};
  const auto block = [&](int i) { return static_cast<unsigned>(plan.block[i]); };
  CudaLaunch& launch = plan.launch;
  const Function function = kernel.entry(plan.in_gangs).function;
  kernel.allow_shared_bytes(plan.shared_bytes);
  const std::unique_lock stack = keep_stack(kernel.stack_bytes(), stream);
  // Launches at the same time may take one place: this is for messages.
  const uint32_t number = launches_.load(std::memory_order_relaxed);
  recent_[number % kRecent].store(kernel.number(), std::memory_order_relaxed);
  launches_.store(number + 1, std::memory_order_relaxed);
  if (kernel.prints()) {
    launch.number = printing_launches_.fetch_add(1, std::memory_order_relaxed);
    expect_prints();
  }
  for (int64_t z = 0; z < launch.grid[2]; z += kMaxBlocksYZ) {
    for (int64_t y = 0; y < launch.grid[1]; y += kMaxBlocksYZ) {
      launch.first_block[0] = static_cast<int32_t>(y);
      launch.first_block[1] = static_cast<int32_t>(z);
      std::memcpy(arguments + launch_offset, &launch, sizeof launch);
      CUDAPY_CALL(cuLaunchKernel, function, static_cast<unsigned>(launch.grid[0]),
                  static_cast<unsigned>(std::min(launch.grid[1] - y, kMaxBlocksYZ)),
                  static_cast<unsigned>(std::min(launch.grid[2] - z, kMaxBlocksYZ)), block(0),
                  block(1), block(2), static_cast<unsigned>(plan.shared_bytes), stream, nullptr,
                  extra);
    }
  }
}

void Device::replay(GraphExecutable graph, uint64_t stack_bytes, StreamHandle stream) {
  const ContextScope scope(context_);
  const std::unique_lock stack = keep_stack(stack_bytes, stream);
  CUDAPY_CALL(cuGraphLaunch, graph, stream);
}

void Device::synchronize() {
  refuse_while_recording();
  const ContextScope scope(context_);
  std::vector<Module> dead;  // before the wait: what is launched meanwhile may still run after it
  {
    const std::lock_guard lock(mutex_);
    dead.swap(dead_modules_);
  }
  CUDAPY_CALL(cuCtxSynchronize);
  lower_stack(/*at_once=*/false);
  for (Module module : dead) driver().cuModuleUnload(module);
}

Address Device::print_memory() {
  const std::lock_guard lock(mutex_);
  if (prints_ != 0) return prints_;
  constexpr size_t kBytes = sizeof(CudaPrints) + kCudaPrintWords * sizeof(uint64_t);
  Address memory = 0;
  CUDAPY_CALL(cuMemAlloc, &memory, kBytes);
  CUDAPY_CALL(cuMemsetD8Async, memory, 0, kBytes, uploads_);
  CUDAPY_CALL(cuStreamSynchronize, uploads_);
  return prints_ = memory;
}

PrintedWords Device::take_prints() {
  may_have_printed_.store(false, std::memory_order_relaxed);
  synchronize();
  const std::lock_guard lock(mutex_);
  PrintedWords printed;
  if (prints_ == 0) return printed;
  const ContextScope scope(context_);
  CudaPrints head;
  CUDAPY_CALL(cuMemcpyDtoH, &head, prints_, sizeof head);
  printed.records = head.records;
  printed.words.resize(std::min(head.words, kCudaPrintWords));
  const size_t bytes = printed.words.size() * sizeof(uint64_t);
  if (bytes != 0) CUDAPY_CALL(cuMemcpyDtoH, printed.words.data(), prints_ + sizeof head, bytes);
  CUDAPY_CALL(cuMemsetD8Async, prints_, 0, sizeof head + bytes, kStream);
  return printed;
}

std::optional<CudaFaultReport> Device::take_fault() {
  const std::lock_guard lock(mutex_);
  if (report_->site < 0) return std::nullopt;
  CudaFaultReport fault;
  fault.site = report_->site;
  fault.kernel = report_->kernel;
  fault.index = report_->index;
  fault.length = report_->length;
  for (int i = 0; i < 3; ++i) {
    fault.thread[i] = report_->thread[i];
    fault.block[i] = report_->block[i];
  }
  for (int i = 0; i < kFaultValues; ++i) fault.values[i] = report_->values[i];
  report_->site = -1;
  const int32_t unclaimed = 0;
  const ContextScope scope(context_);
  CUDAPY_CALL(cuMemcpyHtoD, claim_, &unclaimed, sizeof unclaimed);
  return fault;
}

}  // namespace cudapy::runtime::cuda
