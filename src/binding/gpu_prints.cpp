#include "binding/gpu_prints.h"

#include <algorithm>
#include <vector>

#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/prints.h"

namespace cudapy::binding {
namespace {

using runtime::PrintBuffer;
using runtime::cuda::Device;
using runtime::cuda::PrintedWords;

// One record, as runtime::CudaPrints describes it.
struct Record {
  int32_t kernel = 0;
  int32_t launch = 0;
  PrintBuffer::Record record{};
  const uint64_t* values = nullptr;
};

int32_t low_half(uint64_t word) {
  return static_cast<int32_t>(static_cast<uint32_t>(word));
}

int32_t high_half(uint64_t word) {
  return static_cast<int32_t>(static_cast<uint32_t>(word >> 32U));
}

std::vector<Record> records_of(const std::vector<uint64_t>& words) {
  std::vector<Record> records;
  for (size_t at = 0; at + runtime::kCudaPrintHead <= words.size() && words[at] != 0;) {
    const uint64_t* head = words.data() + at;
    Record record;
    record.kernel = low_half(head[1]);
    record.launch = high_half(head[1]);
    record.record.site = low_half(head[0]) - 1;
    record.record.count = high_half(head[0]);
    for (int axis = 0; axis < 3; ++axis)
      record.record.thread[axis] = static_cast<int64_t>(head[2 + axis]);
    record.values = head + runtime::kCudaPrintHead;
    records.push_back(record);
    at += runtime::kCudaPrintHead + static_cast<size_t>(record.record.count);
  }
  return records;
}

// The records of one launch.
bool write_launch(const Device& gpu, std::vector<Record>::const_iterator begin,
                  std::vector<Record>::const_iterator end, uint64_t dropped) {
  const std::vector<ir::FaultSite>* sites = sites_of_kernel(gpu, begin->kernel);
  if (sites == nullptr) return true;
  PrintBuffer prints;
  prints.drop(dropped);
  for (auto record = begin; record != end; ++record) prints.add(record->record, record->values, 1);
  return write_prints(prints, *sites);
}

}  // namespace

bool write_gpu_prints(Device& gpu) {
  PrintedWords printed;
  {
    const GilRelease released;
    printed = gpu.take_prints();
  }
  std::vector<Record> records = records_of(printed.words);
  const uint64_t dropped = printed.records - records.size();
  std::ranges::stable_sort(records, {}, &Record::launch);
  for (auto begin = records.cbegin(); begin != records.cend();) {
    const auto end = std::find_if(begin, records.cend(), [&](const Record& record) {
      return record.launch != begin->launch;
    });
    if (!write_launch(gpu, begin, end, end == records.cend() ? dropped : 0)) return false;
    begin = end;
  }
  return true;
}

}  // namespace cudapy::binding
