#include "binding/gpu.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "binding/errors.h"
#include "binding/faults.h"
#include "binding/gil.h"
#include "binding/gpu_assembler.h"
#include "binding/gpu_prints.h"
#include "binding/graph.h"
#include "binding/interrupt_check.h"
#include "binding/raised.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::cuda::CudaFailure;
using runtime::cuda::Device;

namespace {

// What a fault is told with. It outlives its kernel, whose last launch may still run.
struct FaultSource {
  std::string kernel;
  std::vector<ir::FaultSite> sites;
  std::vector<SourceText> sources;
  bool is_orphaned = false;  // the kernel is gone: of use only until the device was waited for
};

using FaultSources = std::unordered_map<uint64_t, FaultSource>;

// Kernels may be collected while the interpreter ends: never destroyed.
FaultSources& fault_sources() {
  static auto* const sources = new FaultSources;
  return *sources;
}

std::vector<Device*>& used_devices() {
  static auto* const devices = new std::vector<Device*>;
  return *devices;
}

uint64_t source_key(int device, int32_t kernel) {
  return (static_cast<uint64_t>(device) << 32U) | static_cast<uint32_t>(kernel);
}

void forget_orphans() {
  std::erase_if(fault_sources(), [](const auto& entry) { return entry.second.is_orphaned; });
}

}  // namespace

GpuCode::~GpuCode() {
  const auto found = fault_sources().find(source_key(kernel->device().ordinal(), kernel->number()));
  if (found != fault_sources().end()) found->second.is_orphaned = true;
}

const std::vector<ir::FaultSite>* sites_of_kernel(const Device& gpu, int32_t number) {
  const auto found = fault_sources().find(source_key(gpu.ordinal(), number));
  return found != fault_sources().end() ? &found->second.sites : nullptr;
}

namespace {

std::shared_ptr<const GpuCode> make_with(const runtime::Assembler& assembler,
                                         const KernelBody& body, const runtime::KernelTypes& types,
                                         Device& gpu, Diagnostics& diagnostics, std::string& error,
                                         const runtime::InterruptCheck& check) {
  auto image = body.code->gpu_image(types, assembler, diagnostics, error, check);
  if (!image) return nullptr;
  auto kernel = gpu.load(image->cubin, image->entry, image->gang_entry);
  image->cubin.clear();
  return std::make_shared<const GpuCode>(std::move(*image), std::move(kernel));
}

}  // namespace

// What nvJitLink cannot do, or the driver does not take of it, is done again by the driver alone.
std::shared_ptr<const GpuCode> make_gpu_code(const KernelBody& body,
                                             const runtime::KernelTypes& types, Device& gpu,
                                             Diagnostics& diagnostics, std::string& error,
                                             const runtime::InterruptCheck& check) {
  if (has_nvjitlink()) {
    try {
      return make_with(nvjitlink_for(gpu), body, types, gpu, diagnostics, error, check);
    } catch (const CudaFailure& failure) {
      if (runtime::cuda::is_fatal(failure.result) || failure.result == runtime::cuda::kOutOfMemory)
        throw;
    }
  }
  return make_with(driver_for(gpu), body, types, gpu, diagnostics, error, check);
}

void remember_faults(const KernelBody& body, const GpuCode& code) {
  const runtime::cuda::Kernel& kernel = *code.kernel;
  fault_sources()[source_key(kernel.device().ordinal(), kernel.number())] = {
      body.name, code.image.fault_sites, body.sources, false};
}

