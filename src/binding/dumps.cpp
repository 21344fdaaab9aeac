#include "binding/dumps.h"

#include <filesystem>
#include <fstream>

#include "binding/errors.h"
#include "ir/printer.h"

namespace cudapy::binding {
namespace {

namespace fs = std::filesystem;

// Beside the file of the kernel; where that is no file (a prompt), in the working folder.
fs::path parent_folder(const KernelBody& body) {
  if (!body.dump_folder.empty()) return body.dump_folder;
  std::error_code error;
  const fs::path source =
      body.sources.empty() ? fs::path() : fs::path(body.sources.front().filename);
  if (fs::is_regular_file(source, error)) return source.parent_path();
  return fs::current_path(error);
}

bool write_all(const fs::path& folder, const std::string& tree, const runtime::StageTexts& texts) {
  std::error_code error;
  fs::create_directories(folder, error);
  const std::pair<const char*, const std::string*> files[] = {
      {"1-tree.txt", &tree},
      {"2-typed.txt", &texts.typed},
      {"3-lowered.txt", &texts.lowered},
      {"4-unoptimised.ll", &texts.unoptimised_llvm},
      {"5-optimised.ll", &texts.llvm},
      {"6-assembly.s", &texts.assembly},
  };
  bool all_written = !error;
  for (const auto& [name, text] : files)
    all_written = all_written && (std::ofstream(folder / name) << *text << std::flush);
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
  const auto texts = body.code->texts(binding.types, diagnostics, error);
  if (!texts) {
    if (!diagnostics.ok()) return raise_compile_error(diagnostics, body.sources) != nullptr;
    return raise_compile_error("`" + body.name + "`: " + error) != nullptr;
  }
  std::string folder_name = body.name + ".cudapy";
  if (body.bindings.size() > 1) folder_name += "-" + std::to_string(body.bindings.size());
  const fs::path folder = parent_folder(body) / folder_name;
  const bool is_written = write_all(folder, ir::print(body.code->untyped()), *texts);
  say("cudapy: " + signature_text(body, binding.types.arguments) + ": the stages of `" + body.name +
      (is_written ? "` are in " : "` could not be written to ") + folder.string());
  return true;
}

}  // namespace cudapy::binding
