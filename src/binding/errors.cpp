#include "binding/errors.h"

#include <algorithm>
#include <tuple>

#include "binding/py_ref.h"

namespace cudapy::binding {
namespace {

PyRef error_class(const char* name) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.errors"));
  if (!module) return {};
  return PyRef::steal(PyObject_GetAttrString(module.get(), name));
}

PyRef text(const std::string& value) {
  // Source lines may hold any bytes; a message must never fail to be made.
  return PyRef::steal(
      PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "replace"));
}

bool set(PyObject* dict, const char* key, const PyRef& value) {
  return value && PyDict_SetItemString(dict, key, value.get()) == 0;
}

PyRef describe(const Diagnostic& diagnostic, std::span<const SourceText> sources) {
  PyRef dict = PyRef::steal(PyDict_New());
  if (!dict) return {};
  const Span& span = diagnostic.span;
  const std::string filename =
      span.source < sources.size() ? sources[span.source].filename : std::string();
  const auto number = [](int value) { return PyRef::steal(PyLong_FromLong(value)); };
  const bool is_set = set(dict.get(), "code", text(diagnostic.code)) &&
                      set(dict.get(), "message", text(diagnostic.message)) &&
                      set(dict.get(), "help", text(diagnostic.help)) &&
                      set(dict.get(), "filename", text(filename)) &&
                      set(dict.get(), "line", number(span.line)) &&
                      set(dict.get(), "column", number(span.column)) &&
                      set(dict.get(), "end_line", number(span.end_line)) &&
                      set(dict.get(), "end_column", number(span.end_column));
  return is_set ? std::move(dict) : PyRef();
}

void set_compile_error(const std::string& message, const PyRef& errors) {
  const PyRef type = error_class("CompileError");
  const PyRef shown = text(message);
  if (!type || !shown || !errors) return;
  const PyRef error =
      PyRef::steal(PyObject_CallFunctionObjArgs(type.get(), shown.get(), errors.get(), nullptr));
  if (error) PyErr_SetObject(type.get(), error.get());
}

}  // namespace

std::nullptr_t raise_compile_error(const Diagnostics& diagnostics,
                                   std::span<const SourceText> sources) {
  PyRef errors = PyRef::steal(PyList_New(0));
  for (const Diagnostic& diagnostic : diagnostics.errors()) {
    const PyRef item = describe(diagnostic, sources);
    if (!errors || !item || PyList_Append(errors.get(), item.get()) != 0) return nullptr;
  }
  set_compile_error(render(diagnostics, sources), errors);
  return nullptr;
}

std::nullptr_t raise_compile_error(const std::string& message) {
  set_compile_error(message, PyRef::steal(PyList_New(0)));
  return nullptr;
}

PyRef performance_warnings(const Diagnostics& notes, std::span<const SourceText> sources) {
  const PyRef type = error_class("PerformanceWarning");
  PyRef list = PyRef::steal(PyList_New(0));
  if (!type || !list) return {};
  std::vector<Diagnostic> ordered = notes.errors();
  std::ranges::stable_sort(ordered, {}, [](const Diagnostic& note) {
    return std::tuple(note.span.source, note.span.line, note.span.column);
  });
  for (const Diagnostic& note : ordered) {
    Diagnostics one;
    one.error(note.code, note.span, note.message, note.help);
    const PyRef shown = text(render(one, sources, "performance"));
    const PyRef details = describe(note, sources);
    if (!shown || !details) return {};
    const PyRef warning =
        PyRef::steal(PyObject_CallFunctionObjArgs(type.get(), shown.get(), details.get(), nullptr));
    if (!warning || PyList_Append(list.get(), warning.get()) != 0) return {};
  }
  return list;
}

std::nullptr_t raise_type_error(const std::string& message) {
  const PyRef type = error_class("CudaTypeError");
  const PyRef shown = text(message);
  if (type && shown) PyErr_SetObject(type.get(), shown.get());
  return nullptr;
}

std::nullptr_t raise_cuda_error(const std::string& message) {
  const PyRef type = error_class("CudaError");
  const PyRef shown = text(message);
  if (type && shown) PyErr_SetObject(type.get(), shown.get());
  return nullptr;
}

std::nullptr_t raise(PyObject* exception, const std::string& message) {
  if (const PyRef shown = text(message)) PyErr_SetObject(exception, shown.get());
  return nullptr;
}

}  // namespace cudapy::binding
