// Classifies Python objects by their types and by cudapy's own marks (`__cudapy_type__`,
// `__cudapy_name__`).
#include "binding/captured.h"

#include <climits>
#include <utility>

#include "binding/foreign_array.h"
#include "binding/masked_array.h"
#include "binding/struct_type.h"
#include "frontend/known_names.h"
#include "frontend/type_names.h"

namespace cudapy::binding {
namespace {

using frontend::Resolved;
using Kind = Resolved::Kind;

PyObject* type_object(PyObject* object) {
  return reinterpret_cast<PyObject*>(Py_TYPE(object));
}

bool is_of_numpy(const std::string& module) {
  return module == "numpy" || module.starts_with("numpy.");
}

Captured other(std::string description, std::string help = {}) {
  Captured result;
  result.resolved.kind = Kind::Object;
  result.resolved.description = std::move(description);
  result.resolved.help = std::move(help);
  return result;
}

Captured known(std::optional<Resolved> found, const std::string& name) {
  Captured result;
  if (found) {
    result.resolved = std::move(*found);
    return result;
  }
  result.resolved.kind = Kind::Unsupported;
  result.resolved.message = "`" + name + "` is not supported in kernels";
  result.resolved.help =
      "kernels may call Python functions, the functions of math, and some of NumPy's for numbers";
  return result;
}

// The constant of an int or of something with __index__; nullopt: it does not fit into 64 bits.
std::optional<ir::ConstantValue> integer_constant(PyObject* object) {
  const PyRef number = PyRef::steal(PyNumber_Index(object));
  if (!number) {
    PyErr_Clear();
    return std::nullopt;
  }
  ir::ConstantValue value;
  int overflow = 0;
  value.integer = PyLong_AsLongLongAndOverflow(number.get(), &overflow);
  if (overflow == 0) return value;
  const unsigned long long bits = PyLong_AsUnsignedLongLong(number.get());
  if (bits == ULLONG_MAX && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  value.integer = static_cast<int64_t>(bits);
  value.exceeds_int64 = true;
  return value;
}

Captured constant(const ir::ConstantValue& value, ir::Type type = {}) {
  Captured result;
  result.resolved.kind = Kind::Constant;
  result.resolved.constant = value;
  result.resolved.type = type;
  return result;
}

Captured python_number(PyObject* object) {
  ir::ConstantValue value;
  if (PyBool_Check(object)) {
    value.kind = ir::ConstantValue::Kind::Bool;
    value.integer = object == Py_True ? 1 : 0;
    return constant(value);
  }
  if (PyFloat_Check(object)) {
    value.kind = ir::ConstantValue::Kind::Float;
    value.real = PyFloat_AsDouble(object);
    return constant(value);
  }
  if (PyComplex_Check(object)) {
    value.kind = ir::ConstantValue::Kind::Complex;
    value.real = PyComplex_RealAsDouble(object);
    value.imag = PyComplex_ImagAsDouble(object);
    return constant(value);
  }
  if (auto integer = integer_constant(object)) return constant(*integer);
  return other("an integer that does not fit into 64 bits");
}

// A NumPy scalar keeps its type.
Captured numpy_scalar(PyObject* object, const std::string& dtype) {
  const std::optional<ir::Scalar> scalar = frontend::find_scalar(dtype);
  if (!scalar)
    return other("a NumPy " + dtype, "convert it to a type that kernels have: numpy.float32(x)");
  ir::ConstantValue value;
  if (*scalar == ir::Scalar::Bool) {
    value.kind = ir::ConstantValue::Kind::Bool;
    value.integer = PyObject_IsTrue(object) == 1 ? 1 : 0;
  } else if (ir::is_complex(*scalar)) {
    value.kind = ir::ConstantValue::Kind::Complex;
    const PyRef real = quiet_attribute(object, "real");
    const PyRef imag = quiet_attribute(object, "imag");
    value.real = real ? PyFloat_AsDouble(real.get()) : 0.0;
    value.imag = imag ? PyFloat_AsDouble(imag.get()) : 0.0;
  } else if (ir::is_float(*scalar)) {
    const PyRef number = PyRef::steal(PyNumber_Float(object));
    value.kind = ir::ConstantValue::Kind::Float;
    value.real = number ? PyFloat_AsDouble(number.get()) : 0.0;
  } else if (auto integer = integer_constant(object)) {
    value = *integer;
  }
  PyErr_Clear();
  return constant(value, ir::Type::of(*scalar));
}

constexpr int64_t kMostTableBytes = int64_t{1} << 16;
constexpr Py_ssize_t kMostTupleElements = 4096;

// A copy of the elements: the array may change after the kernel was compiled.
Captured numpy_array(PyObject* object) {
  ForeignArray array;
  ForeignHold hold;
  std::string problem;
  if (view_foreign_array(object, array, hold, problem) != ForeignResult::kViewed)
    return other("a NumPy array", problem);
  const int64_t bytes = array.length * array.item_size();
  if (bytes == 0) return other("a NumPy array without elements", "leave it out");
  if (bytes > kMostTableBytes || array.length > kMostTableBytes) {
    return other("a NumPy array of " + std::to_string(bytes) + " bytes",
                 "an array from outside is a constant of the kernel and has at most " +
                     std::to_string(kMostTableBytes) +
                     " bytes: pass this one as an argument of the launch");
  }
  Captured result;
  const auto rank = static_cast<size_t>(array.layout.rank);
  result.resolved.kind = Kind::Table;
  ir::Type element = ir::Type::of(array.scalar);
  if (array.structure != nullptr)
    element = {ir::Type::Kind::Aggregate, ir::Scalar::Bool, 0, false, array.structure};
  result.resolved.type = ir::Type::array_of(element, static_cast<uint8_t>(rank));
  result.resolved.extents.assign(array.layout.shape.begin(), array.layout.shape.begin() + rank);
  result.resolved.table.resize(static_cast<size_t>(bytes));
  gather_elements(array, result.resolved.table.data());
  return result;
}

Captured tuple(PyObject* object) {
  if (PyTuple_Size(object) > kMostTupleElements) {
    return other("a tuple of " + std::to_string(PyTuple_Size(object)) + " elements",
                 "pass it as an argument of the launch");
  }
  Captured result;
  result.resolved.kind = Kind::Tuple;
  for (Py_ssize_t i = 0; i < PyTuple_Size(object); ++i)
    result.resolved.elements.push_back(captured(PyTuple_GetItem(object, i)).resolved);
  return result;
}

// Of an array of fixed length in a record: its elements, tuples of them for several dimensions;
// empty: it is none.
PyRef tuple_of_items(PyObject* array) {
  if (string_attribute(type_object(array), "__name__") != "ndarray") return {};
  const Py_ssize_t length = PySequence_Size(array);
  PyRef items = PyRef::steal(PyTuple_New(length));
  for (Py_ssize_t i = 0; items && i < length; ++i) {
    PyRef item = PyRef::steal(PySequence_GetItem(array, i));
    if (PyRef inner = item ? tuple_of_items(item.get()) : PyRef()) item = std::move(inner);
    if (!item || PyTuple_SetItem(items.get(), i, item.release()) != 0) return {};
  }
  return items;
}

// An instance of a dataclass or a NamedTuple, or a record of NumPy's: the values of its fields.
std::optional<Captured> instance_of_struct(PyObject* object) {
  std::string problem;
  const PyRef dtype = quiet_attribute(object, "dtype");
  const bool is_record = string_attribute(type_object(object), "__name__") == "void" ||
                         string_attribute(type_object(object), "__name__") == "record";
  const bool of_numpy =
      is_record && dtype && is_of_numpy(string_attribute(type_object(object), "__module__"));
  const auto type = of_numpy ? struct_of_dtype(dtype.get(), problem)
                             : struct_of_class(type_object(object), problem);
  if (!type) return std::nullopt;
  Captured result;
  result.resolved.kind = Kind::Tuple;
  result.resolved.type = *type;
  for (const std::string& name : type->aggregate->names) {
    const PyRef value = of_numpy ? PyRef::steal(PyMapping_GetItemString(object, name.c_str()))
                                 : quiet_attribute(object, name.c_str());
    PyErr_Clear();
    const PyRef items = value && of_numpy ? tuple_of_items(value.get()) : PyRef();
    PyObject* const held = items ? items.get() : value.get();
    result.resolved.elements.push_back(held != nullptr ? captured(held).resolved : Resolved());
  }
  return result;
}

Captured from_type(const ir::Type& type) {
  Captured result;
  result.resolved.kind = type.is_array() || type.is_void() ? Kind::ArrayType : Kind::Cast;
  result.resolved.type = type;
  return result;
}

Captured from_cudapy_name(const std::string& name) {
  Captured result = known(frontend::find_cudapy_name(name), name);
  return result;
}

Captured callee(PyRef function) {
  Captured result;
  result.resolved.kind = Kind::Function;
  result.callee = std::move(function);
  return result;
}

// A function of cmath: the package has them in the kernel language.
Captured complex_function(const std::string& name) {
  if (auto special = frontend::find_complex_name(name)) return known(std::move(special), name);
  if (PyRef function = packaged_function("cmath", name)) return callee(std::move(function));
  return known(std::nullopt, "cmath." + name);
}

// A function of math or NumPy: built in, or one that the package has in the kernel language.
Captured known_or_packaged(std::optional<Resolved> found, const std::string& module,
                           const std::string& name) {
  if (!found || found->kind == Kind::Unsupported) {
    if (PyRef function = packaged_function(module, name)) return callee(std::move(function));
  }
  return known(std::move(found), module + "." + name);
}

// Functions that are not written in Python, and NumPy's: by the module and name that they give
// themselves.
std::optional<Captured> library_function(PyObject* object) {
  const std::string module = string_attribute(object, "__module__");
  const std::string name = string_attribute(object, "__name__");
  const std::string type = string_attribute(type_object(object), "__name__");
  if (name.empty()) return std::nullopt;
  if (type == "ufunc" || is_of_numpy(module))
    return known_or_packaged(frontend::find_numpy_name(name), "numpy", name);
  if (type != "builtin_function_or_method" && type != "type") return std::nullopt;
  if (module == "math") return known_or_packaged(frontend::find_math_name(name), "math", name);
  if (module == "builtins") {
    auto found = frontend::find_builtin(name);
    PyRef function = found ? PyRef() : packaged_function(module, name);
    return function ? callee(std::move(function)) : known(std::move(found), name);
  }
  if (module == "cmath") return complex_function(name);
  if (type == "type") return std::nullopt;
  return known(std::nullopt, module.empty() ? name : module + "." + name);
}

PyObject* function_type() {
  static PyObject* const type = [] {
    const PyRef types = PyRef::steal(PyImport_ImportModule("types"));
    PyRef found = types ? quiet_attribute(types.get(), "FunctionType") : PyRef();
    return found.release();
  }();
  return type;
}

bool is_function(PyObject* object) {
  return type_object(object) == function_type();
}

}  // namespace

PyRef quiet_attribute(PyObject* object, const char* name) {
  PyRef value = PyRef::steal(PyObject_GetAttrString(object, name));
  if (!value) PyErr_Clear();
  return value;
}

std::string utf8(PyObject* string) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(string, &size);
  if (data != nullptr) return {data, static_cast<size_t>(size)};
  PyErr_Clear();
  return {};
}

PyRef packaged_function(const std::string& module, const std::string& name) {
  const char* home = module == "cmath"      ? "cudapy._impl.complex_functions"
                     : module == "math"     ? "cudapy._impl.library_of_math"
                     : module == "builtins" ? "cudapy._impl.library_of_python"
                                            : "cudapy._impl.library_of_numpy";
  const PyRef library = PyRef::steal(PyImport_ImportModule(home));
  PyRef found = library ? quiet_attribute(library.get(), name.c_str()) : PyRef();
  PyErr_Clear();
  return found && is_function(found.get()) && name[0] != '_' ? std::move(found) : PyRef();
}

std::string string_attribute(PyObject* object, const char* name) {
  const PyRef value = quiet_attribute(object, name);
  return value && PyUnicode_Check(value.get()) ? utf8(value.get()) : std::string();
}

PyRef function_of(PyObject* object) {
  if (is_function(object)) return PyRef::borrow(object);
  PyRef wrapped = quiet_attribute(object, "__wrapped__");
  return wrapped && is_function(wrapped.get()) ? std::move(wrapped) : PyRef();
}

std::optional<ir::Type> type_of(PyObject* object) {
  if (object == Py_None) return ir::Type::void_();
  if (PyUnicode_Check(object)) return frontend::find_type(utf8(object));
  const std::string mark = string_attribute(object, "__cudapy_type__");
  if (!mark.empty()) return frontend::find_type(mark);
  const bool is_class = PyType_Check(object) != 0;
  const std::string module =
      string_attribute(is_class ? object : type_object(object), "__module__");
  std::optional<ir::Scalar> scalar;
  if (is_class && (module == "builtins" || is_of_numpy(module))) {
    const std::string name = string_attribute(object, "__name__");
    if (is_of_numpy(module) || name == "int" || name == "float" || name == "bool")
      scalar = frontend::find_scalar(name);
  } else if (!is_class && is_of_numpy(module) && quiet_attribute(object, "itemsize") &&
             quiet_attribute(object, "kind")) {
    scalar = frontend::find_scalar(string_attribute(object, "name"));  // numpy.dtype("float32")
  }
  if (!scalar) return std::nullopt;
  return ir::Type::of(*scalar);
}

std::optional<ir::Type> type_of(PyObject* object, std::string& problem) {
  if (auto type = type_of(object)) return type;
  if (PyUnicode_Check(object) != 0 || object == Py_None) return std::nullopt;
  if (string_attribute(object, "__cudapy_type__").empty()) return struct_of_type(object, problem);
  const PyRef element = quiet_attribute(object, "element");  // cp.Array[Particle]
  const PyRef ndim = quiet_attribute(object, "ndim");
  const auto structure = element ? struct_of_type(element.get(), problem) : std::nullopt;
  if (!structure || !ndim) return std::nullopt;
  return ir::Type::array_of(*structure, static_cast<uint8_t>(PyLong_AsLong(ndim.get())));
}

std::string describe(PyObject* object) {
  if (object == Py_None) return "None";
  const std::string name = string_attribute(type_object(object), "__name__");
  const std::string module = string_attribute(type_object(object), "__module__");
  if (name == "str") return "a string";
  if (name == "ndarray") return "a NumPy array";
  if (name == "CudaArray") return "a CudaArray";
  if (name == "complex") return "a complex number";
  if (name == "dict") return "a dictionary";
  if (module == "builtins" &&
      (name == "list" || name == "tuple" || name == "set" || name == "bytes" || name == "range")) {
    return "a " + name;
  }
  if (PyType_Check(object) != 0) return "the class `" + string_attribute(object, "__name__") + "`";
  if (name == "method") return "a bound method";
  return "an object of type `" + name + "`";
}

bool has_frozen_attributes(PyObject* object) {
  if (PyModule_Check(object) != 0 || PyType_Check(object) != 0) return true;
  // A NamedTuple's fields do not change.
  if (PyTuple_Check(object) != 0 && PyObject_HasAttrString(object, "_fields") != 0) return true;
  return PyObject_HasAttrString(object, "__len__") == 0 &&
         PyObject_HasAttrString(object, "__array_interface__") == 0 &&
         PyObject_HasAttrString(object, "__dlpack__") == 0;
}

Captured captured(PyObject* object) {
  if (PyModule_Check(object) != 0) {
    Captured result;
    result.resolved.kind = Kind::Module;
    result.resolved.description = string_attribute(object, "__name__");
    return result;
  }
  const std::string type_module = string_attribute(type_object(object), "__module__");
  if (is_of_numpy(type_module) && PyType_Check(object) == 0) {
    const PyRef dtype = quiet_attribute(object, "dtype");
    const PyRef dimensions = dtype ? quiet_attribute(object, "shape") : PyRef();
    const bool is_array = string_attribute(type_object(object), "__name__") == "ndarray";
    if (dimensions && !is_array) {
      if (auto record = instance_of_struct(object)) return std::move(*record);
    }
    if (dimensions && !is_array && PyTuple_Check(dimensions.get()) &&
        PyTuple_Size(dimensions.get()) == 0) {
      return numpy_scalar(object, string_attribute(dtype.get(), "name"));
    }
    if (is_array && PyTuple_Size(dimensions.get()) > 0) return numpy_array(object);
  }
  if (PyBool_Check(object) || PyLong_Check(object) || PyFloat_Check(object) ||
      PyComplex_Check(object))
    return python_number(object);
  if (type_object(object) == reinterpret_cast<PyObject*>(&PyTuple_Type)) return tuple(object);
  const std::string name = string_attribute(object, "__cudapy_name__");
  if (!name.empty()) return from_cudapy_name(name);
  if (object != Py_None && PyUnicode_Check(object) == 0) {
    if (auto type = type_of(object)) return from_type(*type);
  }
  std::string problem;
  if (auto type = struct_of_class(object, problem)) {
    Captured result = from_type(*type);
    read_struct_parameters(object, result.resolved);
    return result;
  }
  if (auto function = library_function(object)) return std::move(*function);
  if (PyRef function = function_of(object)) return callee(std::move(function));
  if (PyType_Check(object) == 0) {
    if (auto instance = instance_of_struct(object)) return std::move(*instance);
  }
  if (is_masked_array(object))
    return other("a masked array, whose mask no kernel sees",
                 "pass as arguments what it holds: A.data and A.mask, or A.filled(value)");
  const std::string described = describe(object);
  if (!problem.empty()) return other(described, problem);
  if (PyObject_HasAttrString(object, "__len__") != 0 && PyUnicode_Check(object) == 0 &&
      PyType_Check(object) == 0) {
    if (has_frozen_attributes(object))
      return other(described,
                   "read its fields one by one, or pass it as an argument of the launch");
    return other(described, "pass it as an argument of the launch");
  }
  if (described == "a bound method") {
    return other(
        described,
        "write it as a plain function outside of the class, with what it reads from `self` "
        "as parameters");
  }
  if (PyType_Check(object) != 0)
    return other(described, "kernels make no objects: use a variable for each number in it");
  const PyRef value = quiet_attribute(object, "value");
  const PyRef members = quiet_attribute(type_object(object), "__members__");
  if (value && members && captured(value.get()).resolved.kind == Kind::Constant)
    return other(described, "write `.value` behind it, or make the class an enum.IntEnum");
  return other(described);
}

}  // namespace cudapy::binding
