// The names of types, as messages and dumps show them.
#include "ir/type.h"

#include <algorithm>
#include <deque>
#include <mutex>

namespace cudapy::ir {

namespace {

// Kernels are compiled on several threads; a deque keeps what is in it in its place.
const Aggregate* intern(Aggregate description) {
  static std::mutex mutex;
  static std::deque<Aggregate> known;
  const std::lock_guard lock(mutex);
  const auto found = std::find(known.begin(), known.end(), description);
  return found != known.end() ? &*found : &known.emplace_back(std::move(description));
}

// "{x: float32, y: float32}"
std::string struct_text(const Aggregate& structure) {
  std::string text = "{";
  for (size_t i = 0; i < structure.elements.size(); ++i)
    text += (i > 0 ? ", " : "") + structure.names[i] + ": " + to_string(structure.elements[i]);
  return text + "}";
}

}  // namespace

Type Type::tuple(std::vector<Type> elements) {
  Type type{Kind::Aggregate, Scalar::Bool, 0, false};
  type.aggregate = intern(
      {ir::Aggregate::Kind::Tuple, std::move(elements), {}, {}, /*size=*/0, /*alignment=*/1});
  return type;
}

Type Type::structure(ir::Aggregate description) {
  Type type{Kind::Aggregate, Scalar::Bool, 0, false};
  type.aggregate = intern(std::move(description));
  return type;
}

int Aggregate::field(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

std::vector<Type> elements_of(const Type& type) {
  if (type.is_aggregate()) return type.aggregate->elements;
  const Type part = Type::of(part_of(type.scalar));
  return {part, part};
}

void append_leaves(const Type& type, std::vector<Type>& leaves) {
  if (!is_compound(type)) {
    leaves.push_back(type);
    return;
  }
  for (const Type& element : elements_of(type)) append_leaves(element, leaves);
}

int32_t offset_of(const Type& type, size_t element) {
  if (type.is_aggregate()) return type.aggregate->offsets[element];
  return element == 0 ? 0 : size_of(part_of(type.scalar));
}

void append_offsets(const Type& type, int32_t begin, std::vector<int32_t>& offsets) {
  if (!is_compound(type)) {
    offsets.push_back(begin);
    return;
  }
  const std::vector<Type> elements = elements_of(type);
  for (size_t i = 0; i < elements.size(); ++i)
    append_offsets(elements[i], begin + offset_of(type, i), offsets);
}

bool has_part(const Type& whole, int32_t offset, const Type& part) {
  if (offset == 0 && whole == part) return true;
  if (!is_compound(whole) || (is_tuple(whole) && whole.aggregate->offsets.empty())) return false;
  const std::vector<Type> elements = elements_of(whole);
  for (size_t i = 0; i < elements.size(); ++i) {
    const int32_t begin = offset_of(whole, i);
    if (begin <= offset && has_part(elements[i], offset - begin, part)) return true;
  }
  return false;
}

int field_of(const Type& type, std::string_view name) {
  if (is_struct(type)) return type.aggregate->field(name);
  if (!is_complex(type)) return -1;
  return name == "real" ? 0 : name == "imag" ? 1 : -1;
}

bool same_fields(const Type& a, const Type& b) {
  if (a == b) return true;
  if (!is_struct(a) || !is_struct(b) || a.aggregate->names != b.aggregate->names) return false;
  const std::vector<Type>& fields = a.aggregate->elements;
  return std::equal(fields.begin(), fields.end(), b.aggregate->elements.begin(), same_fields);
}

int item_size(const Type& array) {
  return array.aggregate ? array.aggregate->size : size_of(array.scalar);
}

std::string_view name_of(Scalar scalar) {
  switch (scalar) {
    case Scalar::Bool:
      return "bool";
    case Scalar::I8:
      return "int8";
    case Scalar::I16:
      return "int16";
    case Scalar::I32:
      return "int32";
    case Scalar::I64:
      return "int64";
    case Scalar::U8:
      return "uint8";
    case Scalar::U16:
      return "uint16";
    case Scalar::U32:
      return "uint32";
    case Scalar::U64:
      return "uint64";
    case Scalar::F32:
      return "float32";
    case Scalar::F64:
      return "float64";
    case Scalar::C64:
      return "complex64";
    case Scalar::C128:
      return "complex128";
    case Scalar::F16:
      return "float16";
    case Scalar::BF16:
      return "bfloat16";
  }
  return "?";
}

std::string to_string(const Type& type) {
  switch (type.kind) {
    case Type::Kind::Unknown:
      return "unknown";
    case Type::Kind::Void:
      return "void";
    case Type::Kind::Scalar:
      if (type.weak && is_complex(type.scalar)) return "a weak complex number";
      if (type.weak) return is_float(type.scalar) ? "a weak float" : "a weak integer";
      return std::string(name_of(type.scalar));
    case Type::Kind::Array: {
      std::string text = type.strided ? "strided " : "";
      text += to_string(type.element());
      text += "[:";
      for (int i = 1; i < type.rank; ++i) {
        const bool is_known = type.channels > 0 && i + 1 == type.rank;
        text += is_known ? ", " + std::to_string(type.channels) : ", :";
      }
      return text + "]";
    }
    case Type::Kind::Aggregate: {
      if (is_struct(type)) return struct_text(*type.aggregate);
      std::string text = "(";
      for (const Type& element : type.aggregate->elements) {
        if (text.size() > 1) text += ", ";
        text += to_string(element);
      }
      return text + (type.aggregate->elements.size() == 1 ? ",)" : ")");
    }
  }
  return "?";
}

}  // namespace cudapy::ir
