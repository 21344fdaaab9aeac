/* A library in the place of libcuda.so.1, and of nvJitLink, for machines without a GPU: memory is the host's, code is
   not run. What the driver is asked for is written to the file FAKE_CUDA_LOG, a line a call. Launches in a stream that is
   captured are counted, and a replay says how many there were.

   A launch of a kernel that prints prints its first site once, without values. FAKE_CUDA_REFUSES=nvjitlink: what nvJitLink
   makes cannot be loaded; =ptx: nvJitLink takes no PTX;
   =context: the GPU is another process's alone; =device: there is none. FAKE_CUDA_VERSION: the driver's, 13000 for 13.0. FAKE_CUDA_STACK: the most
   bytes of stack that a thread can have. FAKE_CUDA_MEMORY: no array has more bytes, and while stacks are large none has a
   tenth of it.

   What the child of a fork asks of it is written down as "left behind", but for what only asks for words. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t address;

static void note(const char* format, ...) {
  const char* path = getenv("FAKE_CUDA_LOG");
  FILE* file = path != NULL ? fopen(path, "a") : NULL;
  va_list values;
  if (file == NULL) return;
  va_start(values, format);
  vfprintf(file, format, values);
  va_end(values);
  fclose(file);
}

static int refuses(const char* what) {
  const char* given = getenv("FAKE_CUDA_REFUSES");
  return given != NULL && strcmp(given, what) == 0;
}

/* ---- the driver */

int cuGetProcAddress_v2(const char* name, void** found, int version, uint64_t flags, int* status) {
  static void* self;
  Dl_info info;
  (void)version, (void)flags;
  if (self == NULL && dladdr((void*)cuGetProcAddress_v2, &info) != 0)
    self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  *found = dlsym(self, name);
  *status = *found == NULL;
  return *found == NULL ? 500 : 0;
}

static pid_t owner;
/* Of a call that a program can hardly do without: whether the process is a child of the one that called cuInit. */
static int is_left_behind(const char* call) {
  const int is_child = owner != getpid();
  if (is_child) note("left behind: %s\n", call);
  return is_child ? 3 : 0;
}
int cuInit(unsigned flags) {
  if (owner == 0 && !refuses("fork")) owner = getpid();
  return is_left_behind("cuInit") + (int)flags;
}
int cuDriverGetVersion(int* version) {
  const char* given = getenv("FAKE_CUDA_VERSION");
  *version = given != NULL ? atoi(given) : 13000;
  return 0;
}
int cuGetErrorName(int result, const char** name) { return *name = "FAKE_ERROR", result * 0; }
int cuGetErrorString(int result, const char** text) { return *text = "it is made up", result * 0; }
int cuDeviceGetCount(int* count) { return *count = !refuses("device"), is_left_behind("cuDeviceGetCount"); }
int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, 0; }
int cuDeviceGetName(char* name, int size, int device) {
  (void)device;
  return snprintf(name, (size_t)size, "a GPU that is not there"), 0;
}
int cuDeviceGetAttribute(int* value, int which, int device) {
  (void)device;
  *value = which == 75 ? 9 : which == 97 ? 232448 : which == 115 ? 1 : 0;
  return 0;
}
int cuDeviceTotalMem(size_t* bytes, int device) { return *bytes = (size_t)1 << 32, device * 0; }

static _Thread_local void* current;
int cuDevicePrimaryCtxRetain(void** context, int device) {
  return *context = &current, refuses("context") ? 46 : device * 0;
}
int cuDevicePrimaryCtxRelease(int device) { return device * 0; }
int cuCtxGetCurrent(void** context) { return *context = current, is_left_behind("cuCtxGetCurrent"); }
int cuCtxSetCurrent(void* context) { return current = context, 0; }
static size_t stack_size = 1024; /* of each thread */
int cuCtxGetLimit(size_t* bytes, int which) { return *bytes = stack_size, which; }
int cuCtxSetLimit(int which, size_t bytes) {
  const char* most = getenv("FAKE_CUDA_STACK");
  const int fails = most != NULL && bytes > (size_t)atol(most);
  note("stack %zu%s\n", bytes, fails ? " refused" : "");
  if (!fails) stack_size = bytes;
  return fails ? 2 : which;
}
int cuCtxSynchronize(void) { return note("synchronize\n"), 0; }

