// The body of a kernel for one gang of threads. One class, its parts a file each:
//   lanes.cpp      values of lanes: scalars, progressions, vectors, masks
//   expressions.cpp, memory.cpp, checks.cpp
//   compound_elements.cpp elements of several parts
//   neighbours.cpp clamped and wrapped indices
//   aligned_gangs.cpp neighbours that a thread of a GPU stands for
//   interleaved.cpp elements a few apart
//   declared_arrays.cpp shared and local arrays
//   statements.cpp assignment, if, frames and returns; joins.cpp merges of states
//   loops.cpp      while and for; ranges.cpp the counter of a for; polls.cpp ways out of long loops
//   prints.cpp     what threads print
//   warps.cpp      what the lanes of a warp do together
//   definitions.cpp functions that call themselves
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "codegen/cpu/definitions.h"
#include "codegen/cpu/lane_state.h"
#include "codegen/cpu/target_info.h"
#include "codegen/math/emit.h"
#include "ir/liveness.h"
#include "ir/tree.h"
#include "transform/block_uniform.h"
#include "transform/near_progressions.h"
#include "transform/neighbour_gangs.h"

namespace cudapy::codegen::cpu {

// The value of an expression for all lanes. `value` is a vector if it is varying, else a scalar: of
// all lanes, or of lane 0.
struct Lanes {
  llvm::Value* value = nullptr;
  ir::Shape shape = ir::Shape::Uniform;
  int32_t stride = 0;
};

// An array parameter: uniform. Lengths and strides are i64, strides in elements; the last one is 1
// where it is left out.
struct ArrayValue {
  llvm::Value* data = nullptr;
  llvm::SmallVector<llvm::Value*, 2> shape;
  llvm::SmallVector<llvm::Value*, 2> strides;
};

// Scalars that the thread loops give to the body, each of idx's type. Where a gang has threads of
// several rows (ir::warps_cross_rows), indices of threads are vectors of all lanes.
struct ThreadPosition {
  llvm::Value* idx = nullptr;  // of lane 0
  llvm::Value* idy = nullptr;
  llvm::Value* idz = nullptr;
  // threadIdx.xyz, blockIdx.xyz, blockDim.xyz, gridDim.xyz; int32; only in kernels that use the
  // block's shape
  llvm::Value* block_values[12] = {};
  // By how much idx, idy, idz are ahead of the thread's own (i64), in kernels that it runs again
  // and again; null: they are not.
  llvm::Value* ahead[3] = {};
};

// What a GPU's code calls where all threads of a block meet: by themselves, or with a bool of each,
// of which all are told how many are true (an i32), whether all or any are.
inline constexpr const char* kPrint = "cudapy_print";
inline constexpr const char* kDeviceBarrier = "cudapy_barrier";
inline constexpr const char* kDeviceBarrierCount = "cudapy_barrier_count";
inline constexpr const char* kDeviceBarrierAll = "cudapy_barrier_all";
inline constexpr const char* kDeviceBarrierAny = "cudapy_barrier_any";

// `vote` null: there is none.
llvm::Value* call_device_barrier(llvm::IRBuilderBase& builder, const char* name, llvm::Value* vote);

// What a fault does on a GPU, in a block of its own, which it ends: its site (an i32); of an index
// its value and the array's length; the thread's idx (i64).
using FaultEnd = std::function<void(llvm::Value* site, llvm::Value* index, llvm::Value* length,
                                    llvm::Value* idx)>;

struct BodyOptions {
  int gang_width = 1;
  bool fastmath = false;
  // Gangs begin at multiples of the width, and transform::neighbour_gangs told how their accesses
  // are aligned.
  bool aligned_gangs = false;
};

// How many parts of one size, up to four, an array's element consists of; 0: of others.
int parts_of(const ir::Type& array);

// Elements of an array that a kernel declares.
int64_t element_count(const ir::Local& array);
// constant_arrays.cpp: where arrays from outside are; after the emitter knows its kernel.
class BodyEmitter;
void set_constant_arrays(BodyEmitter& body, llvm::IRBuilderBase& builder,
                         const ir::Function& kernel, unsigned address_space);
// An array that the kernel declares, at `data`.
ArrayValue declared_array(llvm::IRBuilderBase& builder, const ir::Local& array, llvm::Value* data);

class BodyEmitter {
 public:
  BodyEmitter(llvm::IRBuilderBase& builder, const ir::Function& kernel,
              const ir::Liveness& liveness, const TargetInfo& target, const BodyOptions& options);

