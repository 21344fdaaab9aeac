#include "ir/array_size.h"

#include "ir/tree.h"

namespace cudapy::ir {

namespace {

struct Text {
  std::string text;
  bool is_sum = false;
};

std::string factor(const Text& text) {
  return text.is_sum ? "(" + text.text + ")" : text.text;
}

Text of_step(const SizeStep& step, const Function& function) {
  constexpr const char* kBlockDim[] = {"blockDim.x", "blockDim.y", "blockDim.z"};
  switch (step.kind) {
    case SizeStep::Kind::Parameter:
      return {function.locals[static_cast<size_t>(step.value)].name};
    case SizeStep::Kind::BlockDim:
      return {kBlockDim[step.value]};
    default:
      return {std::to_string(step.value)};
  }
}

// Nullopt: the result does not fit.
std::optional<int64_t> combine(SizeStep::Kind kind, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflows = false;
  switch (kind) {
    case SizeStep::Kind::Add:
      overflows = __builtin_add_overflow(a, b, &result);
      break;
    case SizeStep::Kind::Subtract:
      overflows = __builtin_sub_overflow(a, b, &result);
      break;
    case SizeStep::Kind::Multiply:
      overflows = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      result = a / b - (a % b != 0 && a < 0);
      break;
  }
  return overflows ? std::nullopt : std::optional(result);
}

}  // namespace

std::optional<int64_t> evaluate(const ArraySize& size,
                                const std::function<int64_t(const SizeStep&)>& leaf) {
  std::vector<int64_t> stack;
  for (const SizeStep& step : size) {
    if (step.kind < SizeStep::Kind::Add) {
      stack.push_back(leaf(step));
      continue;
    }
    const int64_t right = stack.back();
    stack.pop_back();
    const auto result = combine(step.kind, stack.back(), right);
    if (!result) return std::nullopt;
    stack.back() = *result;
  }
  return stack.back();
}

std::string to_string(const ArraySize& size, const Function& function) {
  std::vector<Text> stack;
  for (const SizeStep& step : size) {
    if (step.kind < SizeStep::Kind::Add) {
      stack.push_back(of_step(step, function));
      continue;
    }
    Text right = stack.back();
    stack.pop_back();
    Text& left = stack.back();
    const bool is_sum = step.kind <= SizeStep::Kind::Subtract;
    const char* sign = step.kind == SizeStep::Kind::Add        ? " + "
                       : step.kind == SizeStep::Kind::Subtract ? " - "
                       : step.kind == SizeStep::Kind::Multiply ? " * "
                                                               : " // ";
    const bool keeps = step.kind == SizeStep::Kind::Add;
    left.text = (is_sum ? left.text : factor(left)) + sign + (keeps ? right.text : factor(right));
    left.is_sum = true;
  }
  return stack.empty() ? std::string() : stack.back().text;
}

bool is_too_large(const std::vector<int64_t>& extents, int64_t element_bytes, bool of_block) {
  const int64_t most = of_block ? kMostBlockBytes : kMostThreadBytes;
  int64_t bytes = element_bytes;
  for (const int64_t extent : extents) {
    // Extents that pass the limit on their own would overflow the product.
    bytes = extent > most ? most + 1 : bytes * extent;
    if (bytes > most) return true;
  }
  return false;
}

std::pair<std::string, std::string> too_large_text(bool of_block) {
  return {std::string(of_block ? "a shared array" : "a thread's own array") + " holds at most " +
              std::to_string(of_block ? kMostBlockBytes : kMostThreadBytes) + " bytes",
          of_block ? "let a block work on a smaller tile"
                   : "pass an array as an argument, with a part for each thread"};
}

int64_t known_bytes(const Local& array) {
  if (!array.sizes.empty()) return 0;
  int64_t bytes = size_of(array.type.scalar);
  for (const int64_t extent : array.extents) bytes *= extent;
  return bytes;
}

bool has_launch_sized_arrays(const Function& function) {
  int64_t bytes = 0;
  for (const Local& local : function.locals) {
    if (local.storage != Storage::Block) continue;
    if (!local.sizes.empty()) return true;
    bytes += (known_bytes(local) + kBlockArrayAlign - 1) / kBlockArrayAlign * kBlockArrayAlign;
  }
  return bytes > kStaticBlockBytes;
}

}  // namespace cudapy::ir
