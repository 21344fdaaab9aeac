#include <algorithm>
#include <array>
#include <cstring>

#include "binding/arguments.h"
#include "binding/array.h"
#include "binding/elem_type.h"
#include "binding/errors.h"
#include "binding/gil.h"
#include "binding/masked_array.h"
#include "binding/numbers.h"
#include "binding/struct_type.h"
#include "support/address.h"

namespace cudapy::binding {
namespace {

using ir::Scalar;
using ir::Type;
using Kind = CallArgument::Kind;

bool is_plain_number(PyObject* object) {
  return PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object) ||
         PyComplex_CheckExact(object);
}

// A dataclass's or a NamedTuple's instance.
bool is_record(PyObject* object) {
  return PyObject_HasAttrString(object, "__dataclass_fields__") != 0 ||
         (PyTuple_Check(object) != 0 && PyTuple_CheckExact(object) == 0 &&
          PyObject_HasAttrString(object, "_fields") != 0 &&
          PyObject_HasAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "__annotations__") !=
              0);
}

bool is_list_like(PyObject* object) {
  return PyList_Check(object) || PyTuple_Check(object) || PyObject_TypeCheck(object, &PyRange_Type);
}

ForeignArray view_host_array(runtime::HostArray& array) {
  ForeignArray view;
  view.data = array.data();
  view.length = array.length();
  view.scalar = array.scalar();
  view.structure = array.structure();
  view.device = array.device();
  view.layout = array.layout();
  return view;
}

// An int that chooses its own type; nullopt if no type holds it.
std::optional<Type> class_of_int(PyObject* number) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (overflow == 0) {
    Type type = Type::of(value == static_cast<int32_t>(value) ? Scalar::I32 : Scalar::I64);
    type.weak = true;
    return type;
  }
  if (overflow > 0) {
    PyLong_AsUnsignedLongLong(number);
    if (!PyErr_Occurred()) return Type::of(Scalar::U64);
    PyErr_Clear();
  }
  return std::nullopt;
}

// What users call it rather than what its class is called.
std::string noun_of(PyObject* object) {
  const std::string name = type_name(object);
  return name == "ndarray" ? "NumPy array" : name;
}

std::string describe_foreign(PyObject* object, const ForeignArray& array) {
  std::string text = with_article(noun_of(object)) + " of " + ir::to_string(array.type().element());
  if (array.is_swapped) text += " in foreign byte order";
  const int rank = array.layout.rank;
  if (rank != 1)
    text += " with " + std::to_string(rank) + (rank == 1 ? " dimension" : " dimensions");
  return text;
}

std::string expected(const Type& type) {
  if (type.is_unknown()) return "a number or an array";
  std::string text = signature_name(type);
  if (type.is_array()) {
    text += type.rank == 1 ? " (an array of " : " (a " + std::to_string(type.rank) + "-d array of ";
    text += type.aggregate ? "structs)" : std::string(ir::name_of(type.scalar)) + ")";
  }
  return text;
}

bool is_wide_float(const Type& type) {
  if (type.is_unknown() || type.weak) return false;
  std::vector<Type> leaves;
  ir::append_leaves(type.is_array() ? type.element() : type, leaves);
  return std::any_of(leaves.begin(), leaves.end(),
                     [](const Type& leaf) { return leaf.scalar == Scalar::F64; });
}

}  // namespace

bool CallArguments::fail(size_t index, const std::string& got, const std::string& help) const {
  const Parameter& parameter = body_.parameters[index];
  std::string message = "argument `" + parameter.name + "` of `" + body_.name + "`: " + got;
  if (!help.empty()) message += "\n  help: " + help;
  raise_type_error(message);
  return false;
}

bool CallArguments::classify() {
  if (count_ != body_.parameters.size()) {
    const size_t wanted = body_.parameters.size();
    raise_type_error("`" + body_.name + "` takes " + std::to_string(wanted) +
                     (wanted == 1 ? " argument" : " arguments") + ", " + std::to_string(count_) +
                     (count_ == 1 ? " was" : " were") + " given\n  its signature is " +
                     describe_signature(body_));
    return false;
  }
  arguments_.resize(count_);
  for (size_t i = 0; i < count_; ++i) {
    arguments_[i].object = objects_[i];
    if (!classify_one(i)) return false;
  }
  place_native_copies();
  return true;
}

