#include "binding/launch_target.h"

#include <pthread.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "binding/graph.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::cuda::Device;
using runtime::cuda::Stream;

namespace detail {

std::atomic<int64_t> kept_blocks{0};
LaunchTarget process_target;

}  // namespace detail

namespace {

constexpr const char* kBlockName = "cudapy.block";

// What one open `with` block changes, and the block around it. Never changed: contexts share them.
struct Block {
  Block() { detail::kept_blocks.fetch_add(1, std::memory_order_relaxed); }
  Block(const Block& other)
      : owner(other.owner),
        device(other.device),
        stream(other.stream),
        graph(other.graph),
        recording(other.recording) {  // set_outer() has still to be called
    detail::kept_blocks.fetch_add(1, std::memory_order_relaxed);
  }
  Block& operator=(const Block&) = delete;
  ~Block() { detail::kept_blocks.fetch_sub(1, std::memory_order_relaxed); }

  nb::object owner;
  nb::object outer;  // a capsule of a Block; None: there is none
  std::shared_ptr<const DeviceChoice> device;
  const Stream* stream = nullptr;
  RecordedGraph* graph = nullptr;
  uint64_t recording = 0;  // of the graph's, in whose time the block counts
  // The innermost ones, from this one outwards, that choose a device, and that have a stream of a
  // GPU or a graph: there may be hundreds of thousands that nobody has left.
  const Block* chooser = nullptr;
  const Block* queue = nullptr;

  // What was started within `with graph:`, a task of asyncio, may go on after it: its launches go
  // where they would without the block, into a later recording of the same graph no more than into
  // one that is over.
  bool is_over() const { return graph != nullptr && graph->recording != recording; }

  // Once all else is set.
  void set_outer(nb::object block);
};

const Block* block_in(nb::handle capsule) {
  if (capsule.is_none()) return nullptr;
  return static_cast<const Block*>(PyCapsule_GetPointer(capsule.ptr(), kBlockName));
}

const Block* around(const Block& block) {
  return block_in(block.outer);
}

const Block* chooser_from(const Block* block) {
  return block != nullptr ? block->chooser : nullptr;
}

const Block* queue_from(const Block* block) {
  return block != nullptr ? block->queue : nullptr;
}

void Block::set_outer(nb::object block) {
  outer = std::move(block);
  const Block* const next = block_in(outer);
  chooser = device != nullptr ? this : chooser_from(next);
  queue = stream != nullptr || graph != nullptr ? this : queue_from(next);
}

// A block is the last that knows of the one around it where nobody has left either. Those go one by
// one rather than each within the one before: hundreds of thousands of them would fill the stack.
void free_chain(std::unique_ptr<Block> block) {
  nb::object outer = std::move(block->outer);
  block.reset();
  while (outer.is_valid() && !outer.is_none() && Py_REFCNT(outer.ptr()) == 1) {
    auto* last = static_cast<Block*>(PyCapsule_GetPointer(outer.ptr(), kBlockName));
    nb::object next = std::move(last->outer);
    outer = std::move(next);  // ends the block, which has none around it any more
  }
}

nb::object capsule_of(std::unique_ptr<Block> block) {
  PyObject* capsule = PyCapsule_New(block.get(), kBlockName, [](PyObject* dying) {
    free_chain(
        std::unique_ptr<Block>(static_cast<Block*>(PyCapsule_GetPointer(dying, kBlockName))));
  });
  if (capsule == nullptr) throw nb::python_error();
  [[maybe_unused]] const Block* const kept = block.release();  // by the capsule
  return nb::steal(capsule);
}

// The ContextVar that holds the innermost block, and its `get`. Kernels may be launched while the
// interpreter ends: never destroyed.
struct Variable {
  nb::object variable;
  nb::object get;
};

// An import lets other threads run, so no lock may be held around it: the first to come back wins.
const Variable& variable() {
  static const Variable* made = nullptr;
  if (made != nullptr) return *made;
  nb::object variable = nb::module_::import_("contextvars")
                            .attr("ContextVar")("cudapy", nb::arg("default") = nb::none());
  nb::object get = variable.attr("get");
  if (made == nullptr) made = new Variable{std::move(variable), std::move(get)};
  return *made;
}

// A capsule, or None. PyContextVar_Get is no part of the stable ABI.
nb::object innermost() {
  if (detail::kept_blocks.load(std::memory_order_relaxed) == 0) return nb::none();
#ifdef Py_LIMITED_API
  PyObject* found = PyObject_CallNoArgs(variable().get.ptr());
  if (found == nullptr) throw nb::python_error();
#else
  PyObject* found = nullptr;
  if (PyContextVar_Get(variable().variable.ptr(), nullptr, &found) < 0) throw nb::python_error();
#endif
  return nb::steal(found);
}

void set_innermost(const nb::object& capsule) {
  variable().variable.attr("set")(capsule);
}

// The process's choice. Launches may come while the interpreter ends: never destroyed.
DeviceChoice& process_choice() {
  static auto* const choice = new DeviceChoice;
  return *choice;
}

// In the child of a fork. Launches ask the process's target for nothing but what it is.
void fall_back() {
  if (process_choice().fell_back()) detail::process_target.gpu = nullptr;
}

nb::object name_of(const DeviceChoice& choice) {
  if (choice.name.get() == nullptr || choice.fell_back()) return nb::str("cpu");
  return nb::borrow(choice.name.get());
}

// With `block` replaced by one like it that `change` has altered, or without it if it gives none.
// Those inside of it are made anew.
template <typename Change>
nb::object rebuilt(const nb::object& from, const Block& block, Change&& change) {
  std::vector<const Block*> inside;
  const Block* at = block_in(from);
  for (; at != &block; at = around(*at)) inside.push_back(at);
  nb::object made = change(block);
  for (auto it = inside.rbegin(); it != inside.rend(); ++it) {
    auto copy = std::make_unique<Block>(**it);
    copy->set_outer(std::move(made));
    made = capsule_of(std::move(copy));
  }
  return made;
}

void enter(std::unique_ptr<Block> block) {
  block->set_outer(innermost());
  set_innermost(capsule_of(std::move(block)));
}

}  // namespace

