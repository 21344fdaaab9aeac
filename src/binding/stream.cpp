#include "binding/stream.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "binding/errors.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/launch_target.h"
#include "binding/numbers.h"
#include "runtime/cuda/notifier.h"
#include "support/address.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::cuda::Device;
using runtime::cuda::Event;
using runtime::cuda::Notifier;
using runtime::cuda::Stream;
using runtime::cuda::StreamHandle;

namespace {

PyTypeObject* stream_type = nullptr;

[[noreturn]] void fail() {
  throw nb::python_error();
}

std::string name_of(const Device& gpu) {
  return "cuda:" + std::to_string(gpu.ordinal());
}

// Waits without the GIL, and raises what the launches before ran into.
template <typename Wait>
void wait(Device& gpu, Wait&& wait_for) {
  {
    const GilRelease released;
    wait_for();
  }
  if (!raise_no_fault(gpu)) fail();
}

void construct_stream(Stream* self, nb::handle handle) {
  Device& gpu = needed_gpu("a stream");
  if (handle.is_none()) {
    new (self) Stream(gpu);
    return;
  }
  new (self) Stream(gpu, static_cast<StreamHandle>(pointer_to(nb::cast<uint64_t>(handle))));
}

nb::object enter(const nb::object& self) {
  const Stream& stream = *nb::inst_ptr<Stream>(self);
  const Device& gpu = needed_gpu("a stream");
  if (&gpu != &stream.device()) {
    raise(PyExc_ValueError,
          "the stream is on " + name_of(stream.device()) + ", and launches go to " + name_of(gpu));
    fail();
  }
  enter_stream(self, stream);
  return self;
}

std::string stream_text(const Stream& stream) {
  return "<cudapy stream " + std::to_string(reinterpret_cast<uintptr_t>(stream.handle())) + " on " +
         name_of(stream.device()) + ">";
}

void record(Event& event, nb::handle stream) {
  if (stream.is_none()) return event.record(current_stream_of(event.device()));
  const PyRef given = to_stream(stream.ptr(), event.device());
  if (!given) fail();
  event.record(stream_of(given.get()));
}

float elapsed(const Event& begin, const Event& end) {
  float milliseconds = 0;
  wait(begin.device(), [&] { milliseconds = begin.milliseconds_to(end); });
  return milliseconds;
}

// The handle of `(version, handle)`, which CUDA's own Python packages give as `__cuda_stream__`.
std::optional<uint64_t> foreign_handle(PyObject* given) {
  if (PyLong_Check(given)) {
    const uint64_t handle = PyLong_AsUnsignedLongLong(given);
    if (!PyErr_Occurred()) return handle;
    return std::nullopt;
  }
  const PyRef pair = PyRef::steal(PyObject_CallMethod(given, "__cuda_stream__", nullptr));
  if (!pair || !PyTuple_Check(pair.get()) || PyTuple_Size(pair.get()) != 2) return std::nullopt;
  const uint64_t handle = PyLong_AsUnsignedLongLong(PyTuple_GetItem(pair.get(), 1));
  if (PyErr_Occurred()) return std::nullopt;
  return handle;
}

// An awaitable that is done when `self` is; what is done already needs no notifier.
template <typename Awaited>
nb::object await(const nb::object& self) {
  const auto& awaited = *nb::inst_ptr<Awaited>(self);
  awaited.device().refuse_while_recording();
  nb::object notifier = nb::none();
  if (!awaited.is_done()) notifier = nb::cast(std::make_unique<Notifier>(awaited));
  return nb::module_::import_("cudapy._impl.awaiting")
      .attr("done")(self, notifier)
      .attr("__await__")();
}

}  // namespace

Device& needed_gpu(const char* what) {
  Device* const gpu = current_gpu();
  if (gpu == nullptr) {
    raise(PyExc_ValueError, std::string(what) +
                                " belongs to a GPU, and launches go to the CPU: choose one with "
                                "cp.set_device(\"cuda\")");
    fail();
  }
  return *gpu;
}

