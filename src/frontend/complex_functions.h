// NumPy's functions and `**` mean something of complex numbers, too: functions that the package has
// in the kernel language, which are called where sema finds such an operand. They are looked up and
// lowered only where a program may have complex numbers at all.
#pragma once

#include <functional>
#include <string>

#include "ir/tree.h"

namespace cudapy::frontend {

// Expr::callee of a Math that takes complex numbers, until it is known which function that is.
inline constexpr int32_t kComplexFunction = -2;

// Whether a value of the program may be complex, when the kernel is called with what it declares.
bool may_be_complex(const ir::Program& program);

// Gives each Math and each power by something else than a small whole constant its function:
// `find` names its index in the program by the name of the math function, or "power"; -1: there is
// none.
void give_complex_functions(ir::Block& body,
                            const std::function<int32_t(const std::string&, Span)>& find);

}  // namespace cudapy::frontend
