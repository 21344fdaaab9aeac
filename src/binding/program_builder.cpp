// Gathers the functions and signatures of a request and runs the frontend over them.
#include "binding/program_builder.h"

#include <cctype>
#include <string>
#include <utility>

#include "binding/captured.h"
#include "binding/name_resolver.h"
#include "binding/raised.h"
#include "frontend/lower.h"

namespace cudapy::binding {
namespace {

bool is_absent(PyObject* object) {
  return object == nullptr || object == Py_None;
}

bool is_list(PyObject* object) {
  return PyList_Check(object) != 0 || PyTuple_Check(object) != 0;
}

// The items of a list or tuple, or the object alone.
std::vector<PyObject*> items_of(PyObject* object) {
  if (is_absent(object)) return {};
  if (!is_list(object)) return {object};
  std::vector<PyObject*> items;
  const bool list = PyList_Check(object) != 0;
  const Py_ssize_t size = list ? PyList_Size(object) : PyTuple_Size(object);
  items.reserve(static_cast<size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i)
    items.push_back(list ? PyList_GetItem(object, i) : PyTuple_GetItem(object, i));
  return items;
}

// "saxpy" of "saxpy : void (...)"; empty: no name is given.
std::string name_in(const std::string& signature) {
  size_t at = 0;
  const auto skip_blanks = [&] {
    while (at < signature.size() && std::isspace(static_cast<unsigned char>(signature[at])) != 0)
      ++at;
  };
  skip_blanks();
  const size_t start = at;
  while (at < signature.size() &&
         (std::isalnum(static_cast<unsigned char>(signature[at])) != 0 || signature[at] == '_')) {
    ++at;
  }
  const std::string name = signature.substr(start, at - start);
  skip_blanks();
  return at < signature.size() && signature[at] == ':' ? name : std::string();
}

bool add_functions(PythonNameResolver& resolver, const ProgramRequest& request,
                   std::vector<frontend::FunctionId>& functions) {
  for (PyObject* item : items_of(request.functions)) {
    const PyRef function = function_of(item);
    if (!function) {
      PyErr_Format(PyExc_TypeError, "only Python functions can be compiled, and this is %s",
                   describe(item).c_str());
      return false;
    }
    functions.push_back(resolver.add_listed(function.get(), request.bindings));
  }
  if (functions.empty()) PyErr_SetString(PyExc_TypeError, "there is no function to compile");
  return !functions.empty();
}

bool add_signatures(PythonNameResolver& resolver, const ProgramRequest& request,
                    const std::vector<frontend::FunctionId>& functions) {
  const std::vector<PyObject*> signatures = items_of(request.signatures);
  if (signatures.size() > functions.size()) {
    PyErr_SetString(PyExc_TypeError, "there are more signatures than functions");
    return false;
  }
  for (size_t i = 0; i < signatures.size(); ++i) {
    if (is_absent(signatures[i])) continue;
    if (PyUnicode_Check(signatures[i]) == 0) {
      PyErr_Format(PyExc_TypeError, "a signature is a string, and this is %s",
                   describe(signatures[i]).c_str());
      return false;
    }
    const std::string text = utf8(signatures[i]);
    const std::string name = name_in(text);
    frontend::FunctionId target = functions[i];
    for (const frontend::FunctionId function : functions) {
      if (!name.empty() && resolver.name_of(function) == name) target = function;
    }
    resolver.give_signature(target, text);
  }
  return true;
}

}  // namespace

std::optional<ir::Program> build_program(const ProgramRequest& request, Diagnostics& diagnostics,
                                         std::vector<SourceText>& sources) {
  PythonNameResolver resolver(request.read_source, sources);
  std::vector<frontend::FunctionId> functions;
  if (!add_functions(resolver, request, functions)) return std::nullopt;
  if (!add_signatures(resolver, request, functions)) return std::nullopt;
  std::optional<ir::Program> program = frontend::lower(resolver, diagnostics);
  if (const PyRef exception = resolver.take_exception()) {
    raise_again(exception);
    return std::nullopt;
  }
  if (program) program->sources = sources;
  return program;
}

}  // namespace cudapy::binding
