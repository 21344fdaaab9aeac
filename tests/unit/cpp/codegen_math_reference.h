// What each math function should give, in extended precision, and where to look.
#pragma once

#include <vector>

#include "ir/math_function.h"

namespace cudapy::tests {

struct Range {
  double low;
  double high;
};

struct Reference {
  ir::MathFunction function;
  // The exact value, off by at most a few thousandths of an ulp of a double.
  long double (*exact)(long double, long double, long double, long double, bool is_double);
  // Boxes of arguments to sample evenly; the last range stands for further arguments too.
  std::vector<std::vector<Range>> ranges;
  // Whether special values and random bit patterns are looked at as well.
  bool special = true;
  // Points that the stated accuracy leaves out; null for none.
  bool (*skip)(double first_argument, long double exact) = nullptr;
  // Near a zero of the function: what lies below this magnitude has its error counted in units of
  // this one's last place. Null for none.
  double (*scale)(double first_argument, double second_argument) = nullptr;
};

// Null if there is none.
const Reference* find_reference(ir::MathFunction function);

}  // namespace cudapy::tests
