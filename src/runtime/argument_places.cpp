#include "runtime/argument_places.h"

#include <cstring>

#include "runtime/cpu/kernel_abi.h"

namespace cudapy::runtime {

namespace {

template <typename T>
int64_t read_as(const unsigned char* place) {
  T value;
  std::memcpy(&value, place, sizeof value);
  return static_cast<int64_t>(value);
}

}  // namespace

std::vector<ArgumentPlace> lay_out_parameters(const ir::Function& kernel) {
  std::vector<ArgumentPlace> places;
  size_t offset = 0;
  for (int32_t i = 0; i < kernel.parameter_count; ++i) {
    const ir::Type& type = kernel.locals[static_cast<size_t>(i)].type;
    const bool is_array = type.is_array();
    const size_t align = is_array ? sizeof(int64_t) : static_cast<size_t>(size_of(type.scalar));
    const size_t size =
        is_array ? static_cast<size_t>(array_argument_words(type.rank, type.strided)) * align
                 : align;
    offset = (offset + align - 1) / align * align;
    places.push_back({static_cast<uint32_t>(offset), type.scalar});
    offset += size;
  }
  return places;
}

int64_t read_argument(const ArgumentPlace& place, const unsigned char* arguments) {
  const unsigned char* bytes = arguments + place.offset;
  switch (place.type) {
    case ir::Scalar::I8:
      return read_as<int8_t>(bytes);
    case ir::Scalar::U8:
    case ir::Scalar::Bool:
      return read_as<uint8_t>(bytes);
    case ir::Scalar::I16:
      return read_as<int16_t>(bytes);
    case ir::Scalar::U16:
      return read_as<uint16_t>(bytes);
    case ir::Scalar::I32:
      return read_as<int32_t>(bytes);
    case ir::Scalar::U32:
      return read_as<uint32_t>(bytes);
    default:
      return read_as<int64_t>(bytes);
  }
}

}  // namespace cudapy::runtime
