#include "binding/kernel_body.h"

#include "binding/arguments.h"
#include "binding/elem_type.h"

namespace cudapy::binding {
namespace {

uint32_t align_up(uint32_t offset, uint32_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

ParameterSlot make_slot(const ir::Type& type, const ir::Type& declared,
                        const ArgumentClass& argument) {
  ParameterSlot slot;
  slot.scalar = type.scalar;
  slot.structure = type.aggregate;
  slot.is_array = type.is_array();
  slot.is_strided = type.strided;
  slot.channels = type.channels;
  slot.rank = type.rank;
  if (slot.is_array) return slot;
  const bool is_declared = !declared.is_unknown();
  slot.is_declared = is_declared;
  slot.takes_float = ir::is_float(type.scalar) && (is_declared || argument.type.weak);
  if (ir::is_compound(type)) return slot;  // never on the fast way
  slot.takes_int = is_declared ? type.scalar != ir::Scalar::Bool
                               : argument.type.weak && ir::is_integer(type.scalar);
  slot.needs_wide_int = !is_declared && type.scalar == ir::Scalar::I64;
  // An int above int64 goes the way that reports what does not fit.
  if (type.scalar == ir::Scalar::U64) slot.takes_int = slot.takes_int && is_declared;
  return slot;
}

std::string join_parameters(const KernelBody& body, const std::vector<ir::Type>& types) {
  std::string text;
  for (size_t i = 0; i < body.parameters.size(); ++i) {
    if (i > 0) text += ", ";
    if (!types[i].is_unknown()) text += signature_name(types[i]) + " ";
    text += body.parameters[i].name;
  }
  return text;
}

// As Python writes a header: `/` after what is given by position only, `*` before what is given by
// keyword only.
std::string join_header(const KernelBody& body) {
  std::string text;
  const Parameter* before = nullptr;
  for (const Parameter& parameter : body.parameters) {
    if (before != nullptr) text += ", ";
    if (before != nullptr && before->positional_only && !parameter.positional_only) text += "/, ";
    if (parameter.keyword_only && (before == nullptr || !before->keyword_only)) text += "*, ";
    if (!parameter.declared.is_unknown()) text += signature_name(parameter.declared) + " ";
    text += parameter.name;
    if (parameter.default_index >= 0) text += " = " + parameter.default_text;
    before = &parameter;
  }
  return text;
}

}  // namespace

std::vector<uint32_t> place_leaves(const ir::Type& type, uint32_t& offset) {
  std::vector<ir::Type> leaves;
  ir::append_leaves(type, leaves);
  std::vector<uint32_t> places;
  for (const ir::Type& leaf : leaves) {
    const auto size = static_cast<uint32_t>(ir::size_of(leaf.scalar));
    places.push_back(align_up(offset, size));
    offset = places.back() + size;
  }
  return places;
}

void lay_out(Binding& binding, const std::vector<Parameter>& parameters,
             const std::vector<bool>& written) {
  uint32_t offset = 0;
  int arrays = 0;
  int written_arrays = 0;
  size_t part = 0;  // of the code's parameters: a complex number is two of them
  bool has_records = false;
  for (size_t i = 0; i < parameters.size(); ++i) {
    ParameterSlot slot =
        make_slot(binding.types.arguments[i], parameters[i].declared, binding.classes[i]);
    slot.is_written = slot.is_array && written[part];
    if (slot.is_array) {
      const int words = runtime::array_argument_words(slot.rank, slot.is_strided);
      slot.offset = align_up(offset, alignof(runtime::ArrayArgument));
      offset = slot.offset + static_cast<uint32_t>(words) * 8;
      part += 1;
    } else {
      const std::vector<uint32_t> leaves = place_leaves(binding.types.arguments[i], offset);
      slot.offset = leaves[0];
      part += leaves.size();
    }
    arrays += slot.is_array;
    written_arrays += slot.is_array && slot.is_written;
    has_records = has_records || (slot.structure != nullptr && !slot.is_array);
    binding.slots.push_back(slot);
  }
  binding.argument_bytes = offset;
  binding.may_overlap = written_arrays > 0 && written_arrays < arrays;
  binding.takes_fast_path =
      !has_records && offset <= FastArguments::kMaxBytes && arrays <= FastArguments::kMaxArrays;
}

std::string describe_signature(const KernelBody& body) {
  return body.name + "(" + join_header(body) + ")";
}

std::string signature_text(const KernelBody& body, const std::vector<ir::Type>& types) {
  return "void (" + join_parameters(body, types) + ")";
}

}  // namespace cudapy::binding
