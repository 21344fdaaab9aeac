// Page allocation in executable arenas. See code_arena.h.
//
// Every arena is one reserved range. Pages turn writable and then executable one range at a time;
// released pages stay executable but lose their contents, so an arena settles at two mappings (used
// and still reserved) however its kernels come and go.
#include "runtime/cpu/code_arena.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bitset>
#include <list>
#include <mutex>

namespace cudapy::runtime {
namespace {

constexpr size_t kArenaBytes = size_t{2} << 20;
constexpr size_t kSmallestPage = 4096;
constexpr size_t kMostPages = kArenaBytes / kSmallestPage;
// What is larger than this gets a mapping of its own.
constexpr size_t kLargestShared = kArenaBytes / 4;

struct Arena {
  uint8_t* base = nullptr;
  std::bitset<kMostPages> used;
};

struct Arenas {
  std::mutex mutex;
  std::list<Arena> list;
};

// Never destroyed: kernels in static objects may be released after main.
Arenas& arenas() {
  static Arenas* const shared = [] {
    auto* made = new Arenas;
    pthread_atfork([] { arenas().mutex.lock(); }, [] { arenas().mutex.unlock(); },
                   [] { arenas().mutex.unlock(); });
    return made;
  }();
  return *shared;
}

size_t page_bytes() {
  static const size_t bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

size_t whole_pages(size_t size) {
  return (size + page_bytes() - 1) / page_bytes() * page_bytes();
}

uint8_t* map_pages(size_t bytes, int protection) {
  void* mapped = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<uint8_t*>(mapped);
}

// The first run of `wanted` unused pages, or kMostPages.
size_t find_run(const Arena& arena, size_t wanted) {
  const size_t pages = kArenaBytes / page_bytes();
  size_t run = 0;
  for (size_t page = 0; page < pages; ++page) {
    run = arena.used[page] ? 0 : run + 1;
    if (run == wanted) return page + 1 - wanted;
  }
  return kMostPages;
}

uint8_t* take_run(Arena& arena, size_t first, size_t pages) {
  uint8_t* start = arena.base + first * page_bytes();
  if (mprotect(start, pages * page_bytes(), PROT_READ | PROT_WRITE) != 0) return nullptr;
  for (size_t page = first; page < first + pages; ++page) arena.used.set(page);
  return start;
}

uint8_t* allocate_shared(size_t bytes) {
  const size_t pages = bytes / page_bytes();
  const std::lock_guard lock(arenas().mutex);
  for (Arena& arena : arenas().list) {
    if (const size_t first = find_run(arena, pages); first != kMostPages)
      return take_run(arena, first, pages);
  }
  uint8_t* base = map_pages(kArenaBytes, PROT_NONE);
  if (base == nullptr) return nullptr;
  arenas().list.push_front({base, {}});
  return take_run(arenas().list.front(), 0, pages);
}

void release_shared(uint8_t* start, size_t bytes) noexcept {
  const std::lock_guard lock(arenas().mutex);
  auto& list = arenas().list;
  for (auto arena = list.begin(); arena != list.end(); ++arena) {
    if (start < arena->base || start >= arena->base + kArenaBytes) continue;
    const size_t first = static_cast<size_t>(start - arena->base) / page_bytes();
    for (size_t page = first; page < first + bytes / page_bytes(); ++page) arena->used.reset(page);
    if (arena->used.none() && list.size() > 1) {
      munmap(arena->base, kArenaBytes);
      list.erase(arena);
    } else {
      mprotect(start, bytes, PROT_READ | PROT_EXEC);
      madvise(start, bytes, MADV_DONTNEED);
    }
    return;
  }
}

}  // namespace

void keep_code_pages_across_forks() {
  arenas();
}

uint8_t* allocate_code_pages(size_t size) {
  const size_t bytes = whole_pages(size);
  if (bytes > kLargestShared) return map_pages(bytes, PROT_READ | PROT_WRITE);
  return allocate_shared(bytes);
}

bool seal_code_pages(uint8_t* pages, size_t size) {
  if (mprotect(pages, whole_pages(size), PROT_READ | PROT_EXEC) != 0) return false;
  // Does nothing on x86-64; AArch64's instruction caches do not see stores by themselves.
  __builtin___clear_cache(reinterpret_cast<char*>(pages), reinterpret_cast<char*>(pages + size));
  return true;
}

void release_code_pages(uint8_t* pages, size_t size) noexcept {
  const size_t bytes = whole_pages(size);
  if (bytes > kLargestShared) {
    munmap(pages, bytes);
  } else {
    release_shared(pages, bytes);
  }
}

}  // namespace cudapy::runtime
