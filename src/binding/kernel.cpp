#include "binding/kernel.h"
#include "binding/launch_size.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include "binding/captured.h"
#include "binding/docstrings.h"
#include "binding/elem_type.h"
#include "binding/errors.h"
#include "binding/interrupt_check.h"
#include "binding/launcher.h"
#include "binding/numbers.h"
#include "binding/parameter_defaults.h"
#include "binding/program_builder.h"
#include "binding/py_compat.h"
#include "binding/py_ref.h"
#include "frontend/signature.h"

namespace cudapy::binding {
namespace {

PyTypeObject* kernel_type = nullptr;

KernelObject* as_kernel(PyObject* object) {
  return reinterpret_cast<KernelObject*>(object);
}

// The types of a call, if all of them are written down.
std::optional<runtime::KernelTypes> declared_types(const KernelBody& body) {
  runtime::KernelTypes types;
  for (const Parameter& parameter : body.parameters) {
    if (parameter.declared.is_unknown()) return std::nullopt;
    types.arguments.push_back(parameter.declared);
  }
  return types;
}

std::vector<Parameter> parameters_of(const ir::Function& function) {
  std::vector<Parameter> parameters;
  for (int32_t i = 0; i < function.parameter_count; ++i) {
    const auto index = static_cast<size_t>(i);
    const ir::Local& local = function.locals[index];
    const bool is_signed = function.signature && index < function.signature->parameters.size();
    const ir::Type declared = is_signed ? function.signature->parameters[index] : local.declared;
    Parameter parameter;
    parameter.name = local.name;
    parameter.declared = declared;
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

bool set_attribute(PyObject* dict, PyObject* function, const char* name) {
  const PyRef value = PyRef::steal(PyObject_GetAttrString(function, name));
  if (!value) {
    PyErr_Clear();
    return true;
  }
  return PyDict_SetItemString(dict, name, value.get()) == 0;
}

bool copy_attributes(KernelObject* self, PyObject* function) {
  for (const char* name : {"__name__", "__qualname__", "__module__", "__doc__"}) {
    if (!set_attribute(self->dict, function, name)) return false;
  }
  return PyDict_SetItemString(self->dict, "__wrapped__", function) == 0;
}

bool read_flag(PyObject* options, const char* name, bool& out) {
  PyObject* value = PyDict_GetItemString(options, name);  // borrowed
  if (value == nullptr) return true;
  const int truth = PyObject_IsTrue(value);
  out = truth == 1;
  return truth >= 0;
}

bool read_options(PyObject* options, KernelBody& body) {
  static const char* const lines = std::getenv("CUDAPY_LINEINFO");
  body.options.line_info = lines != nullptr && *lines == '1';
  PyObject* debug = PyDict_GetItemString(options, "debug");
  if (debug != nullptr && PyUnicode_Check(debug)) {
    const char* folder = PyUnicode_AsUTF8AndSize(debug, nullptr);
    if (folder == nullptr) return false;
    body.dump_folder = folder;
  } else if (!read_flag(options, "debug", body.dumps_beside_source)) {
    return false;
  }
  return read_flag(options, "deferred", body.is_deferred) &&
         read_flag(options, "fastmath", body.options.fastmath) &&
         read_flag(options, "contract", body.options.contract) &&
         read_flag(options, "check", body.options.check) && read_flag(options, "warn", body.warns);
}

std::string name_of_function(PyObject* function) {
  const PyRef name = PyRef::steal(PyObject_GetAttrString(function, "__name__"));
  const char* text = name ? PyUnicode_AsUTF8AndSize(name.get(), nullptr) : nullptr;
  PyErr_Clear();
  return text != nullptr ? text : "kernel";
}

// What can be found wrong before a call's arguments are known.
bool check_declared(const KernelBody& body) {
  const auto types = declared_types(body);
  if (!types) return true;
  Diagnostics diagnostics;
  bool is_right = false;
  {
    GilRelease released;
    is_right = body.code->check(*types, diagnostics, interrupt_check(released));
  }
  if (is_right || PyErr_Occurred() != nullptr) return is_right;
  raise_compile_error(diagnostics, body.sources);
  return false;
}

PyObject* new_kernel(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  static const char* names[] = {"functions", "sigs", "options", nullptr};
  PyObject *functions = nullptr, *sigs = nullptr, *options = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!O!", const_cast<char**>(names),
                                   &PyTuple_Type, &functions, &PyTuple_Type, &sigs, &PyDict_Type,
                                   &options)) {
    return nullptr;
  }
  if (PyTuple_Size(functions) == 0) return raise(PyExc_ValueError, "a kernel needs a function");
  const auto allocate = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
  PyRef object = PyRef::steal(allocate(type, 0));
  if (!object) return nullptr;
  KernelObject* self = as_kernel(object.get());
  self->vectorcall = call_kernel;
  self->functions = PyRef::borrow(functions).release();
  self->sigs = PyRef::borrow(sigs).release();
  self->options = PyRef::borrow(options).release();
  self->dict = PyDict_New();
  self->body = new KernelBody;
  PyObject* function = PyTuple_GetItem(functions, 0);
  self->body->name = name_of_function(function);
  if (self->dict == nullptr || !copy_attributes(self, function) ||
      !read_options(options, *self->body))
    return nullptr;
  if (!self->body->is_deferred && (!prepare_kernel(self) || !check_declared(*self->body)))
    return nullptr;
  return object.release();
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  try {
    return new_kernel(type, arguments, keywords);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

int traverse(PyObject* object, visitproc visit, void* arg) {
  KernelObject* self = as_kernel(object);
  Py_VISIT(Py_TYPE(object));
  Py_VISIT(self->functions);
  Py_VISIT(self->sigs);
  Py_VISIT(self->options);
  Py_VISIT(self->defaults);
  Py_VISIT(self->dict);
  return 0;
}

// The functions are what leads to the globals and back; the rest is plain. `sigs` stay for a repr
// in a finaliser.
int clear(PyObject* object) {
  KernelObject* self = as_kernel(object);
  Py_CLEAR(self->functions);
  Py_CLEAR(self->options);
  Py_CLEAR(self->defaults);
  Py_CLEAR(self->dict);
  return 0;
}

void destroy(PyObject* object) {
  PyObject_GC_UnTrack(object);
  KernelObject* self = as_kernel(object);
  if (self->weakrefs != nullptr) PyObject_ClearWeakRefs(object);
  PyTypeObject* type = Py_TYPE(object);
  clear(object);
  Py_CLEAR(self->sigs);
  drop_spare_launcher(self);
  delete self->body;
  PyObject_GC_Del(object);
  Py_DECREF(type);
}

PyObject* repr(PyObject* object) {
  const KernelBody& body = *as_kernel(object)->body;
  const std::string signature = body.code != nullptr ? describe_signature(body) : body.name;
  return PyUnicode_FromFormat("<cudapy kernel %s>", signature.c_str());
}

// "void (float32* X, int32 n)", as `signatures` gives them.
std::optional<runtime::KernelTypes> types_in_signature(const KernelBody& body, PyObject* given) {
  frontend::SignatureText text;
  text.pieces.push_back({utf8(given), 1, 0});
  Diagnostics diagnostics;
  const auto parsed = frontend::parse_signature(text, {}, diagnostics);
  if (!parsed) {
    const SourceText source{"<types>", 1, {utf8(given)}};
    raise_compile_error(diagnostics, {&source, 1});
    return std::nullopt;
  }
  if (parsed->parameters.size() != body.parameters.size()) {
    raise_type_error("`" + body.name + "` has " + std::to_string(body.parameters.size()) +
                     " parameters, and the signature has " +
                     std::to_string(parsed->parameters.size()));
    return std::nullopt;
  }
  runtime::KernelTypes types;
  for (const auto& parameter : parsed->parameters) types.arguments.push_back(parameter.type);
  return types;
}

// The types that inspect() is asked for: given ones, declared ones, or those of the last launch.
std::optional<runtime::KernelTypes> types_to_inspect(
    const KernelBody& body, PyObject* given, const char* call = "inspect(stage, types=[...])") {
  if (given == nullptr || given == Py_None) {
    if (auto declared = declared_types(body)) return declared;
    for (const auto* bindings : {&body.bindings, &body.gpu_bindings}) {
      if (!bindings->empty()) return bindings->front()->types;
    }
    raise(PyExc_ValueError,
          "`" + body.name + "` has parameters without a type and was not launched yet: " + call +
              " says which types are meant");
    return std::nullopt;
  }
  if (PyUnicode_Check(given)) return types_in_signature(body, given);
  const PyRef sequence = PyRef::steal(as_sequence(given));
  if (!sequence) return std::nullopt;
  const Py_ssize_t count = sequence_length(sequence.get());
  if (static_cast<size_t>(count) != body.parameters.size()) {
    raise_type_error("`" + body.name + "` has " + std::to_string(body.parameters.size()) +
                     " parameters, and " + std::to_string(count) +
                     (count == 1 ? " type was given" : " types were given"));
    return std::nullopt;
  }
  runtime::KernelTypes types;
  for (Py_ssize_t i = 0; i < count; ++i) {
    const auto type = type_from_object(sequence_item(sequence.get(), i));
    if (!type) return std::nullopt;
    types.arguments.push_back(*type);
  }
  return types;
}

PyObject* text_of(const std::string& text) {
  return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

// As in a launch. False with an exception set.
bool read_block(const KernelBody& body, PyObject* block, int32_t (&shape)[3]) {
  const PyRef one = PyRef::steal(PyLong_FromLong(1));
  const PyRef names = PyRef::steal(Py_BuildValue("(s)", "block"));
  if (!one || !names) return false;
  PyObject* const arguments[] = {one.get(), block};
  runtime::LaunchRequest request;
  PyRef stream;
  if (!parse_launch_size(body.name, arguments, 1, names.get(), request, stream)) return false;
  std::copy_n(request.block, 3, shape);
  return true;
}

// What `types=` and `block=` of inspect() say.
std::optional<runtime::KernelTypes> code_to_inspect(const KernelBody& body, PyObject* types,
                                                    PyObject* block) {
  auto found = types_to_inspect(body, types);
  if (found && block != nullptr && block != Py_None && body.code->has_blocks() &&
      !read_block(body, block, found->block))
    return std::nullopt;
  return found;
}

// "sm_90" and the like: texts for a GPU that need not be there. `overlap`: of the code for launches
// in which an array that is only read shares memory with one that is written, or one is too short.
PyObject* inspect_for_gpu(const KernelBody& body, std::string_view stage, PyObject* given,
                          PyObject* block, const char* architecture, bool overlap) {
  auto types = code_to_inspect(body, given, block);
  if (!types) return nullptr;
  types->vetted_arrays = !overlap;
  Diagnostics diagnostics;
  std::string error;
  std::optional<runtime::StageTexts> texts;
  {
    GilRelease released;
    texts =
        body.code->gpu_texts(*types, architecture, diagnostics, error, interrupt_check(released));
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  if (!diagnostics.ok()) return raise_compile_error(diagnostics, body.sources);
  if (!texts) return raise_compile_error("`" + body.name + "`: " + error);
  return text_of(stage == "llvm" ? texts->llvm : texts->assembly);
}

PyObject* inspect_types(const KernelBody& body, std::string_view stage, PyObject* given,
                        PyObject* block) {
  const auto types = code_to_inspect(body, given, block);
  if (!types) return nullptr;
  Diagnostics diagnostics;
  std::string error;
  const bool is_machine_level = stage == "llvm" || stage == "asm";
  std::optional<runtime::StageTexts> texts;
  {
    GilRelease released;
    const runtime::InterruptCheck check = interrupt_check(released);
    texts = is_machine_level ? body.code->texts(*types, diagnostics, error, check)
                             : body.code->tree_texts(*types, diagnostics, check);
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  if (!diagnostics.ok()) return raise_compile_error(diagnostics, body.sources);
  if (!texts) return raise_compile_error("`" + body.name + "`: " + error);
  if (stage == "typed") return text_of(texts->typed);
  if (stage == "lowered") return text_of(texts->lowered);
  return text_of(stage == "llvm" ? texts->llvm : texts->assembly);
}

// A function of cudapy._impl.assemble, which makes machine code of PTX.
PyObject* call_assembler(const char* function, PyObject* kernel, const char* architecture,
                         PyObject* types, PyObject* block, bool overlap) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.assemble"));
  if (!module) return nullptr;
  return PyObject_CallMethod(module.get(), function, "OsOOO", kernel, architecture,
                             types != nullptr ? types : Py_None, block != nullptr ? block : Py_None,
                             overlap ? Py_True : Py_False);
}

PyObject* compile_for(PyObject* object, PyObject* arguments, PyObject* keywords) {
  static const char* names[] = {"architecture", "types", "block", "overlap", nullptr};
  const char* architecture = nullptr;
  PyObject* types = nullptr;
  PyObject* block = nullptr;
  int overlap = 0;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "s|OO$p:compile_for",
                                   const_cast<char**>(names), &architecture, &types, &block,
                                   &overlap))
    return nullptr;
  return call_assembler("compile_for", object, architecture, types, block, overlap != 0);
}

PyObject* inspect(PyObject* object, PyObject* arguments, PyObject* keywords) {
  static const char* names[] = {"stage", "types", "architecture", "block", "overlap", nullptr};
  const char* stage_text = nullptr;
  const char* architecture = nullptr;
  PyObject* types = nullptr;
  PyObject* block = nullptr;
  int overlap = 0;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "s|OzO$p:inspect",
                                   const_cast<char**>(names), &stage_text, &types, &architecture,
                                   &block, &overlap)) {
    return nullptr;
  }
  KernelObject* self = as_kernel(object);
  const std::string_view stage = stage_text;
  if (stage != "tree" && stage != "typed" && stage != "lowered" && stage != "llvm" &&
      stage != "asm" && stage != "ptx" && stage != "cubin") {
    return raise(PyExc_ValueError,
                 "inspect(\"" + std::string(stage) +
                     "\"): the stages are \"tree\", \"typed\", \"lowered\", \"llvm\", \"asm\", "
                     "\"ptx\" and \"cubin\"");
  }
  try {
    if (!prepare_kernel(self)) return nullptr;
    if (stage == "tree") return text_of(self->body->code->untyped_text());
    if (stage == "cubin") {
      return call_assembler("cubin_of", object, architecture != nullptr ? architecture : "sm_75",
                            types, block, overlap != 0);
    }
    if (stage == "ptx" || (architecture != nullptr && stage == "llvm")) {
      return inspect_for_gpu(*self->body, stage, types, block,
                             architecture != nullptr ? architecture : "sm_75", overlap != 0);
    }
    return inspect_types(*self->body, stage, types, block);
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

PyObject* notes(PyObject* object, PyObject* arguments, PyObject* keywords) {
  static const char* names[] = {"types", nullptr};
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O:notes", const_cast<char**>(names),
                                   &given))
    return nullptr;
  KernelObject* self = as_kernel(object);
  try {
    if (!prepare_kernel(self)) return nullptr;
    const KernelBody& body = *self->body;
    const auto types = types_to_inspect(body, given, "notes(types=[...])");
    if (!types) return nullptr;
    Diagnostics diagnostics;
    std::optional<Diagnostics> found;
    {
      GilRelease released;
      found = body.code->notes(*types, diagnostics, interrupt_check(released));
    }
    if (PyErr_Occurred() != nullptr) return nullptr;
    if (!found) return raise_compile_error(diagnostics, body.sources);
    return performance_warnings(*found, body.sources).release();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

PyObject* signatures(PyObject* object, void*) {
  const KernelBody& body = *as_kernel(object)->body;
  std::vector<std::string> texts;
  const auto add = [&](const std::vector<ir::Type>& types) {
    std::string text = signature_text(body, types);
    if (std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.push_back(std::move(text));
  };
  const auto declared = declared_types(body);
  if (body.code != nullptr && declared) {
    add(declared->arguments);
  } else {
    for (const auto* bindings : {&body.bindings, &body.gpu_bindings}) {
      for (const auto& binding : *bindings) add(binding->types.arguments);
    }
  }
  PyRef tuple = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(texts.size())));
  for (size_t i = 0; tuple && i < texts.size(); ++i) {
    PyObject* text = text_of(texts[i]);
    if (text == nullptr) return nullptr;
    PyTuple_SetItem(tuple.get(), static_cast<Py_ssize_t>(i), text);
  }
  return tuple.release();
}

// By reference, as functions are: see the module.
PyObject* reduce(PyObject* object, PyObject* /*none*/) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.kernel_pickle"));
  if (!module) return nullptr;
  return PyObject_CallMethod(module.get(), "reduce", "OOOO", object, as_kernel(object)->functions,
                             as_kernel(object)->sigs, as_kernel(object)->options);
}

PyMethodDef methods[] = {
    {"__reduce__", reduce, METH_NOARGS, "For pickle: by the function's module and name."},
    {"notes", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(notes)),
     METH_VARARGS | METH_KEYWORDS, docs::Kernel::notes},
    {"inspect", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(inspect)),
     METH_VARARGS | METH_KEYWORDS, docs::Kernel::inspect},
    {"compile_for", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(compile_for)),
     METH_VARARGS | METH_KEYWORDS, docs::Kernel::compile_for},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef getters[] = {
    {"signatures", signatures, nullptr, docs::Kernel::signatures, nullptr},
    {"__dict__", PyObject_GenericGetDict, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__vectorcalloffset__", CUDAPY_T_PYSSIZET, offsetof(KernelObject, vectorcall), CUDAPY_READONLY,
     nullptr},
    {"__dictoffset__", CUDAPY_T_PYSSIZET, offsetof(KernelObject, dict), CUDAPY_READONLY, nullptr},
    {"__weaklistoffset__", CUDAPY_T_PYSSIZET, offsetof(KernelObject, weakrefs), CUDAPY_READONLY,
     nullptr},
    {"functions", CUDAPY_T_OBJECT, offsetof(KernelObject, functions), CUDAPY_READONLY,
     "The kernel's function and its helpers, as given."},
    {"sigs", CUDAPY_T_OBJECT, offsetof(KernelObject, sigs), CUDAPY_READONLY,
     "A signature or None for each of them."},
    {"options", CUDAPY_T_OBJECT, offsetof(KernelObject, options), CUDAPY_READONLY,
     "How the kernel is compiled."},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(create)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_repr, reinterpret_cast<void*>(repr)},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {Py_tp_members, members},
    {Py_tp_doc, const_cast<char*>(docs::Kernel::text)},
    {0, nullptr},
};

