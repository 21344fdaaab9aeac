#include "binding/numbers.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "binding/py_ref.h"
#include "ir/half.h"

namespace cudapy::binding {
namespace {

using ir::Scalar;

template <typename T>
void put(void* out, T value) {
  std::memcpy(out, &value, sizeof value);
}

template <typename T>
T get(const void* element) {
  T value;
  std::memcpy(&value, element, sizeof value);
  return value;
}

struct Range {
  int64_t low;
  uint64_t high;
};

Range range_of(Scalar scalar) {
  switch (scalar) {
    case Scalar::Bool:
      return {0, 1};
    case Scalar::I8:
      return {INT8_MIN, INT8_MAX};
    case Scalar::I16:
      return {INT16_MIN, INT16_MAX};
    case Scalar::I32:
      return {INT32_MIN, INT32_MAX};
    case Scalar::I64:
      return {INT64_MIN, INT64_MAX};
    case Scalar::U8:
      return {0, UINT8_MAX};
    case Scalar::U16:
      return {0, UINT16_MAX};
    case Scalar::U32:
      return {0, UINT32_MAX};
    case Scalar::U64:
      return {0, UINT64_MAX};
    default:
      return {0, 0};
  }
}

void put_integer(Scalar scalar, int64_t value, void* out) {
  switch (ir::size_of(scalar)) {
    case 1:
      return put(out, static_cast<int8_t>(value));
    case 2:
      return put(out, static_cast<int16_t>(value));
    case 4:
      return put(out, static_cast<int32_t>(value));
    default:
      return put(out, value);
  }
}

// An int, or what its __index__ gives. Empty with no exception set if it is no integer.
PyRef as_integer(PyObject* value) {
  if (PyLong_Check(value)) return PyRef::borrow(value);
  if (PyFloat_Check(value) || !PyIndex_Check(value)) return {};
  PyRef integer = PyRef::steal(PyNumber_Index(value));
  if (!integer && PyErr_ExceptionMatches(PyExc_TypeError))
    PyErr_Clear();  // an array that only looks like a number
  return integer;
}

// NumPy's bools have neither PyBool's type nor an __index__.
bool is_foreign_bool(PyObject* value) {
  const std::string name = type_name(value);
  return name == "bool_" || name == "bool";
}

// NumPy's, which turn into real numbers when they are asked to, and lose a part.
bool is_foreign_complex(PyObject* value) {
  const std::string name = type_name(value);
  return name.starts_with("complex") || name == "clongdouble";
}

StoreResult store_integer(PyObject* value, Scalar scalar, void* out) {
  const PyRef integer = as_integer(value);
  if (!integer) {
    if (PyErr_Occurred()) return StoreResult::kRaised;
    if (scalar != Scalar::Bool || !is_foreign_bool(value)) return StoreResult::kWrongType;
    const int truth = PyObject_IsTrue(value);
    if (truth < 0) return StoreResult::kRaised;
    put(out, static_cast<uint8_t>(truth));
    return StoreResult::kStored;
  }
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(integer.get(), &overflow);
  const Range range = range_of(scalar);
  if (overflow == 0) {
    if (small < range.low || (small > 0 && static_cast<uint64_t>(small) > range.high))
      return StoreResult::kOutOfRange;
    put_integer(scalar, small, out);
    return StoreResult::kStored;
  }
  if (overflow < 0 || scalar != Scalar::U64) return StoreResult::kOutOfRange;
  const unsigned long long big = PyLong_AsUnsignedLongLong(integer.get());
  if (PyErr_Occurred()) {
    PyErr_Clear();
    return StoreResult::kOutOfRange;
  }
  put(out, static_cast<uint64_t>(big));
  return StoreResult::kStored;
}

StoreResult store_float(PyObject* value, Scalar scalar, void* out) {
  double number = 0;
  if (PyFloat_Check(value)) {
    number = PyFloat_AsDouble(value);
  } else if (PyLong_Check(value) ||
             (PyNumber_Check(value) && !PyComplex_Check(value) && !is_foreign_complex(value))) {
    const PyRef converted = PyRef::steal(PyNumber_Float(value));
    if (!converted) {
      const bool overflow = PyErr_ExceptionMatches(PyExc_OverflowError);
      if (!overflow && !PyErr_ExceptionMatches(PyExc_TypeError)) return StoreResult::kRaised;
      PyErr_Clear();
      return overflow ? StoreResult::kOutOfRange : StoreResult::kWrongType;
    }
    number = PyFloat_AsDouble(converted.get());
  } else {
    return StoreResult::kWrongType;
  }
  if (scalar == Scalar::F32) {
    put(out, static_cast<float>(number));
  } else if (ir::is_half(scalar)) {
    put(out, ir::half_bits(scalar, number));
  } else {
    put(out, number);
  }
  return StoreResult::kStored;
}

// Whatever is a real number has the imaginary part 0.
StoreResult store_complex(PyObject* value, Scalar scalar, void* out) {
  const Scalar part = ir::part_of(scalar);
  auto* imag = static_cast<char*>(out) + ir::size_of(part);
  PyRef number;
  if (PyComplex_Check(value)) {
    number = PyRef::borrow(value);
  } else if (is_foreign_complex(value)) {
    number = PyRef::steal(PyObject_CallOneArg(reinterpret_cast<PyObject*>(&PyComplex_Type), value));
    if (!number) return StoreResult::kRaised;
  }
  if (number) {
    const double parts[2] = {PyComplex_RealAsDouble(number.get()),
                             PyComplex_ImagAsDouble(number.get())};
    for (int i = 0; i < 2; ++i) {
      char* place = i == 0 ? static_cast<char*>(out) : imag;
      if (part == Scalar::F32) {
        put(place, static_cast<float>(parts[i]));
      } else {
        put(place, parts[i]);
      }
    }
    return StoreResult::kStored;
  }
  std::memset(imag, 0, static_cast<size_t>(ir::size_of(part)));
  return store_float(value, part, out);
}

template <typename T>
PyObject* load_complex(const void* element) {
  return PyComplex_FromDoubles(get<T>(element),
                               get<T>(static_cast<const char*>(element) + sizeof(T)));
}

std::string shortened(std::string text) {
  constexpr size_t kLongest = 60;
  if (text.size() > kLongest) text = text.substr(0, kLongest - 3) + "...";
  return text;
}

std::string problem_of_item(Py_ssize_t index, PyObject* item, const std::string& why) {
  return "item " + std::to_string(index) + " is " + describe_value(item) + why;
}

// An item, kept alive: converting it runs Python, which may take it, or all items, out of the list.
PyRef held_item(PyObject* sequence, Py_ssize_t index, std::string& problem) {
  PyRef item = PyRef::borrow(sequence_item(sequence, index));
  if (!item) {
    PyErr_Clear();
    problem = "it changed its length while it was read";
  }
  return item;
}

enum class NumberKind { kBool, kInteger, kFloat, kComplex, kNone };

NumberKind kind_of(PyObject* value) {
  if (PyBool_Check(value)) return NumberKind::kBool;
  if (PyLong_Check(value)) return NumberKind::kInteger;
  if (PyFloat_Check(value)) return NumberKind::kFloat;
  if (PyComplex_Check(value)) return NumberKind::kComplex;
  if (PyUnicode_Check(value) || PyList_Check(value) || PyTuple_Check(value))
    return NumberKind::kNone;
  if (PyIndex_Check(value)) return NumberKind::kInteger;
  if (is_foreign_bool(value)) return NumberKind::kBool;
  if (is_foreign_complex(value)) return NumberKind::kComplex;
  return PyNumber_Check(value) ? NumberKind::kFloat : NumberKind::kNone;
}

// The integer types that still hold every integer seen.
struct IntegerFit {
  bool i32 = true, i64 = true, u64 = true;

