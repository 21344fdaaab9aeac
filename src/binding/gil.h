// Letting other Python threads run while this one computes.
#pragma once

#include <Python.h>

extern "C" {

// PyEval_RestoreThread, but for a thread that the interpreter wants to end because it is shutting
// down: that one sleeps for ever. Before Python 3.14 it would unwind with pthread_exit instead,
// through C++ frames whose unwinder is another copy of libgcc than the one that pthread_exit loads,
// and abort the process.
void cudapy_restore_thread(PyThreadState* thread);
}

namespace cudapy::binding {

// The GIL is free while this lives.
class GilRelease {
 public:
  GilRelease() : thread_(PyEval_SaveThread()) {}
  ~GilRelease() { cudapy_restore_thread(thread_); }
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;

  // Runs Python's signal handlers; true if one raised. The exception stays set.
  bool signals_raised() {
    cudapy_restore_thread(thread_);
    const bool raised = PyErr_CheckSignals() != 0;
    thread_ = PyEval_SaveThread();
    return raised;
  }

 private:
  PyThreadState* thread_;
};

}  // namespace cudapy::binding