namespace {

// What arrays have to begin at a multiple of where threads stand for several neighbours.
constexpr uintptr_t kWideAlignment = 16;
// Threads of a multiprocessor that keep it as busy as more of them would.
constexpr double kBusyThreads = 1024;

// For tests and measurements: launches of any size do it ("always"), or none does ("never").
bool neighbours_are(const char* wanted) {
  static const char* const chosen = std::getenv("CUDAPY_NEIGHBOURS");
  return chosen != nullptr && std::strcmp(chosen, wanted) == 0;
}

// Whether an access of neighbours in the array is aligned where its index is, and whether sums that
// the index is made of don't wrap.
bool is_aligned(const ParameterSlot& slot, const unsigned char* arguments, bool is_wide) {
  if (!slot.is_array) return true;
  const auto word = [&](size_t number) {
    return runtime::read_as<int64_t>(slot.offset + number * sizeof(int64_t), arguments);
  };
  constexpr int64_t kMost = INT32_MAX - transform::NeighbourIndices::kMostOffset;
  return static_cast<uint64_t>(word(0)) % kWideAlignment == 0 &&
         (is_wide || word(slot.rank) <= kMost);
}

// How many neighbours a thread stands for in this launch.
int neighbours_of_thread(const runtime::GpuImage& image, const Binding& binding,
                         const unsigned char* arguments, const runtime::LaunchRequest& request,
                         const Device& gpu) {
  const int width = image.threads.per_thread;
  if (width == 1 || neighbours_are("never")) return 1;
  if (image.threads.has_loops && !neighbours_are("always")) {
    double threads = 1.0 / width;
    for (const int64_t along : request.threads) threads *= static_cast<double>(along);
    if (threads < kBusyThreads * gpu.multiprocessors()) return 1;
  }
  const bool is_wide = binding.types.wide_index;
  const bool fits = std::all_of(binding.slots.begin(), binding.slots.end(),
                                [&](const ParameterSlot& slot) {
                                  return is_aligned(slot, arguments, is_wide);
                                }) &&
                    std::all_of(image.multiples.begin(), image.multiples.end(),
                                [&](const runtime::ArgumentPlace& place) {
                                  return runtime::read_argument(place, arguments) % width == 0;
                                });
  return fits ? width : 1;
}

// The memory between an array's first byte and its last.
struct Reach {
  uint64_t begin = 0;
  uint64_t end = 0;  // the same: it has no elements
};

Reach reach_of(const ParameterSlot& slot, const unsigned char* arguments) {
  const auto word = [&](size_t number) {
    return runtime::read_as<int64_t>(slot.offset + number * sizeof(int64_t), arguments);
  };
  const auto words = static_cast<size_t>(runtime::array_argument_words(slot.rank, slot.is_strided));
  int64_t first = 0;
  int64_t last = 0;
  for (size_t axis = 0; axis < slot.rank; ++axis) {
    const int64_t length = word(1 + axis);
    if (length == 0) return {};
    const size_t stride = 1 + slot.rank + axis;  // those of neighbours are left out
    const int64_t span = (length - 1) * (stride < words ? word(stride) : 1);
    (span < 0 ? first : last) += span;
  }
  const auto begin = static_cast<uint64_t>(word(0));
  return {begin + static_cast<uint64_t>(first * slot.item_size()),
          begin + static_cast<uint64_t>((last + 1) * slot.item_size())};
}

// Whether an array that is only read shares memory with one that is written.
bool overlaps(const Binding& binding, const unsigned char* arguments) {
  for (const ParameterSlot& written : binding.slots) {
    if (!written.is_array || !written.is_written) continue;
    const Reach target = reach_of(written, arguments);
    for (const ParameterSlot& read : binding.slots) {
      if (!read.is_array || read.is_written) continue;
      const Reach source = reach_of(read, arguments);
      if (source.begin < target.end && target.begin < source.end) return true;
    }
  }
  return false;
}

// Null with an exception set.
const GpuCode* code_for_any_arrays(const KernelBody& body, const Binding& binding) {
  if (binding.gpu_for_any_arrays != nullptr) return binding.gpu_for_any_arrays.get();
  runtime::KernelTypes types = binding.types;
  types.vetted_arrays = false;
  Diagnostics diagnostics;
  std::string error;
  std::shared_ptr<const GpuCode> made;
  {
    GilRelease released;
    made = make_gpu_code(body, types, binding.gpu->kernel->device(), diagnostics, error,
                         interrupt_check(released));
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  if (made == nullptr) {
    if (diagnostics.ok())
      raise_compile_error("`" + body.name + "`: " + error);
    else
      raise_compile_error(diagnostics, body.sources);
    return nullptr;
  }
  if (binding.gpu_for_any_arrays == nullptr) {  // else another thread was faster
    remember_faults(body, *made);
    binding.gpu_for_any_arrays = std::move(made);
  }
  return binding.gpu_for_any_arrays.get();
}

}  // namespace

bool launch_on_gpu(const KernelBody& body, const Binding& binding, unsigned char* arguments,
                   const runtime::LaunchRequest& request, const LaunchTarget& target) {
  const GpuCode* code = binding.gpu.get();
  if ((binding.may_overlap && overlaps(binding, arguments)) ||
      !code->image.limits.are_kept(request.threads[0], arguments)) {
    code = code_for_any_arrays(body, binding);
    if (code == nullptr) return false;
    if (target.graph != nullptr) target.graph->kernels.push_back(binding.gpu_for_any_arrays);
  }
  const runtime::cuda::Kernel& kernel = *code->kernel;
  const runtime::GpuImage& image = code->image;
  runtime::cuda::GridRules rules;
  rules.uses_block_shape = image.uses_block_shape;
  rules.rank = image.threads.rank;
  rules.per_thread = neighbours_of_thread(image, binding, arguments, request, kernel.device());
  rules.max_block_threads = kernel.entry(rules.per_thread > 1).max_threads;
  runtime::cuda::GridPlan plan;
  plan.launch.names_block = image.uses_block_shape || request.block[0] > 0;
  std::string problem = runtime::cuda::plan_grid(request, rules, plan);
  if (problem.empty() && !image.block_arrays.arrays.empty()) {
    problem = runtime::block_bytes(image.block_arrays, arguments, plan.block,
                                   kernel.device().most_block_bytes(), plan.shared_bytes);
  }
  if (!problem.empty()) {
    raise(PyExc_ValueError, "`" + body.name + "`: " + problem);
    return false;
  }
  constexpr size_t kAlign = alignof(runtime::CudaLaunch);
  const size_t launch_offset = (binding.argument_bytes + kAlign - 1) / kAlign * kAlign;
  kernel.device().launch(kernel, arguments, launch_offset, plan,
                         target.stream != nullptr ? target.stream->handle() : nullptr);
  static const char* const sync = std::getenv("CUDAPY_SYNC");
  if (sync == nullptr || *sync != '1' || recorded_graph != nullptr) return true;
  kernel.device().synchronize();
  return raise_no_fault(kernel.device());
}

bool raise_no_fault(Device& gpu) {
  if (gpu.may_have_printed() && !write_gpu_prints(gpu)) return false;
  const auto report = gpu.take_fault();
  if (!report) return true;
  const auto found = fault_sources().find(source_key(gpu.ordinal(), report->kernel));
  if (found == fault_sources().end()) {
    raise_cuda_error("a kernel that is gone had a fault");
    return false;
  }
  const FaultSource& source = found->second;
  runtime::FaultRecord record;
  record.site = report->site;
  record.index = report->index;
  record.length = report->length;
  std::copy_n(report->thread, 3, record.thread);
  std::copy_n(report->values, runtime::kFaultValues, record.values);
  const int64_t block[3] = {report->block[0], report->block[1], report->block[2]};
  raise_fault(record, source.sites, source.kernel, source.sources, block[0] > 0 ? block : nullptr);
  return false;
}

namespace {

// "`past` (kernels.py, line 7)", the last launch first; each kernel once.
std::string recent_kernels(const Device& gpu) {
  std::vector<int32_t> told;
  std::string text;
  for (const int32_t number : gpu.recent_kernels()) {
    const auto found = fault_sources().find(source_key(gpu.ordinal(), number));
    if (found == fault_sources().end() || std::find(told.begin(), told.end(), number) != told.end())
      continue;
    told.push_back(number);
    const FaultSource& source = found->second;
    text += (text.empty() ? "`" : ", `") + source.kernel + "`";
    if (source.sources.empty()) continue;
    text += " (" + source.sources.front().filename + ", line " +
            std::to_string(source.sources.front().first_line) + ")";
  }
  return text;
}

}  // namespace

std::nullptr_t raise_cuda_failure(const CudaFailure& failure) {
  std::string message = failure.what();
  if (!runtime::cuda::is_fatal(failure.result)) return raise_cuda_error(message);
  for (const Device* device : used_devices()) {
    const std::string kernels = recent_kernels(*device);
    if (!kernels.empty()) {
      message += "\n  launched last on cuda:" + std::to_string(device->ordinal()) + ": " + kernels;
    }
  }
  message +=
      "\n  This process cannot use the GPU any more. Checked kernels don't reach beyond their "
      "arrays: an array of another library may be shorter than it says or be gone, or a kernel has "
      "check=False.\n  help: with CUDAPY_SYNC=1 in the environment the launch itself fails, and "
      "`compute-sanitizer python program.py` shows the line";
  return raise_cuda_error(message);
}

namespace {

[[noreturn]] void fail() {
  throw nb::python_error();
}

// At the end of the process: what was printed and not waited for is printed, and a fault that
// nobody has seen is raised. Waits only for launches that may have printed.
void finish() {
  if (runtime::cuda::is_left_behind_by_fork()) return;
  PyRef first_fault;  // the prints of all devices come out before it is raised
  for (Device* device : std::vector<Device*>(used_devices())) {
    try {
      if (raise_no_fault(*device)) continue;
      PyRef fault = take_raised();
      if (!first_fault) first_fault = std::move(fault);
    } catch (const CudaFailure&) {  // the driver is gone
    }
  }
  if (!first_fault) return;
  raise_again(first_fault);
  fail();
}

void finish_at_exit() {
  static bool is_registered = false;
  if (std::exchange(is_registered, true)) return;
  const nb::module_ core = nb::module_::import_("cudapy._core");
  nb::module_::import_("atexit").attr("register")(core.attr("finish_gpus"));
}

// Opened if this is the first time that it is asked for.
Device* used_gpu(int ordinal) {
  Device* device = nullptr;
  {
    const GilRelease released;  // the first time it takes a fraction of a second
    device = &Device::get(ordinal);
  }
  find_assembler();
  finish_at_exit();
  std::vector<Device*>& used = used_devices();
  if (std::find(used.begin(), used.end(), device) == used.end()) used.push_back(device);
  return device;
}

// `ordinal` -1: the CPU; `hook` None: launches run here.
DeviceChoice choice_of(const nb::str& name, int ordinal, nb::handle hook, bool is_automatic) {
  if (!hook.is_none() && !PyCallable_Check(hook.ptr()))
    throw nb::type_error("a launch hook is a callable or None");
  DeviceChoice choice;
  choice.gpu = ordinal >= 0 ? used_gpu(ordinal) : nullptr;
  choice.name = PyRef::borrow(name.ptr());
  choice.is_automatic = is_automatic;
  if (!hook.is_none()) choice.hook = PyRef::borrow(hook.ptr());
  return choice;
}

std::vector<std::string> gpu_names() {
  std::vector<std::string> names;
  const int count = Device::count();
  names.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) names.push_back(Device::name_of(i));
  return names;
}

// In the child of a fork nothing was launched on a GPU.
void synchronize() {
  refuse_while_recording_on_cpu();
  if (runtime::cuda::is_left_behind_by_fork() && current_gpu() == nullptr) return;
  for (Device* device : std::vector<Device*>(used_devices())) {
    {
      const GilRelease released;
      device->synchronize();
    }
    if (!raise_no_fault(*device)) fail();
  }
  forget_orphans();
}

void translate(const std::exception_ptr& pointer, void*) {
  try {
    std::rethrow_exception(pointer);
  } catch (const CudaFailure& failure) {
    raise_cuda_failure(failure);
  }
}

}  // namespace

