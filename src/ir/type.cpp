// The names of types, as messages and dumps show them.
#include "ir/type.h"

namespace cudapy::ir {

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
      if (type.weak) return is_float(type.scalar) ? "a weak float" : "a weak integer";
      return std::string(name_of(type.scalar));
    case Type::Kind::Array: {
      std::string text(name_of(type.scalar));
      text += "[:";
      for (int i = 1; i < type.rank; ++i) text += ", :";
      return text + "]";
    }
  }
  return "?";
}

}  // namespace cudapy::ir
