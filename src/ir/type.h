// The types of the kernel language. A Type is a small value, compared and copied freely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cudapy::ir {

enum class Scalar : uint8_t {
  Bool,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  F32,
  F64,
  C64,
  C128,
  F16,
  BF16,
};
inline constexpr int kScalars = 15;

struct Aggregate;

struct Type {
  enum class Kind : uint8_t {
    Unknown,  // not inferred yet: every expression of an untyped tree
    Void,     // what a kernel returns
    Scalar,
    Array,  // elements of `scalar`, or of what `aggregate` describes; `rank` dimensions
    // Several values in one, as `aggregate` says. Not in the trees that codegen sees:
    // transform::split_aggregates makes scalars of them.
    Aggregate,
  };

  Kind kind = Kind::Unknown;
  Scalar scalar = Scalar::Bool;
  uint8_t rank = 0;
  // A number written in the source or captured from Python: it takes the type of what it meets.
  // Only Scalar types are weak, with scalar I64 for an integer, F64 for a float and C128 for a
  // complex number. Never in a finished typed tree.
  bool weak = false;
  // Aggregate, and an Array of structs: one description for equal types.
  const ir::Aggregate* aggregate = nullptr;
  // Array: neighbours in the last dimension are not neighbours in memory. Never written by a user:
  // part of what an argument is, so that code for ordinary arrays knows that their rows are
  // contiguous.
  bool strided = false;
  // Array of images, as `uint8[height, width, 3]`: the length of the last dimension if it is short
  // and each pixel follows the one before it in memory; else 0. Part of what an argument is, too.
  uint8_t channels = 0;

  static constexpr Type unknown() { return {}; }
  static constexpr Type void_() { return {Kind::Void, Scalar::Bool, 0, false}; }
  static constexpr Type of(Scalar scalar) { return {Kind::Scalar, scalar, 0, false}; }
  static constexpr Type array(Scalar element, uint8_t rank = 1, bool strided = false) {
    return {Kind::Array, element, rank, false, nullptr, strided};
  }
  static Type array_of(const Type& element, uint8_t rank, bool strided = false) {
    return {Kind::Array, element.scalar, rank, false, element.aggregate, strided};
  }
  static Type tuple(std::vector<Type> elements);
  static Type structure(ir::Aggregate description);
  static constexpr Type weak_int() { return {Kind::Scalar, Scalar::I64, 0, true}; }
  static constexpr Type weak_float() { return {Kind::Scalar, Scalar::F64, 0, true}; }

  static constexpr Type weak_complex() { return {Kind::Scalar, Scalar::C128, 0, true}; }

  [[nodiscard]] constexpr bool is_unknown() const { return kind == Kind::Unknown; }
  [[nodiscard]] constexpr bool is_void() const { return kind == Kind::Void; }
  [[nodiscard]] constexpr bool is_scalar() const { return kind == Kind::Scalar; }
  [[nodiscard]] constexpr bool is_array() const { return kind == Kind::Array; }
  [[nodiscard]] constexpr bool is_aggregate() const { return kind == Kind::Aggregate; }
  [[nodiscard]] constexpr Type element() const {
    return {aggregate ? Kind::Aggregate : Kind::Scalar, scalar, 0, false, aggregate};
  }
  // What `indices` indices of an array lead to: an element, or a view of fewer dimensions.
  [[nodiscard]] constexpr Type indexed(size_t indices) const {
    if (indices >= rank) return element();
    Type view = *this;
    view.rank = static_cast<uint8_t>(rank - indices);
    view.channels = 0;
    return view;
  }
  friend constexpr bool operator==(const Type&, const Type&) = default;
};

// What an aggregate type is made of. Descriptions are made once, compared by address and never
// freed.
struct Aggregate {
  enum class Kind : uint8_t { Tuple, Struct };

  Kind kind = Kind::Tuple;
  std::vector<Type> elements;  // weak ones too, while types are inferred
  // Struct: its fields, and where they lie in memory, in bytes.
  std::vector<std::string> names;
  std::vector<int32_t> offsets;
  int32_t size = 0;       // from one element of an array to the next
  int32_t alignment = 1;  // of an element that no field needs to be copied for

