// The kernel cache's file format, reading, atomic writing and eviction. See kernel_cache.h.
//
// The folder is opened and checked anew by every operation (a few microseconds): nothing goes stale
// when it is deleted, and there is no state to mend after a fork.
#include "runtime/cache/kernel_cache.h"

#include "support/files.h"
#include "support/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string_view>
#include <utility>

namespace cudapy::runtime {
namespace {

constexpr uint64_t kMagic = 0x4548434159504443;  // "CDPYACHE"
constexpr uint32_t kFormatVersion = 1;
constexpr std::string_view kSubfolder = "/kernels";
constexpr std::string_view kTemporaryPrefix = "tmp-";
constexpr size_t kEntryNameLength = 32;
constexpr uint64_t kLargestEntry = uint64_t{256} << 20;
// An entry's time of use is brought up to date at most this often, so that a hit rarely writes.
constexpr time_t kUseGranularitySeconds = 3600;
constexpr time_t kTemporaryLifetimeSeconds = 3600;

struct EntryHeader {
  uint64_t magic = kMagic;
  uint32_t version = kFormatVersion;
  uint32_t padding = 0;
  uint64_t key_size = 0;
  uint64_t payload_size = 0;
  uint64_t checksum_low = 0;  // over the whole file with these two fields zero
  uint64_t checksum_high = 0;
};
static_assert(sizeof(EntryHeader) == 48);

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  // False if the system reports a late write error.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool is_private(const struct stat& status) {
  return status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// The folder of entries, open, if it exists and is safe to load code from; otherwise `problem` says
// why not, and is left empty if the folder just is not there.
Descriptor open_folder(const std::string& directory, std::string& problem) {
  const std::string path = directory + std::string(kSubfolder);
  Descriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) {
    if (errno != ENOENT) problem = path + ": " + std::strerror(errno);
    return folder;
  }
  struct stat status;
  if (fstat(folder.get(), &status) != 0) {
    problem = path + ": " + std::strerror(errno);
  } else if (!is_private(status)) {
    problem = path + ": not owned by the current user alone, so code is not loaded from it";
  } else {
    return folder;
  }
  return Descriptor();
}

bool make_folder(const std::string& directory, std::string& problem) {
  for (size_t slash = directory.find('/', 1);; slash = directory.find('/', slash + 1)) {
    const std::string parent = directory.substr(0, slash);
    if (mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST && slash == std::string::npos) {
      problem = parent + ": " + std::strerror(errno);
      return false;
    }
    if (slash == std::string::npos) break;
  }
  const std::string path = directory + std::string(kSubfolder);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    problem = path + ": " + std::strerror(errno);
    return false;
  }
  return true;
}

Descriptor open_or_make_folder(const std::string& directory, std::string& problem) {
  Descriptor folder = open_folder(directory, problem);
  if (folder || !problem.empty() || !make_folder(directory, problem)) return folder;
  return open_folder(directory, problem);
}

support::Hash128 checksum(EntryHeader header, std::span<const uint8_t> key,
                          std::span<const uint8_t> payload) {
  header.checksum_low = header.checksum_high = 0;
  support::Hasher hasher;
  hasher.add_raw(&header, sizeof header);
  hasher.add_raw(key.data(), key.size());
  hasher.add_raw(payload.data(), payload.size());
  return hasher.digest();
}

iovec part(const void* data, size_t size) {
  return {const_cast<void*>(data), size};
}

using Transfer = ssize_t (*)(int, const iovec*, int);

// Reads into or writes out all parts, going on after short transfers and signals.
bool transfer_all(Transfer transfer, int fd, std::span<iovec> parts) {
  while (!parts.empty()) {
    const ssize_t moved = transfer(fd, parts.data(), static_cast<int>(parts.size()));
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0) return false;
    auto left = static_cast<size_t>(moved);
    bool progress = moved > 0;
    while (!parts.empty() && left >= parts.front().iov_len) {
      left -= parts.front().iov_len;
      progress = progress || parts.front().iov_len == 0;
      parts = parts.subspan(1);
    }
    if (!progress) return false;
    if (!parts.empty()) {
      parts.front().iov_base = static_cast<uint8_t*>(parts.front().iov_base) + left;
      parts.front().iov_len -= left;
    }
  }
  return true;
}

