#include "runtime/cuda/driver.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>

namespace cudapy::runtime::cuda {
namespace {

constexpr int kOldestVersion = 12000;  // what cuGetProcAddress is asked for
constexpr uint64_t kLegacyStream = 1;  // CU_GET_PROC_ADDRESS_LEGACY_STREAM

using GetProcAddress = Result (*)(const char*, void**, int, uint64_t, int*);

std::atomic<const Driver*> ready{nullptr};
std::atomic<bool> is_started{false};      // cuInit was called here, and has not failed
std::atomic<bool> is_left_behind{false};  // by a fork, in the child

std::mutex& opening() {
  static auto* const mutex = new std::mutex;
  return *mutex;
}

// In the child of a fork: `ready` is what everything that needs the driver looks at anyway, so a
// child is told from other processes at no cost.
void leave_behind() {
  new (&opening()) std::mutex;
  if (!is_started.load()) return;
  ready.store(nullptr);
  is_left_behind.store(true);
}

std::string words_for(const Driver& driver, Result result) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (driver.cuGetErrorName(result, &name) != 0 || name == nullptr) name = "unknown error";
  if (driver.cuGetErrorString(result, &text) != 0 || text == nullptr) text = "no description";
  return std::string(name) + " (" + text + ")";
}

// CUDAPY_CUDA_DRIVER names another library: tests, and drivers in unusual places.
void* open_library(std::string& path) {
  const char* chosen = std::getenv("CUDAPY_CUDA_DRIVER");
  path = chosen != nullptr && *chosen != '\0' ? chosen : "libcuda.so.1";
  return dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
}

void find_symbols(Driver& driver, GetProcAddress get_proc_address) {
  const auto find = [&](const char* name) {
    void* symbol = nullptr;
    int status = 0;
    const Result result = get_proc_address(name, &symbol, kOldestVersion, kLegacyStream, &status);
    if (result != 0 || symbol == nullptr) {
      throw CudaFailure(std::string("the NVIDIA driver has no `") + name +
                            "`: it is older than CUDA 12.0, and kernels need that or newer",
                        result);
    }
    return symbol;
  };
#define CUDAPY_FIND(name, parameters) \
  driver.name = reinterpret_cast<decltype(driver.name)>(find(#name));
  CUDAPY_DRIVER_FUNCTIONS(CUDAPY_FIND)
#undef CUDAPY_FIND
}

const Driver* open_driver() {
  std::string path;
  void* library = open_library(path);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw CudaFailure("there is no NVIDIA driver: " +
                          std::string(reason != nullptr ? reason : path + " cannot be opened"),
                      kNoDevice);
  }
  auto* symbol = dlsym(library, "cuGetProcAddress_v2");
  if (symbol == nullptr) {
    dlclose(library);
    throw CudaFailure(
        "the NVIDIA driver (" + path + ") is older than CUDA 12.0, and kernels need that or newer",
        kNoDevice);
  }
  auto* opened = new Driver;  // stays open for the process's life, as the driver itself does
  try {
    find_symbols(*opened, reinterpret_cast<GetProcAddress>(symbol));
    is_started.store(true);
    if (const Result result = opened->cuInit(0); result != 0) {
      is_started.store(false);
      // What it says where another library's CUDA was left behind.
      if (result == kNotInitialized) throw CudaFailure(kForked, result);
      throw CudaFailure("the NVIDIA driver does not start: " + words_for(*opened, result), result);
    }
    opened->cuDriverGetVersion(&opened->version);
  } catch (...) {
    delete opened;
    throw;
  }
  return opened;
}

}  // namespace

const Driver& driver() {
  const Driver* known = ready.load(std::memory_order_acquire);
  if (known == nullptr) {
    if (is_left_behind_by_fork()) throw CudaFailure(kForked, kNotInitialized);
    const std::lock_guard lock(opening());
    known = ready.load(std::memory_order_acquire);
    if (known == nullptr) {
      [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, leave_behind);
      known = open_driver();
      ready.store(known, std::memory_order_release);
    }
  }
  return *known;
}

bool is_left_behind_by_fork() {
  return is_left_behind.load(std::memory_order_relaxed);
}

bool is_fatal(Result result) {
  // CUDA_ERROR_ECC_UNCORRECTABLE, _ILLEGAL_ADDRESS, _LAUNCH_TIMEOUT, _ASSERT and what follows it up
  // to _LAUNCH_FAILED, _CONTEXT_IS_DESTROYED
  constexpr Result kUncorrectable = 214;
  constexpr Result kIllegalAddress = 700;
  constexpr Result kTimeout = 702;
  constexpr Result kDestroyed = 709;
  constexpr Result kAssert = 710;
  constexpr Result kHardwareStack = 714;
  constexpr Result kLaunchFailed = 719;
  return result == kUncorrectable || result == kIllegalAddress || result == kTimeout ||
         result == kDestroyed || result == kAssert ||
         (result >= kHardwareStack && result <= kLaunchFailed);
}

void check(Result result, const char* call) {
  if (result == 0) return;
  const Driver* known = ready.load(std::memory_order_acquire);
  const std::string words =
      known != nullptr ? words_for(*known, result) : "error " + std::to_string(result);
  throw CudaFailure(std::string(call) + " failed: " + words, result);
}

}  // namespace cudapy::runtime::cuda
