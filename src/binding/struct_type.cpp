// Reads `dtype.names`, `dtype.fields` and `dtype.itemsize`; NumPy itself is not needed. Of classes
// the package's own `fields_of_class` reads the annotations.
#include "binding/struct_type.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "binding/elem_type.h"
#include "binding/py_ref.h"

namespace cudapy::binding {
namespace {

PyRef attribute(PyObject* object, const char* name) {
  PyRef value = PyRef::steal(PyObject_GetAttrString(object, name));
  if (!value) PyErr_Clear();
  return value;
}

std::string text_of(PyObject* object) {
  const PyRef text = PyRef::steal(PyObject_Str(object));
  const char* chars = text ? PyUnicode_AsUTF8AndSize(text.get(), nullptr) : nullptr;
  if (chars == nullptr) PyErr_Clear();
  return chars != nullptr ? chars : "?";
}

// A number's type; its `str` is "<f4": byte order, kind, size.
std::optional<ir::Type> scalar_of_dtype(PyObject* dtype) {
  const PyRef is_native = attribute(dtype, "isnative");
  const PyRef name = attribute(dtype, "name");
  if (!is_native || PyObject_IsTrue(is_native.get()) != 1 || !name) return std::nullopt;
  const auto scalar = scalar_from_object(name.get());
  if (!scalar) PyErr_Clear();
  return scalar ? std::optional(ir::Type::of(*scalar)) : std::nullopt;
}

// The largest power of two that a leaf is sure to be aligned to, wherever in an array it is.
int32_t alignment_of(const ir::Type& leaf, int32_t offset, int32_t size) {
  return std::gcd(std::gcd(ir::size_of(leaf.scalar), offset), size);
}

// An element that begins at a multiple of this has all its leaves where they are aligned best.
int32_t alignment_of(const ir::Aggregate& structure) {
  std::vector<ir::Type> leaves;
  std::vector<int32_t> offsets;
  for (size_t i = 0; i < structure.elements.size(); ++i) {
    ir::append_leaves(structure.elements[i], leaves);
    ir::append_offsets(structure.elements[i], structure.offsets[i], offsets);
  }
  int32_t alignment = 1;
  for (size_t i = 0; i < leaves.size(); ++i)
    alignment = std::max(alignment, alignment_of(leaves[i], offsets[i], structure.size));
  return alignment;
}

// What dtypes were found to be: an array has the same one at each launch. Its fields can be
// renamed, which gives it another tuple of names.
struct KnownDtype {
  PyRef dtype;
  PyRef names;
  ir::Type type;
};

struct KnownDtypes {
  static constexpr size_t kMost = 64;
  std::mutex mutex;
  std::vector<KnownDtype> entries;
  size_t next = 0;  // to be replaced when there are too many
};

// Never destroyed: at the process's end Python may be gone.
KnownDtypes& known_dtypes() {
  static auto* const known = new KnownDtypes;
  return *known;
}

std::optional<ir::Type> known_type(PyObject* dtype, PyObject* names) {
  KnownDtypes& known = known_dtypes();
  const std::lock_guard lock(known.mutex);
  for (const KnownDtype& entry : known.entries) {
    if (entry.dtype.get() == dtype && entry.names.get() == names) return entry.type;
  }
  return std::nullopt;
}

void remember(PyObject* dtype, PyObject* names, const ir::Type& type) {
  KnownDtypes& known = known_dtypes();
  KnownDtype entry{PyRef::borrow(dtype), PyRef::borrow(names), type};
  {
    const std::lock_guard lock(known.mutex);
    if (known.entries.size() < KnownDtypes::kMost) {
      known.entries.push_back(std::move(entry));
      return;
    }
    std::swap(known.entries[known.next++ % KnownDtypes::kMost], entry);
  }  // what was replaced goes when nobody waits for the lock
}

constexpr int64_t kMostInField = 64;
// An index known at run time chooses between all of them, those of fields within fields too.
constexpr int64_t kMostNumbersInField = 256;

int32_t size_in_memory(const ir::Type& type) {
  return type.is_aggregate() ? type.aggregate->size
                             : static_cast<int32_t>(ir::size_of(type.scalar));
}

// `count` elements one after the other, an array of fixed length in a struct.
ir::Type array_in_struct(const ir::Type& element, int64_t count) {
  ir::Aggregate array;
  const int32_t size = size_in_memory(element);
  for (int32_t i = 0; i < count; ++i) {
    array.elements.push_back(element);
    array.offsets.push_back(i * size);
  }
  array.size = static_cast<int32_t>(count) * size;
  return ir::Type::structure(std::move(array));
}

// A number's type, a struct's, or that of an array of fixed length.
std::optional<ir::Type> type_of_dtype(PyObject* dtype, std::string& problem) {
  const PyRef array = attribute(dtype, "subdtype");  // (dtype, shape)
  if (array && PyTuple_Check(array.get()) != 0) {
    std::optional<ir::Type> element = type_of_dtype(PyTuple_GetItem(array.get(), 0), problem);
    PyObject* const shape = PyTuple_GetItem(array.get(), 1);
    std::vector<ir::Type> numbers;
    if (element) ir::append_leaves(*element, numbers);
    const auto in_each = std::max<int64_t>(std::ssize(numbers), 1);
    int64_t count = 1;
    for (Py_ssize_t axis = PyTuple_Size(shape); element && axis-- > 0;) {
      const int64_t length = PyLong_AsLongLong(PyTuple_GetItem(shape, axis));
      count *= length;
      const bool too_many = count > kMostInField;
      if (length < 1 || too_many || count * in_each > kMostNumbersInField) {
        problem = "its field of type " + text_of(dtype) + " has " +
                  (length < 1 ? "no elements"
                   : too_many ? "more than " + std::to_string(kMostInField)
                              : "more than " + std::to_string(kMostNumbersInField) + " numbers") +
                  ": keep them in an array of its own";
        return std::nullopt;
      }
      element = array_in_struct(*element, length);
    }
    return element;
  }
  const PyRef nested = attribute(dtype, "names");
  return nested && nested.get() != Py_None ? struct_of_dtype(dtype, problem)
                                           : scalar_of_dtype(dtype);
}

std::optional<ir::Type> read_dtype(PyObject* dtype, PyObject* tuple, std::string& problem) {
  const PyRef names = PyRef::borrow(tuple);
  const PyRef fields = attribute(dtype, "fields");
  const PyRef size = attribute(dtype, "itemsize");
  if (!fields || !size) return std::nullopt;
  ir::Aggregate structure;
  structure.kind = ir::Aggregate::Kind::Struct;
  structure.size = static_cast<int32_t>(PyLong_AsLong(size.get()));
  for (Py_ssize_t i = 0; i < PyTuple_Size(names.get()); ++i) {
    PyObject* name = PyTuple_GetItem(names.get(), i);
    const PyRef field = PyRef::steal(PyObject_GetItem(fields.get(), name));  // (dtype, offset, ...)
    PyObject* type = field ? PyTuple_GetItem(field.get(), 0) : nullptr;
    PyObject* offset = field ? PyTuple_GetItem(field.get(), 1) : nullptr;
    if (type == nullptr || offset == nullptr) {
      PyErr_Clear();
      return std::nullopt;
    }
    const auto element = type_of_dtype(type, problem);
    if (!element) {
      if (problem.empty())
        problem = "its field '" + text_of(name) + "' is of type " + text_of(type) +
                  ", which is none of cudapy's types";
      return std::nullopt;
    }
    structure.names.push_back(text_of(name));
    structure.elements.push_back(*element);
    structure.offsets.push_back(static_cast<int32_t>(PyLong_AsLong(offset)));
  }
  if (structure.elements.empty()) {
    problem = "its elements have no fields";
    return std::nullopt;
  }
  structure.alignment = alignment_of(structure);
  return ir::Type::structure(std::move(structure));
}

}  // namespace

std::optional<ir::Type> struct_of_dtype(PyObject* dtype, std::string& problem) {
  const PyRef names = attribute(dtype, "names");
  if (!names || PyTuple_Check(names.get()) == 0) return std::nullopt;
  if (auto known = known_type(dtype, names.get())) return known;
  const auto type = read_dtype(dtype, names.get(), problem);
  if (type) remember(dtype, names.get(), *type);
  return type;
}

const ir::Aggregate* known_struct(PyObject* dtype) {
  static PyObject* const interned = PyUnicode_InternFromString("names");
  const PyRef names = PyRef::steal(PyObject_GetAttr(dtype, interned));
  if (!names) PyErr_Clear();
  const auto type = names ? known_type(dtype, names.get()) : std::nullopt;
  return type ? type->aggregate : nullptr;
}

namespace {

// [(name, type), ...] of a dataclass or a NamedTuple; empty: it is none.
PyRef fields_of_class(PyObject* object) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.record_classes"));
  const PyRef read =
      module ? PyRef::steal(PyObject_GetAttrString(module.get(), "fields_of_class")) : PyRef();
  PyRef fields =
      read ? PyRef::steal(PyObject_CallFunctionObjArgs(read.get(), object, nullptr)) : PyRef();
  if (!fields) PyErr_Clear();
  return fields && PyList_Check(fields.get()) ? std::move(fields) : PyRef();
}

// Why kernels cannot take the objects of such a class for their fields; empty: they can.
std::string problem_of_class(PyObject* object) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.record_classes"));
  const PyRef problem =
      module ? PyRef::steal(PyObject_CallMethod(module.get(), "problem_of_class", "O", object))
             : PyRef();
  if (!problem) PyErr_Clear();
  return problem && problem.get() != Py_None ? text_of(problem.get()) : "";
}