bool is_entry_name(std::string_view name) {
  return name.size() == kEntryNameLength &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct FolderEntry {
  std::string name;
  uint64_t bytes = 0;
  timespec used = {};
  bool temporary = false;
};

// Calls `visit` for every entry and every temporary file.
void walk(int folder, const std::function<void(FolderEntry)>& visit) {
  const int duplicate = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = duplicate >= 0 ? fdopendir(duplicate) : nullptr;
  if (stream == nullptr) {
    if (duplicate >= 0) close(duplicate);
    return;
  }
  while (const dirent* item = readdir(stream)) {
    const std::string_view name = item->d_name;
    const bool temporary = name.starts_with(kTemporaryPrefix);
    struct stat status;
    if (!temporary && !is_entry_name(name)) continue;
    if (fstatat(folder, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    visit({std::string(name), static_cast<uint64_t>(status.st_size), status.st_mtim, temporary});
  }
  closedir(stream);
}

// Removes least recently used entries until three quarters of the limit are left, so that the next
// eviction is far away, and temporary files that a killed process left behind.
void evict(int folder, uint64_t size_limit) {
  std::vector<FolderEntry> entries;
  uint64_t total = 0;
  const time_t now = time(nullptr);
  walk(folder, [&](FolderEntry entry) {
    if (entry.temporary) {
      if (now - entry.used.tv_sec > kTemporaryLifetimeSeconds)
        unlinkat(folder, entry.name.c_str(), 0);
      return;
    }
    total += entry.bytes;
    entries.push_back(std::move(entry));
  });
  if (total <= size_limit) return;
  std::ranges::sort(entries, {}, [](const FolderEntry& entry) {
    return std::pair(entry.used.tv_sec, entry.used.tv_nsec);
  });
  for (const FolderEntry& entry : entries) {
    if (total <= size_limit / 4 * 3) break;
    unlinkat(folder, entry.name.c_str(), 0);
    total -= entry.bytes;
  }
}

// Unique among threads, processes and machines that share the folder; O_EXCL settles what is left.
std::string temporary_name() {
  static std::atomic<uint32_t> counter{0};
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return std::string(kTemporaryPrefix) + std::to_string(getpid()) + "-" +
         std::to_string(counter++) + "-" + std::to_string(now.tv_sec) + std::to_string(now.tv_nsec);
}

void mark_used(int file, const struct stat& status) {
  if (time(nullptr) - status.st_mtim.tv_sec <= kUseGranularitySeconds) return;
  const std::array<timespec, 2> now = {timespec{0, UTIME_NOW}, timespec{0, UTIME_NOW}};
  futimens(file, now.data());
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string default_directory() {
  if (const auto base = environment("XDG_CACHE_HOME"); base.starts_with('/'))
    return std::string(base) + "/cudapy";
  if (const auto home = environment("HOME"); home.starts_with('/'))
    return std::string(home) + "/.cache/cudapy";
  return {};
}

// "65536", "64K", "512M", "2G"; the default for anything else.
uint64_t size_from(std::string_view text, uint64_t otherwise) {
  uint64_t value = 0;
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 18;
       ++digits)
    value = value * 10 + static_cast<uint64_t>(text[digits] - '0');
  if (digits == 0) return otherwise;
  const std::string_view unit = text.substr(digits);
  const int shift = unit == ""                   ? 0
                    : unit == "K" || unit == "k" ? 10
                    : unit == "M"                ? 20
                    : unit == "G"                ? 30
                                                 : -1;
  if (shift < 0 || value > (UINT64_MAX >> shift)) return otherwise;
  return value << shift;
}

}  // namespace

CacheOptions CacheOptions::from_environment() {
  CacheOptions options;
  const std::string_view wanted = environment("CUDAPY_CACHE");
  options.enabled = wanted != "0" && wanted != "off" && wanted != "false" && wanted != "no";
  options.size_limit = size_from(environment("CUDAPY_CACHE_SIZE"), options.size_limit);
  options.directory = environment("CUDAPY_CACHE_DIR");
  if (options.directory.empty()) options.directory = default_directory();
  if (!options.directory.empty()) options.directory = absolute_path(options.directory);
  if (options.directory.empty()) options.enabled = false;
  return options;
}

KernelCache::KernelCache(CacheOptions options) : options_(std::move(options)) {}

std::optional<std::vector<uint8_t>> KernelCache::load(std::span<const uint8_t> key) noexcept {
  if (!options_.enabled) return std::nullopt;
  try {
    if (auto payload = read_entry(key)) {
      ++hits_;
      return payload;
    }
  } catch (...) {  // out of memory
    ++errors_;
  }
  ++misses_;
  return std::nullopt;
}

std::optional<std::vector<uint8_t>> KernelCache::read_entry(std::span<const uint8_t> key) {
  std::string problem;
  const Descriptor folder = open_folder(options_.directory, problem);
  if (!folder) {
    if (!problem.empty()) ++errors_;
    return std::nullopt;
  }
  const std::string name = support::hash_bytes(key).hex();
  const Descriptor file(
      openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno != ENOENT) ++errors_;
    return std::nullopt;
  }
  struct stat status;
  const uint64_t overhead = sizeof(EntryHeader) + key.size();
  const bool plausible = fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                         is_private(status) && static_cast<uint64_t>(status.st_size) >= overhead &&
                         static_cast<uint64_t>(status.st_size) <= kLargestEntry;
  if (!plausible) {
    ++errors_;
    return std::nullopt;
  }
  EntryHeader header;
  std::vector<uint8_t> stored_key(key.size());
  std::vector<uint8_t> payload(static_cast<uint64_t>(status.st_size) - overhead);
  std::array<iovec, 3> parts = {part(&header, sizeof header),
                                part(stored_key.data(), stored_key.size()),
                                part(payload.data(), payload.size())};
  const bool whole = transfer_all(readv, file.get(), parts) && header.magic == kMagic &&
                     header.version == kFormatVersion && header.key_size == key.size() &&
                     header.payload_size == payload.size() &&
                     checksum(header, stored_key, payload) ==
                         support::Hash128{header.checksum_low, header.checksum_high} &&
                     std::ranges::equal(stored_key, key);
  if (!whole) {
    ++errors_;
    return std::nullopt;
  }
  mark_used(file.get(), status);
  return payload;
}

bool KernelCache::store(std::span<const uint8_t> key, std::span<const uint8_t> payload) noexcept {
  if (!options_.enabled) return false;
  try {
    if (write_entry(key, payload)) {
      ++writes_;
      return true;
    }
  } catch (...) {  // out of memory
  }
  ++errors_;
  return false;
}

bool KernelCache::write_entry(std::span<const uint8_t> key, std::span<const uint8_t> payload) {
  const uint64_t size = sizeof(EntryHeader) + key.size() + payload.size();
  if (size > std::min(options_.size_limit, kLargestEntry)) return false;
  std::string problem;
  const Descriptor folder = open_or_make_folder(options_.directory, problem);
  if (!folder) return false;

  EntryHeader header{.key_size = key.size(), .payload_size = payload.size()};
  const support::Hash128 sum = checksum(header, key, payload);
  header.checksum_low = sum.low;
  header.checksum_high = sum.high;

  const std::string temporary = temporary_name();
  Descriptor file(
      openat(folder.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return false;
  std::array<iovec, 3> parts = {part(&header, sizeof header), part(key.data(), key.size()),
                                part(payload.data(), payload.size())};
  const support::Hash128 key_hash = support::hash_bytes(key);
  const bool written =
      transfer_all(writev, file.get(), parts) && fsync(file.get()) == 0 && file.close() &&
      renameat(folder.get(), temporary.c_str(), folder.get(), key_hash.hex().c_str()) == 0;
  if (!written) {
    unlinkat(folder.get(), temporary.c_str(), 0);
    return false;
  }
  if (eviction_is_due(size, key_hash.low)) evict(folder.get(), options_.size_limit);
  return true;
}

// A walk over the folder costs milliseconds when it is full, so a process does it only after having
// written a sixteenth of the limit itself, or for one entry in 64: that bounds the overshoot also
// where each process writes a single kernel.
bool KernelCache::eviction_is_due(uint64_t just_written, uint64_t key_hash) {
  const uint64_t written = written_since_eviction_ += just_written;
  if (written <= options_.size_limit / 16 && key_hash % 64 != 0) return false;
  written_since_eviction_ = 0;
  return true;
}

CacheInfo KernelCache::info() const noexcept {
  CacheInfo info;
  info.enabled = options_.enabled;
  info.hits = hits_;
  info.misses = misses_;
  info.writes = writes_;
  info.errors = errors_;
  try {
    info.directory = options_.directory;
    if (options_.directory.empty()) {
      info.problem = "neither CUDAPY_CACHE_DIR, XDG_CACHE_HOME nor HOME names a folder";
      return info;
    }
    const Descriptor folder = open_folder(options_.directory, info.problem);
    if (!folder) return info;
    walk(folder.get(), [&](const FolderEntry& entry) {
      info.entries += entry.temporary ? 0 : 1;
      info.bytes += entry.bytes;
    });
  } catch (...) {  // out of memory: what was gathered so far is still true
  }
  return info;
}

void KernelCache::clear() noexcept {
  try {
    std::string problem;
    const Descriptor folder = open_folder(options_.directory, problem);
    if (!folder) return;
    walk(folder.get(),
         [&](const FolderEntry& entry) { unlinkat(folder.get(), entry.name.c_str(), 0); });
  } catch (...) {  // out of memory: the entries that are left are still valid
  }
}

}  // namespace cudapy::runtime
