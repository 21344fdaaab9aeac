#include "binding/elem_type.h"

#include <bit>
#include <string_view>

#include "binding/struct_type.h"

namespace cudapy::binding {
namespace {

using ir::Scalar;

using ir::kScalars;

PyRef types_attribute(const char* name) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.types"));
  return module ? PyRef::steal(PyObject_GetAttrString(module.get(), name)) : PyRef();
}

std::optional<Scalar> scalar_of_elem_type(PyObject* object) {
  const PyRef code = PyRef::steal(PyObject_GetAttrString(object, "code"));
  const long value = code ? PyLong_AsLong(code.get()) : -1;
  if (value < 0 || value >= kScalars) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "an element type has no valid code");
    return std::nullopt;
  }
  return static_cast<Scalar>(value);
}

// Signed or unsigned integers by their size in bytes, which differs among the C types' letters.
std::optional<Scalar> integer_of_size(bool is_signed, Py_ssize_t size) {
  switch (size) {
    case 1:
      return is_signed ? Scalar::I8 : Scalar::U8;
    case 2:
      return is_signed ? Scalar::I16 : Scalar::U16;
    case 4:
      return is_signed ? Scalar::I32 : Scalar::U32;
    case 8:
      return is_signed ? Scalar::I64 : Scalar::U64;
    default:
      return std::nullopt;
  }
}

std::optional<Scalar> scalar_of_letter(char letter, Py_ssize_t size) {
  constexpr std::string_view kSigned = "bhilqn", kUnsigned = "BHILQN";
  if (letter == 'e' && size == 2) return Scalar::F16;
  if (letter == 'f' && size == 4) return Scalar::F32;
  if (letter == 'd' && size == 8) return Scalar::F64;
  if (letter == '?' && size == 1) return Scalar::Bool;
  if (kSigned.find(letter) != std::string_view::npos) return integer_of_size(true, size);
  if (kUnsigned.find(letter) != std::string_view::npos) return integer_of_size(false, size);
  return std::nullopt;
}

}  // namespace

PyRef elem_type_object(Scalar scalar) {
  const PyRef all = types_attribute("ELEM_TYPES");
  return all ? PyRef::borrow(PyTuple_GetItem(all.get(), static_cast<Py_ssize_t>(scalar))) : PyRef();
}

std::optional<Scalar> scalar_from_object(PyObject* object) {
  const PyRef convert = types_attribute("as_elem_type");
  if (!convert) return std::nullopt;
  const PyRef elem_type =
      PyRef::steal(PyObject_CallFunctionObjArgs(convert.get(), object, nullptr));
  return elem_type ? scalar_of_elem_type(elem_type.get()) : std::nullopt;
}

std::optional<ir::Type> type_from_object(PyObject* object) {
  const PyRef array_type = types_attribute("ArrayType");
  if (!array_type) return std::nullopt;
  const int is_array = PyObject_IsInstance(object, array_type.get());
  if (is_array < 0) return std::nullopt;
  if (is_array == 1) {
    const PyRef element = PyRef::steal(PyObject_GetAttrString(object, "element"));
    const PyRef ndim = PyRef::steal(PyObject_GetAttrString(object, "ndim"));
    if (!element || !ndim) return std::nullopt;
    const auto rank = static_cast<uint8_t>(PyLong_AsLong(ndim.get()));
    std::string problem;
    if (const auto structure = struct_of_type(element.get(), problem))
      return ir::Type::array_of(*structure, rank);
    const auto scalar = scalar_of_elem_type(element.get());
    if (!scalar) return std::nullopt;
    return ir::Type::array(*scalar, rank);
  }
  std::string problem;
  if (auto structure = struct_of_type(object, problem)) return structure;
  if (PyUnicode_Check(object)) {
    const char* text = PyUnicode_AsUTF8AndSize(object, nullptr);
    if (text == nullptr) return std::nullopt;
    std::string name(text);
    uint8_t rank = 0;
    for (; !name.empty() && (name.back() == '*' || name.back() == ' '); name.pop_back())
      rank += name.back() == '*';
    const PyRef bare = PyRef::steal(PyUnicode_FromString(name.c_str()));
    const auto scalar = bare ? scalar_from_object(bare.get()) : std::nullopt;
    if (!scalar) return std::nullopt;
    return rank == 0 ? ir::Type::of(*scalar) : ir::Type::array(*scalar, rank);
  }
  const auto scalar = scalar_from_object(object);
  if (!scalar) return std::nullopt;
  return ir::Type::of(*scalar);
}

std::string signature_name(const ir::Type& type) {
  if (type.is_void()) return "void";
  if (type.is_unknown()) return "?";
  std::string name(type.aggregate ? ir::to_string(type.is_array() ? type.element() : type)
                                  : ir::name_of(type.scalar));
  if (type.is_array()) name.append(type.rank, '*');
  return name;
}

const char* buffer_format(Scalar scalar) {
  static constexpr const char* kFormats[kScalars] = {"?", "b", "h", "i",  "q",  "B", "H", "I",
                                                     "Q", "f", "d", "Zf", "Zd", "e", "H"};
  return kFormats[static_cast<int>(scalar)];
}

std::optional<BufferFormat> parse_buffer_format(const char* format, Py_ssize_t itemsize) {
  if (format == nullptr) format = "B";
  bool is_swapped = false;
  switch (*format) {
    case '@':
    case '=':
      ++format;
      break;
    case '<':
      is_swapped = std::endian::native != std::endian::little;
      ++format;
      break;
    case '>':
    case '!':
      is_swapped = std::endian::native != std::endian::big;
      ++format;
      break;
    default:
      break;
  }
  if (format[0] == 'Z' && format[1] != '\0' && format[2] == '\0') {
    if (format[1] == 'f' && itemsize == 8) return BufferFormat{Scalar::C64, is_swapped};
    if (format[1] == 'd' && itemsize == 16) return BufferFormat{Scalar::C128, is_swapped};
    return std::nullopt;
  }
  if (*format == '\0' || format[1] != '\0') return std::nullopt;
  const auto scalar = scalar_of_letter(*format, itemsize);
  if (!scalar) return std::nullopt;
  return BufferFormat{*scalar, is_swapped && itemsize > 1};
}

}  // namespace cudapy::binding
