// The on-disk kernel cache: full key bytes -> payload bytes, one file an entry. It never throws and
// never makes a call fail: a corrupt, read-only, foreign or full cache is a miss and costs speed,
// never correctness.
//
// A file is named by its key's 128-bit hash and holds a header, the whole key, the payload and a
// 128-bit checksum over all of it. It is written under a temporary name, synced and renamed, so
// readers in other processes see an old entry, a new one or none. Because entries are machine code,
// they are only read from a folder that belongs to the current user and that nobody else may write
// to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cudapy::runtime {

struct CacheOptions {
  std::string directory;  // entries live in its subfolder "kernels", which is made on first use
                          // with mode 0700
  bool enabled = true;
  uint64_t size_limit = uint64_t{1} << 30;  // bytes; least recently used entries go first

  // CUDAPY_CACHE (0, off, false, no: disabled), CUDAPY_CACHE_DIR, CUDAPY_CACHE_SIZE (bytes, or with
  // K, M, G); by default $XDG_CACHE_HOME/cudapy or ~/.cache/cudapy.
  static CacheOptions from_environment();
};

struct CacheInfo {
  std::string directory;
  bool enabled = false;
  std::string
      problem;  // why the folder cannot be used; empty if it can, or if the cache is disabled
  uint64_t entries = 0;
  uint64_t bytes = 0;
  // Of this process.
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t writes = 0;
  uint64_t errors = 0;  // entries that were refused as corrupt or foreign, and writes that failed
};

// Thread safe; any number of processes may use one folder.
class KernelCache {
 public:
  explicit KernelCache(CacheOptions options);
  KernelCache(const KernelCache&) = delete;
  KernelCache& operator=(const KernelCache&) = delete;

  bool enabled() const { return options_.enabled; }

  // The payload stored under exactly these key bytes, if there is one that is whole.
  std::optional<std::vector<uint8_t>> load(std::span<const uint8_t> key) noexcept;

  // True if the entry is now on disk. Replaces an older or a damaged one.
  bool store(std::span<const uint8_t> key, std::span<const uint8_t> payload) noexcept;

  // Counts what is in the folder: walks it.
  CacheInfo info() const noexcept;

  // Removes every entry.
  void clear() noexcept;

 private:
  std::optional<std::vector<uint8_t>> read_entry(std::span<const uint8_t> key);
  bool write_entry(std::span<const uint8_t> key, std::span<const uint8_t> payload);
  bool eviction_is_due(uint64_t just_written, uint64_t key_hash);

  const CacheOptions options_;
  std::atomic<uint64_t> written_since_eviction_{0};
  std::atomic<uint64_t> hits_{0}, misses_{0}, writes_{0}, errors_{0};
};

}  // namespace cudapy::runtime
