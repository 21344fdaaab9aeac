// What a Kernel object knows apart from Python's machinery: its parameters, and for each
// combination of argument types that it was called with a binding to machine code. All of it is
// read and changed with the GIL held.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ir/type.h"
#include "runtime/compile_driver.h"
#include "runtime/host_array.h"
#include "support/span.h"

namespace cudapy::binding {

struct Parameter {
  std::string name;
  ir::Type declared;  // Unknown: decided by each call's argument
  bool positional_only = false;
  bool keyword_only = false;
  int default_index = -1;    // into KernelObject::defaults; -1: it has none
  std::string default_text;  // as Python writes it
};

// How one argument goes into the argument buffer (runtime/cpu/kernel_abi.h), and which objects may
// be taken for it without asking what they would be in a call of their own.
struct ParameterSlot {
  // Of an element of the array.
  int item_size() const { return structure != nullptr ? structure->size : ir::size_of(scalar); }

  ir::Scalar scalar = ir::Scalar::F32;
  const ir::Aggregate* structure = nullptr;  // what it is, or its elements, if they are no numbers
  bool is_array = false;
  bool is_strided = false;
  uint8_t channels = 0;  // ir::Type::channels
  uint8_t rank = 0;
  bool is_written = false;
  bool is_declared = false;     // the type is the signature's, not the call's choice
  bool takes_float = false;     // a Python float
  bool takes_int = false;       // a Python int whose value the type can hold ...
  bool needs_wide_int = false;  // ... and int32 cannot: an int that fits would choose int32
  uint32_t offset = 0;          // bytes from the start of the argument buffer
};

// What a call's argument counts as where its parameter has no declared type: part of the key under
// which code is found.
struct ArgumentClass {
  ir::Type type;         // a weak float is weak F64 until all arguments are known
  bool is_list = false;  // of floats, which follows the rule for weak floats
  friend bool operator==(const ArgumentClass&, const ArgumentClass&) = default;
};

struct GpuCode;

// Machine code bound to the classes of arguments that lead to it.
struct Binding {
  std::vector<ArgumentClass> classes;  // one a parameter; declared ones have their declared type
  runtime::KernelTypes types;
  std::shared_ptr<const runtime::CompiledKernel> code;  // of the CPU, or
  std::shared_ptr<const GpuCode> gpu;                   // of a GPU
  // For launches whose arrays are not what KernelTypes::vetted_arrays says; made when there is the
  // first.
  mutable std::shared_ptr<const GpuCode> gpu_for_any_arrays;
  bool may_overlap = false;  // it has arrays of both kinds
  int device = runtime::kHostDevice;
  std::vector<ParameterSlot> slots;
  uint32_t argument_bytes = 0;
  bool takes_fast_path = false;  // small enough for the launch path's fixed storage
};

struct KernelBody {
  std::string name;
  bool is_deferred = false;  // the source is read at the first launch
  bool warns = false;        // of what makes it slow, when it is compiled
  runtime::CompileOptions options;
  std::string dump_folder;  // empty: no dumps
  bool dumps_beside_source = false;

  std::shared_ptr<runtime::KernelCode> code;  // null until the source was read
  std::vector<Parameter> parameters;
  // How many positional arguments are a complete call in the parameters' order; none are where a
  // parameter is given by keyword only.
  size_t plain_count = 0;
  std::vector<SourceText> sources;
  // Of the CPU and of all GPUs. The one used last comes first; never removed.
  std::vector<std::unique_ptr<Binding>> bindings;
  std::vector<std::unique_ptr<Binding>> gpu_bindings;
  // Types that the kernel was found to be right for, of launches that Python runs.
  std::vector<runtime::KernelTypes> checked;
};

// Where the leaves of an argument that is no array go, from `offset` on, which becomes their end.
std::vector<uint32_t> place_leaves(const ir::Type& type, uint32_t& offset);

// The argument buffer's layout for the types of a call; `written` says of each parameter whether it
// is an array that the kernel stores to.
void lay_out(Binding& binding, const std::vector<Parameter>& parameters,
             const std::vector<bool>& written);

// "saxpy(float32 alpha, float32* X, float32* Y = 2.0)"; parameters without a type by their name
// alone.
std::string describe_signature(const KernelBody& body);

// "void (float32 alpha, float32* X)" of types that code exists for.
std::string signature_text(const KernelBody& body, const std::vector<ir::Type>& types);

}  // namespace cudapy::binding
