// cudapy.Stream and cudapy.Event: queues of a GPU's work and marks in them.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include "binding/py_ref.h"
#include "runtime/cuda/stream.h"

namespace cudapy::binding {

// The stream that a cudapy.Stream holds; null if `object` is none.
const runtime::cuda::Stream* stream_of(PyObject* object);

// A cudapy.Stream for what a launch was given: itself, for an object of another library with
// `__cuda_stream__` or for a handle one that stands for theirs. Null with an exception set.
PyRef to_stream(PyObject* given, runtime::cuda::Device& gpu);

// The GPU that launches go to. Raises a ValueError that `what` belongs to one if it is the CPU.
runtime::cuda::Device& needed_gpu(const char* what);

// Adds the classes to the module, when one of them is first asked for: most programs need none.
void define_streams(nanobind::module_& module);

}  // namespace cudapy::binding
