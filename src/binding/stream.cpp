#include "binding/stream.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "binding/docstrings.h"
#include "binding/errors.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"
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

// A stream of a GPU, or of the CPU, where a launch is done when it returns and nothing is queued.
struct StreamObject {
  std::unique_ptr<Stream> gpu;  // null: the CPU's
};

[[noreturn]] void fail() {
  throw nb::python_error();
}

[[noreturn]] void fail_with(PyObject* exception, const std::string& message) {
  raise(exception, message);
  fail();
}

std::string name_of(const Device* gpu) {
  return gpu != nullptr ? "cuda:" + std::to_string(gpu->ordinal()) : "cpu";
}

std::string name_of(const StreamObject& stream) {
  return name_of(stream.gpu != nullptr ? &stream.gpu->device() : nullptr);
}

std::string name_of(const EventObject& event) {
  return name_of(event.gpu != nullptr ? &event.gpu->device() : nullptr);
}

// Waits without the GIL, and raises what the launches before ran into.
template <typename Awaited>
void synchronize(const Awaited& awaited) {
  if (awaited.gpu == nullptr) return refuse_while_recording_on_cpu();
  {
    const GilRelease released;
    awaited.gpu->synchronize();
  }
  if (!raise_no_fault(awaited.gpu->device())) fail();
}

template <typename Awaited>
bool is_done(const Awaited& awaited) {
  return awaited.gpu == nullptr || awaited.gpu->is_done();
}

// The handle of `(version, handle)`, which CUDA's own Python packages give as `__cuda_stream__`.
std::optional<uint64_t> foreign_handle(PyObject* given) {
  PyRef number;
  if (PyLong_Check(given)) {
    number = PyRef::borrow(given);
  } else {
    const PyRef pair = PyRef::steal(PyObject_CallMethod(given, "__cuda_stream__", nullptr));
    if (pair && PyTuple_Check(pair.get()) && PyTuple_Size(pair.get()) == 2)
      number = PyRef::borrow(PyTuple_GetItem(pair.get(), 1));
  }
  const uint64_t handle = number ? PyLong_AsUnsignedLongLong(number.get()) : 0;
  const bool is_handle = number && PyErr_Occurred() == nullptr;
  PyErr_Clear();
  return is_handle ? std::optional(handle) : std::nullopt;
}

// `what` names the argument.
StreamObject stream_by_handle(PyObject* given, Device& gpu, const std::string& what) {
  const auto handle = foreign_handle(given);
  if (!handle) {
    fail_with(PyExc_TypeError, what + "=" + describe_value(given) +
                                   ": it is a cudapy.Stream, an object with __cuda_stream__, or "
                                   "the handle of a stream as an int");
  }
  return {std::make_unique<Stream>(gpu, static_cast<StreamHandle>(pointer_to(*handle)))};
}

void construct_stream(StreamObject* self, nb::handle handle) {
  Device* const gpu = current_gpu();
  if (!handle.is_none()) {
    new (self) StreamObject(stream_by_handle(handle.ptr(), needed_gpu("a handle"), "handle"));
  } else if (gpu != nullptr) {
    new (self) StreamObject{std::make_unique<Stream>(*gpu)};
  } else {
    new (self) StreamObject();
  }
}

nb::object enter(const nb::object& self) {
  const StreamObject& stream = *nb::inst_ptr<StreamObject>(self);
  const std::string here = name_of(current_gpu());
  if (name_of(stream) != here) {
    fail_with(PyExc_ValueError,
              "the stream is on " + name_of(stream) + ", and launches go to " + here);
  }
  enter_stream(self, stream.gpu.get());
  return self;
}

uintptr_t handle_of(const StreamObject& stream) {
  if (stream.gpu != nullptr) return reinterpret_cast<uintptr_t>(stream.gpu->handle());
  fail_with(PyExc_ValueError, "a stream of the CPU has no handle");
}

std::string stream_text(const StreamObject& stream) {
  if (stream.gpu == nullptr) return "<cudapy stream on cpu>";
  return "<cudapy stream " + std::to_string(handle_of(stream)) + " on " + name_of(stream) + ">";
}

// Null: the event is on the CPU, and there is nothing to wait for.
const Event* event_in(const nb::handle& given, const char* call) {
  if (nb::isinstance<EventObject>(given)) return nb::inst_ptr<EventObject>(given)->gpu.get();
  fail_with(PyExc_TypeError,
            std::string(call) + " takes a cudapy.Event, not " + describe_value(given.ptr()));
}

// The recording that is under way on the CPU, of any thread; null: there is none.
RecordedGraph* recorded_on_cpu() {
  return recorded_graph != nullptr && recorded_graph->gpu == nullptr ? recorded_graph : nullptr;
}

void wait_for(nb::handle self, nb::handle given) {
  const StreamObject& stream = *nb::inst_ptr<StreamObject>(self);
  const Event* const event = event_in(given, "Stream.wait");
  if (event == nullptr) {
    const EventObject& on_cpu = *nb::inst_ptr<EventObject>(given);
    RecordedGraph* const graph = recorded_on_cpu();
    if (graph != nullptr && stream.gpu == nullptr && on_cpu.recording == graph->recording)
      graph->steps->streams().join(self.ptr(), on_cpu.place);
    return;
  }
  if (stream.gpu != nullptr) return stream.gpu->wait_for(*event);
  synchronize(*nb::inst_ptr<EventObject>(given));  // launches on the CPU begin at once
}

void construct_event(EventObject* self) {
  Device* const gpu = current_gpu();
  new (self) EventObject();
  if (gpu != nullptr) self->gpu = std::make_unique<Event>(*gpu);
}

