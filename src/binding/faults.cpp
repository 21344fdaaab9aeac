#include "binding/faults.h"

#include <optional>
#include <string>

#include "binding/errors.h"
#include "binding/prints.h"
#include "binding/py_ref.h"

namespace cudapy::binding {
namespace {

std::string thread_text(const runtime::FaultRecord& fault, const std::string& kernel,
                        const int64_t* block) {
  std::string text =
      "in `" + kernel + "`, in the thread with idx = " + std::to_string(fault.thread[0]) +
      ", idy = " + std::to_string(fault.thread[1]) + ", idz = " + std::to_string(fault.thread[2]);
  if (block == nullptr) return text;
  const auto number = [&](int axis) { return std::to_string(fault.thread[axis] / block[axis]); };
  return text + ", in block (" + number(0) + ", " + number(1) + ", " + number(2) + ")";
}

void describe_index(const runtime::FaultRecord& fault, const ir::FaultSite& site, bool whole_blocks,
                    Diagnostics& diagnostics) {
  const bool is_named = site.message.empty();
  const bool of_slice = site.message.starts_with("a slice");
  const std::string array = !is_named ? site.message : "`" + site.subject + "`";
  const std::string axis = std::to_string(site.axis);
  std::string message = "index " + std::to_string(fault.index) + " is out of bounds for " + array +
                        ", which has " + std::to_string(fault.length) + " elements";
  std::string length = "len(" + site.subject + ")";
  if (site.rank > 1) {
    message = "index " + std::to_string(fault.index) + " is out of bounds for dimension " + axis +
              " of " + array + ", which has the length " + std::to_string(fault.length);
    length = site.subject + ".shape[" + axis + "]";
  }
  std::string help;
  if (of_slice) {
    help = "what is left of a slice when it is cut to its array may be shorter than it says";
  } else if (fault.index == fault.thread[0] && fault.index >= fault.length) {
    help = whole_blocks
               ? "whole blocks run where threads of a block do something together, so that "
                 "more threads run than the array has elements"
               : "more threads were asked for than the array has elements";
    help += ": write `if idx < " + length + ":` around it";
  } else if (fault.index < 0) {
    help =
        "only a constant such as X[-1] counts from the end, and no further than to the first "
        "element; a computed negative index does not";
  }
  diagnostics.error("index-out-of-bounds", site.span, message, help);
}

static_assert(runtime::kFaultValues == ir::kMostRaisedValues);

// The message that the kernel gave; nullopt with an exception set, such as one of a wrong format.
std::optional<std::string> own_message(const runtime::FaultRecord& fault,
                                       const ir::FaultSite& site) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.printing"));
  const PyRef parts = text_parts(site, [&](size_t i) { return fault.values[i]; });
  if (!module || !parts) return std::nullopt;
  const PyRef text = PyRef::steal(PyObject_CallMethod(module.get(), "text_of", "(O)", parts.get()));
  Py_ssize_t size = 0;
  const char* data = text ? PyUnicode_AsUTF8AndSize(text.get(), &size) : nullptr;
  if (data == nullptr) return std::nullopt;
  return std::string(data, static_cast<size_t>(size));
}

// What an `assert` or a `raise` of the kernel's says.
std::nullptr_t raise_own(const runtime::FaultRecord& fault, const ir::FaultSite& site,
                         const std::string& where, const std::vector<SourceText>& sources) {
  const PyRef builtins = PyRef::steal(PyImport_ImportModule("builtins"));
  const PyRef exception =
      builtins ? PyRef::steal(PyObject_GetAttrString(builtins.get(), site.subject.c_str()))
               : PyRef();
  if (!exception) return nullptr;
  const bool is_assertion = site.subject == "AssertionError";
  const auto own = own_message(fault, site);
  if (!own) return nullptr;
  std::string message = *own;
  if (is_assertion) message = "assertion failed" + (message.empty() ? "" : ": " + message);
  if (message.empty()) message = "the kernel raises " + site.subject;
  Diagnostics diagnostics;
  diagnostics.error(is_assertion ? "assertion" : "raised", site.span, message);
  return raise(exception.get(), where + "\n" + render(diagnostics, sources));
}

}  // namespace

std::nullptr_t raise_fault(const runtime::FaultRecord& fault, const runtime::CompiledKernel& code,
                           const KernelBody& body, const int64_t* block) {
  return raise_fault(fault, code.fault_sites, body.name, body.sources, block);
}

std::nullptr_t raise_fault(const runtime::FaultRecord& fault,
                           const std::vector<ir::FaultSite>& sites, const std::string& kernel,
                           const std::vector<SourceText>& sources, const int64_t* block) {
  if (fault.site == runtime::kNoMemorySite) {
    return raise(PyExc_MemoryError, "`" + kernel + "`: there is no memory for a block's " +
                                        std::to_string(fault.index) + " bytes");
  }
  const ir::FaultSite& site = sites[static_cast<size_t>(fault.site)];
  Diagnostics diagnostics;
  PyObject* exception = PyExc_IndexError;
  if (site.kind == ir::FaultKind::Index) {
    describe_index(fault, site, block != nullptr, diagnostics);
  } else if (site.kind == ir::FaultKind::Raise) {
    return raise_own(fault, site, thread_text(fault, kernel, block), sources);
  } else if (site.kind == ir::FaultKind::Barrier) {
    exception = PyExc_RuntimeError;
    diagnostics
        .error("barrier-not-reached", site.span,
               "some threads of a block do not come to this barrier",
               "let all threads of a block go the same way around a barrier: put what only some of "
               "them do in an `if` before or after it")
        .notes.push_back({site.cause, "threads of the block go different ways here"});
  } else if (site.kind == ir::FaultKind::Shift) {
    exception = PyExc_ValueError;
    diagnostics.error("negative-shift", site.span, "negative shift count");
  } else {
    exception = PyExc_ZeroDivisionError;
    diagnostics.error("division-by-zero", site.span, "integer division or modulo by zero");
  }
  return raise(exception, thread_text(fault, kernel, block) + "\n" + render(diagnostics, sources));
}

}  // namespace cudapy::binding