PyType_Spec spec = {"cudapy.Kernel", sizeof(KernelObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

bool prepare_kernel(KernelObject* self) {
  KernelBody& body = *self->body;
  if (body.code != nullptr) return true;
  const PyRef source = PyRef::steal(PyImport_ImportModule("cudapy._impl.source"));
  const PyRef read = PyRef::steal(source ? PyObject_GetAttrString(source.get(), "read") : nullptr);
  if (!read) return false;
  Diagnostics diagnostics;
  std::vector<SourceText> sources;
  auto program =
      build_program({self->functions, self->sigs, nullptr, read.get()}, diagnostics, sources);
  if (!program) {
    if (!PyErr_Occurred()) raise_compile_error(diagnostics, sources);
    return false;
  }
  if (body.code != nullptr) return true;  // another thread was faster
  std::vector<Parameter> parameters = parameters_of(program->functions[0]);
  const PyRef function = function_of(PyTuple_GetItem(self->functions, 0));
  if (function && !read_parameter_kinds(self, function.get(), parameters)) return false;
  if (body.code != nullptr) return true;  // the defaults' own reprs may have run a launch
  const bool has_keyword_only = std::any_of(parameters.begin(), parameters.end(),
                                            [](const auto& p) { return p.keyword_only; });
  body.plain_count = has_keyword_only ? SIZE_MAX : parameters.size();
  body.parameters = std::move(parameters);
  body.sources = std::move(sources);
  body.code = runtime::KernelCode::create(std::move(*program), body.options);
  return true;
}

bool define_kernel(PyObject* module) {
  kernel_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr));
  return kernel_type != nullptr &&
         PyModule_AddObjectRef(module, "Kernel", reinterpret_cast<PyObject*>(kernel_type)) == 0;
}

}  // namespace cudapy::binding
