#include "binding/graph.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <string>

#include "binding/docstrings.h"
#include "binding/errors.h"
#include "binding/launch_target.h"
#include "binding/stream.h"

namespace nb = nanobind;

namespace cudapy::binding {

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
  new (self) RecordedGraph(needed_gpu("a graph"));
}

void forget(RecordedGraph& self) {
  self.kernels.clear();
  self.arguments.clear();
  self.holds.clear();
}

nb::object enter(const nb::object& self) {
  auto& recorded = *nb::inst_ptr<RecordedGraph>(self);
  if (recorded_graph != nullptr) fail_with("another graph is being recorded: one at a time");
  if (&needed_gpu("a graph") != &recorded.graph.device())
    fail_with("the graph is on another GPU than launches go to");
  recorded.graph.begin();
  forget(recorded);
  recorded_graph = &recorded;
  enter_stream(self, &recorded.graph.stream(), &recorded);
  return self;
}

void leave(const nb::object& object, const nb::args& error) {
  RecordedGraph& self = *nb::inst_ptr<RecordedGraph>(object);
  if (recorded_graph != &self) return;
  leave_block(object);
  recorded_graph = nullptr;
  if (error.size() > 0 && !error[0].is_none()) {
    self.graph.abandon();
    forget(self);
    return;
  }
  try {
    self.graph.end();
  } catch (...) {
    forget(self);
    throw;
  }
}

void replay(const nb::object& self, nb::handle stream) {
  auto& recorded = *nb::inst_ptr<RecordedGraph>(self);
  if (recorded.graph.is_recording()) fail_with("the graph is still being recorded");
  if (!recorded.graph.is_ready()) {
    fail_with(
        "the graph holds no launches: record some with `with graph:`, and replay it behind the "
        "block");
  }
  const PyRef given = stream.is_none() ? PyRef() : to_stream(stream.ptr(), recorded.graph.device());
  if (!stream.is_none() && !given) fail();
  const Stream* chosen =
      given ? stream_of(given.get()) : current_stream_of(recorded.graph.device());
  if (recorded_graph != nullptr)
    fail_with("a graph cannot be replayed while another is recorded: the driver allows none");
  const bool prints = std::ranges::any_of(recorded.kernels,
                                          [](const auto& code) { return code->kernel->prints(); });
  if (prints) recorded.graph.device().expect_prints();
  recorded.graph.launch(chosen);
}

std::string text_of(const RecordedGraph& self) {
  const std::string state = self.graph.is_recording() ? "being recorded"
                            : self.graph.is_ready()
                                ? "of " + std::to_string(self.graph.nodes()) + " steps"
                                : "that is empty";
  return "<cudapy graph " + state + " on cuda:" + std::to_string(self.graph.device().ordinal()) +
         ">";
}

}  // namespace

bool may_launch(const Stream* stream, const RecordedGraph* graph) {
  const bool is_recorded = stream != nullptr && stream->is_recording();
  if (is_recorded == (graph != nullptr)) return true;
  if (is_recorded) {
    raise(PyExc_ValueError,
          "this launch goes to a stream that is part of the graph which another thread or "
          "coroutine records: launch it within that `with graph:` block");
    return false;
  }
  raise(PyExc_ValueError,
        "a graph is being recorded, and this launch goes to a stream that is no part of it\n"
        "  help: let the stream wait for an event that was recorded within the `with graph:` "
        "block, stream.wait(event); what it does is then recorded, too");
  return false;
}

void define_graphs(nb::module_& module) {
  nb::class_<RecordedGraph>(module, "Graph", docs::Graph::text)
      .def("__init__", construct)
      .def("__enter__", enter)
      .def("__exit__", leave)
      .def(
          "wait",
          [](RecordedGraph& self, const EventObject& event) {
            if (!self.graph.is_recording()) fail_with("the graph is not being recorded");
            if (event.gpu != nullptr) self.graph.stream().wait_for(*event.gpu);
          },
          nb::arg("event"), docs::Graph::wait)
      .def("launch", replay, nb::arg("stream") = nb::none(), docs::Graph::launch)
      .def(
          "__len__", [](const RecordedGraph& self) { return self.graph.nodes(); },
          "How many steps it has.")
      .def_prop_ro(
          "device",
          [](const RecordedGraph& self) {
            return "cuda:" + std::to_string(self.graph.device().ordinal());
          },
          docs::Graph::device)
      .def("__repr__", text_of);
}

}  // namespace cudapy::binding
