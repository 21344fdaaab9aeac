// In C, where pthread_cleanup_push is a jump to this frame and not a destructor of C++: nothing
// behind it is unwound.

#include <Python.h>
#include <pthread.h>
#include <unistd.h>

void cudapy_restore_thread(PyThreadState* thread);

static void sleep_for_ever(void* unused) {
  (void)unused;
  for (;;) pause();
}

void cudapy_restore_thread(PyThreadState* thread) {
  pthread_cleanup_push(sleep_for_ever, NULL);
  PyEval_RestoreThread(thread);
  pthread_cleanup_pop(0);
}
