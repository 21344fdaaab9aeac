#include "runtime/block_arrays.h"

#include <algorithm>
#include <optional>

namespace cudapy::runtime {

namespace {

using ir::SizeStep;

std::optional<int64_t> length(const ir::ArraySize& size, const BlockArrays& arrays,
                              const unsigned char* arguments, const int64_t (&block)[3]) {
  return evaluate(size, [&](const SizeStep& step) {
    const auto which = static_cast<size_t>(step.value);
    if (step.kind == SizeStep::Kind::BlockDim) return block[which];
    if (step.kind == SizeStep::Kind::Constant) return step.value;
    return read_argument(arrays.parameters[which], arguments);
  });
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