void define_gpu_functions(nb::module_& module) {
  nb::register_exception_translator(translate);
  module.def(
      "choose_device",
      [](const nb::str& name, int gpu, nb::handle hook, bool automatic) {
        choose_device(choice_of(name, gpu, hook, automatic));
      },
      nb::arg("name"), nb::arg("gpu") = -1, nb::arg("hook") = nb::none(),
      nb::arg("automatic") = false,
      "Sends launches and new arrays to a GPU, or with -1 to the CPU: for the rest of the "
      "innermost block of enter_device, else for the process. With a hook launches call "
      "hook(kernel, (nx, ny, nz), block or None, arguments) instead of running here. Automatic: "
      "in the child of a fork, which can use no GPU, they go to the CPU.");
  module.def(
      "enter_device",
      [](nb::object owner, const nb::str& name, int gpu, nb::handle hook, bool automatic) {
        enter_device(std::move(owner), choice_of(name, gpu, hook, automatic));
      },
      nb::arg("owner"), nb::arg("name"), nb::arg("gpu") = -1, nb::arg("hook") = nb::none(),
      nb::arg("automatic") = false,
      "As choose_device, for the running context alone, until leave_block(owner).");
  module.def("leave_block", leave_block, nb::arg("owner"),
             "Closes what enter_device opened for that owner.");
  module.def("current_device", current_device_name,
             "The name of the device that launches of the running context go to.");
  module.def("gpu_names", gpu_names, "What the GPUs of this machine are called, in their order.");
  module.def(
      "open_gpu", [](int ordinal) { used_gpu(ordinal); }, nb::arg("ordinal"),
      "Raises a CudaError if that GPU cannot be used.");
  module.def("finish_gpus", finish,
             "Prints what kernels have printed so far, and raises a fault that was not seen.");
  module.def("synchronize", synchronize,
             "Waits until everything that was launched is done, and raises the first fault of it, "
             "if any.");
}

}  // namespace cudapy::binding