int cuMemPoolCreate(void** pool, const void* properties) { return *pool = (void*)properties, 0; }
int cuMemPoolSetAttribute(void* pool, int which, void* value) { return (void)pool, (void)value, which * 0; }
static int allocate(address* made, size_t bytes) { return *made = (address)(uintptr_t)calloc(1, bytes + 1), 0; }
int cuMemAllocFromPoolAsync(address* made, size_t bytes, void* pool, void* stream) {
  const char* most = getenv("FAKE_CUDA_MEMORY");
  if (most != NULL && bytes > (size_t)atol(most) / (stack_size > 1024 ? 10 : 1)) return 2;
  return (void)pool, (void)stream, note("allocate %zu\n", bytes), allocate(made, bytes);
}
int cuMemAlloc(address* made, size_t bytes) { return allocate(made, bytes); }
int cuMemFreeAsync(address memory, void* stream) {
  return (void)stream, free((void*)(uintptr_t)memory), is_left_behind("cuMemFreeAsync");
}
int cuMemFree(address memory) { return free((void*)(uintptr_t)memory), 0; }
int cuMemHostAlloc(void** made, size_t bytes, unsigned flags) { return *made = calloc(1, bytes), (int)(flags * 0); }
int cuMemHostGetDevicePointer(address* device, void* host, unsigned flags) {
  return *device = (address)(uintptr_t)host, (int)(flags * 0);
}

static int copy(const char* what, void* to, const void* from, size_t bytes) {
  return note("%s %zu\n", what, bytes), memcpy(to, from, bytes), 0;
}
int cuMemcpyHtoD(address to, const void* from, size_t bytes) { return copy("in", (void*)(uintptr_t)to, from, bytes); }
int cuMemcpyDtoH(void* to, address from, size_t bytes) { return copy("out", to, (void*)(uintptr_t)from, bytes); }
int cuMemcpyHtoDAsync(address to, const void* from, size_t bytes, void* stream) {
  return (void)stream, cuMemcpyHtoD(to, from, bytes);
}
int cuMemcpyDtoHAsync(void* to, address from, size_t bytes, void* stream) {
  return (void)stream, cuMemcpyDtoH(to, from, bytes);
}
int cuMemcpyPeer(address to, void* there, address from, void* here, size_t bytes) {
  return (void)there, (void)here, copy("peer", (void*)(uintptr_t)to, (void*)(uintptr_t)from, bytes);
}
int cuMemcpyDtoDAsync(address to, address from, size_t bytes, void* stream) {
  return (void)stream, copy("within", (void*)(uintptr_t)to, (void*)(uintptr_t)from, bytes);
}
int cuMemsetD8Async(address to, unsigned char value, size_t bytes, void* stream) {
  return (void)stream, memset((void*)(uintptr_t)to, value, bytes), 0;
}
int cuPointerGetAttribute(void* value, int which, address pointer) {
  return (void)which, (void)pointer, *(int*)value = 0, 0;
}

struct graph { size_t nodes; };
struct stream { struct graph* recorded; };  /* NULL: what is launched in it runs */

