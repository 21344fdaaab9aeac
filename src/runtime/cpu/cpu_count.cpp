#include "runtime/cpu/cpu_count.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace cudapy::runtime {
namespace {

// Where a cgroup hierarchy is mounted, and which of its groups is the mount's root.
struct CgroupMount {
  std::string point;
  std::string root;
  bool version2 = false;
};

bool lists_controller(std::string_view list, std::string_view controller) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    if (list.substr(0, comma) == controller) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// Lines read "id parent major:minor root point options [optional...] - type source super-options".
std::vector<CgroupMount> cgroup_mounts(const std::string& root) {
  std::vector<CgroupMount> mounts;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    std::istringstream head(line.substr(0, separator)), tail(line.substr(separator + 3));
    std::string skipped, mount_root, point, type, source, super_options;
    head >> skipped >> skipped >> skipped >> mount_root >> point;
    tail >> type >> source >> super_options;
    if (type == "cgroup2") mounts.push_back({point, mount_root, true});
    if (type == "cgroup" && lists_controller(super_options, "cpu")) {
      mounts.push_back({point, mount_root, false});
    }
  }
  return mounts;
}

// This process's group in the hierarchy: lines read "id:controllers:path", version 2's controllers
// are empty.
std::string group_path(const std::string& root, bool version2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view controllers =
        std::string_view(line).substr(first + 1, second - first - 1);
    const bool matches = version2 ? controllers.empty() : lists_controller(controllers, "cpu");
    if (matches) return line.substr(second + 1);
  }
  return {};
}

std::optional<double> ratio(double quota, double period) {
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> read_number(const std::string& path) {
  std::ifstream file(path);
  double value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

std::optional<double> limit_of_folder(const std::string& folder, bool version2) {
  if (version2) {
    std::ifstream file(folder + "/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max") return std::nullopt;
    return ratio(std::strtod(quota.c_str(), nullptr), period);
  }
  const auto quota = read_number(folder + "/cpu.cfs_quota_us");
  const auto period = read_number(folder + "/cpu.cfs_period_us");
  if (!quota || !period) return std::nullopt;
  return ratio(*quota, *period);
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
