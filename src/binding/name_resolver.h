// frontend::NameResolver over Python's own scopes: the bindings of templates, closures, functions
// that were listed, globals, built-ins, and cudapy's names last. Loads the functions that are
// called. Needs the GIL; lives for one compilation.
#pragma once

#include <Python.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "binding/py_ref.h"
#include "frontend/resolver.h"
#include "support/diagnostic.h"

namespace cudapy::binding {

class PythonNameResolver final : public frontend::NameResolver {
 public:
  // `sources` receives the text of every function that is loaded.
  PythonNameResolver(PyObject* read_source, std::vector<SourceText>& sources)
      : read_source_(read_source), sources_(sources) {}

  // Function 0 first. `bindings` may be nullptr or None.
  frontend::FunctionId add_listed(PyObject* function, PyObject* bindings);
  void give_signature(frontend::FunctionId function, const std::string& text);
  [[nodiscard]] const std::string& name_of(frontend::FunctionId function) const;

  frontend::Resolved resolve(frontend::FunctionId function, const std::string& root,
                             std::span<const std::string> attributes) override;
  std::vector<std::string> visible_names(frontend::FunctionId function) override;
  frontend::FunctionId complex_function(const std::string& name) override;
  const frontend::LoadedFunction* load(frontend::FunctionId function, const Span& use,
                                       Diagnostics& diagnostics) override;

  // The exception that user code raised meanwhile; empty: none.
  [[nodiscard]] PyRef take_exception() { return std::move(exception_); }

 private:
  struct UserFunction {
    PyRef function;
    PyRef bindings;  // dict, or empty: the caller's, for listed functions
    PyRef own_bindings;
    PyRef globals;
    PyRef builtins;
    std::map<std::string, PyRef> cells;
    std::string name;
    std::optional<std::string> signature;
    std::unique_ptr<frontend::LoadedFunction> loaded;
    bool unreadable = false;
  };

  frontend::FunctionId id_of(PyObject* function);
  std::unique_ptr<UserFunction> make(PyObject* function) const;
  PyRef find_object(const UserFunction& function, const std::string& name, bool& is_builtin);
  frontend::Resolved follow(PyRef object, const std::string& root,
                            std::span<const std::string> attributes);
  std::optional<frontend::Resolved> math_member(const std::string& name);
  std::optional<frontend::Resolved> member_of(const std::string& module,
                                              std::span<const std::string> attributes,
                                              size_t consumed);
  frontend::Resolved packaged(const std::string& name);
  frontend::Resolved with_axis(frontend::Resolved found, std::span<const std::string> attributes);

  bool read(UserFunction& function, const Span& use, Diagnostics& diagnostics);
  void report_unreadable(UserFunction& function, PyObject* exception, const Span& use,
                         Diagnostics& diagnostics);
  bool read_annotations(UserFunction& function);
  frontend::AnnotatedType annotation(UserFunction& function, PyObject* object);
  PyRef evaluate(UserFunction& function, PyObject* text);
  void read_defaults(UserFunction& function);
  frontend::DefaultValue default_value(PyObject* object);
  void read_bound_types(UserFunction& function);
  void read_types_in_scope(UserFunction& function, std::string_view text);
  void name_structs_in_scope(UserFunction& function);

  PyObject* read_source_;
  std::vector<SourceText>& sources_;
  std::vector<std::unique_ptr<UserFunction>> functions_;
  std::map<std::string, frontend::FunctionId> listed_;
  PyRef exception_;
};

}  // namespace cudapy::binding