  // Before emit_gang: what the parameters are.
  void set_parameter(ir::LocalId parameter, llvm::Value* value) {
    parameters_[index(parameter)] = value;
  }
  llvm::Value* length_of(ir::LocalId array, size_t axis) const {
    return arrays_[index(array)].shape[axis];
  }
  void set_array(ir::LocalId parameter, ArrayValue array) {
    arrays_[index(parameter)] = std::move(array);
  }

  // An array of the block, at `data`, in blocks of this shape (i64s). Returns its bytes.
  llvm::Value* set_block_array(ir::LocalId local, llvm::Value* data,
                               llvm::Value* const (&block)[3]);

  // Emits the kernel's body for the gang at `position`, with the lanes of `mask` on, and leaves the
  // builder behind it.
  void emit_gang(const ThreadPosition& position, Mask mask);

  // What checks need: the launch's fault record, and a block that returns from the kernel.
  void set_fault_handling(llvm::Value* record, llvm::BasicBlock* exit) {
    fault_record_ = record;
    fault_exit_ = exit;
  }
  // The same where the lanes are a GPU's thread.
  // On a GPU. `values`: where those of what is raised are put; null: nothing has some.
  void set_fault_end(FaultEnd end, llvm::AllocaInst* values) {
    fault_end_ = std::move(end);
    fault_values_ = values;
  }
  // Where statements of each source get their line numbers from; empty: they have none.
  void set_line_scopes(std::vector<llvm::DIScope*> scopes) { line_scopes_ = std::move(scopes); }
  [[nodiscard]] const std::vector<llvm::DIScope*>& line_scopes() const { return line_scopes_; }

  // What takes down what threads print, on a GPU the number of the launch; only in kernels that
  // print.
  void set_prints(llvm::Value* prints) { prints_ = prints; }
  // Optional: what loops ask whether to leave the kernel, by the same exit.
  void set_interruption(llvm::Value* interruption) { interruption_ = interruption; }
  // Asks, between gangs.
  void poll() { emit_poll(); }
  // Where the stack of this thread ends; only in kernels with functions that call themselves.
  void set_stack_end(llvm::Value* end) { stack_end_ = end; }
  [[nodiscard]] bool has_definitions() const { return !definitions_->by_number.empty(); }
  // On a GPU; `names_block`: an i32, which faults are recorded with. See Definitions.
  void set_definition_faults(llvm::Value* names_block,
                             std::function<void(BodyEmitter& body, llvm::Function& function)> open,
                             std::function<void(BodyEmitter& body)> close) {
    fault_record_ = names_block;
    definitions_->open = std::move(open);
    definitions_->close = std::move(close);
  }
  [[nodiscard]] const ThreadPosition& position() const { return position_; }
  // In a definition: what the context has from here on, so that none of it is kept until here.
  void reload_context() { read_context(*this); }
  [[nodiscard]] llvm::Value* fault_record() const { return fault_record_; }
  [[nodiscard]] llvm::IRBuilderBase& builder() const { return builder_; }
  // Memory that additions to an array go to; see private_bins.h.
  void set_private_bins(ir::LocalId array, llvm::Value* memory) { private_bins_[array] = memory; }
  [[nodiscard]] const std::vector<ArrayValue>& arrays() const { return arrays_; }
  // Whether the gangs emitted next run where all row accesses are inside their arrays.
  // `known` (an i1): whether they do is asked where the gang runs; null: it is not known.
  void set_rows_inside(bool inside, llvm::Value* known = nullptr) {
    rows_inside_ = inside;
    rows_fit_ = known;
  }

  // A uniform expression of parameters alone, as in Function::clips.
  llvm::Value* emit_launch_constant(const ir::Expr& expr);
  // The same for Function::row_accesses: of parameters, idy and idz.
  llvm::Value* emit_row_constant(const ir::Expr& expr, const ThreadPosition& row);

