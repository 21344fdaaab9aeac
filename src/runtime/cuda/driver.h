// The CUDA driver (libcuda.so.1), opened when it is first asked for and never at import. The few
// declarations that are needed are our own; the symbols come through cuGetProcAddress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace cudapy::runtime::cuda {

using Result = int;  // CUresult; 0 is success
using DeviceHandle = int;
using Address = uint64_t;  // CUdeviceptr
struct ContextTag;
struct ModuleTag;
struct FunctionTag;
struct StreamTag;
struct EventTag;
struct PoolTag;
struct LinkTag;
struct GraphTag;
struct GraphExecutableTag;
struct NodeTag;
using Context = ContextTag*;
using Module = ModuleTag*;
using Function = FunctionTag*;
using StreamHandle = StreamTag*;  // CUstream
using EventHandle = EventTag*;
using Pool = PoolTag*;
using LinkState = LinkTag*;
using GraphHandle = GraphTag*;
using GraphExecutable = GraphExecutableTag*;
using GraphNode = NodeTag*;
using StreamCallback = void (*)(StreamHandle, Result, void*);

inline constexpr Result kOutOfMemory = 2;
inline constexpr Result kNotInitialized = 3;
inline constexpr Result kDeinitialized = 4;
inline constexpr Result kNoDevice = 100;
inline constexpr Result kCaptureUnsupported = 900;

// Whether a failure has taken the context with it: nothing works in this process any more.
bool is_fatal(Result result);

// CUmemPoolProps.
struct PoolProperties {
  int allocation_type = 1;  // pinned
  int handle_types = 0;
  int location_type = 1;  // a device
  int location_id = 0;
  void* win32_security_attributes = nullptr;
  size_t max_size = 0;
  unsigned char reserved[56] = {};
};
static_assert(sizeof(PoolProperties) == 88);

