// NumPy's arrays read where they lie: asking for their buffers takes longer than a small kernel.
#pragma once

#include <Python.h>

#include "ir/type.h"

namespace cudapy::binding {

// The fields of numpy.ndarray, as NumPy's C API has had them since 1.7.
struct NumpyArray {
  PyObject head;
  void* data;
  int rank;
  const Py_ssize_t* shape;
  const Py_ssize_t* strides;  // in bytes
  PyObject* base;
  PyObject* dtype;
  int flags;

  [[nodiscard]] bool is_row_major() const { return (flags & kRowMajor) != 0; }
  [[nodiscard]] bool is_column_major() const { return (flags & kColumnMajor) != 0; }
  // Arrays that NumPy warns of when they are written to count as those that it does not let be.
  [[nodiscard]] bool is_writable() const { return (flags & (kWritable | kWarns)) == kWritable; }

 private:
  static constexpr int kRowMajor = 0x1;
  static constexpr int kColumnMajor = 0x2;
  static constexpr int kWritable = 0x400;
  static constexpr int kWarns = static_cast<int>(1U << 31U);
};

// `object`, if its class is numpy.ndarray itself, and its dtype NumPy's own for `scalar` in the
// machine's byte order. Null: its buffer has to be asked.
const NumpyArray* numpy_array_of(PyObject* object, ir::Scalar scalar);

}  // namespace cudapy::binding
