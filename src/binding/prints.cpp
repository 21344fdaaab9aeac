#include "binding/prints.h"

#include <bit>
#include <string>

#include "binding/py_ref.h"
#include "binding/raised.h"
#include "ir/half.h"
#include "ir/type.h"

namespace cudapy::binding {
namespace {

PyObject* number_of(uint64_t bits, ir::Scalar type) {
  if (type == ir::Scalar::Bool) return PyBool_FromLong(bits != 0);
  if (type == ir::Scalar::F32)
    return PyFloat_FromDouble(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  if (ir::is_half(type))
    return PyFloat_FromDouble(ir::half_value(type, static_cast<uint16_t>(bits)));
  if (type == ir::Scalar::F64) return PyFloat_FromDouble(std::bit_cast<double>(bits));
  if (ir::is_unsigned(type)) return PyLong_FromUnsignedLongLong(bits);
  return PyLong_FromLongLong(static_cast<int64_t>(bits));
}

PyObject* complex_of(uint64_t real, uint64_t imag, ir::Scalar part) {
  const PyRef parts[] = {PyRef::steal(number_of(real, part)), PyRef::steal(number_of(imag, part))};
  if (!parts[0] || !parts[1]) return nullptr;
  return PyComplex_FromDoubles(PyFloat_AsDouble(parts[0].get()), PyFloat_AsDouble(parts[1].get()));
}

}  // namespace

PyRef text_parts(const ir::FaultSite& site, const std::function<uint64_t(size_t)>& bits_of) {
  PyRef line = PyRef::steal(PyTuple_New(1 + static_cast<Py_ssize_t>(site.values.size())));
  PyObject* format = PyUnicode_DecodeUTF8(site.message.data(),
                                          static_cast<Py_ssize_t>(site.message.size()), "replace");
  if (!line || format == nullptr) return {};
  PyTuple_SetItem(line.get(), 0, format);
  size_t recorded = 0;
  for (size_t i = 0; i < site.values.size(); ++i) {
    const ir::Scalar scalar = site.values[i];
    const std::string type(ir::name_of(scalar));
    const bool is_complex = ir::is_complex(scalar);
    PyObject* number =
        is_complex ? complex_of(bits_of(recorded), bits_of(recorded + 1), ir::part_of(scalar))
                   : number_of(bits_of(recorded), scalar);
    recorded += is_complex ? 2 : 1;
    PyObject* pair = number != nullptr ? Py_BuildValue("(sN)", type.c_str(), number) : nullptr;
    if (pair == nullptr) return {};
    PyTuple_SetItem(line.get(), static_cast<Py_ssize_t>(i) + 1, pair);
  }
  return line;
}

namespace {

bool write(runtime::PrintBuffer& prints, const std::vector<ir::FaultSite>& sites) {
  prints.sort();
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.printing"));
  const PyRef lines = PyRef::steal(PyList_New(0));
  if (!module || !lines) return false;
  for (const auto& record : prints.records()) {
    const PyRef line = text_parts(sites[static_cast<size_t>(record.site)],
                                  [&](size_t i) { return prints.value(record, i); });
    if (!line || PyList_Append(lines.get(), line.get()) != 0) return false;
  }
  const PyRef result = PyRef::steal(PyObject_CallMethod(
      module.get(), "write", "OK", lines.get(), static_cast<unsigned long long>(prints.dropped())));
  return static_cast<bool>(result);
}

}  // namespace

bool write_prints(runtime::PrintBuffer& prints, const std::vector<ir::FaultSite>& sites) {
  if (prints.records().empty() && prints.dropped() == 0) return true;
  const PyRef raised = take_raised();
  const bool is_written = write(prints, sites);
  if (!raised) return is_written;
  PyErr_Clear();
  raise_again(raised);
  return true;
}

}  // namespace cudapy::binding
