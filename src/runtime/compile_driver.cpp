#include "runtime/compile_driver.h"

#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>
#include <shared_mutex>

#include "ir/printer.h"
#include "ir/serialize.h"
#include "ir/warps.h"
#include "jit/jit.h"
#include "runtime/cpu/code_arena.h"
#include "runtime/cpu/host.h"
#include "runtime/cpu/symbols.h"
#include "runtime/cuda/kernel_abi.h"
#include "runtime/jit_module.h"
#include "sema/check.h"
#include "support/deep_stack.h"
#include "transform/lower.h"
#include "transform/performance_notes.h"

namespace cudapy::runtime {
namespace {

// Held shared while a thread compiles and alone while the process forks, so that a child never
// inherits a half-done compile and its locks. The handler that was added last is the first to run
// before a fork: a compile must still find the lock of the code's memory free while it is waited
// for, so that one's is added first.
std::shared_mutex& fork_guard() {
  static std::shared_mutex* const guard = [] {
    keep_code_pages_across_forks();
    pthread_atfork([] { fork_guard().lock(); }, [] { fork_guard().unlock(); },
                   [] { new (&fork_guard()) std::shared_mutex; });
    return new std::shared_mutex;
  }();
  return *guard;
}

// The shared object that this code was linked into: the extension.
const std::string& core_path() {
  static const std::string path = [] {
    Dl_info info{};
    const bool found = dladdr(reinterpret_cast<const void*>(&kernel_cache), &info) != 0 &&
                       info.dli_fname != nullptr;
    return std::string(found ? info.dli_fname : "");
  }();
  return path;
}

// What the environment asks of code generation. Read at each compile: tests change it.
struct TargetChoice {
  std::string isa;     // empty: the host's own
  int gang_width = 0;  // 0: chosen by code generation
};

// `must_run`: the code is for this machine, not only to be looked at.
bool read_target_choice(TargetChoice& choice, bool must_run, std::string& error) {
  if (const char* isa = std::getenv("CUDAPY_ISA"); isa != nullptr && *isa != '\0') {
    const auto level = isa_from_name(isa);
    if (!level || (must_run && !host_cpu().supports(*level))) {
      error = std::string("CUDAPY_ISA=") + isa +
              (level ? ": this machine does not have it"
                     : ": it is one of sse2, sse4, avx2, avx512, neon");
      return false;
    }
    choice.isa = isa;
  }
  if (const char* gang = std::getenv("CUDAPY_GANG"); gang != nullptr && *gang != '\0') {
    const char* end = gang + std::strlen(gang);
    const auto [stop, failure] = std::from_chars(gang, end, choice.gang_width);
    const int width = choice.gang_width;
    if (failure != std::errc() || stop != end || width < 1 || width > 64 ||
        (width & (width - 1)) != 0) {
      error = std::string("CUDAPY_GANG=") + gang + ": it is a power of two from 1 to 64";
      return false;
    }
  }
  return true;
}

// Whether the target multiplies and adds in one instruction. Elsewhere a fused operation would be a
// call for each lane, so products and sums stay apart there.
bool fuses(const TargetChoice& choice) {
  const IsaLevel level = isa_from_name(choice.isa).value_or(host_cpu().level);
  return level != IsaLevel::kSse2 && level != IsaLevel::kSse4;
}

class KeyBuilder {
 public:
  KeyBuilder& add(std::string_view text) {
    add_number(text.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  KeyBuilder& add_number(uint64_t number) {
    for (int i = 0; i < 8; ++i) bytes_.push_back(static_cast<uint8_t>(number >> (8 * i)));
    return *this;
  }
  KeyBuilder& add(const std::vector<uint8_t>& bytes) {
    add_number(bytes.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// Everything that decides the code.
std::vector<uint8_t> cache_key(const ir::Function& kernel, const CompileOptions& options,
                               const TargetChoice& choice) {
  static const std::string identity = compiler_identity(core_path());
  KeyBuilder key;
  key.add("cudapy kernel 1").add(identity).add(choice.isa);
  key.add(choice.isa.empty() ? host_cpu().identification : std::string());
  key.add_number(static_cast<uint64_t>(choice.gang_width))
      .add_number(options.fastmath)
      .add_number(options.contract);
  return key.add(ir::serialize(kernel)).take();
}

// Beside the tree, what decides the lines that a GPU's code is said to come from.
std::string lines_key(const std::vector<SourceText>& sources) {
  std::string key = "lines";
  for (const SourceText& source : sources) {
    key += "\n" + source.filename + ":" + std::to_string(source.first_line);
    for (const std::string& line : source.lines) key += "\n" + line;
  }
  return key;
}

std::vector<std::string> files_of(const std::vector<SourceText>& sources) {
  std::vector<std::string> files;
  files.reserve(sources.size());
  for (const SourceText& source : sources) files.push_back(source.filename);
  return files;
}

bool has_print(const ir::Function& kernel) {
  return std::ranges::any_of(kernel.fault_sites, [](const ir::FaultSite& site) {
    return site.kind == ir::FaultKind::Print;
  });
}

std::shared_ptr<const CompiledKernel> load(std::span<const uint8_t> image,
                                           const ir::Function& kernel, std::string& error) {
  auto compiled = std::make_shared<CompiledKernel>();
  compiled->code = load_image(image, resolve_runtime_symbol, error);
  if (!compiled->code) return nullptr;
  const std::vector<uint8_t>& metadata = compiled->code.metadata();
  if (metadata.size() != sizeof(KernelMetadata)) {
    error = "the code image describes its kernel in an unknown way";
    return nullptr;
  }
  std::memcpy(&compiled->kernel.metadata, metadata.data(), sizeof(KernelMetadata));
  compiled->kernel.entry = reinterpret_cast<KernelEntry>(const_cast<void*>(compiled->code.entry()));
  compiled->written = kernel.written;
  compiled->fault_sites = kernel.fault_sites;
  compiled->block_arrays = find_block_arrays(kernel);
  compiled->prints = has_print(kernel);
  return compiled;
}

jit::CompileRequest compile_request(const ir::Function& kernel, const CompileOptions& options,
                                    const TargetChoice& choice) {
  jit::CompileRequest request;
  request.kernel = &kernel;
  request.isa = choice.isa;
  request.gang_width = choice.gang_width;
  request.fastmath = options.fastmath;
  return request;
}

bool has_barrier(const ir::Block& block) {
  return std::any_of(block.begin(), block.end(), [](const ir::StmtPtr& stmt) {
    return stmt->kind == ir::StmtKind::Barrier || has_barrier(stmt->body) ||
           has_barrier(stmt->else_body);
  });
}

bool work_together(const ir::Program& program) {
  return std::any_of(
      program.functions.begin(), program.functions.end(), [](const ir::Function& function) {
        return has_barrier(function.body) || ir::has_warp_operation(function.body) ||
               std::any_of(
                   function.locals.begin(), function.locals.end(),
                   [](const ir::Local& local) { return local.storage == ir::Storage::Block; });
      });
}

}  // namespace

namespace {

// The measure goes down a chain of functions, too, which may be longer than the caller's stack;
// what one function nests was read on it.
ir::Nesting nesting_of(const ir::Program& program) {
  constexpr size_t kFewFunctions = 32;
  if (program.functions.size() <= kFewFunctions) return ir::nesting(program);
  ir::Nesting nesting;
  run_deep([&] { nesting = ir::nesting(program); });
  return nesting;
}

}  // namespace

KernelCode::KernelCode(ir::Program untyped, CompileOptions options)
    : untyped_(std::move(untyped)),
      options_(options),
      has_blocks_(work_together(untyped_)),
      nesting_(nesting_of(untyped_)) {}

std::shared_ptr<KernelCode> KernelCode::create(ir::Program untyped, CompileOptions options) {
  return std::shared_ptr<KernelCode>(new KernelCode(std::move(untyped), options));
}

// Nodes are destroyed from the top down, by whichever thread has the kernel last.
KernelCode::~KernelCode() {
  constexpr size_t kMostLevels = 200;
  if (nesting_.levels <= kMostLevels) return;
  try {
    run_deep([this] { untyped_.functions.clear(); });
  } catch (const std::exception&) {  // there is no memory for a thread
  }
}

// What a level of the tree may take in the pass that takes most.
bool KernelCode::is_shallow(Diagnostics& diagnostics) const {
  constexpr size_t kBytesPerLevel = size_t{16} << 10U;
  const size_t most = stack_left() / kBytesPerLevel;
  if (nesting_.levels <= most) return true;
  const ir::Function& kernel = untyped_.functions[0];
  diagnostics.error("nesting", kernel.span,
                    "`" + kernel.name + "` is " + std::to_string(nesting_.levels) +
                        " levels deep, the " + std::to_string(nesting_.calls) +
                        " functions that call each other there included, and " +
                        std::to_string(most) + " are possible",
                    "keep parts of long expressions in variables, and write a loop in place of a "
                    "chain of functions");
  return false;
}

template <class Self, class Work>
auto KernelCode::run(std::shared_ptr<Self> self, Diagnostics& diagnostics, std::string& error,
                     const InterruptCheck& check, Work work) {
  using Result = decltype(work(*self, std::declval<Job&>()));
  struct ResultingJob : Job {
    Result result{};
  };
  const auto job = std::make_shared<ResultingJob>();
  const auto compile = [self = std::move(self), job, work = std::move(work)] {
    const std::shared_lock no_fork(fork_guard());
    job->diagnostics = {};
    job->error.clear();
    if (self->is_shallow(job->diagnostics)) job->result = work(*self, *job);
  };
  const auto is_stopped = [&check] { return check.interrupted(check.context); };
  if (!run_deep(compile, check.interrupted == nullptr ? std::function<bool()>() : is_stopped)) {
    job->is_abandoned = true;
    return Result{};
  }
  diagnostics = std::move(job->diagnostics);
  error = std::move(job->error);
  return std::move(job->result);
}

std::string KernelCode::untyped_text() const {
  std::string text;
  run_deep([&] { text = ir::print(untyped_); });
  return text;
}

bool KernelCode::check(const KernelTypes& types, Diagnostics& diagnostics,
                       const InterruptCheck& check) const {
  std::string none;
  return run(
      shared_from_this(), diagnostics, none, check, [types](const KernelCode& self, Job& job) {
        return sema::check(self.untyped_, types.arguments, {types.wide_index}, job.diagnostics)
            .has_value();
      });
}

std::optional<Diagnostics> KernelCode::notes(const KernelTypes& types, Diagnostics& diagnostics,
                                             const InterruptCheck& check) const {
  std::string none;
  return run(shared_from_this(), diagnostics, none, check,
             [types](const KernelCode& self, Job& job) -> std::optional<Diagnostics> {
               const auto kernel = self.lower(types, job.diagnostics,
                                              {.contract = self.options_.contract}, nullptr);
               if (!kernel) return std::nullopt;
               return transform::performance_notes(*kernel);
             });
}

std::shared_ptr<const CompiledKernel> KernelCode::get(const KernelTypes& types,
                                                      Diagnostics& diagnostics, std::string& error,
                                                      const InterruptCheck& check) {
  return run(shared_from_this(), diagnostics, error, check,
             [types](KernelCode& self, Job& job) { return self.find_or_compile(types, job); });
}

std::optional<StageTexts> KernelCode::tree_texts(const KernelTypes& types, Diagnostics& diagnostics,
                                                 const InterruptCheck& check) const {
  std::string none;
  return run(
      shared_from_this(), diagnostics, none, check,
      [types](const KernelCode& self, Job& job) -> std::optional<StageTexts> {
        StageTexts texts;
        if (!self.lower(types, job.diagnostics, {.contract = self.options_.contract}, &texts))
          return std::nullopt;
        return texts;
      });
}

std::optional<StageTexts> KernelCode::texts(const KernelTypes& types, Diagnostics& diagnostics,
                                            std::string& error, const InterruptCheck& check) const {
  return run(shared_from_this(), diagnostics, error, check,
             [types](const KernelCode& self, Job& job) { return self.make_texts(types, job); });
}

std::optional<StageTexts> KernelCode::gpu_texts(const KernelTypes& types,
                                                const std::string& architecture,
                                                Diagnostics& diagnostics, std::string& error,
                                                const InterruptCheck& check) const {
  return run(shared_from_this(), diagnostics, error, check,
             [types, architecture](const KernelCode& self, Job& job) {
               return self.make_gpu_texts(types, architecture, job);
             });
}

std::optional<GpuImage> KernelCode::gpu_image(const KernelTypes& types, const Assembler& assembler,
                                              Diagnostics& diagnostics, std::string& error,
                                              const InterruptCheck& check) const {
  auto draft = run(shared_from_this(), diagnostics, error, check,
                   [types, assembler](const KernelCode& self, Job& job) {
                     return self.draft_gpu_image(types, assembler, job);
                   });
  if (!draft) return std::nullopt;
  if (draft->ptx.empty()) return std::move(draft->image);
  // A thread of its own has a heap of its own, and page faults at all that the assembler takes of
  // it: a fifth of the time of a small kernel. The others are long enough to be interrupted.
  constexpr size_t kSmallText = size_t{64} << 10U;
  constexpr size_t kEnoughStack = size_t{2} << 20U;
  if (draft->ptx.size() <= kSmallText && stack_left() >= kEnoughStack) {
    const std::shared_lock no_fork(fork_guard());
    return finish_gpu_image(*draft, assembler);
  }
  const auto shared = std::make_shared<GpuDraft>(std::move(*draft));
  return run(shared_from_this(), diagnostics, error, check,
             [shared, assembler](const KernelCode&, Job&) {
               return std::optional(finish_gpu_image(*shared, assembler));
             });
}

bool KernelCode::run_compiler(jit::CompileRequest request, jit::CompileResult& result,
                              Job& job) const {
  const JitCompile compile = open_jit_module(core_path(), jit::kInterfaceVersion, job.error);
  if (compile == nullptr || job.is_abandoned) return false;
  request.is_abandoned = &job.is_abandoned;
  if (compile(&request, &result)) return true;
  job.error = result.error;
  return false;
}

std::shared_ptr<const CompiledKernel> KernelCode::find_or_compile(const KernelTypes& types,
                                                                  Job& job) {
  const std::lock_guard lock(mutex_);
  for (const auto& [known, code] : compiled_) {
    if (known == types) return code;
  }
  auto code = job.is_abandoned ? nullptr : compile(types, job);
  if (code != nullptr) compiled_.emplace_back(types, code);
  return code;
}

std::optional<ir::Function> KernelCode::lower(const KernelTypes& types, Diagnostics& diagnostics,
                                              const Lowering& lowering, StageTexts* texts) const {
  auto typed = sema::check(untyped_, types.arguments, {types.wide_index}, diagnostics);
  if (!typed) return std::nullopt;
  if (texts != nullptr) texts->typed = ir::print(*typed);
  transform::Options options;
  options.contract = lowering.contract;
  options.split_barriers = !lowering.for_gpu;
  const char* turns = std::getenv("CUDAPY_TURNS");  // read at each compile: tests change it
  options.always_take_turns = turns != nullptr && std::string_view(turns) == "always";
  std::copy_n(types.block, 3, options.block);
  options.fastmath = options_.fastmath;
  options.check = options_.check;
  ir::Function function = transform::lower(std::move(*typed), options);
  if (texts != nullptr) texts->lowered = ir::print(function, {.shapes = true});
  return function;
}

std::shared_ptr<const CompiledKernel> KernelCode::compile(const KernelTypes& types,
                                                          Job& job) const {
  TargetChoice choice;
  if (!read_target_choice(choice, /*must_run=*/true, job.error)) return nullptr;
  const auto kernel =
      lower(types, job.diagnostics, {.contract = options_.contract && fuses(choice)}, nullptr);
  if (!kernel) return nullptr;
  KernelCache& cache = kernel_cache();
  const std::vector<uint8_t> key = cache_key(*kernel, options_, choice);
  if (const auto image = cache.load(key)) {
    std::string refused;  // an entry that cannot be loaded is a miss
    if (auto code = load(*image, *kernel, refused)) return code;
  }
  jit::CompileResult result;
  if (!run_compiler(compile_request(*kernel, options_, choice), result, job)) return nullptr;
  auto code = load(result.image, *kernel, job.error);
  if (code != nullptr) cache.store(key, result.image);
  return code;
}

std::optional<StageTexts> KernelCode::make_texts(const KernelTypes& types, Job& job) const {
  TargetChoice choice;
  if (!read_target_choice(choice, /*must_run=*/false, job.error)) return std::nullopt;
  StageTexts texts;
  const auto kernel =
      lower(types, job.diagnostics, {.contract = options_.contract && fuses(choice)}, &texts);
  if (!kernel) return std::nullopt;
  jit::CompileRequest request = compile_request(*kernel, options_, choice);
  request.want_unoptimised_llvm_ir = request.want_llvm_ir = request.want_asm = true;
  jit::CompileResult result;
  if (!run_compiler(request, result, job)) return std::nullopt;
  texts.unoptimised_llvm = std::move(result.unoptimised_llvm_ir);
  texts.llvm = std::move(result.llvm_ir);
  texts.assembly = std::move(result.asm_text);
  return texts;
}

std::optional<StageTexts> KernelCode::make_gpu_texts(const KernelTypes& types,
                                                     const std::string& architecture,
                                                     Job& job) const {
  StageTexts texts;
  const auto kernel =
      lower(types, job.diagnostics, {.contract = options_.contract, .for_gpu = true}, &texts);
  if (!kernel) return std::nullopt;
  jit::CompileRequest request = compile_request(*kernel, options_, {.isa = architecture});
  request.vetted_arrays = types.vetted_arrays;
  if (options_.line_info) request.line_files = files_of(untyped_.sources);
  request.want_unoptimised_llvm_ir = request.want_llvm_ir = true;
  jit::CompileResult result;
  if (!run_compiler(request, result, job)) return std::nullopt;
  texts.unoptimised_llvm = std::move(result.unoptimised_llvm_ir);
  texts.llvm = std::move(result.llvm_ir);
  texts.assembly = std::move(result.asm_text);
  return texts;
}

std::optional<KernelCode::GpuDraft> KernelCode::draft_gpu_image(const KernelTypes& types,
                                                                const Assembler& assembler,
                                                                Job& job) const {
  const auto kernel =
      lower(types, job.diagnostics, {.contract = options_.contract, .for_gpu = true}, nullptr);
  if (!kernel) return std::nullopt;
  GpuDraft draft;
  GpuImage& image = draft.image;
  image.entry = cuda_entry_name(kernel->name);
  image.uses_block_shape = kernel->uses_block_shape;
  image.threads = transform::gpu_threads(*kernel);
  if (image.threads.per_thread > 1) image.gang_entry = cuda_gang_entry_name(kernel->name);
  image.multiples = places_of(image.threads.multiples, *kernel);
  if (types.vetted_arrays) image.limits = RowLimits(image.threads.limits, *kernel);
  image.written = kernel->written;
  image.fault_sites = kernel->fault_sites;
  image.block_arrays = find_block_arrays(*kernel);
  std::string target = assembler.architecture + " " + assembler.identity + " " + image.entry;
  if (types.vetted_arrays) target += " vetted";
  if (options_.line_info) target += lines_key(untyped_.sources);
  draft.key = cache_key(*kernel, options_, {.isa = target});
  if (auto cubin = kernel_cache().load(draft.key)) {
    image.cubin = std::move(*cubin);
    return draft;
  }
  jit::CompileResult result;
  jit::CompileRequest request = compile_request(*kernel, options_, {.isa = assembler.architecture});
  request.vetted_arrays = types.vetted_arrays;
  if (options_.line_info) request.line_files = files_of(untyped_.sources);
  if (!run_compiler(request, result, job)) return std::nullopt;
  draft.ptx = std::move(result.asm_text);
  return draft;
}

GpuImage KernelCode::finish_gpu_image(GpuDraft& draft, const Assembler& assembler) {
  draft.image.cubin = assembler.assemble(draft.ptx);
  kernel_cache().store(draft.key, draft.image.cubin);
  return std::move(draft.image);
}

KernelCache& kernel_cache() {
  static KernelCache* const cache =
      new KernelCache(CacheOptions::from_environment());  // never destroyed: see the pool
  return *cache;
}

}  // namespace cudapy::runtime
