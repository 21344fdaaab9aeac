// The part of PythonNameResolver that loads functions: source, syntax, signatures, annotations and
// defaults.
#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "binding/ast_reader.h"
#include "binding/captured.h"
#include "binding/name_resolver.h"
#include "binding/raised.h"
#include "frontend/type_names.h"

namespace cudapy::binding {

using frontend::AnnotatedType;
using frontend::DefaultValue;
using frontend::FunctionId;
using frontend::LoadedFunction;
using Kind = frontend::Resolved::Kind;

namespace {

int integer_attribute(PyObject* object, const char* name) {
  const PyRef value = quiet_attribute(object, name);
  const long number = value ? PyLong_AsLong(value.get()) : 0;
  if (PyErr_Occurred() != nullptr) PyErr_Clear();
  return static_cast<int>(number);
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// What to write instead of something that is no type; empty: nothing better than the usual.
std::string help_for(PyObject* object, const std::string& problem) {
  if (!problem.empty()) return problem;
  const PyRef fields =
      PyType_Check(object) != 0 ? quiet_attribute(object, "__annotations__") : PyRef();
  const bool has_fields =
      fields && PyDict_Check(fields.get()) != 0 && PyDict_Size(fields.get()) > 0;
  return has_fields ? "write `@dataclass` above the class: its fields are a struct's then" : "";
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

}  // namespace

DefaultValue PythonNameResolver::default_value(PyObject* object) {
  const Captured meaning = captured(object);
  DefaultValue value;
  value.is_constant = meaning.resolved.kind == Kind::Constant;
  value.constant = meaning.resolved.constant;
  value.type = meaning.resolved.type;
  value.description = describe(object);
  const Kind kind = meaning.resolved.kind;
  if (kind == Kind::Function || kind == Kind::Math || kind == Kind::Special || kind == Kind::Cast) {
    value.function = meaning.resolved;
    if (kind == Kind::Function) value.function->function = id_of(meaning.callee.get());
  }
  return value;
}

const LoadedFunction* PythonNameResolver::load(FunctionId function, const Span& use,
                                               Diagnostics& diagnostics) {
  UserFunction& user = *functions_[static_cast<size_t>(function)];
  if (!user.loaded && !user.unreadable) user.unreadable = !read(user, use, diagnostics);
  return user.loaded.get();
}

bool PythonNameResolver::read(UserFunction& function, const Span& use, Diagnostics& diagnostics) {
  const PyRef result = PyRef::steal(PyObject_CallFunctionObjArgs(
      read_source_, function.function.get(), static_cast<PyObject*>(nullptr)));
  if (!result) {
    const PyRef raised = take_raised();
    report_unreadable(function, raised.get(), use, diagnostics);
    return false;
  }
  if (PyTuple_Check(result.get()) == 0 || PyTuple_Size(result.get()) != 5) {
    PyErr_SetString(PyExc_TypeError, "read_source must return five values");
    exception_ = take_raised();
    return false;
  }
  SourceText text;
  text.filename = utf8(PyTuple_GetItem(result.get(), 0));
  text.first_line = static_cast<int>(PyLong_AsLong(PyTuple_GetItem(result.get(), 1)));
  PyObject* const lines = PyTuple_GetItem(result.get(), 2);
  for (Py_ssize_t i = 0; i < PyList_Size(lines); ++i)
    text.lines.push_back(utf8(PyList_GetItem(lines, i)));
  const auto index = static_cast<uint16_t>(sources_.size());
  const int line_offset = static_cast<int>(PyLong_AsLong(PyTuple_GetItem(result.get(), 3)));
  auto definition = read_function(PyTuple_GetItem(result.get(), 4), index, line_offset);
  sources_.push_back(std::move(text));
  if (!definition) {
    exception_ = take_raised();
    return false;
  }
  function.loaded = std::make_unique<LoadedFunction>();
  LoadedFunction& loaded = *function.loaded;
  loaded.source = index;
  loaded.definition = std::move(*definition);
  read_bound_types(function);
  read_defaults(function);
  if (function.signature) {
    loaded.given_signature = frontend::SignatureText{static_cast<uint16_t>(sources_.size()), {}};
    SourceText given{"<signature of " + function.name + ">", 1, split_lines(*function.signature)};
    for (size_t i = 0; i < given.lines.size(); ++i) {
      loaded.given_signature->pieces.push_back({given.lines[i], static_cast<int>(i) + 1, 0});
    }
    sources_.push_back(std::move(given));
  }
  if (function.signature) read_types_in_scope(function, *function.signature);
  const auto& lines_of_source = sources_[index].lines;
  for (size_t i = 0; i < lines_of_source.size(); ++i) {
    const int line = sources_[index].first_line + static_cast<int>(i);
    const size_t hash = lines_of_source[i].find('#');
    if (line < loaded.definition.span.line && hash != std::string::npos)
      read_types_in_scope(function, std::string_view(lines_of_source[i]).substr(hash));
  }
  loaded.comment_signature =
      frontend::find_comment_signature(sources_[index], index, loaded.definition.span.line,
                                       loaded.definition.name, loaded.bound_types);
  const bool has_signature = loaded.given_signature || loaded.comment_signature;
  if (has_signature) name_structs_in_scope(function);
  return has_signature || read_annotations(function);
}

// What source.read() raised: a SourceError is a mistake of the user, anything else passes through.
void PythonNameResolver::report_unreadable(UserFunction& function, PyObject* exception,
                                           const Span& use, Diagnostics& diagnostics) {
  const std::string code = string_attribute(exception, "code");
  const std::string message = string_attribute(exception, "message");
  if (code.empty() || message.empty()) {
    exception_ = PyRef::borrow(exception);
    return;
  }
  SourceText place{string_attribute(exception, "filename"), 1, {}};
  if (place.filename.empty()) place.filename = "<unknown>";
  const std::string text = string_attribute(exception, "text");
  const int line = integer_attribute(exception, "line");
  Span at{static_cast<uint16_t>(sources_.size()), line, 0, 0, 0};
  if (!text.empty()) {
    const size_t indent = std::min(text.find_first_not_of(" \t"), text.size());
    at = {at.source, line, static_cast<int>(indent), line, static_cast<int>(text.size())};
    place.first_line = line;
    place.lines.push_back(text);
  }
  sources_.push_back(std::move(place));
  const std::string help = string_attribute(exception, "help");
  if (use.line == 0) {
    diagnostics.error(code, at, message, help);
    return;
  }
  diagnostics.error(code, use, message, help)
      .notes.push_back({at, "`" + function.name + "` is defined here"});
}

// false: user code raised an exception.
bool PythonNameResolver::read_annotations(UserFunction& function) {
  LoadedFunction& loaded = *function.loaded;
  const PyRef annotations =
      PyRef::steal(PyObject_GetAttrString(function.function.get(), "__annotations__"));
  if (!annotations) {
    exception_ = take_raised();
    return false;
  }
  if (PyDict_Check(annotations.get()) == 0 || PyDict_Size(annotations.get()) == 0) return true;
  for (const auto& parameter : loaded.definition.parameters) {
    PyObject* const given = PyDict_GetItemString(annotations.get(), parameter.name.c_str());
    loaded.annotations.push_back(given == nullptr ? AnnotatedType{} : annotation(function, given));
  }
  PyObject* const result = PyDict_GetItemString(annotations.get(), "return");
  if (result != nullptr) loaded.result_annotation = annotation(function, result);
  return true;
}

AnnotatedType PythonNameResolver::annotation(UserFunction& function, PyObject* object) {
  PyRef value = PyRef::borrow(object);
  std::string problem;
  std::optional<ir::Type> type = type_of(object, problem);
  if (!type && PyUnicode_Check(object)) {  // `from __future__ import annotations`
    value = evaluate(function, object);
    if (!value)
      return {AnnotatedType::Kind::NotAType,
              {},
              "`" + utf8(object) + "`, which Python cannot evaluate",
              {}};
    type = type_of(value.get(), problem);
  }
  if (type) return {AnnotatedType::Kind::Type, *type, {}, {}};
  const bool is_array = !string_attribute(value.get(), "__cudapy_type__").empty();
  const std::string description =
      is_array ? "an array of " + describe(quiet_attribute(value.get(), "element").get())
               : describe(value.get());
  return {AnnotatedType::Kind::NotAType, {}, description, help_for(value.get(), problem)};
}

PyRef PythonNameResolver::evaluate(UserFunction& function, PyObject* text) {
  const PyRef code =
      PyRef::steal(Py_CompileString(utf8(text).c_str(), "<annotation>", Py_eval_input));
  const PyRef locals = PyRef::steal(PyDict_New());
  PyRef value;
  if (code && locals) {
    for (const auto& [name, cell] : function.cells)
      PyDict_SetItemString(locals.get(), name.c_str(), cell.get());
    if (function.own_bindings && PyDict_Check(function.own_bindings.get())) {
      PyDict_Update(locals.get(), function.own_bindings.get());
    }
    value = PyRef::steal(PyEval_EvalCode(code.get(), function.globals.get(), locals.get()));
  }
  if (!value) PyErr_Clear();
  return value;
}

void PythonNameResolver::read_defaults(UserFunction& function) {
  LoadedFunction& loaded = *function.loaded;
  const auto& parameters = loaded.definition.parameters;
  loaded.defaults.resize(parameters.size());
  const PyRef positional = quiet_attribute(function.function.get(), "__defaults__");
  const PyRef named = quiet_attribute(function.function.get(), "__kwdefaults__");
  size_t positional_count = 0;
  for (const auto& parameter : parameters) positional_count += parameter.keyword_only ? 0 : 1;
  const bool has_positional = positional && PyTuple_Check(positional.get());
  const auto given = has_positional ? static_cast<size_t>(PyTuple_Size(positional.get())) : 0;
  for (size_t i = 0; i < given && given <= positional_count; ++i) {
    loaded.defaults[positional_count - given + i] =
        default_value(PyTuple_GetItem(positional.get(), static_cast<Py_ssize_t>(i)));
  }
  if (!named || PyDict_Check(named.get()) == 0) return;
  for (size_t i = positional_count; i < parameters.size(); ++i) {
    PyObject* const value = PyDict_GetItemString(named.get(), parameters[i].name.c_str());
    if (value != nullptr) loaded.defaults[i] = default_value(value);
  }
}

// Types that a template binds may stand in its signature.
void PythonNameResolver::read_bound_types(UserFunction& function) {
  for (const PyRef* bindings : {&function.bindings, &function.own_bindings}) {
    if (!*bindings || PyDict_Check(bindings->get()) == 0) continue;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(bindings->get(), &position, &key, &value) != 0) {
      if (PyUnicode_Check(key) == 0 || PyUnicode_Check(value) != 0) continue;
      std::string problem;
      if (auto type = type_of(value, problem)) function.loaded->bound_types[utf8(key)] = *type;
    }
  }
}

// Names in the text of a signature that stand for types where the function is.
void PythonNameResolver::read_types_in_scope(UserFunction& function, std::string_view text) {
  LoadedFunction& loaded = *function.loaded;
  for (size_t at = 0; at < text.size();) {
    const size_t from = at;
    while (at < text.size() && is_word(text[at])) ++at;
    const std::string word(text.substr(from, at - from));
    if (at == from) ++at;
    if (word.empty() || frontend::find_type(word) || loaded.bound_types.contains(word)) continue;
    bool is_builtin = false;
    const PyRef object = find_object(function, word, is_builtin);
    if (!object || is_builtin || PyUnicode_Check(object.get()) != 0 || object.get() == Py_None)
      continue;
    std::string problem;
    if (auto type = type_of(object.get(), problem)) {
      loaded.bound_types[word] = *type;
    } else if (std::string help = help_for(object.get(), problem); !help.empty()) {
      loaded.type_hints.refused[word] = std::move(help);
    }
  }
}

void PythonNameResolver::name_structs_in_scope(UserFunction& function) {
  const auto add = [&](const std::string& name, PyObject* value) {
    const bool is_struct =
        PyType_Check(value) != 0 && (PyObject_HasAttrString(value, "__dataclass_fields__") != 0 ||
                                     PyObject_HasAttrString(value, "_fields") != 0);
    if (is_struct) function.loaded->type_hints.structs.push_back(name);
  };
  for (const auto& [name, value] : function.cells) add(name, value.get());
  // A copy: asking a class for its attributes may run code that changes the globals.
  const PyRef globals = PyRef::steal(PyDict_Copy(function.globals.get()));
  if (!globals) return PyErr_Clear();
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(globals.get(), &position, &key, &value) != 0) {
    if (PyUnicode_Check(key) != 0) add(utf8(key), value);
  }
}

}  // namespace cudapy::binding