LaunchTarget detail::target_in_blocks() {
  const nb::object kept = innermost();
  LaunchTarget target = process_target;
  const Block* const first = block_in(kept);
  if (const Block* const chooser = chooser_from(first)) {
    target.gpu = chooser->device->fell_back() ? nullptr : chooser->device->gpu;
    target.hook = chooser->device->hook.get();
  }
  for (const Block* block = queue_from(first); block != nullptr;
       block = queue_from(around(*block))) {
    if (block->is_over()) continue;
    if (target.graph == nullptr) target.graph = block->graph;
    if (target.stream == nullptr && block->stream != nullptr &&
        &block->stream->device() == target.gpu)
      target.stream = block->stream;
  }
  // Graphs of GPUs have no launches on the CPU.
  if (target.graph != nullptr && target.gpu == nullptr && target.graph->gpu != nullptr)
    target.graph = nullptr;
  return target;
}

const Stream* current_stream_of(const Device& gpu) {
  const nb::object kept = innermost();
  for (const Block* block = queue_from(block_in(kept)); block != nullptr;
       block = queue_from(around(*block))) {
    if (!block->is_over() && block->stream != nullptr && &block->stream->device() == &gpu)
      return block->stream;
  }
  return nullptr;
}

PyObject* innermost_cpu_stream() {
  const nb::object kept = innermost();
  for (const Block* block = block_in(kept); block != nullptr; block = around(*block)) {
    if (block->device == nullptr && block->stream == nullptr && !block->is_over())
      return block->owner.ptr();
  }
  return nullptr;
}

void enter_device(nb::object owner, DeviceChoice choice) {
  auto block = std::make_unique<Block>();
  block->owner = std::move(owner);
  block->device = std::make_shared<const DeviceChoice>(std::move(choice));
  enter(std::move(block));
}

void enter_stream(nb::object owner, const Stream* stream, RecordedGraph* graph) {
  auto block = std::make_unique<Block>();
  block->owner = std::move(owner);
  block->stream = stream;
  block->graph = graph;
  if (graph != nullptr) block->recording = graph->recording;
  enter(std::move(block));
}

void leave_block(nb::handle owner) {
  const nb::object from = innermost();
  for (const Block* block = block_in(from); block != nullptr; block = around(*block)) {
    if (!block->owner.is(owner)) continue;
    set_innermost(rebuilt(from, *block, [](const Block& left) { return left.outer; }));
    return;
  }
}

void choose_device(DeviceChoice choice) {
  const nb::object from = innermost();
  if (const Block* const chooser = chooser_from(block_in(from))) {
    set_innermost(rebuilt(from, *chooser, [&](const Block& chosen) {
      auto changed = std::make_unique<Block>(chosen);
      changed->device = std::make_shared<const DeviceChoice>(std::move(choice));
      changed->set_outer(chosen.outer);
      return capsule_of(std::move(changed));
    }));
    return;
  }
  if (choice.is_automatic) {
    // Behind the driver's own handler, which has come first: the GPU is open.
    [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, fall_back);
  }
  detail::process_target.gpu = choice.fell_back() ? nullptr : choice.gpu;
  detail::process_target.hook = choice.hook.get();
  std::swap(process_choice(), choice);  // what was chosen before goes last
}

nb::object current_device_name() {
  const nb::object kept = innermost();
  const Block* const chooser = chooser_from(block_in(kept));
  return name_of(chooser != nullptr ? *chooser->device : process_choice());
}

}  // namespace cudapy::binding
