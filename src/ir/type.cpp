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
  const auto found = std::find_if(known.begin(), known.end(), [&](const Aggregate& one) {
    return one.kind == description.kind && one.elements == description.elements;
  });
  return found != known.end() ? &*found : &known.emplace_back(std::move(description));
}

}  // namespace

Type Type::tuple(std::vector<Type> elements) {
  Type type{Kind::Aggregate, Scalar::Bool, 0, false};
  type.aggregate = intern({ir::Aggregate::Kind::Tuple, std::move(elements)});
  return type;
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
      text += name_of(type.scalar);
      text += "[:";
      for (int i = 1; i < type.rank; ++i) text += ", :";
      return text + "]";
    }
    case Type::Kind::Aggregate: {
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
