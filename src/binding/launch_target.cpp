#include "binding/launch_target.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

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
        outer(other.outer),
        device(other.device),
        stream(other.stream),
        graph(other.graph) {
    detail::kept_blocks.fetch_add(1, std::memory_order_relaxed);
  }
  Block& operator=(const Block&) = delete;
  ~Block() { detail::kept_blocks.fetch_sub(1, std::memory_order_relaxed); }

  nb::object owner;
  nb::object outer;  // a capsule of a Block; None: there is none
  std::shared_ptr<const DeviceChoice> device;
  const Stream* stream = nullptr;
  RecordedGraph* graph = nullptr;
};

const Block* block_in(nb::handle capsule) {
  if (capsule.is_none()) return nullptr;
  return static_cast<const Block*>(PyCapsule_GetPointer(capsule.ptr(), kBlockName));
}

const Block* around(const Block& block) {
  return block_in(block.outer);
}

nb::object capsule_of(std::unique_ptr<Block> block) {
  PyObject* capsule = PyCapsule_New(block.get(), kBlockName, [](PyObject* dying) {
    delete static_cast<Block*>(PyCapsule_GetPointer(dying, kBlockName));
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
    copy->outer = std::move(made);
    made = capsule_of(std::move(copy));
  }
  return made;
}

void enter(std::unique_ptr<Block> block) {
  block->outer = innermost();
  set_innermost(capsule_of(std::move(block)));
}

}  // namespace

LaunchTarget detail::target_in_blocks() {
  const nb::object kept = innermost();
  LaunchTarget target = process_target;
  const Block* const first = block_in(kept);
  for (const Block* block = first; block != nullptr; block = around(*block)) {
    if (block->device == nullptr) continue;
    target.gpu = block->device->gpu;
    target.hook = block->device->hook.get();
    break;
  }
  for (const Block* block = first; block != nullptr; block = around(*block)) {
    if (target.graph == nullptr) target.graph = block->graph;
    if (target.stream == nullptr && block->stream != nullptr &&
        &block->stream->device() == target.gpu)
      target.stream = block->stream;
  }
  return target;
}

const Stream* current_stream_of(const Device& gpu) {
  const nb::object kept = innermost();
  for (const Block* block = block_in(kept); block != nullptr; block = around(*block)) {
    if (block->stream != nullptr && &block->stream->device() == &gpu) return block->stream;
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
  for (const Block* block = block_in(from); block != nullptr; block = around(*block)) {
    if (block->device == nullptr) continue;
    set_innermost(rebuilt(from, *block, [&](const Block& chosen) {
      auto changed = std::make_unique<Block>(chosen);
      changed->device = std::make_shared<const DeviceChoice>(std::move(choice));
      return capsule_of(std::move(changed));
    }));
    return;
  }
  detail::process_target.gpu = choice.gpu;
  detail::process_target.hook = choice.hook.get();
  std::swap(process_choice(), choice);  // what was chosen before goes last
}

nb::object current_device_name() {
  const nb::object kept = innermost();
  for (const Block* block = block_in(kept); block != nullptr; block = around(*block)) {
    if (block->device != nullptr) return nb::borrow(block->device->name.get());
  }
  PyObject* name = process_choice().name.get();
  return name != nullptr ? nb::borrow(name) : nb::str("cpu");
}

}  // namespace cudapy::binding
