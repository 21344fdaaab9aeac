#include "runtime/block_arrays.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "runtime/cpu/kernel_abi.h"

namespace cudapy::runtime {

namespace {

using ir::SizeStep;

template <typename T>
int64_t read_as(const unsigned char* place) {
  T value;
  std::memcpy(&value, place, sizeof value);
  return static_cast<int64_t>(value);
}

// Of a uint64 above the largest int64 this is a negative number, and refused as one.
int64_t read(ir::Scalar type, const unsigned char* place) {
  switch (type) {
    case ir::Scalar::I8:
      return read_as<int8_t>(place);
    case ir::Scalar::U8:
    case ir::Scalar::Bool:
      return read_as<uint8_t>(place);
    case ir::Scalar::I16:
      return read_as<int16_t>(place);
    case ir::Scalar::U16:
      return read_as<uint16_t>(place);
    case ir::Scalar::I32:
      return read_as<int32_t>(place);
    case ir::Scalar::U32:
      return read_as<uint32_t>(place);
    default:
      return read_as<int64_t>(place);
  }
}

std::optional<int64_t> length(const ir::ArraySize& size, const BlockArrays& arrays,
                              const unsigned char* arguments, const int64_t (&block)[3]) {
  return evaluate(size, [&](const SizeStep& step) {
    const auto which = static_cast<size_t>(step.value);
    if (step.kind == SizeStep::Kind::BlockDim) return block[which];
    if (step.kind == SizeStep::Kind::Constant) return step.value;
    const BlockArrays::Parameter& parameter = arrays.parameters[which];
    return read(parameter.type, arguments + parameter.offset);
  });
}

// In the layout that kernel_abi.h states.
std::vector<BlockArrays::Parameter> lay_out_parameters(const ir::Function& kernel) {
  std::vector<BlockArrays::Parameter> parameters;
  size_t offset = 0;
  for (int32_t i = 0; i < kernel.parameter_count; ++i) {
    const ir::Type& type = kernel.locals[static_cast<size_t>(i)].type;
    const bool is_array = type.is_array();
    const size_t align = is_array ? sizeof(int64_t) : static_cast<size_t>(size_of(type.scalar));
    const size_t size =
        is_array ? static_cast<size_t>(array_argument_words(type.rank, type.strided)) * align
                 : align;
    offset = (offset + align - 1) / align * align;
    parameters.push_back({static_cast<uint32_t>(offset), type.scalar});
    offset += size;
  }
  return parameters;
}

}  // namespace

BlockArrays find_block_arrays(const ir::Function& kernel) {
  BlockArrays found;
  if (!has_launch_sized_arrays(kernel)) return found;
  found.parameters = lay_out_parameters(kernel);
  for (const ir::Local& local : kernel.locals) {
    if (local.storage != ir::Storage::Block) continue;
    BlockArrays::Array array{local.name, {}, local.type.scalar, local.sizes};
    if (array.sizes.empty()) {
      for (const int64_t extent : local.extents)
        array.sizes.push_back({{SizeStep::Kind::Constant, extent}});
    }
    for (const ir::ArraySize& size : array.sizes)
      array.text += (array.text.empty() ? "" : ", ") + to_string(size, kernel);
    if (array.sizes.size() > 1) array.text = "(" + array.text + ")";
    found.arrays.push_back(std::move(array));
  }
  return found;
}

std::string block_bytes(const BlockArrays& arrays, const void* arguments, const int64_t (&block)[3],
                        int64_t most, int64_t& bytes) {
  bytes = 0;
  for (const BlockArrays::Array& array : arrays.arrays) {
    int64_t own = ir::size_of(array.element);
    const auto shape = [&] { return "`" + array.name + "`, shared(" + array.text + ", ...)"; };
    const auto too_large = [&] {
      return shape() + ", is more than the " + std::to_string(most) +
             " bytes that the arrays of a block have here: let a block work on a smaller part";
    };
    for (const ir::ArraySize& size : array.sizes) {
      const auto extent = length(size, arrays, static_cast<const unsigned char*>(arguments), block);
      if (extent && *extent < 0)
        return shape() + ": a length of " + std::to_string(*extent) + " is less than 0";
      if (!extent || __builtin_mul_overflow(own, *extent, &own) || own > (most << 20))
        return too_large();
    }
    bytes += (own + ir::kBlockArrayAlign - 1) / ir::kBlockArrayAlign * ir::kBlockArrayAlign;
    if (bytes > most) return too_large();
  }
  return {};
}

}  // namespace cudapy::runtime