void record(EventObject& event, nb::handle stream) {
  if (event.gpu == nullptr) {
    if (!stream.is_none() && !is_cpu_stream(stream.ptr())) {
      fail_with(PyExc_ValueError, "the event is on the CPU, and stream=" +
                                      describe_value(stream.ptr()) + " is no stream of the CPU");
    }
    event.recording = 0;
    if (RecordedGraph* const graph = recorded_on_cpu(); graph != nullptr) {
      PyObject* const queue = stream.is_none() ? innermost_cpu_stream() : stream.ptr();
      const RecordedStreams& streams = graph->steps->streams();
      if (const auto number = queue != nullptr ? streams.find(queue) : std::nullopt) {
        event.recorded.reset();
        event.recording = graph->recording;
        event.place = streams.place_of(*number);
        return;
      }
    }
    event.recorded = std::chrono::steady_clock::now();
    return;
  }
  Device& gpu = event.gpu->device();
  if (stream.is_none()) return event.gpu->record(current_stream_of(gpu));
  const PyRef given = to_stream(stream.ptr(), gpu);
  if (!given) fail();
  event.gpu->record(stream_of(given.get()));
}

double elapsed(const EventObject& begin, nb::handle given) {
  const Event* const on_gpu = event_in(given, "Event.elapsed");
  const EventObject& end = *nb::inst_ptr<EventObject>(given);
  if (name_of(begin) != name_of(end)) {
    fail_with(PyExc_ValueError, "the events are on " + name_of(begin) + " and on " + name_of(end) +
                                    ", whose clocks are not the same");
  }
  if (on_gpu != nullptr) {
    float milliseconds = 0;
    {
      const GilRelease released;
      milliseconds = begin.gpu->milliseconds_to(*on_gpu);
    }
    if (!raise_no_fault(begin.gpu->device())) fail();
    return milliseconds;
  }
  if (!begin.recorded || !end.recorded) {
    raise_cuda_error("an event was never recorded: there is no time between it and another");
    fail();
  }
  return std::chrono::duration<double, std::milli>(*end.recorded - *begin.recorded).count();
}

// An awaitable that is done when `self` is; what is done already needs no notifier.
template <typename Awaited>
nb::object await(const nb::object& self) {
  const auto& awaited = *nb::inst_ptr<Awaited>(self);
  nb::object notifier = nb::none();
  if (awaited.gpu == nullptr) refuse_while_recording_on_cpu();
  if (awaited.gpu != nullptr) {
    awaited.gpu->device().refuse_while_recording();
    if (!awaited.gpu->is_done()) notifier = nb::cast(std::make_unique<Notifier>(*awaited.gpu));
  }
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
  return Py_TYPE(object) == stream_type ? nb::inst_ptr<StreamObject>(nb::handle(object))->gpu.get()
                                        : nullptr;
}

bool is_cpu_stream(PyObject* object) {
  return Py_TYPE(object) == stream_type && stream_of(object) == nullptr;
}

PyRef to_stream(PyObject* given, Device& gpu) {
  if (Py_TYPE(given) == stream_type) {
    const StreamObject& stream = *nb::inst_ptr<StreamObject>(nb::handle(given));
    if (stream.gpu != nullptr && &stream.gpu->device() == &gpu) return PyRef::borrow(given);
    raise(PyExc_ValueError,
          "stream=: it is on " + name_of(stream) + ", and the launch is on " + name_of(&gpu));
    return {};
  }
  try {
    StreamObject stream = stream_by_handle(given, gpu, "stream");
    // Asked for by its name, as it may be the first that is made.
    const nb::object type = nb::module_::import_("cudapy._core").attr("Stream");
    nb::object made = nb::inst_alloc(type);
    new (nb::inst_ptr<StreamObject>(made)) StreamObject(std::move(stream));
    nb::inst_mark_ready(made);
    return PyRef::steal(made.release().ptr());
  } catch (nb::python_error& error) {
    error.restore();
    return {};
  }
}

void define_streams(nb::module_& module) {
  nb::class_<StreamObject> stream(module, "Stream", docs::Stream::text);
  stream_type = reinterpret_cast<PyTypeObject*>(stream.ptr());
  stream.def("__init__", construct_stream, nb::arg("handle") = nb::none())
      .def("synchronize", synchronize<StreamObject>, docs::Stream::synchronize)
      .def("is_done", is_done<StreamObject>, docs::Stream::is_done)
      .def("wait", wait_for, nb::arg("event").none(), docs::Stream::wait)
      .def_prop_ro("handle", handle_of, docs::Stream::handle)
      .def_prop_ro(
          "device", [](const StreamObject& self) { return name_of(self); }, docs::Stream::device)
      .def("__cuda_stream__",
           [](const StreamObject& self) { return nb::make_tuple(0, handle_of(self)); })
      .def("__await__", await<StreamObject>)
      .def("__enter__", enter)
      .def("__exit__", [](nb::handle self, const nb::args&) { leave_block(self); })
      .def("__repr__", stream_text);
  nb::class_<EventObject>(module, "Event", docs::Event::text)
      .def("__init__", construct_event)
      .def("record", record, nb::arg("stream") = nb::none(), docs::Event::record)
      .def("synchronize", synchronize<EventObject>, docs::Event::synchronize)
      .def("is_done", is_done<EventObject>, docs::Event::is_done)
      .def_prop_ro(
          "device", [](const EventObject& self) { return name_of(self); }, docs::Event::device)
      .def("__await__", await<EventObject>)
      .def("elapsed", elapsed, nb::arg("end").none(), docs::Event::elapsed);
  nb::class_<Notifier>(module, "Notifier", "Tells an event loop when a GPU has come somewhere.")
      .def_prop_ro("descriptor", &Notifier::descriptor, "Of a file that becomes readable then.");
}

}  // namespace cudapy::binding
