#include "runtime/cuda/graph.h"

#include "runtime/cuda/context_scope.h"

namespace cudapy::runtime::cuda {
namespace {

// CU_STREAM_CAPTURE_MODE_RELAXED: memory that kernels need, and their code, come at once while
// launches are recorded.
constexpr int kRelaxed = 2;

}  // namespace

Graph::Graph(Device& device) : stream_(device, Stream::Apart{}) {}

Graph::~Graph() {
  abandon();
  drop();
}

// The driver may be gone before the last graph is, at the end of the process.
void Graph::drop() noexcept {
  nodes_ = 0;
  if (executable_ == nullptr) return;
  try {
    const ContextScope scope(device().context());
    driver().cuGraphExecDestroy(executable_);
  } catch (const CudaFailure&) {  // nothing is left to destroy
  }
  executable_ = nullptr;
}

void Graph::begin() {
  drop();
  const ContextScope scope(device().context());
  CUDAPY_CALL(cuStreamBeginCapture, stream_.handle(), kRelaxed);
  is_recording_ = true;
  device().begin_recording();
}

GraphHandle Graph::stop() {
  is_recording_ = false;
  device().end_recording();
  GraphHandle graph = nullptr;
  CUDAPY_CALL(cuStreamEndCapture, stream_.handle(), &graph);
  return graph;
}

void Graph::end() {
  const ContextScope scope(device().context());
  GraphHandle graph = stop();
  size_t nodes = 0;
  Result result = driver().cuGraphGetNodes(graph, nullptr, &nodes);
  if (result == 0) result = driver().cuGraphInstantiateWithFlags(&executable_, graph, 0);
  driver().cuGraphDestroy(graph);
  if (result != 0) executable_ = nullptr;
  check(result, "cuGraphInstantiateWithFlags");
  nodes_ = nodes;
}

void Graph::abandon() noexcept {
  if (!is_recording_) return;
  try {
    const ContextScope scope(device().context());
    driver().cuGraphDestroy(stop());
  } catch (const CudaFailure&) {  // it was broken: the driver has nothing of it
  }
}

void Graph::launch(const Stream* stream, uint64_t stack_bytes) const {
  device().replay(executable_, stack_bytes, stream != nullptr ? stream->handle() : nullptr);
}

}  // namespace cudapy::runtime::cuda