bool CallArguments::classify_one(size_t index) {
  CallArgument& argument = arguments_[index];
  PyObject* object = argument.object;
  const Type& declared = body_.parameters[index].declared;
  const std::string wants = "expected " + expected(declared) + ", got ";
  if (is_plain_number(object)) return classify_number(index);
  if (is_masked_array(object))
    return fail(index, wants + "a masked array, whose mask no kernel sees", kMaskedHelp);
  if (!declared.is_array() && is_record(object)) return classify_record(index);
  if (is_list_like(object)) return classify_sequence(index);
  if (runtime::HostArray* own = host_array_of(object)) {
    argument.foreign = view_host_array(*own);
    return classify_foreign(index);
  }
  if (PyUnicode_Check(object)) return fail(index, wants + describe_value(object));
  std::string problem;
  switch (view_foreign_array(object, argument.foreign, argument.hold, problem)) {
    case ForeignResult::kViewed:
      return classify_foreign(index);
    case ForeignResult::kUnsupported:
      if (declared.is_scalar() && PyNumber_Check(object)) return classify_number(index);
      return fail(index, wants + with_article(noun_of(object)) + ": " + problem);
    case ForeignResult::kNotAnArray:
      break;
  }
  if (declared.is_scalar() && PyNumber_Check(object)) return classify_number(index);
  if (PySequence_Check(object) && !PyDict_Check(object)) return classify_sequence(index);
  return fail(index, wants + describe_value(object));
}

// An instance of a dataclass or of a NamedTuple.
bool CallArguments::classify_record(size_t index) {
  CallArgument& argument = arguments_[index];
  argument.kind = Kind::kNumber;
  std::string problem;
  const auto type = struct_of_class(reinterpret_cast<PyObject*>(Py_TYPE(argument.object)), problem);
  const Type& declared = body_.parameters[index].declared;
  if (type && (declared.is_unknown() || ir::same_fields(declared, *type))) {
    argument.type_class.type = *type;
    return true;
  }
  std::string got = "expected " + expected(declared) + ", got " + describe_value(argument.object);
  if (type && declared.is_aggregate()) got += " of " + ir::to_string(*type);
  return fail(index, problem.empty() ? got : got + ": " + problem);
}

bool CallArguments::classify_number(size_t index) {
  CallArgument& argument = arguments_[index];
  argument.kind = Kind::kNumber;
  const Type& declared = body_.parameters[index].declared;
  const bool is_record = argument.foreign.data != nullptr && argument.foreign.structure != nullptr;
  const Type own = is_record ? argument.foreign.type().element() : Type::unknown();
  if (is_record && ir::same_fields(declared, own)) {
    argument.type_class.type = own;
    return true;
  }
  if (declared.is_array() || declared.is_aggregate() || (is_record && !declared.is_unknown())) {
    const std::string got =
        is_record ? "a record of " + ir::to_string(own) : describe_value(argument.object);
    return fail(index, "expected " + expected(declared) + ", got " + got);
  }
  if (!declared.is_unknown()) {
    argument.type_class.type = declared;
  } else if (argument.foreign.data != nullptr) {
    argument.type_class.type = argument.foreign.type().element();
  } else if (PyBool_Check(argument.object)) {
    argument.type_class.type = Type::of(Scalar::Bool);
  } else if (PyFloat_Check(argument.object)) {
    argument.type_class.type = Type::weak_float();
  } else if (PyComplex_Check(argument.object)) {
    argument.type_class.type = Type::weak_complex();
  } else if (const auto type = class_of_int(argument.object)) {
    argument.type_class.type = *type;
  } else {
    return fail(index, describe_value(argument.object) + ", fits no 64-bit integer type");
  }
  return true;
}

