// `debug=True`: what each stage made of a kernel, written to files beside the kernel's source.
#pragma once

#include <Python.h>

#include "binding/kernel_body.h"

namespace cudapy::binding {

// Compiles once more for the texts, writes them and says where on sys.stdout. A folder that cannot
// be written is said, too, and is no error. False with an exception set if the kernel does not
// compile.
bool write_dumps(const KernelBody& body, const Binding& binding);

}  // namespace cudapy::binding
