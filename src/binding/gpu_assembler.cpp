#include "binding/gpu_assembler.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "binding/gil.h"
#include "binding/py_ref.h"
#include "runtime/cuda/nvjitlink.h"
#include "runtime/cuda/stack_frames.h"
#include "runtime/jit_module.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::cuda::Assembled;
using runtime::cuda::CudaFailure;
using runtime::cuda::Device;
using runtime::cuda::NvJitLink;

namespace {

constexpr int kNewest = 13;  // of CUDA, where no driver sets a limit
constexpr runtime::cuda::Result kNotSupported = 801;

// Set once, before a GPU is used. Never destroyed: kernels may be compiled while the process ends.
std::string& nvjitlink_path() {
  static auto* const path = new std::string;
  return *path;
}

std::atomic<bool> is_usable{false};

std::vector<std::string> package_folders() {
  std::vector<std::string> folders;
  PyObject* path = PySys_GetObject("path");  // borrowed
  if (path == nullptr || !PyList_Check(path)) return folders;
  for (Py_ssize_t i = 0; i < PyList_Size(path); ++i) {
    PyObject* entry = PyList_GetItem(path, i);
    if (entry == nullptr || !PyUnicode_Check(entry)) continue;
    const PyRef bytes = PyRef::steal(PyUnicode_EncodeFSDefault(entry));
    if (!bytes) {
      PyErr_Clear();
      continue;
    }
    folders.emplace_back(PyBytes_AsString(bytes.get()));
  }
  return folders;
}

// CUDAPY_NVJITLINK names the file, or with 0 forbids it.
std::string find_library(int newest) {
  const char* chosen = std::getenv("CUDAPY_NVJITLINK");
  if (chosen == nullptr || *chosen == '\0')
    return runtime::cuda::find_nvjitlink(package_folders(), newest);
  return std::string(chosen) == "0" ? std::string() : chosen;
}

// None: there is no nvJitLink on this machine.
std::optional<std::string> nvjitlink() {
  std::string path = find_library(kNewest);
  return path.empty() ? std::nullopt : std::optional(std::move(path));
}

// The machine code, what is said of it, and what was wrong.
std::tuple<nb::bytes, std::string, std::string> assemble_with(const std::string& path,
                                                              const std::string& ptx,
                                                              const std::string& architecture) {
  Assembled made;
  {
    const GilRelease released;
    if (const NvJitLink* library = NvJitLink::open(path, made.error))
      made = library->assemble(ptx, architecture);
  }
  return {nb::bytes(made.cubin.data(), made.cubin.size()), made.log, made.error};
}

}  // namespace

void find_assembler() {
  static bool was_looked_for = false;
  if (std::exchange(was_looked_for, true)) return;
  nvjitlink_path() = find_library(runtime::cuda::driver().version / 1000);
  is_usable = !nvjitlink_path().empty();
}

bool has_nvjitlink() {
  return is_usable.load(std::memory_order_acquire);
}

void give_up_nvjitlink() {
  is_usable.store(false, std::memory_order_release);
}

runtime::Assembler nvjitlink_for(const Device& gpu) {
  runtime::Assembler assembler;
  assembler.architecture = gpu.architecture();
  static const std::string identity = runtime::shared_object_identity(nvjitlink_path());
  // The driver may refuse what it makes.
  assembler.identity =
      "nvJitLink " + identity + " driver " + std::to_string(runtime::cuda::driver().version);
  assembler.assemble = [architecture = gpu.architecture()](const std::string& ptx) {
    std::string error;
    const NvJitLink* library = NvJitLink::open(nvjitlink_path(), error);
    if (library == nullptr) {
      give_up_nvjitlink();
      throw CudaFailure(error, kNotSupported);
    }
    Assembled made = library->assemble(ptx, architecture);
    if (!made.error.empty()) throw CudaFailure(made.error, kNotSupported);
    return std::move(made.cubin);
  };
  return assembler;
}

runtime::Assembler driver_for(Device& gpu) {
  runtime::Assembler assembler;
  assembler.architecture = gpu.architecture();
  assembler.identity = "driver " + std::to_string(runtime::cuda::driver().version);
  assembler.assemble = [&gpu](const std::string& ptx) { return gpu.assemble(ptx); };
  return assembler;
}

void define_assembler_functions(nb::module_& module) {
  module.def("nvjitlink", nvjitlink, "Where the library nvJitLink is, if anywhere.");
  module.def("assemble_with", assemble_with, nb::arg("path"), nb::arg("ptx"),
             nb::arg("architecture"),
             "Machine code of PTX by the nvJitLink at `path`, what it says of it, and what was "
             "wrong.");
  module.def(
      "largest_frame",
      [](const nb::bytes& cubin) {
        return runtime::cuda::largest_frame(
            {static_cast<const uint8_t*>(cubin.data()), cubin.size()});
      },
      nb::arg("cubin"), "Bytes of the largest frame of a function in machine code; 0: not known.");
}

}  // namespace cudapy::binding