 private:
  friend class BlockEmitter;
  struct Frame {
    std::vector<ir::LocalId> results;
    bool divergent = false;        // returns are masked
    size_t parked = 0;             // slot of the lanes that returned
    std::vector<Arrival> returns;  // jumps, where returns are not masked
  };
  struct Loop {
    const ir::Stmt* stmt;
    const ir::StmtLiveness* liveness;
    bool masked =
        false;  // lanes leave one by one: the active ones are a mask carried around the loop
    bool divergent_continue = false;
    LaneState entry;           // the state before the loop
    int open_arms = 0;         // open_arms_ there
    Mask turn_mask = nullptr;  // lanes on at the head of a turn
    Mask body_mask = nullptr;  // and behind the test, at the start of the body
    std::vector<ir::LocalId> carried;
    std::vector<llvm::PHINode*> carried_phis;
    llvm::PHINode* mask_phi = nullptr;
    llvm::PHINode* returned_phi = nullptr;
    llvm::PHINode* broken_phi = nullptr;
    int turns_to_poll = 0;
    llvm::PHINode* turns_left = nullptr;  // until then, if turns are counted for it
    llvm::BasicBlock* stretch = nullptr;  // the head of the turns up to there
    std::vector<llvm::PHINode*> stretch_phis;
    size_t continued = 0;  // slots
    size_t broken = 0;
    std::vector<Arrival> continues;  // jumps
    std::vector<Arrival> breaks;
  };
  // The test at a loop's head: either all lanes agree, or each has its own answer.
  struct LoopTest {
    llvm::Value* uniform = nullptr;
    llvm::Value* varying = nullptr;
  };
  // What a `for` adds to a loop. A uniform or linear counter is one scalar, 64 bits wide so that
  // the step past the last value doesn't wrap; a varying one is a vector that saturates. A GPU
  // takes two instructions for what has 64 bits, and steps of one never wrap.
  struct Range {
    ir::LocalId counter = ir::kNoLocal;  // kNoLocal: a while
    ir::Shape shape = ir::Shape::Uniform;
    ir::Scalar type = ir::Scalar::I32;
    bool keeps_width = false;      // the phi has the range's own type
    llvm::Value* start = nullptr;  // as wide as the phi
    llvm::Value* step = nullptr;
    Lanes stop;  // of `type`
    llvm::PHINode* phi = nullptr;
    int turns_to_poll = 0;           // in the turns up to `limit`
    llvm::PHINode* limit = nullptr;  // null: the range runs to its stop
  };

  // lanes.cpp
  static size_t index(ir::LocalId id) { return static_cast<size_t>(id); }
  [[nodiscard]] bool scalar_code() const { return options_.gang_width == 1; }
  [[nodiscard]] ir::Shape shape_of(const ir::Expr& expr) const;
  [[nodiscard]] ir::Shape shape_of(ir::LocalId local) const;
  llvm::Type* type_of(ir::Scalar scalar);
  llvm::Type* vector_of(llvm::Type* scalar);
  llvm::Type* local_type(ir::LocalId local);
  llvm::Value* broadcast(llvm::Value* scalar);
  llvm::Value* to_vector(const Lanes& lanes);
  llvm::Value* to_local(const Lanes& lanes, ir::LocalId local);
  Mask mask_and(Mask a, Mask b);
  Mask mask_or(Mask a, Mask b);
  Mask mask_and_not(Mask a, Mask b);
  llvm::Value* full_mask(Mask mask);
  llvm::Value* no_lanes();
  llvm::Value* any(llvm::Value* mask);
  llvm::Value* last_lane(Mask mask);
  llvm::PHINode* mask_phi(unsigned incoming);

