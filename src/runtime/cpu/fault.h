// What a kernel calls when a thread faults.
#pragma once

#include <cstdint>

#include "runtime/cpu/kernel_abi.h"

// Claims and fills the record if this is the launch's first fault. Any thread of a launch may call
// it.
extern "C" void cudapy_record_fault(cudapy::runtime::FaultRecord* record, int32_t site,
                                    int64_t index, int64_t length, int64_t x, int64_t y,
                                    int64_t z) noexcept;

// The same for what a thread raises, with the values of its message.
extern "C" void cudapy_record_raise(cudapy::runtime::FaultRecord* record, int32_t site,
                                    const uint64_t* values, int32_t count, int64_t x, int64_t y,
                                    int64_t z) noexcept;
