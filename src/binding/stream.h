// cudapy.Stream and cudapy.Event: queues of a device's work and marks in them.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "binding/cpu_graph.h"
#include "binding/py_ref.h"
#include "runtime/cuda/stream.h"

namespace cudapy::binding {

// A mark in a GPU's stream, or a time on the CPU, where a launch is done when it returns.
struct EventObject {
  std::unique_ptr<runtime::cuda::Event> gpu;  // null: the CPU's
  std::optional<std::chrono::steady_clock::time_point> recorded;
  // Or on the CPU a place in a graph: that recording's number, RecordedGraph::recording.
  uint64_t recording = 0;
  RecordedPlace place;
};

// The stream that a cudapy.Stream holds; null if `object` is none, or one of the CPU.
const runtime::cuda::Stream* stream_of(PyObject* object);
bool is_cpu_stream(PyObject* object);

// A cudapy.Stream for what a launch was given: itself, for an object of another library with
// `__cuda_stream__` or for a handle one that stands for theirs. Null with an exception set.
PyRef to_stream(PyObject* given, runtime::cuda::Device& gpu);

// The GPU that launches go to. Raises a ValueError that `what` belongs to one if it is the CPU.
runtime::cuda::Device& needed_gpu(const char* what);

// Adds the classes to the module, when one of them is first asked for: most programs need none.
void define_streams(nanobind::module_& module);

}  // namespace cudapy::binding