  // expressions.cpp
  Lanes emit(const ir::Expr& expr);
  llvm::Value* emit_vector(const ir::Expr& expr) { return to_vector(emit(expr)); }
  llvm::Value* emit_scalar(const ir::Expr& expr) { return emit(expr).value; }
  llvm::Value* emit_as(const ir::Expr& expr, ir::Shape shape);
  Lanes emit_local(const ir::Expr& expr);
  llvm::Value* emit_thread_index(const ir::Expr& expr);
  llvm::Value* emit_operation(const ir::Expr& expr, llvm::ArrayRef<llvm::Value*> operands);
  llvm::Value* emit_length(const ir::Expr& expr);
  llvm::Value* emit_stride(const ir::Expr& expr);
  Lanes emit_device_function(const ir::Expr& expr);
  Lanes emit_logical(const ir::Expr& expr);
  Lanes emit_select(const ir::Expr& expr);
  Lanes emit_sequence(const ir::Expr& expr);
  // The value of `expr` as `shape`, evaluated only for the lanes of `wanted` (an i1, or a mask);
  // anything elsewhere.
  llvm::Value* emit_lazily(const ir::Expr& expr, ir::Shape shape, llvm::Value* wanted);
  MathOptions math_options(ir::Shape shape);

  // memory.cpp
  // Where an access goes. Uniform: one address; linear, of stride 1 or -1: lane 0's; varying: a
  // vector of them.
  struct Place {
    llvm::Value* address = nullptr;
    ir::Shape shape = ir::Shape::Uniform;
    int32_t stride = 0;
    int32_t parts = 1;  // linear: the address is of whole elements, each of so many parts,
    int32_t part = 0;   // and this one of them is meant
    // Aligned gangs, linear: the address is where a gang is aligned, lane 0 is so many elements on.
    int64_t offset = 0;
    // Varying, where the lanes' elements are probably neighbours: they are `indices` from `base`.
    llvm::Value* base = nullptr;
    llvm::Value* indices = nullptr;
  };
  using Operands = std::vector<ir::ExprPtr>;  // an array and its indices
  const ArrayValue& array_of(const ir::Expr& expr);
  [[nodiscard]] bool is_uniform_place(const Operands& operands) const;
  llvm::Value* uniform_offset(const ArrayValue& array, const Operands& operands,
                              llvm::ArrayRef<Lanes> indices);
  llvm::Value* lane_offsets(const ArrayValue& array, const Operands& operands,
                            llvm::ArrayRef<Lanes> indices);
  Place emit_place(const Operands& operands, int32_t site, uint8_t row_axes,
                   int32_t byte_offset = 0);
  Place place_of(const Operands& operands, llvm::ArrayRef<Lanes> indices, int32_t byte_offset);
  llvm::SmallVector<Lanes, 2> emit_unchecked_indices(const Operands& operands);
  void check_indices(const Operands& operands, llvm::ArrayRef<Lanes> indices, int32_t site,
                     uint8_t row_axes);
  llvm::SmallVector<Lanes, 2> emit_indices(const Operands& operands, int32_t site,
                                           uint8_t row_axes);
  static llvm::Align part_align(const ir::Type& array, int32_t byte_offset, ir::Scalar part);
  void store_vector(const Place& place, llvm::Value* value, const ir::Stmt& stmt);
  void store_lanes(const ir::Stmt& stmt, llvm::ArrayRef<Lanes> indices, llvm::Value* value);
  Lanes emit_load(const ir::Expr& expr);
  void emit_store(const ir::Stmt& stmt);
  llvm::Value* last_of_lanes(const Lanes& lanes);

  // aligned_gangs.cpp
  llvm::Value* align_index(Place& place, const ir::Expr& index, llvm::Value* first);
  llvm::Value* load_aligned(const Place& place, ir::Scalar element);
  void store_aligned(const Place& place, llvm::Value* value, ir::Scalar element);

  // neighbours.cpp
  struct NeighbourTest {
    llvm::BasicBlock* neighbours;
    llvm::BasicBlock* accessed;  // where both ways meet
    llvm::Value* first;          // the index of lane 0
  };
  bool is_near_progression(const ir::Expr& index);
  NeighbourTest branch_if_neighbours(const Place& place);
  llvm::Value* load_near(const Place& place, llvm::Type* element, llvm::Align align);
  void store_near(const Place& place, llvm::Value* value, llvm::Align align);
  [[nodiscard]] bool wraps_progression(const ir::Expr& expr) const;
  Lanes emit_wrapped_progression(const ir::Expr& expr);

