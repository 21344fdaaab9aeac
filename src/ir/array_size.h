// How large the arrays of a block are where a launch decides it: `shared((n + 1, blockDim.x), T)`.
// A length is computed exactly, in 64 bits, by steps on a stack, so that the host can find it out
// before a launch and code for the same again.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cudapy::ir {

struct Local;
struct Function;

// Up to so many elements of an array of each thread's own, of `item_size` bytes, lanes may choose
// from by comparing their indices.
constexpr int64_t most_chosen_elements(int item_size) {
  return item_size <= 2 ? 12 : item_size <= 4 ? 10 : 6;
}

struct SizeStep {
  enum class Kind : uint8_t {
    Constant,   // value
    Parameter,  // value: the LocalId of an integer parameter that is never assigned
    BlockDim,   // value: 0, 1, 2 for x, y, z
    Add,
    Subtract,
    Multiply,
    Divide,  // towards minus infinity; by a constant above 0
  };
  Kind kind = Kind::Constant;
  int64_t value = 0;
  friend bool operator==(const SizeStep&, const SizeStep&) = default;
};

using ArraySize = std::vector<SizeStep>;

// What `leaf` makes of constants, parameters and blocks' dimensions, taken together; nullopt if
// that is more than 64 bits hold.
std::optional<int64_t> evaluate(const ArraySize& size,
                                const std::function<int64_t(const SizeStep&)>& leaf);

// As Python writes it.
std::string to_string(const ArraySize& size, const Function& function);

inline constexpr int64_t kMostBlockBytes = 227 << 10;  // what a block has on today's GPUs
inline constexpr int64_t kMostThreadBytes = int64_t{1} << 14;
// What a GPU gives every block: arrays that may be larger are given their memory by the launch.
inline constexpr int64_t kStaticBlockBytes = 48 << 10;
inline constexpr int64_t kBlockArrayAlign = 16;  // in memory that the launch gives

// Whether an array of such elements is too large for a thread's own, or for a block's. Lengths that
// the launch decides are 0.
bool is_too_large(const std::vector<int64_t>& extents, int64_t element_bytes, bool of_block);
// What a user is told of it: what is wrong, and what to write instead.
std::pair<std::string, std::string> too_large_text(bool of_block);

// Bytes of an array whose lengths are known, as arrays of a block are laid out; 0 of another.
int64_t known_bytes(const Local& array);
// Whether the arrays of its blocks get their memory from the launch on a GPU.
bool has_launch_sized_arrays(const Function& function);

}  // namespace cudapy::ir
