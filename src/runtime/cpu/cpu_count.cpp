#include "runtime/cpu/cpu_count.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "support/files.h"

namespace cudapy::runtime {
namespace {

// Where a cgroup hierarchy is mounted, and which of its groups is the mount's root.
struct CgroupMount {
  std::string point;
  std::string root;
  bool version2 = false;
};

bool lists_controller(std::string_view list, std::string_view controller) {
  const auto controllers = split(list, ',');
  return std::ranges::find(controllers, controller) != controllers.end();
}

// Lines read "id parent major:minor root point options [optional...] - type source super-options".
std::vector<CgroupMount> cgroup_mounts(const std::string& root) {
  std::vector<CgroupMount> mounts;
  const std::string text = read_text(root + "/proc/self/mountinfo").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    const size_t separator = line.find(" - ");
    if (separator == std::string_view::npos) continue;
    const auto head = split_words(line.substr(0, separator));
    const auto tail = split_words(line.substr(separator + 3));
    if (head.size() < 5 || tail.empty()) continue;
    const std::string mount_root(head[3]), point(head[4]);
    const std::string_view type = tail[0];
    if (type == "cgroup2") mounts.push_back({point, mount_root, true});
    if (type == "cgroup" && tail.size() > 2 && lists_controller(tail[2], "cpu"))
      mounts.push_back({point, mount_root, false});
  }
  return mounts;
}

// This process's group in the hierarchy: lines read "id:controllers:path", version 2's controllers
// are empty.
std::string group_path(const std::string& root, bool version2) {
  const std::string text = read_text(root + "/proc/self/cgroup").value_or("");
  for (const std::string_view line : split(text, '\n')) {
    const size_t first = line.find(':');
    const size_t second =
        first == std::string_view::npos ? std::string_view::npos : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool matches = version2 ? controllers.empty() : lists_controller(controllers, "cpu");
    if (matches) return std::string(line.substr(second + 1));
  }
  return {};
}

std::optional<double> ratio(double quota, double period) {
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

// The numbers of a file's first line; "max", which sets no limit, ends them.
std::vector<double> numbers_of(const std::string& path) {
  const std::string text = read_text(path).value_or("");
  std::vector<double> numbers;
  for (const std::string_view word : split_words(text)) {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) break;
    numbers.push_back(number);
  }
  return numbers;
}

std::optional<double> limit_of_folder(const std::string& folder, bool version2) {
  std::vector<double> limit = numbers_of(folder + (version2 ? "/cpu.max" : "/cpu.cfs_quota_us"));
  if (!version2) {
    const auto period = numbers_of(folder + "/cpu.cfs_period_us");
    limit.insert(limit.end(), period.begin(), period.end());
  }
  if (limit.size() < 2) return std::nullopt;
  return ratio(limit[0], limit[1]);
}

std::optional<double> tighter(std::optional<double> a, std::optional<double> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

std::optional<double> limit_of_mount(const std::string& root, const CgroupMount& mount) {
  std::string group = group_path(root, mount.version2);
  // Inside a container the mount shows a part of the hierarchy only, with its own group as the
  // root.
  if (mount.root != "/" && group.starts_with(mount.root)) group.erase(0, mount.root.size());
  if (group == "/") group.clear();
  std::optional<double> limit;
  while (true) {
    limit = tighter(limit, limit_of_folder(root + mount.point + group, mount.version2));
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos) break;
    group.erase(slash);
  }
  return limit;
}

}  // namespace

int affinity_cpu_count() {
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) break;
    const size_t size = CPU_ALLOC_SIZE(cpus);
    const int status = sched_getaffinity(0, size, set);
    const int count = status == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (status == 0) return std::max(count, 1);
  }
  return std::max(static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)), 1);
}

std::optional<double> cgroup_cpu_limit(const std::string& root) {
  std::optional<double> limit;
  for (const CgroupMount& mount : cgroup_mounts(root))
    limit = tighter(limit, limit_of_mount(root, mount));
  return limit;
}

int usable_cpu_count() {
  int count = affinity_cpu_count();
  if (const auto limit = cgroup_cpu_limit()) {
    count = std::min(count, static_cast<int>(std::min(std::ceil(*limit), 1e6)));
  }
  return std::clamp(count, 1, kMaxThreads);
}

int default_thread_count() {
  if (const char* text = std::getenv("CUDAPY_NUM_THREADS")) {
    const std::string_view view(text);
    int wanted = 0;
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), wanted);
    if (error == std::errc() && end == view.data() + view.size() && wanted >= 1) {
      return std::min(wanted, kMaxThreads);
    }
  }
  return usable_cpu_count();
}

}  // namespace cudapy::runtime
