// Names that moved between the Python versions which are supported.
#pragma once

#include <Python.h>

#if PY_VERSION_HEX < 0x030C0000
#include <structmember.h>
#define CUDAPY_T_PYSSIZET T_PYSSIZET
#define CUDAPY_T_OBJECT T_OBJECT_EX
#define CUDAPY_READONLY READONLY
#else
#define CUDAPY_T_PYSSIZET Py_T_PYSSIZET
#define CUDAPY_T_OBJECT Py_T_OBJECT_EX
#define CUDAPY_READONLY Py_READONLY
#endif
