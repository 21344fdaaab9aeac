// The extension module cudapy._core.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <string>

#include "binding/array.h"
#include "binding/docstrings.h"
#include "binding/elem_type.h"
#include "binding/errors.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/gpu_assembler.h"
#include "binding/graph.h"
#include "binding/kernel.h"
#include "binding/launcher.h"
#include "binding/stream.h"
#include "runtime/compile_driver.h"
#include "runtime/cpu/cpu_count.h"
#include "runtime/cpu/host.h"
#include "runtime/cpu/pool.h"
#include "support/deep_stack.h"

namespace nb = nanobind;

namespace cudapy::binding {
namespace {

void set_num_threads(int count) {
  if (count < 1 || count > runtime::kMaxThreads) {
    raise(PyExc_ValueError, "set_num_threads(" + std::to_string(count) + "): it goes from 1 to " +
                                std::to_string(runtime::kMaxThreads));
    throw nb::python_error();
  }
  runtime::set_pool_thread_count(count);
}

nb::dict cache_info() {
  runtime::CacheInfo info;
  {
    const GilRelease released;  // it walks the folder
    info = runtime::kernel_cache().info();
  }
  nb::dict dict;
  dict["directory"] = info.directory;
  dict["enabled"] = info.enabled;
  dict["problem"] = info.problem;
  dict["entries"] = info.entries;
  dict["bytes"] = info.bytes;
  dict["hits"] = info.hits;
  dict["misses"] = info.misses;
  dict["writes"] = info.writes;
  dict["errors"] = info.errors;
  return dict;
}

// Called for names that the module does not have yet.
nb::object late_attribute(const nb::str& name) {
  nb::module_ module = nb::module_::import_("cudapy._core");
  const std::string text = name.c_str();
  if (text != "Stream" && text != "Event" && text != "Graph") {
    raise(PyExc_AttributeError, "module 'cudapy._core' has no attribute '" + text + "'");
    throw nb::python_error();
  }
  define_streams(module);  // all of these names are there from now on
  define_graphs(module);
  return module.attr(text.c_str());
}

}  // namespace
}  // namespace cudapy::binding

NB_MODULE(_core, module) {
  using namespace cudapy;
  nb::set_leak_warnings(false);  // the core never prints
  module.doc() =
      "The compiled core of cudapy. Its names are re-exported by the package; what is only here "
      "may change.";
  binding::define_cuda_array(module);
  if (!binding::define_kernel(module.ptr()) || !binding::define_launcher(module.ptr()))
    throw nb::python_error();
  binding::define_gpu_functions(module);
  binding::define_assembler_functions(module);
  module.def("set_num_threads", binding::set_num_threads, nb::arg("count"),
             binding::docs::set_num_threads);
  module.def("get_num_threads", runtime::pool_thread_count, binding::docs::get_num_threads);
  module.def("cache_info", binding::cache_info, binding::docs::cache_info);
  module.def(
      "cache_clear", [] { runtime::kernel_cache().clear(); }, nb::call_guard<binding::GilRelease>(),
      binding::docs::cache_clear);
  module.def(
      "cpu_level", [] { return std::string(runtime::isa_name(runtime::host_cpu().level)); },
      "The vector instruction level that kernels are compiled for on this machine.");
  module.attr("__version__") = CUDAPY_VERSION;
  // Compiles that were interrupted use what the end of the process destroys.
  Py_AtExit(wait_for_abandoned_work);
  // Last: adding a name asks first whether it is there.
  module.def("__getattr__", binding::late_attribute);
}
