#include "binding/graph.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <string>

#include "binding/docstrings.h"
#include "binding/errors.h"
#include "binding/launch_target.h"
#include "binding/numbers.h"
#include "binding/stream.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::cuda::Device;
using runtime::cuda::Stream;

RecordedGraph* recorded_graph = nullptr;

namespace {

[[noreturn]] void fail() {
  throw nb::python_error();
}

[[noreturn]] void fail_with(const char* message) {
  raise(PyExc_ValueError, message);
  fail();
}

void construct(RecordedGraph* self) {
  new (self) RecordedGraph(current_gpu());
}

std::string name_of(const Device* gpu) {
  return gpu != nullptr ? "cuda:" + std::to_string(gpu->ordinal()) : "cpu";
}

const Device* device_of(const RecordedGraph& graph) {
  return graph.gpu != nullptr ? &graph.gpu->device() : nullptr;
}

size_t nodes(const RecordedGraph& graph) {
  return graph.gpu != nullptr ? graph.gpu->nodes() : graph.steps->nodes();
}

bool is_ready(const RecordedGraph& graph) {
  return graph.gpu != nullptr ? graph.gpu->is_ready() : graph.steps->is_ready();
}

void forget(RecordedGraph& self) {
  self.kernels.clear();
  self.arguments.clear();
  self.holds.clear();
}

nb::object enter(const nb::object& self) {
  static uint64_t recordings = 0;
  auto& recorded = *nb::inst_ptr<RecordedGraph>(self);
  if (recorded_graph != nullptr) fail_with("another graph is being recorded: one at a time");
  const Device* const gpu = device_of(recorded);
  if (gpu != current_gpu()) {
    raise(PyExc_ValueError,
          "the graph is on " + name_of(gpu) + ", and launches go to " + name_of(current_gpu()));
    fail();
  }
  if (gpu != nullptr) {
    recorded.gpu->begin();
    forget(recorded);
  } else {
    recorded.steps->begin(self.ptr());
  }
  recorded_graph = &recorded;
  recorded.recording = ++recordings;
  enter_stream(self, gpu != nullptr ? &recorded.gpu->stream() : nullptr, &recorded);
  return self;
}

void abandon(RecordedGraph& self) {
  if (self.gpu == nullptr) return self.steps->abandon();
  self.gpu->abandon();
  forget(self);
}

void leave(const nb::object& object, const nb::args& error) {
  RecordedGraph& self = *nb::inst_ptr<RecordedGraph>(object);
  if (recorded_graph != &self) return;
  leave_block(object);
  recorded_graph = nullptr;
  self.recording = 0;
  if (error.size() > 0 && !error[0].is_none()) return abandon(self);
  if (self.gpu == nullptr) {
    if (!self.steps->end()) fail();
    return;
  }
  try {
    self.gpu->end();
  } catch (...) {
    forget(self);
    throw;
  }
}

void wait_for(RecordedGraph& self, const nb::object& object, const EventObject& event) {
  if (self.recording == 0) fail_with("the graph is not being recorded");
  if (self.gpu != nullptr) {
    if (event.gpu != nullptr) self.gpu->stream().wait_for(*event.gpu);
  } else if (event.recording == self.recording) {
    self.steps->streams().join(object.ptr(), event.place);
  }
}

void replay_on_gpu(const RecordedGraph& recorded, nb::handle stream) {
  Device& gpu = recorded.gpu->device();
  const PyRef given = stream.is_none() ? PyRef() : to_stream(stream.ptr(), gpu);
  if (!stream.is_none() && !given) fail();
  const Stream* chosen = given ? stream_of(given.get()) : current_stream_of(gpu);
  if (recorded_graph != nullptr)
    fail_with("a graph cannot be replayed while another is recorded: the driver allows none");
  uint64_t stack_bytes = 0;
  for (const auto& code : recorded.kernels) {
    if (code->kernel->prints()) gpu.expect_prints();
    stack_bytes = std::max(stack_bytes, code->kernel->stack_bytes());
  }
  recorded.gpu->launch(chosen, stack_bytes);
}

void replay_on_cpu(const RecordedGraph& recorded, nb::handle stream) {
  if (!stream.is_none() && !is_cpu_stream(stream.ptr())) {
    raise(PyExc_ValueError, "the graph is on the CPU, and stream=" + describe_value(stream.ptr()) +
                                " is no stream of the CPU");
    fail();
  }
  if (launch_target().graph != nullptr)
    fail_with("a graph cannot be replayed while another is recorded");
  if (!recorded.steps->run()) fail();
}

void replay(const nb::object& self, nb::handle stream) {
  const auto& recorded = *nb::inst_ptr<RecordedGraph>(self);
  if (recorded.recording != 0) fail_with("the graph is still being recorded");
  if (!is_ready(recorded)) {
    fail_with(
        "the graph holds no launches: record some with `with graph:`, and replay it behind the "
        "block");
  }
  if (recorded.gpu != nullptr) return replay_on_gpu(recorded, stream);
  replay_on_cpu(recorded, stream);
}

std::string text_of(const RecordedGraph& self) {
  const std::string state = self.recording != 0 ? "being recorded"
                            : is_ready(self)    ? "of " + std::to_string(nodes(self)) + " steps"
                                                : "that is empty";
  return "<cudapy graph " + state + " on " + name_of(device_of(self)) + ">";
}

}  // namespace

bool may_launch(const Stream* stream, const RecordedGraph* graph) {
  if (graph != nullptr && graph->gpu == nullptr) {
    raise(PyExc_ValueError,
          "a graph of the CPU is being recorded, and this launch goes to a GPU: record a graph "
          "that is made while launches go there");
    return false;
  }
  const bool is_recorded = stream != nullptr && stream->is_recording();
  if (is_recorded == (graph != nullptr)) return true;
  raise_stream_apart(is_recorded);
  return false;
}

void raise_stream_apart(bool is_anothers) {
  raise(PyExc_ValueError,
        is_anothers
            ? "this launch goes to a stream that is part of the graph which another thread or "
              "coroutine records: launch it within that `with graph:` block"
            : "a graph is being recorded, and this launch goes to a stream that is no part of it\n"
              "  help: let the stream wait for an event that was recorded within the `with graph:` "
              "block, stream.wait(event); what it does is then recorded, too");
}

void refuse_to_read_recorded() {
  if (recorded_graph->gpu != nullptr || launch_target().graph != recorded_graph) return;
  throw runtime::cuda::CudaFailure(
      "a graph is being recorded, and its launches have not run: read arrays and wait before the "
      "`with graph:` block or behind graph.launch()",
      runtime::cuda::kCaptureUnsupported);
}

void define_graphs(nb::module_& module) {
  nb::class_<RecordedGraph>(module, "Graph", docs::Graph::text)
      .def("__init__", construct)
      .def("__enter__", enter)
      .def("__exit__", leave)
      .def(
          "wait",
          [](const nb::object& self, const EventObject& event) {
            wait_for(*nb::inst_ptr<RecordedGraph>(self), self, event);
          },
          nb::arg("event"), docs::Graph::wait)
      .def("launch", replay, nb::arg("stream") = nb::none(), docs::Graph::launch)
      .def("__len__", nodes, "How many steps it has.")
      .def_prop_ro(
          "device", [](const RecordedGraph& self) { return name_of(device_of(self)); },
          docs::Graph::device)
      .def("__repr__", text_of);
}

}  // namespace cudapy::binding
