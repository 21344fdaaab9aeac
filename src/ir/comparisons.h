// Comparisons of integers, rewritten.
#pragma once

#include "ir/tree.h"

namespace cudapy::ir {

// not (a op b)
constexpr CompareOp opposite(CompareOp op) {
  switch (op) {
    case CompareOp::Equal:
      return CompareOp::NotEqual;
    case CompareOp::NotEqual:
      return CompareOp::Equal;
    case CompareOp::Less:
      return CompareOp::GreaterEqual;
    case CompareOp::LessEqual:
      return CompareOp::Greater;
    case CompareOp::Greater:
      return CompareOp::LessEqual;
    case CompareOp::GreaterEqual:
      return CompareOp::Less;
  }
  return op;
}

// b op a
constexpr CompareOp turned_around(CompareOp op) {
  switch (op) {
    case CompareOp::Less:
      return CompareOp::Greater;
    case CompareOp::LessEqual:
      return CompareOp::GreaterEqual;
    case CompareOp::Greater:
      return CompareOp::Less;
    case CompareOp::GreaterEqual:
      return CompareOp::LessEqual;
    default:
      return op;
  }
}

}  // namespace cudapy::ir
