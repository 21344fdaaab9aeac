// Looks names up in Python's scopes and follows attributes of what is found.
#include "binding/name_resolver.h"

#include <utility>

#include "binding/ast_reader.h"
#include "binding/captured.h"
#include "binding/raised.h"
#include "frontend/foreign_names.h"
#include "frontend/known_names.h"

namespace cudapy::binding {

using frontend::FunctionId;
using frontend::Resolved;
using Kind = Resolved::Kind;

namespace {

// The value of a dict's key, or empty.
PyRef item(const PyRef& dict, const std::string& key) {
  if (!dict || PyDict_Check(dict.get()) == 0) return {};
  PyRef value = PyRef::borrow(PyDict_GetItemString(dict.get(), key.c_str()));
  return value;
}

void append_keys(const PyRef& dict, std::vector<std::string>& names) {
  if (!dict || PyDict_Check(dict.get()) == 0) return;
  const PyRef keys = PyRef::steal(PyDict_Keys(dict.get()));
  const Py_ssize_t size = keys ? PyList_Size(keys.get()) : 0;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* key = PyList_GetItem(keys.get(), i);
    if (PyUnicode_Check(key) == 0) continue;
    std::string name = utf8(key);
    if (!name.starts_with("__")) names.push_back(std::move(name));
  }
}

Resolved not_found() {
  return {};
}

// What a module that kernels know holds for them.
std::vector<std::string> members_of(const std::string& module) {
  if (module == "math") return frontend::math_names();
  if (module == "atomic") return frontend::atomic_names();
  if (module == "numpy") return frontend::numpy_names();
  if (module == "cudapy") return frontend::cudapy_names();
  return {};
}

Resolved no_attribute(size_t consumed, std::string description,
                      std::vector<std::string> candidates) {
  Resolved result;
  result.kind = Kind::NoAttribute;
  result.consumed = consumed;
  result.description = std::move(description);
  result.candidates = std::move(candidates);
  return result;
}

// What `root.attributes...` is called here, if `object` is the module numba.cuda or one of its
// members; functions that Numba compiles are Python's.
std::optional<Resolved> of_numba(PyObject* object, const std::string& root,
                                 std::span<const std::string> attributes) {
  const bool is_module = PyModule_Check(object) != 0;
  const PyRef type = PyRef::borrow(reinterpret_cast<PyObject*>(Py_TYPE(object)));
  const std::string home =
      is_module ? string_attribute(object, "__name__") : string_attribute(type.get(), "__module__");
  const bool is_cuda = is_module && home == "numba.cuda";
  const bool is_member =
      !is_module && home.starts_with("numba.") && PyObject_HasAttrString(object, "py_func") == 0;
  if (!is_cuda && !is_member) return std::nullopt;
  std::vector<std::string> path = {"cuda"};
  if (is_member) path.push_back(root);
  path.insert(path.end(), attributes.begin(), attributes.end());
  const auto foreign = frontend::find_foreign_name(path);
  if (!foreign || (is_member && foreign->parts == 1)) return std::nullopt;
  std::string name = root;
  for (const std::string& attribute : attributes) name += "." + attribute;
  Resolved refused;
  refused.kind = Kind::Unsupported;
  refused.message = "`" + name + "` is Numba's, and unknown to a kernel";
  const bool has_name = is_member && frontend::find_cudapy_name(root);
  refused.help =
      has_name ? "leave out the import of Numba's: a kernel has the name" : foreign->help;
  return refused;
}

}  // namespace

std::unique_ptr<PythonNameResolver::UserFunction> PythonNameResolver::make(
    PyObject* function) const {
  auto made = std::make_unique<UserFunction>();
  made->function = PyRef::borrow(function);
  made->name = string_attribute(function, "__name__");
  made->globals = quiet_attribute(function, "__globals__");
  made->builtins = quiet_attribute(function, "__builtins__");
  made->own_bindings = quiet_attribute(function, "__cudapy_bindings__");
  const PyRef code = quiet_attribute(function, "__code__");
  const PyRef names = code ? quiet_attribute(code.get(), "co_freevars") : PyRef();
  const PyRef closure = quiet_attribute(function, "__closure__");
  if (!names || !closure || PyTuple_Check(closure.get()) == 0) return made;
  for (Py_ssize_t i = 0; i < PyTuple_Size(closure.get()); ++i) {
    // An empty cell is a variable that is not assigned yet: the name stays unknown.
    PyRef value = quiet_attribute(PyTuple_GetItem(closure.get(), i), "cell_contents");
    if (value) made->cells.emplace(utf8(PyTuple_GetItem(names.get(), i)), std::move(value));
  }
  return made;
}

