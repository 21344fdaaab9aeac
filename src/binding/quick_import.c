// nanobind compiles and runs a small Python program when a module is imported, which clears caches
// of `typing` at exit to please its leak checker. It is a tenth of a first call from the cache, and
// nanobind goes on without it, so the linker leads its compilation here (--wrap).

#include <Python.h>
#include <string.h>

#ifdef Py_LIMITED_API
PyObject* __real_Py_CompileString(const char* text, const char* file, int start);
PyObject* __wrap_Py_CompileString(const char* text, const char* file, int start);

PyObject* __wrap_Py_CompileString(const char* text, const char* file, int start) {
  if (strcmp(file, "<internal>") == 0) return NULL;
  return __real_Py_CompileString(text, file, start);
}
#else
PyObject* __real_Py_CompileStringExFlags(const char* text, const char* file, int start,
                                         PyCompilerFlags* flags, int optimize);
PyObject* __wrap_Py_CompileStringExFlags(const char* text, const char* file, int start,
                                         PyCompilerFlags* flags, int optimize);

PyObject* __wrap_Py_CompileStringExFlags(const char* text, const char* file, int start,
                                         PyCompilerFlags* flags, int optimize) {
  if (strcmp(file, "<internal>") == 0) return NULL;
  return __real_Py_CompileStringExFlags(text, file, start, flags, optimize);
}
#endif
