// Kernels on NVIDIA GPUs, seen from Python: which device launches go to, code for it, launches, and
// the exceptions of faults, which surface where the host waits for the device.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "binding/kernel_body.h"
#include "binding/launch_target.h"
#include "runtime/cuda/stream.h"

namespace cudapy::binding {

// A kernel for one device and one KernelTypes.
struct GpuCode {
  GpuCode(runtime::GpuImage image, std::shared_ptr<const runtime::cuda::Kernel> kernel)
      : image(std::move(image)), kernel(std::move(kernel)) {}
  GpuCode(const GpuCode&) = delete;
  GpuCode& operator=(const GpuCode&) = delete;
  ~GpuCode();

  runtime::GpuImage image;  // without the code itself
  std::shared_ptr<const runtime::cuda::Kernel> kernel;
};

// Compiles or loads from the cache; the GIL need not be held. Null as KernelCode::get says. Throws
// CudaFailure.
std::shared_ptr<const GpuCode> make_gpu_code(const KernelBody& body,
                                             const runtime::KernelTypes& types,
                                             runtime::cuda::Device& gpu, Diagnostics& diagnostics,
                                             std::string& error,
                                             const runtime::InterruptCheck& check);

// What a fault of the code would be reported with. The GIL is held.
void remember_faults(const KernelBody& body, const GpuCode& code);

// The fault sites of the kernel with that number; null: it is gone.
const std::vector<ir::FaultSite>* sites_of_kernel(const runtime::cuda::Device& gpu, int32_t number);

// Starts the kernel on the binding's GPU, in the stream and the graph of `target`; `arguments` as
// Device::launch wants them. False with an exception set.
bool launch_on_gpu(const KernelBody& body, const Binding& binding, unsigned char* arguments,
                   const runtime::LaunchRequest& request, const LaunchTarget& target);

// Writes what the launches so far printed, and raises what they ran into, if anything; after the
// device was waited for. True if there was nothing.
bool raise_no_fault(runtime::cuda::Device& gpu);

// CudaError, as the failure says. Where the device is lost to the process it names the kernels that
// were launched last, and says how to find the one.
std::nullptr_t raise_cuda_failure(const runtime::cuda::CudaFailure& failure);

// The functions of the module.
void define_gpu_functions(nanobind::module_& module);

}  // namespace cudapy::binding
