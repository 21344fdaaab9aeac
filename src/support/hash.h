// 128-bit content hashes on xxHash (XXH3), header only. Used to name and to check cache entries:
// fast and well spread, but not cryptographic, so a hash never stands for a comparison with the
// full key.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace cudapy::support {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;

  friend bool operator==(const Hash128&, const Hash128&) = default;

  // 32 lower-case hexadecimal digits, most significant first.
  std::string hex() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(32, '0');
    for (size_t i = 0; i < 16; ++i) {
      text[15 - i] = kDigits[(high >> (4 * i)) & 15];
      text[31 - i] = kDigits[(low >> (4 * i)) & 15];
    }
    return text;
  }
};

// What is hashed as its own bytes: integers, enumerations and floating-point numbers, which have no
// padding. Structs are fed field by field, because padding would make equal values hash
// differently.
template <typename T>
concept HashableScalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

// An incremental hash. Every variable-length piece is preceded by its length, so that ("ab", "c")
// and ("a", "bc") differ. Not thread safe; each thread has its own.
class Hasher {
 public:
  Hasher() { XXH3_128bits_reset(&state_); }

  // Raw bytes, without their length: for pieces whose size the format fixes.
  Hasher& add_raw(const void* data, size_t size) {
    XXH3_128bits_update(&state_, data, size);
    return *this;
  }

  template <HashableScalar T>
  Hasher& add(T value) {
    return add_raw(&value, sizeof value);
  }

  Hasher& add(std::string_view text) {
    add(static_cast<uint64_t>(text.size()));
    return add_raw(text.data(), text.size());
  }
  Hasher& add(const char* text) { return add(std::string_view(text)); }
  Hasher& add(const std::string& text) { return add(std::string_view(text)); }

  Hasher& add(std::span<const uint8_t> bytes) {
    add(static_cast<uint64_t>(bytes.size()));
    return add_raw(bytes.data(), bytes.size());
  }

  Hash128 digest() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
    return {hash.low64, hash.high64};
  }

 private:
  XXH3_state_t state_;
};

inline Hash128 hash_bytes(std::span<const uint8_t> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

}  // namespace cudapy::support