// name, parameters: one list says what is asked of the driver.
#define CUDAPY_DRIVER_FUNCTIONS(X)                                                         \
  X(cuInit, (unsigned))                                                                    \
  X(cuDriverGetVersion, (int*))                                                            \
  X(cuGetErrorName, (Result, const char**))                                                \
  X(cuGetErrorString, (Result, const char**))                                              \
  X(cuDeviceGetCount, (int*))                                                              \
  X(cuDeviceGet, (DeviceHandle*, int))                                                     \
  X(cuDeviceGetName, (char*, int, DeviceHandle))                                           \
  X(cuDeviceGetAttribute, (int*, int, DeviceHandle))                                       \
  X(cuDeviceTotalMem, (size_t*, DeviceHandle))                                             \
  X(cuDevicePrimaryCtxRetain, (Context*, DeviceHandle))                                    \
  X(cuDevicePrimaryCtxRelease, (DeviceHandle))                                             \
  X(cuCtxGetCurrent, (Context*))                                                           \
  X(cuCtxSetCurrent, (Context))                                                            \
  X(cuCtxGetLimit, (size_t*, int))                                                         \
  X(cuCtxSetLimit, (int, size_t))                                                          \
  X(cuMemPoolCreate, (Pool*, const PoolProperties*))                                       \
  X(cuMemPoolSetAttribute, (Pool, int, void*))                                             \
  X(cuMemAllocFromPoolAsync, (Address*, size_t, Pool, StreamHandle))                       \
  X(cuMemFreeAsync, (Address, StreamHandle))                                               \
  X(cuMemAlloc, (Address*, size_t))                                                        \
  X(cuMemFree, (Address))                                                                  \
  X(cuMemHostAlloc, (void**, size_t, unsigned))                                            \
  X(cuMemHostGetDevicePointer, (Address*, void*, unsigned))                                \
  X(cuMemcpyHtoD, (Address, const void*, size_t))                                          \
  X(cuMemcpyDtoH, (void*, Address, size_t))                                                \
  X(cuMemcpyHtoDAsync, (Address, const void*, size_t, StreamHandle))                       \
  X(cuMemcpyDtoHAsync, (void*, Address, size_t, StreamHandle))                             \
  X(cuMemcpyPeer, (Address, Context, Address, Context, size_t))                            \
  X(cuMemcpyDtoDAsync, (Address, Address, size_t, StreamHandle))                           \
  X(cuMemsetD8Async, (Address, unsigned char, size_t, StreamHandle))                       \
  X(cuPointerGetAttribute, (void*, int, Address))                                          \
  X(cuCtxSynchronize, ())                                                                  \
  X(cuStreamCreate, (StreamHandle*, unsigned))                                             \
  X(cuStreamDestroy, (StreamHandle))                                                       \
  X(cuStreamSynchronize, (StreamHandle))                                                   \
  X(cuStreamQuery, (StreamHandle))                                                         \
  X(cuStreamWaitEvent, (StreamHandle, EventHandle, unsigned))                              \
  X(cuStreamIsCapturing, (StreamHandle, int*))                                             \
  X(cuStreamAddCallback, (StreamHandle, StreamCallback, void*, unsigned))                  \
  X(cuStreamBeginCapture, (StreamHandle, int))                                             \
  X(cuStreamEndCapture, (StreamHandle, GraphHandle*))                                      \
  X(cuGraphGetNodes, (GraphHandle, GraphNode*, size_t*))                                   \
  X(cuGraphInstantiateWithFlags, (GraphExecutable*, GraphHandle, unsigned long long))      \
  X(cuGraphLaunch, (GraphExecutable, StreamHandle))                                        \
  X(cuGraphDestroy, (GraphHandle))                                                         \
  X(cuGraphExecDestroy, (GraphExecutable))                                                 \
  X(cuEventCreate, (EventHandle*, unsigned))                                               \
  X(cuEventDestroy, (EventHandle))                                                         \
  X(cuEventRecord, (EventHandle, StreamHandle))                                            \
  X(cuEventSynchronize, (EventHandle))                                                     \
  X(cuEventQuery, (EventHandle))                                                           \
  X(cuEventElapsedTime, (float*, EventHandle, EventHandle))                                \
  X(cuModuleLoadData, (Module*, const void*))                                              \
  X(cuModuleUnload, (Module))                                                              \
  X(cuModuleGetFunction, (Function*, Module, const char*))                                 \
  X(cuModuleGetGlobal, (Address*, size_t*, Module, const char*))                           \
  X(cuFuncGetAttribute, (int*, int, Function))                                             \
  X(cuFuncSetAttribute, (Function, int, int))                                              \
  X(cuLaunchKernel, (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, \
                     unsigned, StreamHandle, void**, void**))                              \
  X(cuLinkCreate, (unsigned, int*, void**, LinkState*))                                    \
  X(cuLinkAddData, (LinkState, int, void*, size_t, const char*, unsigned, int*, void**))   \
  X(cuLinkComplete, (LinkState, void**, size_t*))                                          \
  X(cuLinkDestroy, (LinkState))

struct Driver {
#define CUDAPY_MEMBER(name, parameters) Result(*name) parameters = nullptr;
  // The driver's own names.
  CUDAPY_DRIVER_FUNCTIONS(CUDAPY_MEMBER)  // NOLINT(readability-identifier-naming)
#undef CUDAPY_MEMBER
  int version = 0;  // 13000 for CUDA 13.0
};

// A call of the driver that failed, or that there is no driver to make.
struct CudaFailure : std::runtime_error {
  CudaFailure(const std::string& message, Result result)
      : std::runtime_error(message), result(result) {}
  Result result;
};

// The driver, initialised. Throws CudaFailure if there is none, if it is too old, or if this
// process is a fork of one that had initialised it: no call of the driver is made in such a child.
// A missing driver is looked for again at the next call. Thread safe.
const Driver& driver();

// Whether the driver was initialised by a process that this one is a fork of: nothing of it works,
// and locks of what belongs to a GPU may be held by threads that are not here.
bool is_left_behind_by_fork();

// What such a process is told.
inline constexpr const char* kForked =
    "this process was forked from one that used CUDA, which NVIDIA's driver does not allow: start "
    "it with multiprocessing's \"spawn\" or \"forkserver\" method, use CUDA only in the child, or "
    "let the child work on the CPU, cp.set_device(\"cpu\")";

// Throws CudaFailure, with the driver's own words, unless `result` is success.
void check(Result result, const char* call);

}  // namespace cudapy::runtime::cuda
