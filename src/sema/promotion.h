// What types have in common: the rules of arithmetic and of variables that are assigned several
// types.
//
// Weak types (of numbers written in the source) give way to any strong one. While types are being
// inferred two more values occur: Unknown (nothing is known yet: anything goes) and `kErroneous` (a
// mistake was or will be reported there).
#pragma once

#include <optional>
#include <string>

#include "ir/type.h"

namespace cudapy::sema {

// Follows a mistake through the tree, so that what comes of it is not reported again.
inline constexpr ir::Type kErroneous = {ir::Type::Kind::Unknown, ir::Scalar::Bool, 0, true};

inline constexpr ir::Type kBool = ir::Type::of(ir::Scalar::Bool);
inline constexpr ir::Type kInt32 = ir::Type::of(ir::Scalar::I32);
inline constexpr ir::Type kInt64 = ir::Type::of(ir::Scalar::I64);

constexpr bool is_erroneous(const ir::Type& type) {
  return type.is_unknown() && type.weak;
}
constexpr bool is_number(const ir::Type& type) {
  return type.is_scalar() && type.scalar != ir::Scalar::Bool;
}

// The strong integer or float type that values of both can be computed in, by NumPy's rules but for
// what the language decides itself: an integer with a float is that float, uint64 with a signed
// type is uint64.
ir::Scalar promote(ir::Scalar a, ir::Scalar b);

// What a conditional expression, or a function, that gives both types gives. A bool with a
// number counts as int32. `default_float` is the type of a float alone. kErroneous if they have
// nothing in common.
ir::Type join(const ir::Type& a, const ir::Type& b, ir::Scalar default_float);

// What a variable that is given both holds: as join, but one that is given a number alone has 32
// bits or more, so that a sum of bytes that begins with 0 does not wrap, and one of halves is a
// float32.
ir::Type join_in_variable(const ir::Type& a, const ir::Type& b, ir::Scalar default_float);

// A type whose weak parts have become what they are alone: the default float, int32.
ir::Type settled(const ir::Type& type, ir::Scalar default_float);

// As join, but bools become int32: the type that arithmetic on both happens in.
ir::Type arithmetic(const ir::Type& a, const ir::Type& b, ir::Scalar default_float);

// May a value of type `from` be assigned to something declared as `to`, without a cast in the
// source? Numbers may, except a float to an integer or a bool.
bool assignable(const ir::Type& from, const ir::Type& to);

// How a message speaks of a type: "an int32", "a float64", "an array of float32", "nothing".
std::string describe(const ir::Type& type);

// The spelling of a cast to the type in a kernel: "int", "float", "double", "cp.uint8".
std::string cast_name(ir::Scalar scalar);

}  // namespace cudapy::sema