FunctionId PythonNameResolver::id_of(PyObject* function) {
  for (size_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i]->function.get() == function) return static_cast<FunctionId>(i);
  }
  functions_.push_back(make(function));
  return static_cast<FunctionId>(functions_.size() - 1);
}

FunctionId PythonNameResolver::add_listed(PyObject* function, PyObject* bindings) {
  const FunctionId id = id_of(function);
  UserFunction& added = *functions_[static_cast<size_t>(id)];
  if (bindings != nullptr && bindings != Py_None) added.bindings = PyRef::borrow(bindings);
  listed_.emplace(added.name, id);
  return id;
}

void PythonNameResolver::give_signature(FunctionId function, const std::string& text) {
  functions_[static_cast<size_t>(function)]->signature = text;
}

const std::string& PythonNameResolver::name_of(FunctionId function) const {
  return functions_[static_cast<size_t>(function)]->name;
}

// The object that a name stands for; empty: none.
PyRef PythonNameResolver::find_object(const UserFunction& function, const std::string& name,
                                      bool& is_builtin) {
  is_builtin = false;
  if (PyRef bound = item(function.own_bindings, name)) return bound;
  if (PyRef bound = item(function.bindings, name)) return bound;
  if (auto cell = function.cells.find(name); cell != function.cells.end()) return cell->second;
  if (auto listed = listed_.find(name); listed != listed_.end()) {
    return functions_[static_cast<size_t>(listed->second)]->function;
  }
  if (PyRef global = item(function.globals, name)) return global;
  is_builtin = true;
  return item(function.builtins, name);
}

Resolved PythonNameResolver::resolve(FunctionId function, const std::string& root,
                                     std::span<const std::string> attributes) {
  if (root[0] == '%') return packaged(root.substr(1));
  bool is_builtin = false;
  PyRef object = find_object(*functions_[static_cast<size_t>(function)], root, is_builtin);
  if (object && is_builtin) {
    if (auto known = frontend::find_builtin(root)) return *known;
    if (Resolved function = packaged(root); function.kind == Kind::Function) return function;
    Resolved refused;
    refused.kind = Kind::Unsupported;
    refused.message = "the built-in `" + root + "` is not supported in kernels";
    refused.help =
        "kernels have abs, bool, complex, divmod, enumerate, float, int, len, max, min, pow, "
        "print, "
        "range, round, sum and zip";
    return refused;
  }
  if (object) return follow(std::move(object), root, attributes);
  auto known = frontend::find_cudapy_name(root);
  if (!known) return not_found();
  if (known->kind == Kind::Module) {  // math or atomic, without an import
    if (attributes.empty()) return *known;
    if (auto member = member_of(known->description, attributes, 0)) return *member;
    return no_attribute(0, "`" + root + "`", members_of(known->description));
  }
  return with_axis(std::move(*known), attributes);
}

// One of Python's functions that the package has in the kernel language.
Resolved PythonNameResolver::packaged(const std::string& name) {
  Resolved found;
  const PyRef function = packaged_function("builtins", name);
  if (!function) return found;
  found.kind = Kind::Function;
  found.function = id_of(function.get());
  return found;
}

// threadIdx.x
Resolved PythonNameResolver::with_axis(Resolved found, std::span<const std::string> attributes) {
  if (found.kind != Kind::ThreadGroup || attributes.size() <= found.consumed) return found;
  const std::string& axis = attributes[found.consumed];
  if (auto index = frontend::find_thread_index(found.description, axis)) {
    found.kind = Kind::ThreadIndex;
    found.thread_index = *index;
    ++found.consumed;
    return found;
  }
  Resolved missing = no_attribute(found.consumed, "`" + found.description + "`", {"x", "y", "z"});
  missing.help = "it has .x, .y and .z";
  return missing;
}