int cuStreamCreate(void** stream, unsigned flags) {
  return *stream = calloc(1, sizeof(struct stream)), (int)(flags * 0);
}
int cuStreamDestroy(void* stream) { return free(stream), is_left_behind("cuStreamDestroy"); }
int cuStreamSynchronize(void* stream) { return (void)stream, 0; }
int cuStreamQuery(void* stream) { return (void)stream, 0; }
int cuStreamWaitEvent(void* stream, void* event, unsigned flags) { return (void)stream, (void)event, (int)(flags * 0); }
int cuStreamIsCapturing(struct stream* stream, int* status) {
  return *status = stream != NULL && stream->recorded != NULL, 0;
}
int cuStreamAddCallback(void* stream, void (*call)(void*, int, void*), void* context, unsigned flags) {
  return call(stream, 0, context), (int)(flags * 0);
}
int cuStreamBeginCapture(struct stream* stream, int mode) {
  return stream->recorded = calloc(1, sizeof(struct graph)), mode * 0;
}
int cuStreamEndCapture(struct stream* stream, struct graph** graph) {
  return *graph = stream->recorded, stream->recorded = NULL, 0;
}
int cuGraphGetNodes(struct graph* graph, void** nodes, size_t* count) { return (void)nodes, *count = graph->nodes, 0; }
int cuGraphInstantiateWithFlags(struct graph** made, struct graph* graph, unsigned long long flags) {
  *made = calloc(1, sizeof(struct graph));
  return **made = *graph, (int)(flags * 0);
}
int cuGraphLaunch(struct graph* graph, void* stream) {
  return note("replay %zu stream %zu\n", graph->nodes, (size_t)stream), 0;
}
int cuGraphDestroy(struct graph* graph) { return free(graph), 0; }
int cuGraphExecDestroy(struct graph* graph) { return free(graph), is_left_behind("cuGraphExecDestroy"); }
int cuEventCreate(void** event, unsigned flags) { return *event = malloc(1), (int)(flags * 0); }
int cuEventDestroy(void* event) { return free(event), is_left_behind("cuEventDestroy"); }
int cuEventRecord(void* event, void* stream) { return (void)event, note("event stream %zu\n", (size_t)stream), 0; }
int cuEventSynchronize(void* event) { return (void)event, 0; }
int cuEventQuery(void* event) { return (void)event, 0; }
int cuEventElapsedTime(float* passed, void* begin, void* end) { return (void)begin, (void)end, *passed = 1.0F, 0; }

struct module {
  char text[128];        /* what the code says that it is */
  uint64_t fault[2];     /* variables, as runtime/cuda/kernel_abi.h has them */
  uint64_t prints[2];
  int64_t stack;
  int has_prints;
  int has_stack;
  char entry[256];
};

int cuModuleLoadData(struct module** made, const char* image) {
  const int by_nvjitlink = strncmp(image, "made by nvJitLink", 17) == 0;
  note("load %s\n", by_nvjitlink ? "nvjitlink" : "driver");
  if (by_nvjitlink && refuses("nvjitlink")) return 200;
  *made = calloc(1, sizeof **made);
  snprintf((*made)->text, sizeof (*made)->text, "%s", image);
  (*made)->has_prints = strstr(image, "prints") != NULL;
  (*made)->has_stack = strstr(image, "stack") != NULL;
  return 0;
}
int cuModuleUnload(struct module* module) { return free(module), is_left_behind("cuModuleUnload"); }
int cuModuleGetFunction(struct module** function, struct module* module, const char* name) {
  snprintf(module->entry, sizeof module->entry, "%s", name);
  return *function = module, 0;
}
int cuModuleGetGlobal(address* variable, size_t* size, struct module* module, const char* name) {
  const int prints = strcmp(name, "cudapy$prints") == 0;
  const int stack = strcmp(name, "cudapy$stack") == 0;
  if ((prints && !module->has_prints) || (stack && !module->has_stack)) return 500;
  if (stack) return *variable = (address)(uintptr_t)&module->stack, *size = 8, 0;
  *variable = (address)(uintptr_t)(prints ? module->prints : module->fault);
  *size = 16;
  return 0;
}
int cuFuncGetAttribute(int* value, int which, struct module* function) {
  return (void)function, *value = which == 0 ? 1024 : 32, 0;
}
int cuFuncSetAttribute(struct module* function, int which, int value) {
  return (void)function, (void)which, note("shared %d\n", value), 0;
}

/* A record of CudaPrints: its first site, no values, of thread 0. */
static void print_once(const struct module* function, const char* launch) {
  uint64_t* const counts = (uint64_t*)(uintptr_t)function->prints[0];
  uint64_t* const record = counts + 2 + counts[1];
  int32_t number;
  memcpy(&number, launch + 48, sizeof number); /* CudaLaunch::number */
  counts[0] += 1;
  counts[1] += 5;
  record[0] = 1;
  record[1] = (function->prints[1] & 0xFFFFFFFFU) | (uint64_t)(uint32_t)number << 32;
}

