// The catalogue: in the order of the enumerations.
#include "ir/intrinsic.h"

#include <cstddef>

namespace cudapy::ir {

namespace {

constexpr IntrinsicInfo kIntrinsics[] = {
    {"popc", 1, 1, false},
    {"clz", 1, 1, false},
    {"ffs", 1, 1, false},
    {"brev", 1, 1, false},
    {"byte_perm", 3, 3, false},
    {"mulhi", 2, 2, false},
    {"%view", 2, 2, false},
    {"float_as_int", 1, 1, false},
    {"float_as_uint", 1, 1, false},
    {"int_as_float", 1, 1, false},
    {"uint_as_float", 1, 1, false},
    {"double_as_longlong", 1, 1, false},
    {"longlong_as_double", 1, 1, false},
    {"clock", 0, 0, true},
    {"threadfence", 0, 0, true},
    {"threadfence_block", 0, 0, true},
    {"threadfence_system", 0, 0, true},
    {"shfl", 2, 3, true},
    {"shfl_up", 2, 3, true},
    {"shfl_down", 2, 3, true},
    {"shfl_xor", 2, 3, true},
    {"ballot", 1, 1, true},
    {"any", 1, 1, true},
    {"all", 1, 1, true},
    {"match_any", 1, 1, true},
    {"activemask", 0, 0, true},
    {"syncwarp", 0, 1, true},
    {"lane_id", 0, 0, false},
    {"warp_id", 0, 0, false},
    {"randbits", 2, 3, false},
    {"rand", 2, 3, false},
    {"rand64", 2, 3, false},
    {"randint", 4, 5, false},
    {"normal", 2, 3, false},
    {"normal64", 2, 3, false},
    {"%philox0", 3, 3, false},
    {"%philox1", 3, 3, false},
    {"%philox2", 3, 3, false},
    {"%philox3", 3, 3, false},
};

// `and` and `or` are keywords of Python's.
constexpr std::string_view kAtomics[] = {"add", "sub",  "min", "max", "and_", "or_",
                                         "xor", "exch", "cas", "inc", "dec"};

}  // namespace

const IntrinsicInfo& info(Intrinsic intrinsic) {
  return kIntrinsics[static_cast<size_t>(intrinsic)];
}

std::optional<Intrinsic> find_intrinsic(std::string_view name) {
  for (size_t i = 0; i < std::size(kIntrinsics); ++i) {
    if (kIntrinsics[i].name == name && name[0] != '%') return static_cast<Intrinsic>(i);
  }
  return std::nullopt;
}

std::vector<std::string_view> intrinsic_names() {
  std::vector<std::string_view> names;
  for (const IntrinsicInfo& entry : kIntrinsics) {
    if (entry.name[0] != '%') names.push_back(entry.name);
  }
  return names;
}

ViewTypes view_types(Intrinsic intrinsic) {
  switch (intrinsic) {
    case Intrinsic::FloatAsInt:
      return {Scalar::F32, Scalar::I32};
    case Intrinsic::FloatAsUint:
      return {Scalar::F32, Scalar::U32};
    case Intrinsic::IntAsFloat:
      return {Scalar::I32, Scalar::F32};
    case Intrinsic::UintAsFloat:
      return {Scalar::U32, Scalar::F32};
    case Intrinsic::DoubleAsLonglong:
      return {Scalar::F64, Scalar::I64};
    default:
      return {Scalar::I64, Scalar::F64};
  }
}

std::string_view name_of(AtomicOp op) {
  return kAtomics[static_cast<size_t>(op)];
}

std::optional<AtomicOp> find_atomic(std::string_view name) {
  for (size_t i = 0; i < std::size(kAtomics); ++i) {
    if (kAtomics[i] == name) return static_cast<AtomicOp>(i);
  }
  return std::nullopt;
}

std::vector<std::string_view> atomic_names() {
  return {std::begin(kAtomics), std::end(kAtomics)};
}

}  // namespace cudapy::ir
