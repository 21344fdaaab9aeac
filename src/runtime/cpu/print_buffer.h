// What the threads of a launch print: numbers and where they were printed, put into words after the
// launch by Python itself (binding/prints.h).
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace cudapy::runtime {

// Any thread of a launch may add; read it when none is in the kernel any more.
class PrintBuffer {
 public:
  static constexpr size_t kMostRecords = size_t{1} << 16;
  static constexpr size_t kMostValues = size_t{1} << 20;

  struct Record {
    int64_t thread[3];  // idx, idy, idz
    int32_t site;       // index into the kernel's fault sites
    int32_t count;      // of values
    size_t first;       // of them
  };

  void add(const Record& record, const uint64_t* values, int32_t stride);
  void drop(uint64_t records) { dropped_ += records; }

  // By thread, x fastest; what one thread printed in its order.
  void sort();

  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  // Bits of one of a record's values: integers are widened to 64 by their sign, floats are not.
  [[nodiscard]] uint64_t value(const Record& record, size_t number) const {
    return values_[record.first + number];
  }
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

 private:
  std::mutex mutex_;
  std::vector<Record> records_;
  std::vector<uint64_t> values_;
  uint64_t dropped_ = 0;
};

}  // namespace cudapy::runtime

// Lane k of a gang is on where bit k of `lanes` is; it is the thread (x + k, y, z), and its values
// are values[k], values[width + k], ...
extern "C" void cudapy_print(cudapy::runtime::PrintBuffer* prints, int32_t site, uint64_t lanes,
                             int64_t x, int64_t y, int64_t z, const uint64_t* values, int32_t count,
                             int32_t width) noexcept;