int cuLaunchKernel(struct module* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared, struct stream* stream, void** values, void** extra) {
  const size_t bytes = *(const size_t*)extra[3];
  const size_t launch_bytes = 56; /* sizeof(CudaLaunch) */
  const int is_recorded = stream != NULL && stream->recorded != NULL;
  (void)values;
  note("%s %s grid %u %u %u block %u %u %u shared %u stream %zu\n", is_recorded ? "record" : "launch", function->entry,
       gx, gy, gz, bx, by, bz, shared, (size_t)stream);
  if (strstr(function->text, "for ") != NULL) note("made %s\n", strstr(function->text, "for "));
  if (strstr(function->text, ", checks") != NULL) note("checks\n");
  if (function->has_stack) note("room %lld\n", (long long)function->stack);
  if (is_recorded) return stream->recorded->nodes += 1, 0;
  if (function->has_prints) print_once(function, (const char*)extra[1] + bytes - launch_bytes);
  return 0;
}

static void say_what(char* made, const char* who, const char* text) {
  const char* shape = strstr(text, ".reqntid ");
  int size = snprintf(made, 128, "made by %s%s%s%s", who, strstr(text, "cudapy$prints") != NULL ? ", prints" : "",
                      strstr(text, "cudapy$stack") != NULL ? ", stack" : "",
                      strstr(text, "cudapy$fault") != NULL ? ", checks" : "");
  if (shape != NULL) sprintf(made + size, ", for %.*s", (int)strcspn(shape + 9, "\n"), shape + 9);
}

int cuLinkCreate(unsigned count, int* options, void** values, void** link) {
  return (void)options, (void)values, *link = calloc(1, 128), (int)(count * 0);
}
int cuLinkAddData(char* link, int kind, const char* text, size_t size, const char* name, unsigned count, int* options,
                  void** values) {
  (void)kind, (void)size, (void)name, (void)options, (void)values;
  say_what(link, "the driver", text);
  return (int)(count * 0);
}
int cuLinkComplete(char* link, void** code, size_t* size) {
  return note("assemble driver\n"), *code = link, *size = strlen(link) + 1, 0;
}
int cuLinkDestroy(void* link) { return free(link), 0; }

/* ---- nvJitLink */

int nvJitLinkVersion(unsigned* major, unsigned* minor) { return *major = 13, *minor = 0, 0; }
int nvJitLinkCreate(char** link, uint32_t count, const char** options) {
  note("options");
  for (uint32_t i = 0; i < count; ++i) note(" %s", options[i]);
  return note("\n"), *link = calloc(1, 128), 0;
}
int nvJitLinkDestroy(char** link) { return free(*link), 0; }
int nvJitLinkAddData(char* link, int kind, const char* text, size_t size, const char* name) {
  (void)size, (void)name;
  if (refuses("ptx")) return 4;
  say_what(link, "nvJitLink", text);
  return kind == 2 ? 0 : 1;
}
int nvJitLinkComplete(char* link) { return (void)link, note("assemble nvjitlink\n"), 0; }
int nvJitLinkGetLinkedCubinSize(char* link, size_t* size) { return *size = strlen(link) + 1, 0; }
int nvJitLinkGetLinkedCubin(char* link, void* code) { return strcpy(code, link), 0; }
int nvJitLinkGetErrorLogSize(char* link, size_t* size) { return (void)link, *size = 14, 0; }
int nvJitLinkGetErrorLog(char* link, char* text) { return (void)link, strcpy(text, "it is made up"), 0; }
int nvJitLinkGetInfoLogSize(char* link, size_t* size) { return (void)link, *size = 18, 0; }
int nvJitLinkGetInfoLog(char* link, char* text) { return (void)link, strcpy(text, "Used 32 registers"), 0; }