  // compound_elements.cpp
  static bool is_same_value(const ir::Expr& a, const ir::Expr& b);
  static bool is_same_element(const ir::Stmt& a, const ir::Stmt& b);
  [[nodiscard]] size_t stores_of_element(const ir::Block& block, size_t begin) const;
  static size_t part_number(int32_t byte_offset, const ir::Expr& value);
  [[nodiscard]] int position_of(const Place& place, int lane) const;
  llvm::Value* lowest_address(const Place& place, llvm::Type* part);
  llvm::Value* mask_of_parts(const Place& place, llvm::ArrayRef<llvm::Value*> wanted);
  llvm::Type* part_type(const ir::Type& array);
  llvm::Value* load_part(const Place& place, const ir::Type& array, ir::Scalar part,
                         llvm::Align align);
  void store_parts(const Place& place, llvm::ArrayRef<llvm::Value*> values, const ir::Type& array,
                   llvm::Align align);
  void emit_element_stores(const ir::Block& block, size_t begin, size_t count);

  // interleaved.cpp
  struct Interleaved {
    llvm::Value* address = nullptr;  // of the lowest lane's element, or of its pixel
    int64_t step = 0;                // from lane to lane, in elements
    int channel = 0;                 // which element of its pixel is meant,
    int channels = 1;                // of so many
  };
  struct InterleavedStore {
    llvm::Type* element;
    llvm::Align align;
    llvm::Value* mask;
    int first;  // of the lanes that are stored
    int lanes;
    bool is_whole;  // nothing lies between the elements
  };
  [[nodiscard]] std::optional<int> channel_of(const Operands& operands) const;
  std::optional<Interleaved> interleaved_place(const Operands& operands,
                                               llvm::ArrayRef<Lanes> indices);
  [[nodiscard]] int shuffled_lanes(ir::Scalar element) const;
  [[nodiscard]] int64_t start_of_piece(const Interleaved& place, int first, int64_t number,
                                       int lanes) const;
  [[nodiscard]] llvm::SmallVector<int, 64> lanes_of_piece(const Interleaved& place, int64_t start,
                                                          int lanes, int channel) const;
  llvm::Value* mask_of_piece(llvm::Value* mask, llvm::ArrayRef<int> owners);
  llvm::Value* in_memory_order(const Interleaved& place, llvm::Value* lanes);
  llvm::Value* concatenate(llvm::SmallVector<llvm::Value*, 8> parts);
  [[nodiscard]] bool has_masked_pieces(ir::Scalar element) const;
  llvm::Value* load_interleaved(const Interleaved& place, llvm::Type* element, ir::Scalar scalar,
                                llvm::Align align);
  void store_interleaved(const Interleaved& place, llvm::ArrayRef<llvm::Value*> values,
                         ir::Scalar scalar, llvm::Align align);
  void store_piece(const Interleaved& place, llvm::ArrayRef<llvm::Value*> chunks,
                   const InterleavedStore& store, int64_t number);
  bool is_of_pixel(const ir::Expr& value, const ir::Stmt& pixel, const std::set<int>& stored) const;
  static bool is_same_pixel(const Operands& a, const Operands& b);
  [[nodiscard]] size_t stores_of_pixel(const ir::Block& block, size_t begin) const;
  void emit_pixel_stores(const ir::Block& block, size_t begin, size_t count);

  // declared_arrays.cpp
  [[nodiscard]] bool is_declared(const ir::Expr& array) const;
  [[nodiscard]] ir::Storage storage_of(ir::LocalId array) const;
  llvm::Value* index_vector(Lanes flat);
  Lanes flat_index(const Operands& operands, llvm::ArrayRef<Lanes> indices, int32_t site);
  Lanes next_axis(Lanes flat, llvm::Value* extent, Lanes lanes);
  llvm::Value* emit_size(const ir::ArraySize& size, llvm::Value* const (&block)[3]);
  Place declared_place(const Operands& operands, llvm::ArrayRef<Lanes> indices, int32_t site);
  Place declared_place(const ir::Expr& array, Lanes flat);
  void blend_into(llvm::Value* address, llvm::Value* value, llvm::Align align, llvm::Value* mask);
  bool is_chosen_by_lanes(const ir::Expr& array, const Lanes& flat) const;
  llvm::Value* narrow_index(const ir::Expr& array, const Lanes& flat);
  llvm::Value* load_chosen(const ir::Expr& array, const Lanes& flat);
  void store_chosen(const ir::Expr& array, const Lanes& flat, llvm::Value* value);
  Lanes load_declared(const ir::Expr& expr);
  void store_declared(const ir::Stmt& stmt);
  void emit_declaration(const ir::Stmt& stmt);