std::string name_of_type(PyObject* type) {
  const PyRef name = PyType_Check(type) != 0 ? attribute(type, "__name__") : PyRef();
  return name ? "`" + text_of(name.get()) + "`" : text_of(type);
}

std::optional<ir::Type> type_of_field(PyObject* type, std::string& problem) {
  if (const auto nested = struct_of_class(type, problem)) return nested;
  const auto scalar = scalar_from_object(type);
  if (!scalar) PyErr_Clear();
  return scalar ? std::optional(ir::Type::of(*scalar)) : std::nullopt;
}

// As C aligns it.
int32_t natural_alignment(const ir::Type& type) {
  if (type.is_aggregate()) return type.aggregate->alignment;
  return ir::size_of(ir::is_complex(type) ? ir::part_of(type.scalar) : type.scalar);
}

int32_t align_up(int32_t offset, int32_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace

std::optional<ir::Type> struct_of_class(PyObject* object, std::string& problem) {
  const PyRef fields = PyType_Check(object) != 0 ? fields_of_class(object) : PyRef();
  if (!fields) {
    if (PyType_Check(object) != 0 && attribute(object, "__dataclass_fields__"))
      problem =
          "it is derived from a dataclass, and none itself: decorate it with `@dataclass`, too";
    return std::nullopt;
  }
  if (std::string own = problem_of_class(object); !own.empty()) {
    problem = std::move(own);
    return std::nullopt;
  }
  ir::Aggregate structure;
  structure.kind = ir::Aggregate::Kind::Struct;
  for (Py_ssize_t i = 0; i < PyList_Size(fields.get()); ++i) {
    PyObject* field = PyList_GetItem(fields.get(), i);
    const std::string name = text_of(PyTuple_GetItem(field, 0));
    PyObject* type = PyTuple_GetItem(field, 1);
    const auto element = type_of_field(type, problem);
    if (!element) {
      if (problem.empty())
        problem = "its field `" + name + "` is of type " + name_of_type(type) +
                  ", which is none of cudapy's types";
      return std::nullopt;
    }
    const int32_t alignment = natural_alignment(*element);
    structure.offsets.push_back(align_up(structure.size, alignment));
    structure.size = structure.offsets.back() +
                     (element->is_aggregate() ? element->aggregate->size
                                              : static_cast<int32_t>(ir::size_of(element->scalar)));
    structure.alignment = std::max(structure.alignment, alignment);
    structure.names.push_back(name);
    structure.elements.push_back(*element);
  }
  if (structure.elements.empty()) {
    problem = "it has no fields";
    return std::nullopt;
  }
  structure.size = align_up(structure.size, structure.alignment);
  return ir::Type::structure(std::move(structure));
}

namespace {

// What np.dtype makes a field's type of: a name, or the dtype of a struct.
PyObject* format_of_field(const ir::Type& field) {
  if (ir::is_struct(field)) return dtype_of_struct(*field.aggregate);
  if (ir::is_tuple(field)) {  // (format, (2, 3))
    const PyRef shape = PyRef::steal(PyList_New(0));
    ir::Type element = field;
    for (; shape && ir::is_tuple(element); element = element.aggregate->elements[0]) {
      const PyRef length = PyRef::steal(PyLong_FromSize_t(element.aggregate->elements.size()));
      if (!length || PyList_Append(shape.get(), length.get()) != 0) return nullptr;
    }
    const PyRef lengths = shape ? PyRef::steal(PyList_AsTuple(shape.get())) : PyRef();
    const PyRef format = PyRef::steal(format_of_field(element));
    return lengths && format ? PyTuple_Pack(2, format.get(), lengths.get()) : nullptr;
  }
  if (field.scalar != ir::Scalar::BF16)
    return PyUnicode_FromString(std::string(ir::name_of(field.scalar)).c_str());
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.bfloat16"));
  PyRef dtype =
      module ? PyRef::steal(PyObject_CallMethod(module.get(), "dtype", nullptr)) : PyRef();
  if (dtype && dtype.get() == Py_None) {
    PyErr_SetString(PyExc_TypeError, "NumPy has no bfloat16: install ml_dtypes, which adds it");
    return nullptr;
  }
  return dtype.release();
}

}  // namespace

PyObject* dtype_of_struct(const ir::Aggregate& structure) {
  const PyRef names = PyRef::steal(PyList_New(0));
  const PyRef formats = PyRef::steal(PyList_New(0));
  const PyRef offsets = PyRef::steal(PyList_New(0));
  if (!names || !formats || !offsets) return nullptr;
  for (size_t i = 0; i < structure.elements.size(); ++i) {
    const PyRef name = PyRef::steal(PyUnicode_FromString(structure.names[i].c_str()));
    const PyRef format = PyRef::steal(format_of_field(structure.elements[i]));
    const PyRef offset = PyRef::steal(PyLong_FromLong(structure.offsets[i]));
    if (!name || !format || !offset || PyList_Append(names.get(), name.get()) != 0 ||
        PyList_Append(formats.get(), format.get()) != 0 ||
        PyList_Append(offsets.get(), offset.get()) != 0)
      return nullptr;
  }
  const PyRef description = PyRef::steal(
      Py_BuildValue("{s:O,s:O,s:O,s:i}", "names", names.get(), "formats", formats.get(), "offsets",
                    offsets.get(), "itemsize", static_cast<int>(structure.size)));
  const PyRef numpy = PyRef::steal(PyImport_ImportModule("numpy"));
  if (!description || !numpy) return nullptr;
  return PyObject_CallMethod(numpy.get(), "dtype", "O", description.get());
}

std::optional<ir::Type> struct_of_type(PyObject* object, std::string& problem) {
  return PyType_Check(object) != 0 ? struct_of_class(object, problem)
                                   : struct_of_dtype(object, problem);
}

}  // namespace cudapy::binding
