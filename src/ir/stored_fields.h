// The fields of a Store in an untyped tree: names, and what stands for an index of a field that is
// an array of fixed length. The indices themselves are the Store's last operands.
//     A[i].at.v[j] = x        fields: "at", "v", "[]"; operands: A, i, j
#pragma once

#include <string_view>

namespace cudapy::ir {

inline constexpr std::string_view kFieldIndex = "[]";

}  // namespace cudapy::ir
