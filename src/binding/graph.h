// cudapy.Graph: launches that are recorded once and replayed by one call.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <memory>
#include <vector>

#include "binding/foreign_array.h"
#include "binding/gpu.h"
#include "binding/py_ref.h"
#include "runtime/cuda/graph.h"

namespace cudapy::binding {

// A graph and what its launches use, which lives as long as they can be replayed.
struct RecordedGraph {
  explicit RecordedGraph(runtime::cuda::Device& gpu) : graph(gpu) {}

  runtime::cuda::Graph graph;
  std::vector<std::shared_ptr<const GpuCode>> kernels;
  std::vector<PyRef> arguments;
  std::vector<ForeignHold> holds;
};

// The graph of the `with graph:` that is open somewhere in the process; null: there is none. Read
// and changed with the GIL held.
extern RecordedGraph* recorded_graph;

// While a graph is recorded: whether a launch may be done, which becomes part of `graph`, that of
// the block around it, or of none if it is null. False with an exception set. `stream` null: the
// default one.
bool may_launch(const runtime::cuda::Stream* stream, const RecordedGraph* graph);

void define_graphs(nanobind::module_& module);

}  // namespace cudapy::binding