bool CallArguments::classify_foreign(size_t index) {
  CallArgument& argument = arguments_[index];
  const ForeignArray& array = argument.foreign;
  const Type& declared = body_.parameters[index].declared;
  const int rank = array.layout.rank;
  if (rank == 0 && !declared.is_array()) return classify_number(index);
  argument.kind = Kind::kForeign;
  std::string got =
      "expected " + expected(declared) + ", got " + describe_foreign(argument.object, array);
  if (rank == 1 && declared.is_array() && declared.rank != 1) got += " with 1 dimension";
  const std::string& name = body_.parameters[index].name;
  if (!declared.is_array() && !declared.is_unknown())
    return fail(index, got, "pass one element, such as " + name + "[0]");
  if (!check_rank(index, rank, got)) return false;
  const bool is_struct = declared.is_array() && declared.aggregate != nullptr;
  if (is_struct && !ir::same_fields(declared.element(), array.type().element()))
    return fail(index, got, "its elements need fields of these names and types, in this order");
  if (declared.is_array() && !is_struct && declared.element() != array.type().element()) {
    const std::string wanted(ir::name_of(declared.scalar));
    return fail(index, got, "pass " + name + ".astype(np." + wanted + "), or change the signature");
  }
  argument.type_class.type = array.type();  // place_native_copies() says whether it is strided
  return true;
}

bool CallArguments::check_rank(size_t index, int rank, const std::string& got) {
  const Parameter& parameter = body_.parameters[index];
  const Type& declared = parameter.declared;
  if (declared.is_array() ? rank == declared.rank : rank > 0) return true;
  if (!declared.is_array()) return fail(index, got);
  const std::string element = signature_name(declared.element());
  std::string help = "if it has that many, write `" + element +
                     std::string(static_cast<size_t>(rank), '*') + " " + parameter.name +
                     "` in the signature";
  if (declared.rank == 1 && arguments_[index].kind == Kind::kForeign)
    help = "pass " + parameter.name + ".ravel(), or " + help.substr(help.find("write"));
  if (rank == 0) help.clear();
  return fail(index, got, help);
}

bool CallArguments::classify_sequence(size_t index) {
  CallArgument& argument = arguments_[index];
  argument.kind = Kind::kSequence;
  const Type& declared = body_.parameters[index].declared;
  if (declared.is_scalar() || declared.is_aggregate()) {
    return fail(
        index, "expected " + expected(declared) + ", got " + describe_value(argument.object),
        declared.is_aggregate() ? "pass an instance of the struct's class, or a record" : "");
  }
  std::string problem;
  if (declared.is_array() && declared.aggregate != nullptr) {
    return fail(index,
                "expected " + expected(declared) + ", got " + describe_value(argument.object),
                "an array of structs is a NumPy array with fields, or `cp.CudaArray([...])`");
  }
  if (!argument.sequence.read(argument.object, problem))
    return !problem.empty() && fail(index, problem, kListHelp);
  if (declared.is_array()) {
    argument.sequence.set_rank_if_empty(declared.rank);
    const int rank = argument.sequence.rank();
    const std::string got = "expected " + expected(declared) + ", got " +
                            with_article(type_name(argument.object)) + " of " +
                            std::to_string(rank) + (rank == 1 ? " dimension" : " dimensions");
    argument.type_class.type = declared;
    return check_rank(index, rank, got);
  }
  const auto scalar = argument.sequence.infer(Scalar::F32, problem);
  if (!scalar) return !problem.empty() && fail(index, problem, kListHelp);
  argument.type_class.type = Type::array(*scalar, static_cast<uint8_t>(argument.sequence.rank()));
  argument.type_class.is_list = *scalar == Scalar::F32;
  return true;
}

std::vector<ArgumentClass> CallArguments::classes() const {
  std::vector<ArgumentClass> classes;
  classes.reserve(arguments_.size());
  for (const CallArgument& argument : arguments_) classes.push_back(argument.type_class);
  return classes;
}

