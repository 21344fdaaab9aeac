// The promotion tables, as arithmetic on sizes.
#include "sema/promotion.h"

#include <algorithm>

namespace cudapy::sema {

using ir::Scalar;
using ir::Type;

namespace {

Scalar signed_of_size(int bytes) {
  switch (bytes) {
    case 1:
      return Scalar::I8;
    case 2:
      return Scalar::I16;
    case 4:
      return Scalar::I32;
    default:
      return Scalar::I64;
  }
}

}  // namespace

Scalar promote(Scalar a, Scalar b) {
  if (a == b) return a;
  if (a == Scalar::Bool) return promote(Scalar::I32, b);
  if (b == Scalar::Bool) return promote(a, Scalar::I32);
  if (ir::is_complex(a) || ir::is_complex(b)) {
    const Scalar part_a = ir::is_complex(a) ? ir::part_of(a) : a;
    const Scalar part_b = ir::is_complex(b) ? ir::part_of(b) : b;
    return ir::complex_of(promote(part_a, part_b));
  }
  if (ir::is_float(a) || ir::is_float(b)) {
    if (!ir::is_float(a)) return b;
    if (!ir::is_float(b)) return a;
    return a == Scalar::F64 || b == Scalar::F64 ? Scalar::F64 : Scalar::F32;
  }
  if (ir::is_signed(a) == ir::is_signed(b)) return ir::size_of(a) >= ir::size_of(b) ? a : b;
  const Scalar with_sign = ir::is_signed(a) ? a : b;
  const Scalar without = ir::is_signed(a) ? b : a;
  if (without == Scalar::U64) return without;
  return signed_of_size(std::max(ir::size_of(with_sign), 2 * ir::size_of(without)));
}

namespace {

// Element by element.
template <typename Join>
Type join_tuples(const Type& a, const Type& b, Scalar default_float, const Join& join_element) {
  const std::vector<Type>& left = a.aggregate->elements;
  const std::vector<Type>& right = b.aggregate->elements;
  if (left.size() != right.size()) return kErroneous;
  std::vector<Type> joined;
  for (size_t i = 0; i < left.size(); ++i) {
    joined.push_back(join_element(left[i], right[i], default_float));
    if (is_erroneous(joined.back())) return kErroneous;
  }
  return Type::tuple(std::move(joined));
}

}  // namespace

Type settled(const Type& type, Scalar default_float) {
  if (type.is_scalar() && type.weak) {
    if (ir::is_complex(type)) return Type::of(ir::complex_of(default_float));
    return Type::of(ir::is_float(type) ? default_float : Scalar::I32);
  }
  if (!ir::is_tuple(type)) return type;
  std::vector<Type> elements;
  elements.reserve(type.aggregate->elements.size());
  for (const Type& element : type.aggregate->elements)
    elements.push_back(settled(element, default_float));
  return Type::tuple(std::move(elements));
}

Type join(const Type& a, const Type& b, Scalar default_float) {
  if (is_erroneous(a) || is_erroneous(b)) return kErroneous;
  if (a.is_unknown()) return b;
  if (b.is_unknown() || a == b) return a;
  if (ir::is_tuple(a) && ir::is_tuple(b)) return join_tuples(a, b, default_float, join);
  if (ir::is_struct(a) && ir::same_fields(a, b)) return a;
  if (!a.is_scalar() || !b.is_scalar()) return kErroneous;
  if (a.weak && b.weak)
    return ir::is_complex(a) || ir::is_complex(b) ? Type::weak_complex() : Type::weak_float();
  if (!a.weak && !b.weak) return Type::of(promote(a.scalar, b.scalar));
  const Type& weak = a.weak ? a : b;
  const Type& strong = a.weak ? b : a;
  if (ir::is_complex(weak.scalar) && !ir::is_complex(strong.scalar))
    return Type::of(ir::complex_of(ir::is_float(strong.scalar) ? strong.scalar : default_float));
  if (ir::is_float(weak.scalar) && !ir::is_complex(strong.scalar))
    return ir::is_float(strong.scalar) ? strong : Type::of(default_float);
  return strong.scalar == Scalar::Bool ? kInt32 : strong;
}

Type join_in_variable(const Type& a, const Type& b, Scalar default_float) {
  if (ir::is_tuple(a) && ir::is_tuple(b)) return join_tuples(a, b, default_float, join_in_variable);
  const Type joined = join(a, b, default_float);
  const bool meets_number = a.is_scalar() && b.is_scalar() && a.weak != b.weak;
  if (!meets_number || joined == kBool || ir::size_of(joined.scalar) >= 4) return joined;
  return ir::is_float(joined) ? Type::of(Scalar::F32) : kInt32;
}

Type arithmetic(const Type& a, const Type& b, Scalar default_float) {
  const Type common = join(a, b, default_float);
  return common == kBool ? kInt32 : common;
}

bool assignable(const Type& from, const Type& to) {
  if (from.is_array() || to.is_array()) return from == to;
  if (from == to) return true;
  const bool from_aggregate = ir::is_tuple(from) || ir::is_struct(from);
  if (ir::is_struct(from) && ir::is_struct(to) && from.aggregate->names != to.aggregate->names)
    return false;
  if (from_aggregate && (ir::is_struct(to) || (ir::is_tuple(to) && ir::is_tuple(from)))) {
    const std::vector<Type>& a = from.aggregate->elements;
    const std::vector<Type>& b = to.aggregate->elements;
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), assignable);
  }
  if (!from.is_scalar() || !to.is_scalar()) return false;
  if (ir::is_complex(to) || ir::is_complex(from)) return ir::is_complex(to);
  return ir::is_float(to.scalar) || !ir::is_float(from.scalar);
}

std::string describe(const Type& type) {
  switch (type.kind) {
    case Type::Kind::Unknown:
      return "unknown";
    case Type::Kind::Void:
      return "nothing";
    case Type::Kind::Array: {
      const std::string article = type.rank == 1 ? "an " : "a " + std::to_string(type.rank) + "-d ";
      return article + "array of " +
             (type.aggregate ? "structs" : std::string(ir::name_of(type.scalar)));
    }
    case Type::Kind::Aggregate: {
      if (ir::is_struct(type)) return "a struct " + ir::to_string(type);
      std::string text = "a tuple of ";
      const std::vector<Type>& elements = type.aggregate->elements;
      for (size_t i = 0; i < elements.size(); ++i) {
        if (i > 0) text += i + 1 == elements.size() ? " and " : ", ";
        text += describe(elements[i]);
      }
      return text;
    }
    case Type::Kind::Scalar:
      break;
  }
  if (type.weak && ir::is_complex(type)) return "a complex number";
  if (type.weak) return ir::is_float(type.scalar) ? "a float" : "an integer";
  const bool vowel = ir::is_signed(type.scalar);
  return (vowel ? "an " : "a ") + std::string(ir::name_of(type.scalar));
}

std::string cast_name(Scalar scalar) {
  switch (scalar) {
    case Scalar::Bool:
      return "bool";
    case Scalar::I32:
      return "int";
    case Scalar::F32:
      return "float";
    case Scalar::F64:
      return "double";
    default:
      return "cp." + std::string(ir::name_of(scalar));
  }
}

}  // namespace cudapy::sema
