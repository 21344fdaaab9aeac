#include "binding/dumps.h"

#include "binding/errors.h"
#include "binding/interrupt_check.h"
#include "support/files.h"

namespace cudapy::binding {
namespace {

// Beside the file of the kernel; where that is no file (a prompt), in the working folder.
std::string folder_of_dumps(const KernelBody& body) {
  if (!body.dump_folder.empty()) return body.dump_folder;
  if (!body.sources.empty() && is_regular_file(body.sources.front().filename))
    return parent_folder(body.sources.front().filename);
  return working_folder();
}

bool write_all(const std::string& folder, const std::string& tree,
               const runtime::StageTexts& texts) {
  const std::pair<const char*, const std::string*> files[] = {
      {"1-tree.txt", &tree},
      {"2-typed.txt", &texts.typed},
      {"3-lowered.txt", &texts.lowered},
      {"4-unoptimised.ll", &texts.unoptimised_llvm},
      {"5-optimised.ll", &texts.llvm},
      {"6-assembly.s", &texts.assembly},
  };
  bool all_written = make_folders(folder);
  for (const auto& [name, text] : files)
    all_written = all_written && write_text(folder + "/" + name, *text);
  return all_written;
}

void say(const std::string& line) {
  if (PyObject* out = PySys_GetObject("stdout"); out != nullptr && out != Py_None)
    PyFile_WriteString((line + "\n").c_str(), out);
  PyErr_Clear();
}

}  // namespace

bool write_dumps(const KernelBody& body, const Binding& binding) {
  Diagnostics diagnostics;
  std::string error;
  std::optional<runtime::StageTexts> texts;
  {
    GilRelease released;
    texts = body.code->texts(binding.types, diagnostics, error, interrupt_check(released));
  }
  if (PyErr_Occurred() != nullptr) return false;
  if (!texts) {
    if (!diagnostics.ok()) return raise_compile_error(diagnostics, body.sources) != nullptr;
    return raise_compile_error("`" + body.name + "`: " + error) != nullptr;
  }
  std::string folder_name = body.name + ".cudapy";
  if (body.bindings.size() > 1) folder_name += "-" + std::to_string(body.bindings.size());
  const std::string folder = folder_of_dumps(body) + "/" + folder_name;
  const bool is_written = write_all(folder, body.code->untyped_text(), *texts);
  say("cudapy: " + signature_text(body, binding.types.arguments) + ": the stages of `" + body.name +
      (is_written ? "` are in " : "` could not be written to ") + folder);
  return true;
}

}  // namespace cudapy::binding