  // atomics.cpp
  Lanes emit_atomic(const ir::Expr& expr, bool is_used);
  Place atomic_place(const ir::Expr& load, llvm::ArrayRef<Lanes> indices);
  Place in_each_lane(const Place& neighbours, const ir::Type& array, int32_t byte_offset);
  struct AtomicTarget {
    ir::AtomicOp op;
    ir::Scalar element;
    llvm::Type* type;
    bool of_thread = false;  // in an array that no other thread sees
  };
  llvm::Value* emit_one_atomic(const AtomicTarget& target, llvm::Value* address,
                               llvm::ArrayRef<llvm::Value*> values);
  llvm::Value* emit_half_atomic(const AtomicTarget& target, llvm::Value* address,
                                llvm::Value* value);
  bool emit_reduced_atomic(const AtomicTarget& target, llvm::Value* address, const Lanes& value);
  llvm::Value* emit_counted_atomic(const AtomicTarget& target, llvm::Value* address,
                                   llvm::Value* step);
  llvm::Value* emit_atomic_lanes(const AtomicTarget& target, llvm::Value* addresses,
                                 llvm::ArrayRef<llvm::Value*> values, bool is_used);
  // warps.cpp
  // What each lane reads from another, and the lanes that have one to read from; null: all.
  struct Moved {
    llvm::Value* value = nullptr;
    llvm::Value* there = nullptr;
  };
  Lanes emit_warp_operation(const ir::Expr& expr);
  Lanes emit_device_warp_operation(const ir::Expr& expr);
  Lanes emit_warp_place(const ir::Expr& expr);
  Lanes emit_shuffle(const ir::Expr& expr);
  Moved broadcast_lane(llvm::Value* own, llvm::Value* lane);
  Moved move_lanes(ir::Intrinsic op, llvm::Value* own, llvm::Value* distance, int width);
  Moved gather_lanes(const ir::Expr& expr, llvm::Value* own, llvm::Value* lanes, int width);
  llvm::Value* permute(llvm::Value* vector, ir::Intrinsic op, int distance);
  llvm::Value* lane_numbers();
  llvm::Value* in_reach(ir::Intrinsic op, llvm::Value* distances, int width);
  llvm::Value* read_lanes(llvm::Value* vector, llvm::Value* sources);
  llvm::Value* emit_match(llvm::Value* value);
  // private_bins.cpp
  [[nodiscard]] llvm::Value* private_bins_of(const ir::Expr& atomic) const;
  void emit_private_add(const ir::Expr& expr, llvm::Value* bins);
  void add_to_bins(const ir::Expr& expr, llvm::Value* bins, const Lanes& at, const Lanes& added);
  llvm::SmallVector<llvm::Value*, 64> take_apart(llvm::Value* vector);
  void add_in_place(const ir::Expr& expr, const Lanes& at, const Lanes& added);
  llvm::AllocaInst* entry_slot(llvm::Type* type);
  llvm::Value* lane_bits(Mask mask);

  // checks.cpp
  struct Fault {
    llvm::Value* lane = nullptr;   // null: the first that is on
    llvm::Value* index = nullptr;  // null: it is not about an index
    llvm::Value* length = nullptr;
    llvm::Value* values = nullptr;  // of the message of what is raised, if it has some
    uint32_t value_count = 0;
  };
  llvm::BasicBlock* branch_unless(llvm::Value* fine);
  void emit_fault(llvm::BasicBlock* block, int32_t site, const Fault& fault);
  llvm::Value* own_thread(llvm::Value* index, size_t axis);
  llvm::Value* first_lane(llvm::Value* mask);
  void check_index(llvm::Value* length, const ir::Expr& index_expr, const Lanes& index,
                   int32_t site);
  void check_each(llvm::Value* indices, llvm::Value* lengths, int32_t site);
  Lanes emit_bound(const ir::Expr& expr);
  void check_lanes(llvm::Value* indices, ir::Scalar type, llvm::Value* length, int32_t site);
  void check_thread(llvm::Value* index, ir::Scalar type, llvm::Value* length, int32_t site);
  void check_operand(ir::BinaryOp op, llvm::Value* second, int32_t site);
  void emit_raise(const ir::Stmt& stmt);
  llvm::Value* emit_values_of_lane(const std::vector<ir::ExprPtr>& operands, llvm::Value* lane);
  llvm::Value* fits_at_run_time(int32_t site, uint8_t row_axes, size_t axis, llvm::Value* length);
  llvm::BasicBlock* skip_where(llvm::Value* fits);
  void go_on_at(llvm::BasicBlock* block);
  [[nodiscard]] bool is_checked(int32_t site, uint8_t row_axes, size_t axis) const {
    return site >= 0 && !(rows_inside_ && (row_axes >> axis & 1U) != 0);
  }

