#include "binding/cpu_graph.h"

#include <algorithm>

#include "binding/arguments.h"
#include "binding/captured.h"
#include "binding/cpu_launch.h"
#include "binding/errors.h"
#include "binding/graph.h"
#include "binding/kernel.h"
#include "binding/launch_target.h"

namespace cudapy::binding {

std::optional<size_t> RecordedStreams::find(PyObject* stream) const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].first.get() == stream) return i;
  }
  return std::nullopt;
}

void RecordedStreams::join(PyObject* stream, const RecordedPlace& place) {
  auto number = find(stream);
  if (!number) {
    number = streams_.size();
    streams_.emplace_back(PyRef::borrow(stream), RecordedPlace());
  }
  RecordedPlace& here = streams_[*number].second;
  here.resize(std::max({here.size(), place.size(), *number + 1}));
  for (size_t i = 0; i < place.size(); ++i) here[i] = std::max(here[i], place[i]);
}

void RecordedStreams::launch(size_t stream) {
  ++streams_[stream].second[stream];
}

bool RecordedStreams::are_joined() const {
  const RecordedPlace& own = streams_.front().second;
  for (size_t i = 1; i < streams_.size(); ++i) {
    const size_t launches = streams_[i].second[i];
    if (launches > (i < own.size() ? own[i] : 0)) return false;
  }
  return true;
}

void CpuGraph::begin(PyObject* graph) {
  ready_ = nullptr;
  building_ = std::make_shared<CpuSteps>();
  streams_.emplace(graph);
}

bool CpuGraph::end() {
  const bool are_joined = streams_->are_joined();
  if (are_joined) ready_ = std::move(building_);
  abandon();
  if (are_joined) return true;
  raise_cuda_error(
      "a stream of the recording has launches that the graph does not wait for\n  help: let it "
      "come "
      "after an event behind them, event.record(stream) and graph.wait(event)");
  return false;
}

void CpuGraph::abandon() {
  building_ = nullptr;
  streams_.reset();
}

bool CpuGraph::run() const {
  const std::shared_ptr<const CpuSteps> steps = ready_;  // it may be recorded anew meanwhile
  for (const CpuStep& step : steps->all) {
    if (step.hook) {
      if (!PyRef::steal(PyObject_Call(step.hook.get(), step.given.get(), nullptr))) return false;
      continue;
    }
    runtime::LaunchPlan plan = step.plan;
    if (!run_on_cpu(*step.body, *step.code, step.arguments.data(), step.request, plan))
      return false;
  }
  return true;
}

bool join_recording(PyObject* stream, const RecordedGraph* graph, bool& is_recorded) {
  is_recorded = false;
  if (recorded_graph == nullptr || recorded_graph->steps == nullptr) return true;
  RecordedStreams& streams = recorded_graph->steps->streams();
  if (stream == nullptr) stream = innermost_cpu_stream();
  const auto number = stream != nullptr ? streams.find(stream) : std::nullopt;
  if (number && graph != nullptr) {
    streams.launch(*number);
    is_recorded = true;
    return true;
  }
  if (!number && graph == nullptr) return true;
  raise_stream_apart(number.has_value());
  return false;
}

namespace {

// What a kernel gets by value is what it was at the recording. A new reference; null with an
// exception set.
PyObject* frozen(PyObject* argument) {
  const PyRef rank = quiet_attribute(argument, "ndim");
  const bool is_number = rank && PyLong_Check(rank.get()) && PyLong_AsLong(rank.get()) == 0;
  if (!is_number && PyObject_HasAttrString(argument, "__dataclass_fields__") == 0)
    return Py_NewRef(argument);
  const PyRef module = PyRef::steal(PyImport_ImportModule("copy"));
  return module ? PyObject_CallMethod(module.get(), "copy", "O", argument) : nullptr;
}

bool is_copied(PyObject* argument) {
  return PyList_Check(argument) || PyTuple_CheckExact(argument) ||
         PyObject_TypeCheck(argument, &PyRange_Type);
}

// An argument as a step keeps it. Null with an exception set.
PyRef kept_argument(const KernelBody& body, const std::string& name, PyObject* argument) {
  if (!is_copied(argument)) return PyRef::steal(frozen(argument));
  raise_type_error("argument `" + name + "` of `" + body.name + "`: " + kRecordedCopy +
                   "\n  help: " + kRecordedCopyHelp);
  return {};
}

PyRef kept_by_position(const KernelBody& body, PyObject* arguments) {
  const Py_ssize_t count = PyTuple_Size(arguments);
  PyRef kept = PyRef::steal(PyTuple_New(count));
  for (Py_ssize_t i = 0; kept && i < count; ++i) {
    const std::string& name = body.parameters[static_cast<size_t>(i)].name;
    const PyRef own = kept_argument(body, name, PyTuple_GetItem(arguments, i));
    if (!own) return {};
    PyTuple_SetItem(kept.get(), i, Py_NewRef(own.get()));
  }
  return kept;
}

PyRef kept_by_name(const KernelBody& body, PyObject* arguments) {
  PyRef kept = PyRef::steal(PyDict_New());
  PyObject* name = nullptr;
  PyObject* argument = nullptr;
  Py_ssize_t at = 0;
  while (kept && PyDict_Next(arguments, &at, &name, &argument) != 0) {
    const PyRef own = kept_argument(body, utf8(name), argument);
    if (!own || PyDict_SetItem(kept.get(), name, own.get()) != 0) return {};
  }
  return kept;
}

}  // namespace

bool record_call(const PyRef& hook, const PyRef& given, CpuSteps& steps) {
  const auto* kernel = reinterpret_cast<KernelObject*>(PyTuple_GetItem(given.get(), 0));
  const Py_ssize_t parts = PyTuple_Size(given.get());
  constexpr Py_ssize_t kByPosition = 3;
  constexpr Py_ssize_t kByName = 4;
  CpuStep step;
  step.given = PyRef::steal(PyTuple_New(parts));
  if (!step.given) return false;
  for (Py_ssize_t i = 0; i < parts; ++i) {
    PyObject* const part = PyTuple_GetItem(given.get(), i);
    const PyRef kept = i == kByPosition ? kept_by_position(*kernel->body, part)
                       : i == kByName   ? kept_by_name(*kernel->body, part)
                                        : PyRef::borrow(part);
    if (!kept) return false;
    PyTuple_SetItem(step.given.get(), i, Py_NewRef(kept.get()));
  }
  step.hook = PyRef::borrow(hook.get());
  steps.all.push_back(std::move(step));
  return true;
}

}  // namespace cudapy::binding