runtime::KernelTypes CallArguments::types(bool wide_threads) const {
  runtime::KernelTypes types;
  types.wide_index = wide_threads;
  Scalar floats = Scalar::F32;
  for (const CallArgument& argument : arguments_) {
    if (is_wide_float(argument.type_class.type)) floats = Scalar::F64;
    int64_t length = 0;
    if (argument.kind == Kind::kSequence) length = argument.sequence.size();
    if (argument.kind == Kind::kForeign) {
      const ForeignArray& array = argument.foreign;
      length = std::max(array.length, layout_of(argument).reach(array.item_size()));
    }
    if (length > INT32_MAX) types.wide_index = true;
  }
  for (const CallArgument& argument : arguments_) {
    Type type = argument.type_class.type;
    if (type.weak && ir::is_complex(type)) type.scalar = ir::complex_of(floats);
    if (argument.type_class.is_list || (type.weak && ir::is_float(type))) type.scalar = floats;
    type.weak = false;
    types.arguments.push_back(type);
  }
  return types;
}

bool CallArguments::fill(const Binding& binding) {
  if (!check_sharing(binding)) return false;
  bytes_.assign((binding.argument_bytes + sizeof(runtime::CudaLaunch)) / sizeof(uint64_t) + 2, 0);
  for (size_t i = 0; i < count_; ++i) {
    const ParameterSlot& slot = binding.slots[i];
    if (slot.structure != nullptr && !slot.is_array) {
      if (!fill_struct(i, binding.types.arguments[i], slot)) return false;
      continue;
    }
    if (!(slot.is_array ? fill_array(i, slot) : fill_number(i, slot))) return false;
  }
  if (gpu_ != nullptr) put_on_gpu();
  return true;
}

// A record goes leaf by leaf.
bool CallArguments::fill_struct(size_t index, const Type& type, const ParameterSlot& slot) {
  uint32_t begin = slot.offset;
  const std::vector<uint32_t> places = place_leaves(type, begin);
  if (arguments_[index].foreign.data == nullptr) {
    size_t leaf = 0;
    return fill_fields(index, arguments_[index].object, type, places, leaf);
  }
  const auto* record = static_cast<const unsigned char*>(arguments_[index].foreign.data);
  std::vector<Type> leaves;
  std::vector<int32_t> offsets;
  ir::append_leaves(type, leaves);
  ir::append_offsets(type, 0, offsets);
  for (size_t i = 0; i < leaves.size(); ++i) {
    std::memcpy(buffer() + places[i], record + offsets[i],
                static_cast<size_t>(ir::size_of(leaves[i].scalar)));
  }
  return true;
}

// The attributes of `object`, which become the leaves from `leaf` on.
bool CallArguments::fill_fields(size_t index, PyObject* object, const Type& type,
                                const std::vector<uint32_t>& places, size_t& leaf) {
  for (size_t i = 0; i < type.aggregate->elements.size(); ++i) {
    const Type& field = type.aggregate->elements[i];
    const std::string& name = type.aggregate->names[i];
    const PyRef value = PyRef::steal(PyObject_GetAttrString(object, name.c_str()));
    if (!value) return false;
    if (field.is_aggregate()) {
      if (!fill_fields(index, value.get(), field, places, leaf)) return false;
      continue;
    }
    const StoreResult result = store_number(value.get(), field.scalar, buffer() + places[leaf]);
    if (result == StoreResult::kRaised) return false;
    if (result != StoreResult::kStored) {
      return fail(index, "its field `" + name + "` is of type " +
                             std::string(ir::name_of(field.scalar)) + ", and it is " +
                             describe_value(value.get()));
    }
    leaf += ir::is_complex(field) ? 2 : 1;
  }
  return true;
}