  // The number of a field; -1: there is none of that name.
  [[nodiscard]] int field(std::string_view name) const;

  friend bool operator==(const Aggregate&, const Aggregate&) = default;
};

inline constexpr int kMaxRank = 8;

// Floats of 16 bits, which arithmetic is not carried out in: see ir/half.h.
constexpr bool is_half(Scalar s) {
  return s == Scalar::F16 || s == Scalar::BF16;
}
constexpr bool is_float(Scalar s) {
  return s == Scalar::F32 || s == Scalar::F64 || is_half(s);
}
// Complex numbers are scalars to users and to sema; to codegen they are two floats each, which
// transform::split_aggregates makes of them.
constexpr bool is_complex(Scalar s) {
  return s == Scalar::C64 || s == Scalar::C128;
}
// The type of the real and the imaginary part.
constexpr Scalar part_of(Scalar s) {
  return s == Scalar::C64 ? Scalar::F32 : Scalar::F64;
}
constexpr Scalar complex_of(Scalar part) {
  return part == Scalar::F64 ? Scalar::C128 : Scalar::C64;
}
constexpr bool is_signed(Scalar s) {
  return s >= Scalar::I8 && s <= Scalar::I64;
}
constexpr bool is_unsigned(Scalar s) {
  return s >= Scalar::U8 && s <= Scalar::U64;
}
constexpr bool is_integer(Scalar s) {
  return is_signed(s) || is_unsigned(s);
}
constexpr bool is_bool(const Type& t) {
  return t.is_scalar() && t.scalar == Scalar::Bool;
}
constexpr bool is_half(const Type& t) {
  return t.is_scalar() && is_half(t.scalar);
}
constexpr bool is_float(const Type& t) {
  return t.is_scalar() && is_float(t.scalar);
}
constexpr bool is_integer(const Type& t) {
  return t.is_scalar() && is_integer(t.scalar);
}
constexpr bool is_complex(const Type& t) {
  return t.is_scalar() && is_complex(t.scalar);
}
// Has several leaves.
constexpr bool is_compound(const Type& t) {
  return t.is_aggregate() || is_complex(t);
}
constexpr bool is_tuple(const Type& t) {
  return t.is_aggregate() && t.aggregate->kind == Aggregate::Kind::Tuple;
}
constexpr bool is_struct(const Type& t) {
  return t.is_aggregate() && t.aggregate->kind == Aggregate::Kind::Struct;
}
// What a compound type consists of.
std::vector<Type> elements_of(const Type& type);
// The scalars that a value consists of, in order: one for a scalar.
void append_leaves(const Type& type, std::vector<Type>& leaves);
// Where an element of a struct or of a complex number lies in it, and all leaves of a value that
// begins at `begin`.
int32_t offset_of(const Type& type, size_t element);
void append_offsets(const Type& type, int32_t begin, std::vector<int32_t>& offsets);
// Whether a `part` lies `offset` bytes behind the start of `whole`.
bool has_part(const Type& whole, int32_t offset, const Type& part);
// The number of the element that is called `name`, of a struct or of a complex number (`real` and
// `imag`); -1: there is none.
int field_of(const Type& type, std::string_view name);
// Whether two types are one, or structs whose fields are called and typed alike, wherever they lie
// in memory.
bool same_fields(const Type& a, const Type& b);
// Bytes from one element of an array to the next.
int item_size(const Type& array);

// Bytes of one element in memory; a bool is one byte.
constexpr int size_of(Scalar s) {
  switch (s) {
    case Scalar::Bool:
    case Scalar::I8:
    case Scalar::U8:
      return 1;
    case Scalar::I16:
    case Scalar::U16:
    case Scalar::F16:
    case Scalar::BF16:
      return 2;
    case Scalar::I32:
    case Scalar::U32:
    case Scalar::F32:
      return 4;
    case Scalar::I64:
    case Scalar::U64:
    case Scalar::F64:
    case Scalar::C64:
      return 8;
    case Scalar::C128:
      return 16;
  }
  return 0;
}

std::string_view name_of(Scalar scalar);  // "float32"
std::string to_string(
    const Type& type);  // "float32", "float32[:, :]", "strided float32[:]", "void"

}  // namespace cudapy::ir
