// Makes a context current for its lifetime. What was current comes back; where nothing was, the
// context stays.
#pragma once

#include "runtime/cuda/driver.h"

#define CUDAPY_CALL(name, ...) check(driver().name(__VA_ARGS__), #name)

namespace cudapy::runtime::cuda {

class ContextScope {
 public:
  explicit ContextScope(Context context) {
    CUDAPY_CALL(cuCtxGetCurrent, &before_);
    if (before_ == context) return;
    CUDAPY_CALL(cuCtxSetCurrent, context);
    restores_ = before_ != nullptr;
  }
  ContextScope(const ContextScope&) = delete;
  ContextScope& operator=(const ContextScope&) = delete;
  ~ContextScope() {
    if (restores_) driver().cuCtxSetCurrent(before_);
  }

 private:
  Context before_ = nullptr;
  bool restores_ = false;
};

}  // namespace cudapy::runtime::cuda