  // statements.cpp
  void start_gang(const ThreadPosition& position, Mask mask);
  std::vector<Arrival> emit_region(const ir::Block& block);
  void emit_block(const ir::Block& block, size_t begin = 0);
  void set_line(const Span& span);
  void emit_statement(const ir::Stmt& stmt);
  void emit_barrier(const ir::Stmt& stmt);
  llvm::Value* agreed(const ir::Stmt& stmt, llvm::Value* condition);
  void emit_assign(ir::LocalId local, const Lanes& value);
  void emit_if(const ir::Stmt& stmt);
  void emit_uniform_if(const ir::Stmt& stmt, llvm::Value* condition);
  void emit_varying_if(const ir::Stmt& stmt, llvm::Value* condition);
  void emit_rest_if_any(const ir::Block& block, size_t begin);
  void emit_return(const ir::Stmt& stmt);
  // Where all lanes of a frame meet again, in the state `entry` but for the result.
  void end_frame(Frame frame, const LaneState& entry);
  void park(size_t slot, Mask mask);
  struct ArmResult {
    std::vector<std::pair<ir::LocalId, llvm::Value*>>
        values;           // of varying variables that the arm assigned
    Mask mask = nullptr;  // lanes still on at its end
  };
  ArmResult emit_arm(const ir::Block& block, Mask mask, const ir::LocalSet& live_after);

  // joins.cpp
  using LiveTest = std::function<bool(ir::LocalId)>;
  void start_block(llvm::BasicBlock* block) { builder_.SetInsertPoint(block); }
  llvm::BasicBlock* new_block(const char* name);
  Arrival arrive();
  // Branches each arrival to a new block, where the builder goes on with their merged state;
  // unreachable if there is none. `base` is the state at a point that dominates them all. Locals
  // that are not live keep what base has.
  void join(std::vector<Arrival> arrivals, const LaneState& base, const LiveTest& live,
            const char* name);
  llvm::Value* phi_of(const std::vector<Arrival>& arrivals, llvm::ArrayRef<llvm::Value*> values);
  // One value for a variable: its chain above what `base` has, blended; lanes outside `mask` don't
  // matter.
  llvm::Value* resolve(const Variable& variable, const Variable* base, Mask mask);
  [[nodiscard]] bool keeps_old_lanes(ir::LocalId local) const;
  [[nodiscard]] bool is_divergent_result(ir::LocalId local) const;
  static bool is_result(const Frame& frame, ir::LocalId local);

  // loops.cpp
  void emit_loop(const ir::Stmt& stmt);
  void open_loop(Loop& loop, Range& range);
  LoopTest emit_loop_test(const Loop& loop, Range& range, std::vector<Arrival>& ends);
  LoopTest emit_condition(const ir::Expr& expr, std::vector<Arrival>& ends);
  static const ir::Expr& first_term(const ir::Expr& expr);
  void close_turn(Loop& loop, Range& range, llvm::BasicBlock* header, const LaneState& body_start,
                  std::vector<Arrival>& ends);
  void resolve_carried(const Loop& loop, LaneState& state);
  Arrival leave_loop(const Loop& loop, Arrival arrival);
  void finish_loop(Loop& loop, std::vector<Arrival> ends);
  void emit_loop_else(const Loop& loop);
  void emit_break();
  void emit_continue();
  [[nodiscard]] bool all_lanes_of_turn(const Loop& loop) const;
  void jump_to(std::vector<Arrival>& arrivals);
  [[nodiscard]] bool is_live_after(const Loop& loop, ir::LocalId local) const;

