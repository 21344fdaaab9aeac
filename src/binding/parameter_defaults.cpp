// Python's rules for the arguments of a call, applied to launches.
#include "binding/parameter_defaults.h"

#include <algorithm>
#include <string>
#include <utility>

#include "binding/captured.h"
#include "binding/errors.h"
#include "binding/py_ref.h"
#include "support/diagnostic.h"

namespace cudapy::binding {
namespace {

size_t count_attribute(PyObject* object, const char* name) {
  const PyRef value = quiet_attribute(object, name);
  const long number = value ? PyLong_AsLong(value.get()) : 0;
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
  return number < 0 ? 0 : static_cast<size_t>(number);
}

// `2.0`, `np.float32(2.0)`; long ones are cut.
std::string text_of_default(PyObject* value) {
  constexpr size_t kLongest = 40;
  const PyRef text = PyRef::steal(PyObject_Repr(value));
  if (!text) PyErr_Clear();
  std::string shown = text ? utf8(text.get()) : "...";
  return shown.size() > kLongest ? shown.substr(0, kLongest) + "..." : shown;
}

bool fail(const KernelBody& body, const std::string& problem) {
  raise_type_error(quoted(body.name) + " " + problem + "\n  its signature is " +
                   describe_signature(body));
  return false;
}

std::string count_text(size_t least, size_t most) {
  const std::string range =
      least == most ? std::to_string(most) : std::to_string(least) + " to " + std::to_string(most);
  return range + (most == 1 ? " argument" : " arguments");
}

bool has_default(const Parameter& parameter) {
  return parameter.default_index >= 0;
}

bool fail_count(const KernelBody& body, size_t given) {
  const auto& parameters = body.parameters;
  const auto is_positional = [](const Parameter& p) { return !p.keyword_only; };
  const auto most =
      static_cast<size_t>(std::count_if(parameters.begin(), parameters.end(), is_positional));
  const auto least =
      static_cast<size_t>(std::count_if(parameters.begin(), parameters.end(), [](const auto& p) {
        return !p.keyword_only && !has_default(p);
      }));
  const char* const by_position = most == parameters.size() ? "" : " by position";
  return fail(body, "takes " + count_text(least, most) + by_position + ", " +
                        std::to_string(given) + (given == 1 ? " was" : " were") + " given");
}

bool take_keyword(const KernelBody& body, const std::string& name, PyObject* value,
                  std::vector<PyObject*>& ordered) {
  const auto found = std::find_if(body.parameters.begin(), body.parameters.end(),
                                  [&](const Parameter& p) { return p.name == name; });
  if (found == body.parameters.end()) return fail(body, "has no parameter " + quoted(name));
  if (found->positional_only)
    return fail(body,
                "takes " + quoted(name) + " by position only: write it without `" + name + "=`");
  PyObject*& slot = ordered[static_cast<size_t>(found - body.parameters.begin())];
  if (slot != nullptr) return fail(body, "is given its argument " + quoted(name) + " twice");
  slot = value;
  return true;
}

bool fail_missing(const KernelBody& body, const std::vector<PyObject*>& ordered) {
  std::string missing;
  size_t count = 0;
  for (size_t i = 0; i < ordered.size(); ++i) {
    if (ordered[i] != nullptr) continue;
    missing += (count++ == 0 ? "" : ", ") + quoted(body.parameters[i].name);
  }
  return fail(body, (count == 1 ? "lacks its argument " : "lacks its arguments ") + missing);
}

}  // namespace

bool read_parameter_kinds(KernelObject* kernel, PyObject* function,
                          std::vector<Parameter>& parameters) {
  const PyRef code = quiet_attribute(function, "__code__");
  if (!code) return true;
  const size_t positional = count_attribute(code.get(), "co_argcount");
  const size_t positional_only = count_attribute(code.get(), "co_posonlyargcount");
  const PyRef defaults = quiet_attribute(function, "__defaults__");
  const PyRef named = quiet_attribute(function, "__kwdefaults__");
  const bool has_defaults = defaults && PyTuple_Check(defaults.get()) != 0;
  const auto given = has_defaults ? static_cast<size_t>(PyTuple_Size(defaults.get())) : 0;
  const bool has_named = named && PyDict_Check(named.get()) != 0;
  const PyRef kept = PyRef::steal(PyList_New(0));
  if (!kept) return false;
  int next = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = parameters[i];
    parameter.positional_only = i < positional_only;
    parameter.keyword_only = i >= positional;
    PyObject* value = nullptr;  // borrowed
    if (parameter.keyword_only) {
      if (has_named) value = PyDict_GetItemString(named.get(), parameter.name.c_str());
    } else if (i + given >= positional) {
      value = PyTuple_GetItem(defaults.get(), static_cast<Py_ssize_t>(i + given - positional));
    }
    if (value == nullptr) continue;
    if (PyList_Append(kept.get(), value) != 0) return false;
    parameter.default_index = next++;
    parameter.default_text = text_of_default(value);
  }
  PyObject* const before = std::exchange(kernel->defaults, PyList_AsTuple(kept.get()));
  Py_XDECREF(before);
  return kernel->defaults != nullptr;
}

bool order_arguments(const KernelObject* kernel, PyObject* const* arguments, size_t count,
                     PyObject* keyword_names, std::vector<PyObject*>& ordered) {
  const KernelBody& body = *kernel->body;
  const auto& parameters = body.parameters;
  if (count > parameters.size() || (count > 0 && parameters[count - 1].keyword_only))
    return fail_count(body, count);
  ordered.assign(parameters.size(), nullptr);
  std::copy(arguments, arguments + count, ordered.begin());
  const Py_ssize_t keywords = keyword_names == nullptr ? 0 : PyTuple_Size(keyword_names);
  for (Py_ssize_t i = 0; i < keywords; ++i) {
    PyObject* const value = arguments[count + static_cast<size_t>(i)];
    if (!take_keyword(body, utf8(PyTuple_GetItem(keyword_names, i)), value, ordered)) return false;
  }
  bool complete = true;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (ordered[i] == nullptr && has_default(parameters[i]))
      ordered[i] = PyTuple_GetItem(kernel->defaults, parameters[i].default_index);
    complete = complete && ordered[i] != nullptr;
  }
  if (complete) return true;
  // Without keywords the number alone says it.
  const bool only_positional =
      std::none_of(parameters.begin(), parameters.end(),
                   [](const Parameter& p) { return p.keyword_only && !has_default(p); });
  return keywords == 0 && only_positional ? fail_count(body, count) : fail_missing(body, ordered);
}

}  // namespace cudapy::binding