const Stream* stream_of(PyObject* object) {
  return Py_TYPE(object) == stream_type ? nb::inst_ptr<Stream>(nb::handle(object)) : nullptr;
}

PyRef to_stream(PyObject* given, Device& gpu) {
  if (const Stream* ours = stream_of(given)) {
    if (&ours->device() == &gpu) return PyRef::borrow(given);
    raise(PyExc_ValueError, "stream=: it is on " + name_of(ours->device()) +
                                ", and the launch is on " + name_of(gpu));
    return {};
  }
  const auto handle = foreign_handle(given);
  if (!handle) {
    PyErr_Clear();
    raise(PyExc_TypeError, "stream=" + describe_value(given) +
                               ": it is a cudapy.Stream, an object with __cuda_stream__, or the "
                               "handle of a stream as an int");
    return {};
  }
  const PyRef core = PyRef::steal(PyImport_ImportModule("cudapy._core"));
  const PyRef type = core ? PyRef::steal(PyObject_GetAttrString(core.get(), "Stream")) : PyRef();
  if (!type) return {};
  return PyRef::steal(
      PyObject_CallFunction(type.get(), "K", static_cast<unsigned long long>(*handle)));
}

void define_streams(nb::module_& module) {
  nb::class_<Stream> stream(
      module, "Stream",
      "A queue of a GPU's work: what is in it is done in order, beside what is in others.\n\n"
      "Copies, and launches without a stream, go to the default stream, which takes turns with all "
      "of these.\n\n"
      "Args:\n    handle: of a stream that another library made; it stays theirs.");
  stream_type = reinterpret_cast<PyTypeObject*>(stream.ptr());
  stream.def("__init__", construct_stream, nb::arg("handle") = nb::none())
      .def(
          "synchronize",
          [](const Stream& self) { wait(self.device(), [&] { self.synchronize(); }); },
          "Waits for what is in it, and raises the first fault of the launches so far, if any.")
      .def("is_done", &Stream::is_done, "Whether all that is in it is done.")
      .def("wait", &Stream::wait_for, nb::arg("event"),
           "Lets what is launched here from now on start after an event.")
      .def_prop_ro(
          "handle", [](const Stream& self) { return reinterpret_cast<uintptr_t>(self.handle()); },
          "The CUstream, for other libraries.")
      .def_prop_ro(
          "device", [](const Stream& self) { return name_of(self.device()); },
          "The GPU that it belongs to: \"cuda:0\".")
      .def("__cuda_stream__",
           [](const Stream& self) {
             return nb::make_tuple(0, reinterpret_cast<uintptr_t>(self.handle()));
           })
      .def("__await__", await<Stream>)
      .def("__enter__", enter)
      .def("__exit__", [](nb::handle self, const nb::args&) { leave_block(self); })
      .def("__repr__", stream_text);
  nb::class_<Event>(module, "Event",
                    "A mark in a stream: it is done when all that was launched before it is.")
      .def("__init__", [](Event* self) { new (self) Event(needed_gpu("an event")); })
      .def("record", record, nb::arg("stream") = nb::none(),
           "Sets the mark behind all that is in the stream so far: that of the `with` block around "
           "it, if none is given.")
      .def(
          "synchronize",
          [](const Event& self) { wait(self.device(), [&] { self.synchronize(); }); },
          "Waits for it, and raises the first fault of the launches so far, if any.")
      .def("is_done", &Event::is_done, "Whether all before it is done.")
      .def("__await__", await<Event>)
      .def("elapsed", elapsed, nb::arg("end"),
           "Waits for both, and gives the milliseconds from this event to `end`.");
  nb::class_<Notifier>(module, "Notifier", "Tells an event loop when a GPU has come somewhere.")
      .def_prop_ro("descriptor", &Notifier::descriptor, "Of a file that becomes readable then.");
}

}  // namespace cudapy::binding