  // ranges.cpp
  llvm::Value* widen(const Range& range, llvm::Value* value);
  Range open_range(const ir::Stmt& stmt);
  void start_range(Range& range, llvm::BasicBlock* preheader);
  LoopTest emit_range_test(Range& range);
  void advance_range(Range& range);
  llvm::Value* emit_range_before(const Range& range, llvm::Value* end);

  // prints.cpp
  void emit_print(const ir::Stmt& stmt);

  // definitions.cpp
  Lanes emit_call(const ir::Expr& call);
  llvm::SmallVector<llvm::Value*, 4> call_definition(const ir::Expr& call,
                                                     llvm::ArrayRef<llvm::Value*> arguments);
  void check_depth(const ir::Expr& call);
  llvm::Value* stack_pointer();
  void return_results(const ir::Expr& frame, llvm::Type* type);
  template <class Visit>
  void for_each_of_context(Visit visit);
  void fill_context();
  void hand_on_arrays();
  void read_context(const BodyEmitter& caller);
  llvm::SmallVector<llvm::Type*, 4> result_types(const ir::Expr& frame);
  llvm::Function* definition(const ir::Expr& call, llvm::ArrayRef<llvm::Value*> passed,
                             llvm::ArrayRef<llvm::Value*> arguments);
  void emit_definition(const Definition& definition, const BodyEmitter& caller,
                       llvm::ArrayRef<llvm::Value*> arguments);
  llvm::Value* array_of_call(ir::LocalId array);
  [[nodiscard]] uint64_t array_bytes(ir::LocalId array) const;

  // polls.cpp
  [[nodiscard]] int turns_to_poll(const ir::Stmt& stmt) const;
  [[nodiscard]] bool polls_by_limit(const Range& range) const;
  llvm::Value* poll_limit(const Range& range, llvm::Value* counter);
  void emit_poll();
  void poll_at_some_depths();
  void open_stretch(Loop& loop, Range& range, llvm::BasicBlock* preheader);
  void close_stretch(const Loop& loop, llvm::ArrayRef<llvm::Value*> values);
  void go_past_limit(const Loop& loop, const Range& range, llvm::BasicBlock* header);
  void branch_to_next_turn(const Loop& loop, llvm::BasicBlock* header);

  llvm::IRBuilderBase& builder_;
  const ir::Function& kernel_;
  const ir::Liveness& liveness_;
  const TargetInfo& target_;
  BodyOptions options_;

  std::vector<llvm::Value*> parameters_;
  std::vector<ArrayValue> arrays_;
  std::map<ir::LocalId, llvm::Value*> private_bins_;
  llvm::Value* fault_record_ = nullptr;
  llvm::BasicBlock* fault_exit_ = nullptr;
  // Of a GPU.
  FaultEnd fault_end_;
  llvm::AllocaInst* fault_values_ = nullptr;
  std::optional<transform::BlockUniform> block_uniform_;
  std::optional<transform::NeighbourIndices> aligned_;  // in aligned gangs
  std::optional<transform::NearProgressions> near_;     // made when it is first asked
  llvm::Value* interruption_ = nullptr;
  llvm::Value* prints_ = nullptr;
  // Recursion.
  std::shared_ptr<Definitions> definitions_;
  llvm::Value* context_ = nullptr;
  llvm::Value* stack_end_ = nullptr;
  llvm::Value* frame_ = nullptr;             // on a GPU: memory of this call
  llvm::Value* depth_ = nullptr;             // of this call, an i32; null: in the kernel
  std::vector<llvm::Value*> arguments_;      // of this call
  std::vector<llvm::DIScope*> line_scopes_;  // one a source
  bool rows_inside_ = false;
  llvm::Value* rows_fit_ = nullptr;
  ThreadPosition position_;
  LaneState state_;
  int open_arms_ = 0;  // varying conditions around the statement at hand
  std::vector<Frame> frames_;
  std::vector<Loop*> loops_;  // innermost last
};

}  // namespace cudapy::codegen::cpu