bool CallArguments::fill_number(size_t index, const ParameterSlot& slot) {
  const CallArgument& argument = arguments_[index];
  void* out = reinterpret_cast<unsigned char*>(bytes_.data()) + slot.offset;
  PyRef number = PyRef::borrow(argument.object);
  if (argument.foreign.data != nullptr) {
    std::array<uint64_t, 2> element{};
    ForeignArray one = argument.foreign;
    one.length = 1;
    gather_elements(one, element.data());
    number = PyRef::steal(load_number(one.scalar, element.data()));
    if (!number) return false;
  }
  const std::string wanted(ir::name_of(slot.scalar));
  switch (store_number(number.get(), slot.scalar, out)) {
    case StoreResult::kStored:
      return true;
    case StoreResult::kRaised:
      return false;
    case StoreResult::kWrongType: {
      const bool is_float = PyFloat_Check(number.get());
      const std::string help = is_float && !ir::is_float(slot.scalar)
                                   ? "pass int(...) of it, or change the signature"
                                   : "";
      return fail(index, "expected " + wanted + ", got " + describe_value(argument.object), help);
    }
    case StoreResult::kOutOfRange:
      raise(PyExc_OverflowError, "argument `" + body_.parameters[index].name + "` of `" +
                                     body_.name + "`: " + describe_value(argument.object) +
                                     ", does not fit: " + describe_range(slot.scalar));
      return false;
  }
  return false;
}

bool CallArguments::check_writable(size_t index) {
  const CallArgument& argument = arguments_[index];
  const bool is_list = argument.kind == Kind::kSequence && argument.sequence.is_writable();
  const bool is_writable_array = argument.kind == Kind::kForeign && !argument.foreign.is_read_only;
  const bool repeats =
      argument.kind == Kind::kForeign && argument.foreign.layout.repeats_elements();
  if (is_list || (is_writable_array && !repeats)) return true;
  if (repeats) {
    return fail(index,
                "the kernel writes it, and several of its indices lead to one element, as in an "
                "array that was broadcast",
                "pass a copy: " + body_.parameters[index].name + ".copy()");
  }
  const bool is_nested_tuple = argument.kind == Kind::kSequence && PyList_Check(argument.object);
  const std::string what = is_nested_tuple ? "tuple in a list"
                           : argument.kind == Kind::kSequence
                               ? type_name(argument.object)
                               : "read-only " + noun_of(argument.object);
  return fail(index, "the kernel writes it, and " + with_article(what) + " cannot be written",
              "pass a list, a writable array or a CudaArray");
}

bool CallArguments::fill_array(size_t index, const ParameterSlot& slot) {
  CallArgument& argument = arguments_[index];
  if (slot.is_written && !check_writable(index)) return false;
  const ForeignArray& given = argument.foreign;
  const bool is_foreign = argument.kind == Kind::kForeign;
  const bool is_on_gpu = is_foreign && given.device != runtime::kHostDevice;
  if (is_on_gpu && !check_device(index)) return false;
  if (is_recorded_ && gpu_ != nullptr && !is_on_gpu) {
    return fail(index,
                "it is in the host's memory, and while a graph is recorded nothing is copied",
                "make a CudaArray of it before the recording");
  }
  const bool in_place = is_foreign && given.is_usable_in_place();
  if (is_recorded_ && !in_place) return fail(index, kRecordedCopy, kRecordedCopyHelp);
  if (!in_place && !make_copy(index, slot)) return false;
  const int size = slot.item_size();
  void* data = in_place ? given.data : argument.copied_elements();
  const runtime::ArrayLayout layout =
      is_foreign ? layout_of(argument)
                 : runtime::ArrayLayout::contiguous(argument.sequence.shape(), size);
  auto* words = reinterpret_cast<int64_t*>(buffer() + slot.offset);
  words[0] = reinterpret_cast<int64_t>(data);
  layout.write_argument(slot.is_strided, size, words + 1);
  if (gpu_ != nullptr && !is_on_gpu) add_host_span(slot, layout);
  return true;
}

