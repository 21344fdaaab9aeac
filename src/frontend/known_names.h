// The names that the kernel language itself gives: Python's built-ins, CUDA's names, and what the
// modules math, numpy and cudapy hold. Tables only; which name wins over which is
// src/binding/name_resolver's affair.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/resolver.h"

namespace cudapy::frontend {

// A name of Python's builtins: min, range, float, ..., or one that kernels refuse (print, sum).
std::optional<Resolved> find_builtin(std::string_view name);

// A name of cudapy: idx, threadIdx, double, float32, syncthreads, ....
std::optional<Resolved> find_cudapy_name(std::string_view name);

// threadIdx.x and its like.
std::optional<ir::ThreadIndex> find_thread_index(std::string_view group, std::string_view axis);

// A member of atomic: add, exch, ....
std::optional<Resolved> find_atomic_name(std::string_view name);

// A member of math: sin, sinf, floor, pi, ....
std::optional<Resolved> find_math_name(std::string_view name);

// A member of cmath that takes more than its package's function: log.
std::optional<Resolved> find_complex_name(std::string_view name);

// A member of numpy: sqrt, minimum, float32, pi, ....
std::optional<Resolved> find_numpy_name(std::string_view name);

std::vector<std::string> builtin_names();
std::vector<std::string> cudapy_names();
std::vector<std::string> math_names();
std::vector<std::string> atomic_names();
std::vector<std::string> numpy_names();

}  // namespace cudapy::frontend