  void see(PyObject* integer) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
    i32 = i32 && overflow == 0 && value >= INT32_MIN && value <= INT32_MAX;
    i64 = i64 && overflow == 0;
    u64 = u64 && overflow >= 0 && (overflow > 0 || value >= 0);
    if (overflow > 0) {
      PyLong_AsUnsignedLongLong(integer);
      if (PyErr_Occurred()) {
        PyErr_Clear();
        u64 = false;
      }
    }
  }

  std::optional<Scalar> scalar() const {
    if (i32) return Scalar::I32;
    if (i64) return Scalar::I64;
    if (u64) return Scalar::U64;
    return std::nullopt;
  }
};

}  // namespace

StoreResult store_number(PyObject* value, Scalar scalar, void* out) {
  if (ir::is_complex(scalar)) return store_complex(value, scalar, out);
  return ir::is_float(scalar) ? store_float(value, scalar, out) : store_integer(value, scalar, out);
}

PyObject* load_number(Scalar scalar, const void* element) {
  switch (scalar) {
    case Scalar::Bool:
      return PyBool_FromLong(get<uint8_t>(element));
    case Scalar::I8:
      return PyLong_FromLong(get<int8_t>(element));
    case Scalar::I16:
      return PyLong_FromLong(get<int16_t>(element));
    case Scalar::I32:
      return PyLong_FromLong(get<int32_t>(element));
    case Scalar::I64:
      return PyLong_FromLongLong(get<int64_t>(element));
    case Scalar::U8:
      return PyLong_FromLong(get<uint8_t>(element));
    case Scalar::U16:
      return PyLong_FromLong(get<uint16_t>(element));
    case Scalar::U32:
      return PyLong_FromUnsignedLong(get<uint32_t>(element));
    case Scalar::U64:
      return PyLong_FromUnsignedLongLong(get<uint64_t>(element));
    case Scalar::F32:
      return PyFloat_FromDouble(get<float>(element));
    case Scalar::F64:
      return PyFloat_FromDouble(get<double>(element));
    case Scalar::C64:
      return load_complex<float>(element);
    case Scalar::C128:
      return load_complex<double>(element);
    case Scalar::F16:
    case Scalar::BF16:
      return PyFloat_FromDouble(ir::half_value(scalar, get<uint16_t>(element)));
  }
  Py_RETURN_NONE;
}