// A function of math, or one that the package has in the kernel language.
std::optional<Resolved> PythonNameResolver::math_member(const std::string& name) {
  auto found = frontend::find_math_name(name);
  if (found && found->kind != Kind::Unsupported) return found;
  const PyRef function = packaged_function("math", name);
  if (!function) return found;
  Resolved packaged;
  packaged.kind = Kind::Function;
  packaged.function = id_of(function.get());
  return packaged;
}

// What a module that kernels know calls `attributes[consumed]`.
std::optional<Resolved> PythonNameResolver::member_of(const std::string& module,
                                                      std::span<const std::string> attributes,
                                                      size_t consumed) {
  const std::string& name = attributes[consumed];
  std::optional<Resolved> found;
  if (module == "math") found = math_member(name);
  if (module == "atomic") found = frontend::find_atomic_name(name);
  if (module == "numpy") found = frontend::find_numpy_name(name);
  if (module == "cudapy") found = frontend::find_cudapy_name(name);
  if (!found) return std::nullopt;
  found->consumed = consumed + 1;
  if (found->kind == Kind::Module && attributes.size() > consumed + 1) {  // cp.math.sin
    if (auto member = member_of(found->description, attributes, consumed + 1)) return member;
    return no_attribute(consumed + 1, "`" + found->description + "`",
                        members_of(found->description));
  }
  return with_axis(std::move(*found), attributes);
}

Resolved PythonNameResolver::follow(PyRef object, const std::string& root,
                                    std::span<const std::string> attributes) {
  if (auto refused = of_numba(object.get(), root, attributes)) return *refused;
  std::string shown = root;
  for (size_t consumed = 0;; ++consumed) {
    Captured meaning = captured(object.get());
    Resolved found = std::move(meaning.resolved);
    found.consumed = consumed;
    if (found.kind == Kind::Function) {
      found.function = id_of(meaning.callee.get());
      return found;
    }
    if (found.kind == Kind::ThreadGroup) return with_axis(std::move(found), attributes);
    if (consumed == attributes.size()) return found;
    const bool is_module = found.kind == Kind::Module;
    std::vector<std::string> candidates;
    if (is_module) {
      const std::string& module = found.description;
      if (auto member = member_of(module, attributes, consumed)) return *member;
      candidates = members_of(module);
      if (module == "math" || module == "atomic")
        return no_attribute(consumed, "`" + shown + "`", std::move(candidates));
    } else if (found.kind != Kind::Object && found.kind != Kind::Constant &&
               !((found.kind == Kind::Cast || found.kind == Kind::Tuple) &&
                 found.type.is_aggregate())) {
      return found;
    } else if (!has_frozen_attributes(object.get())) {
      return found;
    }
    PyRef value = PyRef::steal(PyObject_GetAttrString(object.get(), attributes[consumed].c_str()));
    if (!value && PyType_Check(object.get()) != 0) {  // an enumeration, or a class of constants
      const PyRef raised = take_raised();
      append_keys(
          PyRef::steal(PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyDict_Type), "O",
                                             quiet_attribute(object.get(), "__dict__").get())),
          candidates);
      PyErr_Clear();
      raise_again(raised);
    }
    if (!value) {
      if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) {
        exception_ = take_raised();
        found.kind = Kind::Failed;
        return found;
      }
      PyErr_Clear();
      return no_attribute(consumed, "`" + shown + "`", std::move(candidates));
    }
    object = std::move(value);
    shown = attributes[consumed];
  }
}

FunctionId PythonNameResolver::complex_function(const std::string& name) {
  const PyRef function = packaged_function("cmath", name);
  return function ? id_of(function.get()) : -1;
}

std::vector<std::string> PythonNameResolver::visible_names(FunctionId function) {
  const UserFunction& user = *functions_[static_cast<size_t>(function)];
  std::vector<std::string> names;
  append_keys(user.own_bindings, names);
  append_keys(user.bindings, names);
  for (const auto& [name, cell] : user.cells) names.push_back(name);
  for (const auto& [name, id] : listed_) names.push_back(name);
  // CUDA's names before the globals: of two equally near ones they are the likelier.
  for (std::string& name : frontend::cudapy_names()) names.push_back(std::move(name));
  for (std::string& name : frontend::builtin_names()) names.push_back(std::move(name));
  append_keys(user.globals, names);
  return names;
}

}  // namespace cudapy::binding
