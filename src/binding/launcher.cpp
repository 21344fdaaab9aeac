// The launch path: `kernel(n)(X, Y)` in a few hundred nanoseconds. A kernel keeps one launcher that
// nobody uses, and the kernel's bindings are tried in the order of their last use, so an ordinary
// call allocates nothing.

#include "binding/launcher.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "binding/arguments.h"
#include "binding/captured.h"
#include "binding/cpu_graph.h"
#include "binding/cpu_launch.h"
#include "binding/docstrings.h"
#include "binding/dumps.h"
#include "binding/errors.h"
#include "binding/faults.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"
#include "binding/interrupt_check.h"
#include "binding/launch_size.h"
#include "binding/launch_target.h"
#include "binding/parameter_defaults.h"
#include "binding/prints.h"
#include "binding/py_compat.h"
#include "binding/raised.h"
#include "binding/stream.h"

namespace cudapy::binding {
namespace {

constexpr size_t kFastBindings = 4;  // tried on the fast path

PyTypeObject* launcher_type = nullptr;

// A C++ exception becomes a Python one at the border.
template <typename Body>
PyObject* guarded(Body&& body) {
  try {
    return body();
  } catch (nanobind::python_error& error) {
    error.restore();
    return nullptr;
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (const runtime::cuda::CudaFailure& failure) {
    return raise_cuda_failure(failure);
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

// The bindings of a device; null: of the CPU.
std::vector<std::unique_ptr<Binding>>& bindings_of(KernelBody& body,
                                                   const runtime::cuda::Device* gpu) {
  return gpu != nullptr ? body.gpu_bindings : body.bindings;
}

int ordinal_of(const runtime::cuda::Device* gpu) {
  return gpu != nullptr ? gpu->ordinal() : runtime::kHostDevice;
}

// Where a launch goes: `stream=` stands above the blocks around it.
LaunchTarget target_of(const LauncherObject* self) {
  LaunchTarget target = launch_target();
  if (self->stream == nullptr) return target;
  const runtime::cuda::Stream* stream = stream_of(self->stream);
  if (stream != nullptr)  // else it is one of the CPU
    target.stream = &stream->device() == target.gpu ? stream : nullptr;
  return target;
}

// False with an exception set.
bool run(const LauncherObject* self, const Binding& binding, unsigned char* arguments,
         const LaunchTarget& target) {
  const KernelBody& body = *self->kernel->body;
  if (binding.gpu == nullptr) return launch_on_cpu(body, *binding.code, arguments, self->request);
  return launch_on_gpu(body, binding, arguments, self->request, target);
}

void move_to_front(std::vector<std::unique_ptr<Binding>>& bindings, size_t index) {
  const auto first = bindings.begin();
  std::rotate(first, first + static_cast<ptrdiff_t>(index),
              first + static_cast<ptrdiff_t>(index) + 1);
}

// Whether code was made for blocks of another shape.
bool other_block(const runtime::KernelTypes& types, const runtime::LaunchRequest& request) {
  if (types.block[0] == 0) return false;
  int64_t block[3];
  runtime::visible_block(request, block);
  return !std::equal(block, block + 3, types.block);
}

// Code for blocks of any shape, of a kernel that had launches with many.
bool is_for_any_block(const KernelBody& body, const Binding& binding) {
  return binding.types.block[0] == 0 && body.code->has_blocks();
}

bool is_same_call(const Binding& binding, const std::vector<ArgumentClass>& classes,
                  bool wide_index, const runtime::cuda::Device* gpu) {
  return binding.device == ordinal_of(gpu) && binding.types.wide_index == wide_index &&
         binding.classes == classes;
}

// Code for the launch's own shape of blocks goes before code for any.
Binding* find_binding(KernelBody& body, const std::vector<ArgumentClass>& classes, bool wide_index,
                      const runtime::LaunchRequest& request, const runtime::cuda::Device* gpu) {
  auto& bindings = bindings_of(body, gpu);
  size_t found = bindings.size();
  for (size_t i = 0; i < bindings.size(); ++i) {
    if (!is_same_call(*bindings[i], classes, wide_index, gpu) ||
        other_block(bindings[i]->types, request))
      continue;
    found = i;
    if (!is_for_any_block(body, *bindings[i])) break;
  }
  if (found == bindings.size()) return nullptr;
  move_to_front(bindings, found);
  return bindings.front().get();
}

// So many shapes have code of their own; a program that tries all of them, or computes them, gets
// one more code, for the rest of them.
constexpr std::ptrdiff_t kMostBlockShapes = 8;

bool gets_code_of_its_own(KernelBody& body, const std::vector<ArgumentClass>& classes,
                          bool wide_index, const runtime::cuda::Device* gpu) {
  const auto& bindings = bindings_of(body, gpu);
  return std::count_if(bindings.begin(), bindings.end(), [&](const auto& binding) {
           return is_same_call(*binding, classes, wide_index, gpu);
         }) < kMostBlockShapes;
}

// False with an exception set: a filter has made one of the warnings.
bool warn_of_slow_code(const KernelBody& body, const Binding& binding) {
  Diagnostics diagnostics;
  std::optional<Diagnostics> notes;
  {
    GilRelease released;
    notes = body.code->notes(binding.types, diagnostics, interrupt_check(released));
  }
  if (PyErr_Occurred() != nullptr) return false;
  if (!notes) return true;  // it compiled, so there are none
  const PyRef warnings = performance_warnings(*notes, body.sources);
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.errors"));
  if (!warnings || !module) return false;
  return static_cast<bool>(
      PyRef::steal(PyObject_CallMethod(module.get(), "warn", "O", warnings.get())));
}

// Whether the launch alone has indices beyond an int32. Where whole blocks run, so may threads
// behind those that were asked for.
bool has_wide_threads(const KernelBody& body, const runtime::LaunchRequest& request) {
  constexpr int64_t kMostBehind = 1023;
  const bool whole_blocks = body.code != nullptr && body.code->has_blocks();
  return request.threads[0] > INT32_MAX - (whole_blocks ? kMostBehind : 0);
}

// Finds or makes code for a call's arguments; compiles without the GIL. Null with an exception set.
Binding* bind(KernelBody& body, const CallArguments& call, const runtime::LaunchRequest& request,
              runtime::cuda::Device* gpu) {
  std::vector<ArgumentClass> classes = call.classes();
  runtime::KernelTypes types = call.types(has_wide_threads(body, request));
  if (Binding* known = find_binding(body, classes, types.wide_index, request, gpu)) return known;
  if (body.code->has_blocks() && gets_code_of_its_own(body, classes, types.wide_index, gpu)) {
    int64_t block[3];
    runtime::visible_block(request, block);
    std::copy_n(block, 3, types.block);
  }
  Diagnostics diagnostics;
  std::string error;
  auto binding = std::make_unique<Binding>();
  binding->device = ordinal_of(gpu);
  {
    GilRelease released;
    const runtime::InterruptCheck check = interrupt_check(released);
    if (gpu != nullptr)
      binding->gpu = make_gpu_code(body, types, *gpu, diagnostics, error, check);
    else
      binding->code = body.code->get(types, diagnostics, error, check);
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  if (!diagnostics.ok()) return raise_compile_error(diagnostics, body.sources);
  if (binding->code == nullptr && binding->gpu == nullptr)
    return raise_compile_error("`" + body.name + "`: " + error);
  if (Binding* known = find_binding(body, classes, types.wide_index, request, gpu))
    return known;  // another thread was faster
  binding->classes = std::move(classes);
  binding->types = std::move(types);
  lay_out(*binding, body.parameters,
          gpu != nullptr ? binding->gpu->image.written : binding->code->written);
  if (gpu != nullptr) remember_faults(body, *binding->gpu);
  auto& bindings = bindings_of(body, gpu);
  bindings.insert(bindings.begin(), std::move(binding));
  Binding* made = bindings.front().get();
  if ((body.dumps_beside_source || !body.dump_folder.empty()) && !write_dumps(body, *made))
    return nullptr;
  if (body.warns && !warn_of_slow_code(body, *made)) return nullptr;
  return made;
}

// Whether code, for whatever arguments, was made for blocks of the launch's shape alone.
bool has_shape(const std::vector<std::unique_ptr<Binding>>& bindings,
               const runtime::LaunchRequest& request) {
  return std::any_of(bindings.begin(), bindings.end(), [&](const auto& binding) {
    return binding->types.block[0] != 0 && !other_block(binding->types, request);
  });
}

enum class FastOutcome : uint8_t { kDeclined, kLaunched, kFailed };

// The bindings used last, for arguments that need no copy: one a parameter, in their order.
inline FastOutcome launch_fast(LauncherObject* self, PyObject* const* arguments,
                               const LaunchTarget& target) {
  if (recorded_graph != nullptr) return FastOutcome::kDeclined;
  KernelBody& body = *self->kernel->body;
  const bool wide_threads = has_wide_threads(body, self->request);
  auto& bindings = bindings_of(body, target.gpu);
  const int device = ordinal_of(target.gpu);
  FastArguments fast;
  for (size_t i = 0; i < std::min(bindings.size(), kFastBindings); ++i) {
    const Binding& binding = *bindings[i];
    if (binding.device != device || other_block(binding.types, self->request) ||
        !fast.fill(binding, arguments, wide_threads, device))
      continue;
    // There may be code for this shape, further back.
    if (is_for_any_block(body, binding) && has_shape(bindings, self->request)) break;
    if (i > 0) move_to_front(bindings, i);
    return run(self, binding, fast.buffer(), target) ? FastOutcome::kLaunched
                                                     : FastOutcome::kFailed;
  }
  return FastOutcome::kDeclined;
}

// The launch becomes a step of a graph. Null with an exception set.
PyObject* record_on_cpu(LauncherObject* self, const Binding& binding, CallArguments& call,
                        CpuSteps& steps) {
  CpuStep step;
  step.kernel = PyRef::borrow(reinterpret_cast<PyObject*>(self->kernel));
  step.body = self->kernel->body;
  step.code = binding.code;
  step.arguments = call.bytes();
  step.request = self->request;
  if (!plan_on_cpu(*step.body, *step.code, step.arguments.data(), step.request, step.plan))
    return nullptr;
  if (step.plan.blocks != 0) steps.all.push_back(std::move(step));
  call.keep_in(steps.arguments, steps.holds);
  Py_RETURN_NONE;
}

PyObject* launch_with_any_arguments(LauncherObject* self, PyObject* const* arguments, size_t count,
                                    PyObject* keyword_names, const LaunchTarget& target) {
  if (!prepare_kernel(self->kernel)) return nullptr;
  KernelBody& body = *self->kernel->body;
  std::vector<PyObject*> ordered;
  if (keyword_names != nullptr || count != body.plain_count) {
    if (!order_arguments(self->kernel, arguments, count, keyword_names, ordered)) return nullptr;
    arguments = ordered.data();
    count = ordered.size();
    const FastOutcome outcome = launch_fast(self, arguments, target);
    if (outcome == FastOutcome::kFailed) return nullptr;
    if (outcome == FastOutcome::kLaunched) Py_RETURN_NONE;
  }
  runtime::cuda::Device* gpu = target.gpu;
  if (gpu != nullptr) runtime::cuda::driver();  // a process that cannot launch compiles nothing
  CallArguments call(body, arguments, count, target);
  if (!call.classify()) return nullptr;
  const Binding* binding = bind(body, call, self->request, gpu);
  if (binding == nullptr || !call.fill(*binding)) return nullptr;
  if (recorded_graph != nullptr && gpu != nullptr) {
    if (!may_launch(target.stream, target.graph)) return nullptr;
    if (target.graph != nullptr) {
      target.graph->kernels.push_back(binding->gpu);
      call.keep_in(target.graph->arguments, target.graph->holds);
    }
  }
  if (recorded_graph != nullptr && gpu == nullptr) {
    bool is_recorded = false;
    if (!join_recording(self->stream, target.graph, is_recorded)) return nullptr;
    if (is_recorded) return record_on_cpu(self, *binding, call, target.graph->steps->building());
  }
  bool is_done = run(self, *binding, call.buffer(), target);
  if (gpu != nullptr && call.has_copies()) {
    // Somebody else's may not be waited for by what is done with the copies.
    if (target.stream != nullptr && !target.stream->is_ours()) target.stream->synchronize();
  }
  if (gpu != nullptr && call.has_results()) {
    call.fetch_results();  // after a fault, too: as on the CPU the arrays keep what was written
    is_done = is_done && raise_no_fault(*gpu);
  }
  if (!is_done || !call.copy_back()) return nullptr;
  Py_RETURN_NONE;
}

PyRef keywords_of(PyObject* const* values, PyObject* names) {
  PyRef keywords = PyRef::steal(PyDict_New());
  for (Py_ssize_t i = 0; keywords && i < PyTuple_Size(names); ++i) {
    if (PyDict_SetItem(keywords.get(), PyTuple_GetItem(names, i), values[i]) != 0) return {};
  }
  return keywords;
}

// Whether the kernel compiles for a call's arguments, as launches elsewhere find out. False with an
// exception set.
bool check_call(LauncherObject* self, PyObject* const* arguments, size_t count,
                PyObject* keyword_names) {
  if (!prepare_kernel(self->kernel)) return false;
  KernelBody& body = *self->kernel->body;
  std::vector<PyObject*> ordered;
  if (keyword_names != nullptr || count != body.plain_count) {
    if (!order_arguments(self->kernel, arguments, count, keyword_names, ordered)) return false;
    arguments = ordered.data();
    count = ordered.size();
  }
  CallArguments call(body, arguments, count, LaunchTarget{});
  if (!call.classify()) return false;
  const runtime::KernelTypes types = call.types(has_wide_threads(body, self->request));
  if (std::ranges::find(body.checked, types) != body.checked.end()) return true;
  Diagnostics diagnostics;
  {
    GilRelease released;
    body.code->check(types, diagnostics, interrupt_check(released));
  }
  if (PyErr_Occurred() != nullptr) return false;
  if (!diagnostics.ok()) {
    raise_compile_error(diagnostics, body.sources);
    return false;
  }
  body.checked.push_back(types);
  return true;
}

// Whether a CompileError is set for what Python alone can run, and people debug with: a breakpoint,
// functions of any library, prints of anything. It is cleared then.
bool is_for_python_alone() {
  static constexpr std::string_view kCodes[] = {"unsupported-function", "captured-object",
                                                "unsupported-syntax", "string-value",
                                                "print-argument"};
  const PyRef raised = take_raised();
  const PyRef errors = quiet_attribute(raised.get(), "errors");
  bool found = false;
  for (Py_ssize_t i = 0; errors && PyList_Check(errors.get()) && i < PyList_Size(errors.get());
       ++i) {
    PyObject* const code = PyDict_GetItemString(PyList_GetItem(errors.get(), i), "code");
    found = found || (code != nullptr && std::ranges::find(kCodes, utf8(code)) != std::end(kCodes));
  }
  if (!found) raise_again(raised);
  return found;
}

PyObject* launch_through_hook(LauncherObject* self, const LaunchTarget& target,
                              PyObject* const* arguments, size_t count, PyObject* keyword_names) {
  if (!check_call(self, arguments, count, keyword_names) && !is_for_python_alone()) return nullptr;
  const int64_t* threads = self->request.threads;
  int64_t block[3];
  runtime::visible_block(self->request, block);
  const PyRef sizes = PyRef::steal(Py_BuildValue("(LLL)", threads[0], threads[1], threads[2]));
  const PyRef shape = PyRef::steal(Py_BuildValue("(LLL)", block[0], block[1], block[2]));
  const PyRef packed = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(count)));
  if (!sizes || !shape || !packed) return nullptr;
  for (size_t i = 0; i < count; ++i) {
    Py_INCREF(arguments[i]);
    PyTuple_SetItem(packed.get(), static_cast<Py_ssize_t>(i), arguments[i]);
  }
  PyRef keywords;
  if (keyword_names != nullptr) {
    keywords = keywords_of(arguments + count, keyword_names);
    if (!keywords) return nullptr;
  }
  // `hook(kernel, sizes, shape, packed, keywords)`, without the last where there are none.
  const PyRef given = PyRef::steal(PyTuple_Pack(keywords ? 5 : 4, self->kernel, sizes.get(),
                                                shape.get(), packed.get(), keywords.get()));
  if (!given) return nullptr;
  const PyRef hook = PyRef::borrow(target.hook);
  bool is_recorded = false;
  if (recorded_graph != nullptr && !join_recording(self->stream, target.graph, is_recorded))
    return nullptr;
  if (!is_recorded) return PyObject_Call(hook.get(), given.get(), nullptr);
  return record_call(hook, given, target.graph->steps->building()) ? Py_NewRef(Py_None) : nullptr;
}

PyObject* call_launcher(PyObject* object, PyObject* const* arguments, size_t count_and_flags,
                        PyObject* keyword_names) {
  return guarded([&]() -> PyObject* {
    auto* self = reinterpret_cast<LauncherObject*>(object);
    const auto count = static_cast<size_t>(PyVectorcall_NARGS(count_and_flags));
    if (keyword_names != nullptr && PyTuple_Size(keyword_names) == 0) keyword_names = nullptr;
    const LaunchTarget target = target_of(self);
    if (target.hook != nullptr)
      return launch_through_hook(self, target, arguments, count, keyword_names);
    if (keyword_names == nullptr && count == self->kernel->body->plain_count) {
      const FastOutcome outcome = launch_fast(self, arguments, target);
      if (outcome == FastOutcome::kFailed) return nullptr;
      if (outcome == FastOutcome::kLaunched) Py_RETURN_NONE;
    }
    return launch_with_any_arguments(self, arguments, count, keyword_names, target);
  });
}

// The kernel's spare launcher brought back to life, or a new one. Its request is not set.
LauncherObject* new_launcher(KernelObject* kernel) {
  LauncherObject* self = nullptr;
  if (kernel->spare_launcher != nullptr) {
    PyObject* spare = std::exchange(kernel->spare_launcher, nullptr);
    self = reinterpret_cast<LauncherObject*>(PyObject_Init(spare, launcher_type));
  } else {
    self = PyObject_GC_New(LauncherObject, launcher_type);
    if (self == nullptr) return nullptr;
  }
  self->vectorcall = call_launcher;
  Py_INCREF(reinterpret_cast<PyObject*>(kernel));
  self->kernel = kernel;
  self->stream = nullptr;
  return self;
}

void free_launcher(PyObject* object) {
  PyObject_GC_UnTrack(object);
  auto* self = reinterpret_cast<LauncherObject*>(object);
  PyTypeObject* type = Py_TYPE(object);
  KernelObject* kernel = self->kernel;
  Py_CLEAR(self->stream);
  if (kernel != nullptr && kernel->spare_launcher == nullptr) {
    kernel->spare_launcher = object;
  } else {
    PyObject_GC_Del(object);
  }
  Py_XDECREF(reinterpret_cast<PyObject*>(
      kernel));  // last: this may free the kernel, and with it the spare
  Py_DECREF(type);
}

int traverse_launcher(PyObject* object, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(reinterpret_cast<LauncherObject*>(object)->kernel);
  Py_VISIT(reinterpret_cast<LauncherObject*>(object)->stream);
  return 0;
}

PyObject* repr_of_launcher(PyObject* object) {
  const auto* self = reinterpret_cast<LauncherObject*>(object);
  const int64_t* threads = self->request.threads;
  return PyUnicode_FromFormat("<cudapy launcher of %s over %lld x %lld x %lld threads>",
                              self->kernel->body->name.c_str(), static_cast<long long>(threads[0]),
                              static_cast<long long>(threads[1]),
                              static_cast<long long>(threads[2]));
}

PyObject* kernel_of_launcher(PyObject* object, void*) {
  auto* kernel = reinterpret_cast<PyObject*>(reinterpret_cast<LauncherObject*>(object)->kernel);
  Py_INCREF(kernel);
  return kernel;
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", CUDAPY_T_PYSSIZET, offsetof(LauncherObject, vectorcall),
     CUDAPY_READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyGetSetDef getters[] = {
    {"kernel", kernel_of_launcher, nullptr, docs::Launcher::kernel, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(free_launcher)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse_launcher)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_repr, reinterpret_cast<void*>(repr_of_launcher)},
    {Py_tp_members, members},
    {Py_tp_getset, getters},
    {Py_tp_doc, const_cast<char*>(docs::Launcher::text)},
    {0, nullptr},
};

PyType_Spec spec = {"cudapy.Launcher", sizeof(LauncherObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                        Py_TPFLAGS_DISALLOW_INSTANTIATION,
                    slots};

}  // namespace

PyObject* call_kernel(PyObject* kernel, PyObject* const* arguments, size_t count_and_flags,
                      PyObject* keyword_names) {
  return guarded([&]() -> PyObject* {
    auto* owner = reinterpret_cast<KernelObject*>(kernel);
    const Py_ssize_t count = PyVectorcall_NARGS(count_and_flags);
    runtime::LaunchRequest request;
    PyRef stream;
    int overflow = 1;
    if (count == 1 && keyword_names == nullptr && PyLong_CheckExact(arguments[0])) {
      request.threads[0] = PyLong_AsLongLongAndOverflow(arguments[0], &overflow);
    }
    const bool is_plain = overflow == 0 && request.threads[0] >= 0 &&
                          request.threads[0] <= runtime::kMaxLaunchThreads;
    if (!is_plain) {
      request = {};
      if (!parse_launch_size(owner->body->name, arguments, count, keyword_names, request, stream))
        return nullptr;
    }
    LauncherObject* launcher = new_launcher(owner);
    if (launcher == nullptr) return nullptr;
    launcher->request = request;
    launcher->stream = stream.release();
    auto* result = reinterpret_cast<PyObject*>(launcher);
    PyObject_GC_Track(result);
    return result;
  });
}

void drop_spare_launcher(KernelObject* kernel) {
  if (PyObject* spare = std::exchange(kernel->spare_launcher, nullptr)) PyObject_GC_Del(spare);
}

bool define_launcher(PyObject* module) {
  launcher_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr));
  return launcher_type != nullptr &&
         PyModule_AddObjectRef(module, "Launcher", reinterpret_cast<PyObject*>(launcher_type)) == 0;
}

}  // namespace cudapy::binding
