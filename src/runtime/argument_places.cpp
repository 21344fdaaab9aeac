#include "runtime/argument_places.h"

#include "runtime/cpu/kernel_abi.h"

namespace cudapy::runtime {

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

std::vector<ArgumentPlace> places_of(const std::vector<transform::LaunchNumber>& numbers,
                                     const ir::Function& kernel) {
  using Kind = transform::LaunchNumber::Kind;
  const std::vector<ArgumentPlace> parameters = lay_out_parameters(kernel);
  std::vector<ArgumentPlace> places;
  for (const transform::LaunchNumber& number : numbers) {
    ArgumentPlace place = parameters[static_cast<size_t>(number.parameter)];
    if (number.kind != Kind::Argument) {
      const int rank = kernel.locals[static_cast<size_t>(number.parameter)].type.rank;
      const int word = 1 + number.axis + (number.kind == Kind::Stride ? rank : 0);
      place = {place.offset + static_cast<uint32_t>(word) * 8, ir::Scalar::I64};
    }
    places.push_back(place);
  }
  return places;
}

}  // namespace cudapy::runtime
