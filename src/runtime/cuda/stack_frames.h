// What the functions of a kernel's machine code take of a thread's stack. The driver knows it of
// the kernel alone: how often a function is open is known at run time.
#pragma once

#include <cstdint>
#include <span>

namespace cudapy::runtime::cuda {

// The bytes of the largest frame that the image, an ELF file, tells of; 0: it tells of none. The
// assembler notes frames in two places, of which one leaves out what it laid into the kernel's own
// code: in the attributes of functions and in the tables for debuggers.
uint64_t largest_frame(std::span<const uint8_t> cubin);

// The stack of a thread whose functions call themselves.
class StackPlan {
 public:
  // `frame` as largest_frame() says; `kernel`: what the kernel itself takes.
  StackPlan(uint64_t frame, uint64_t kernel);

  // Room for as many calls as may be open at once.
  uint64_t wanted() const;
  // How far below the kernel's frame a call may begin that a thread with so much stack makes.
  int64_t room(uint64_t stack) const;

 private:
  uint64_t frame_;
  uint64_t kernel_;
};

}  // namespace cudapy::runtime::cuda