// Of memory that is on a GPU already.
bool CallArguments::check_device(size_t index) const {
  const ForeignArray& given = arguments_[index].foreign;
  const std::string where = "its memory is on cuda:" + std::to_string(given.device);
  if (gpu_ == nullptr && runtime::cuda::is_left_behind_by_fork()) {
    return fail(index, where + ", which this process, forked from one that used CUDA, cannot reach",
                "copy it to the host before the fork, .to(\"cpu\"), or start the process with "
                "multiprocessing's \"spawn\" method");
  }
  if (gpu_ == nullptr) {
    return fail(index, where + ", and the launch is on the CPU",
                "choose the GPU with cp.set_device(\"cuda\"), or pass a copy on the host");
  }
  if (given.device != gpu_->ordinal()) {
    return fail(index, where + ", and the launch is on cuda:" + std::to_string(gpu_->ordinal()),
                "pass a copy that is there");
  }
  if (given.is_usable_in_place()) return true;
  return fail(index,
              where + (given.is_swapped ? " in foreign byte order"
                                        : ", and its elements are not aligned to their size"),
              "pass a copy in native order");
}

void CallArguments::add_host_span(const ParameterSlot& slot, const runtime::ArrayLayout& layout) {
  auto* words = reinterpret_cast<int64_t*>(buffer() + slot.offset);
  if (layout.size() == 0) {
    words[0] = 0;
    return;
  }
  HostSpan span{words[0], words[0] + slot.item_size(), slot.offset, slot.is_written};
  for (size_t axis = 0; axis < static_cast<size_t>(layout.rank); ++axis) {
    const int64_t reach = (layout.shape[axis] - 1) * layout.strides[axis];
    (reach < 0 ? span.begin : span.end) += reach;
  }
  host_spans_.push_back(span);
}

// Copies the host's memory to the GPU. What several arguments share is shared there, too: spans
// that overlap are one piece. A piece lies as far from a cache line as on the host, so that all of
// its elements stay aligned.
void CallArguments::put_on_gpu() {
  std::sort(host_spans_.begin(), host_spans_.end(),
            [](const HostSpan& a, const HostSpan& b) { return a.begin < b.begin; });
  std::vector<size_t> pieces;  // one a span
  for (const HostSpan& span : host_spans_) {
    if (gpu_copies_.empty() || span.begin >= gpu_copies_.back().end)
      gpu_copies_.push_back({span.begin, span.end, 0, false});
    GpuCopy& piece = gpu_copies_.back();
    piece.end = std::max(piece.end, span.end);
    piece.is_written = piece.is_written || span.is_written;
    pieces.push_back(gpu_copies_.size() - 1);
  }
  for (GpuCopy& piece : gpu_copies_) {
    piece.memory = gpu_->allocate(piece.bytes() + piece.shift());
    const GilRelease released;
    gpu_->copy_from_host(piece.address(), pointer_to(static_cast<uint64_t>(piece.begin)),
                         piece.bytes());
  }
  for (size_t i = 0; i < host_spans_.size(); ++i) {
    const GpuCopy& piece = gpu_copies_[pieces[i]];
    auto* word = reinterpret_cast<int64_t*>(buffer() + host_spans_[i].argument);
    *word += static_cast<int64_t>(piece.address()) - piece.begin;
  }
}

CallArguments::~CallArguments() {
  for (const GpuCopy& copy : gpu_copies_) gpu_->free(copy.memory);
}

bool CallArguments::has_results() const {
  return std::any_of(gpu_copies_.begin(), gpu_copies_.end(),
                     [](const GpuCopy& copy) { return copy.is_written; });
}

void CallArguments::fetch_results() {
  const GilRelease released;
  for (const GpuCopy& copy : gpu_copies_) {
    if (copy.is_written)
      gpu_->copy_to_host(pointer_to(static_cast<uint64_t>(copy.begin)), copy.address(),
                         copy.bytes());
  }
}

void CallArguments::keep_in(std::vector<PyRef>& objects, std::vector<ForeignHold>& holds) {
  for (CallArgument& argument : arguments_) {
    if (argument.kind == Kind::kNumber) continue;
    objects.push_back(PyRef::borrow(argument.object));
    holds.push_back(std::move(argument.hold));
  }
}

}  // namespace cudapy::binding