std::string type_name(PyObject* value) {
  const PyRef name =
      PyRef::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(value)), "__name__"));
  const char* text = name ? PyUnicode_AsUTF8AndSize(name.get(), nullptr) : nullptr;
  PyErr_Clear();
  return text != nullptr ? text : "object";
}

std::string with_article(const std::string& noun) {
  const bool takes_an =
      !noun.empty() && std::string_view("aeiouAEIOU").find(noun.front()) != std::string_view::npos;
  return (takes_an ? "an " : "a ") + noun;
}

std::string describe_value(PyObject* value) {
  const PyRef shown = PyRef::steal(PyObject_Repr(value));
  const char* text = shown ? PyUnicode_AsUTF8AndSize(shown.get(), nullptr) : nullptr;
  PyErr_Clear();
  const std::string kind = with_article(type_name(value));
  return text != nullptr ? shortened(text) + ", " + kind : kind;
}

std::string describe_range(Scalar scalar) {
  const std::string name(ir::name_of(scalar));
  if (scalar == Scalar::Bool) return "bool holds False and True";
  if (!ir::is_integer(scalar)) {
    const bool wide = scalar == Scalar::F64 || scalar == Scalar::C128;
    return name + " holds numbers up to " +
           (scalar == Scalar::F16 ? "65504"
            : wide                ? "1.8e308"
                                  : "3.4e38");
  }
  const Range range = range_of(scalar);
  return name + " holds integers from " + std::to_string(range.low) + " to " +
         std::to_string(range.high);
}

std::optional<Scalar> infer_scalar(PyObject* sequence, Scalar default_float, std::string& problem) {
  const Py_ssize_t length = sequence_length(sequence);
  bool any_float = length == 0, any_complex = false, all_bool = length > 0;
  IntegerFit fit;
  for (Py_ssize_t i = 0; i < length; ++i) {
    const PyRef item = held_item(sequence, i, problem);
    if (!item) return std::nullopt;
    const NumberKind kind = kind_of(item.get());
    if (kind == NumberKind::kNone) {
      problem = problem_of_item(i, item.get(), ", not a number");
      return std::nullopt;
    }
    all_bool = all_bool && kind == NumberKind::kBool;
    any_float = any_float || kind == NumberKind::kFloat;
    any_complex = any_complex || kind == NumberKind::kComplex;
    if (kind != NumberKind::kInteger) continue;
    const PyRef integer = as_integer(item.get());
    if (!integer) {
      PyErr_Clear();
      problem = problem_of_item(i, item.get(), ", not a number");
      return std::nullopt;
    }
    fit.see(integer.get());
  }
  if (any_complex) return ir::complex_of(default_float);
  if (any_float) return default_float;
  if (all_bool) return Scalar::Bool;
  const auto scalar = fit.scalar();
  if (!scalar) problem = "it holds integers that no 64-bit type holds together";
  return scalar;
}

bool store_sequence(PyObject* sequence, Scalar scalar, int64_t length, void* out,
                    std::string& problem) {
  const int size = ir::size_of(scalar);
  for (Py_ssize_t i = 0; i < length; ++i) {
    const PyRef item = held_item(sequence, i, problem);
    if (!item) return false;
    switch (store_number(item.get(), scalar, static_cast<char*>(out) + i * size)) {
      case StoreResult::kStored:
        break;
      case StoreResult::kWrongType:
        problem = problem_of_item(i, item.get(),
                                  ", which does not become " + std::string(ir::name_of(scalar)));
        return false;
      case StoreResult::kOutOfRange:
        problem = problem_of_item(i, item.get(), ", and " + describe_range(scalar));
        return false;
      case StoreResult::kRaised:
        return false;
    }
  }
  return true;
}

PyObject* as_sequence(PyObject* object) {
  if (PyList_Check(object) || PyTuple_Check(object)) {
    Py_INCREF(object);
    return object;
  }
  return PySequence_List(object);
}

Py_ssize_t sequence_length(PyObject* list_or_tuple) {
  return PyList_Check(list_or_tuple) ? PyList_Size(list_or_tuple) : PyTuple_Size(list_or_tuple);
}

PyObject* sequence_item(PyObject* list_or_tuple, Py_ssize_t index) {
  return PyList_Check(list_or_tuple) ? PyList_GetItem(list_or_tuple, index)
                                     : PyTuple_GetItem(list_or_tuple, index);
}

PyObject* list_of_elements(Scalar scalar, const void* elements, int64_t length) {
  PyRef list = PyRef::steal(PyList_New(length));
  if (!list) return nullptr;
  const int size = ir::size_of(scalar);
  for (int64_t i = 0; i < length; ++i) {
    PyObject* number = load_number(scalar, static_cast<const char*>(elements) + i * size);
    if (number == nullptr || PyList_SetItem(list.get(), i, number) != 0) return nullptr;
  }
  return list.release();
}

}  // namespace cudapy::binding
