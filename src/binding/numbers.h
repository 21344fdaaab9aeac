// Python numbers to and from typed memory. The GIL is held.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string>

#include "ir/type.h"

namespace cudapy::binding {

enum class StoreResult {
  kStored,
  kWrongType,   // not a number, or a float where an integer is wanted; no exception is set
  kOutOfRange,  // no exception is set
  kRaised,      // the object's own conversion raised something else
};

// Stores a number as `scalar`. Integers and bools become any type that can hold their value, floats
// become floats (rounded), bools take bools and the integers 0 and 1. Whatever has __index__ or
// __float__ is such a number: NumPy's scalars.
StoreResult store_number(PyObject* value, ir::Scalar scalar, void* out);

// The Python bool, int or float of an element; a new reference.
PyObject* load_number(ir::Scalar scalar, const void* element);

std::string type_name(PyObject* value);             // "ndarray"
std::string with_article(const std::string& noun);  // "an ndarray"

// What an object is, for messages: "3.5, a float", "'a', a str".
std::string describe_value(PyObject* value);

// "int32 holds integers from -2147483648 to 2147483647".
std::string describe_range(ir::Scalar scalar);

// The element type that a sequence of numbers means. Bools are Bool; integers int32, or int64, or
// uint64, whichever is the first that holds all of them; floats among them make it `default_float`,
// and so does an empty sequence. nullopt: something is no number; `problem` says which item.
std::optional<ir::Scalar> infer_scalar(PyObject* sequence, ir::Scalar default_float,
                                       std::string& problem);

// Stores all items of a list or tuple into `out`. False if one cannot be: either `problem` says
// which, or an exception is set.
bool store_sequence(PyObject* sequence, ir::Scalar scalar, int64_t length, void* out,
                    std::string& problem);

// A list or tuple as it is; other sequences (ranges) and iterables made into a list. New reference.
PyObject* as_sequence(PyObject* object);

Py_ssize_t sequence_length(PyObject* list_or_tuple);
PyObject* sequence_item(PyObject* list_or_tuple, Py_ssize_t index);  // borrowed

// A new list of `length` numbers.
PyObject* list_of_elements(ir::Scalar scalar, const void* elements, int64_t length);

}  // namespace cudapy::binding
