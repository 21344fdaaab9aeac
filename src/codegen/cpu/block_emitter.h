// The threads of a block, for kernels in which they wait for each other or share arrays: each
// region of the kernel is a loop over the block's gangs, and what is done by the block as a whole
// stands between these loops, in scalar code.
//
//   for block in [block_begin, block_end):
//     clear the block's arrays
//     for gang of the block: region 1
//     br condition                              (an if around a barrier)
//       for gang of the block: region 2
//     ...
//
// A variable that is read in a later region than it is assigned in lies in memory: one value a
// block if all threads agree on it, else one a gang. A thread that has returned is off in all
// regions that follow.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <functional>
#include <vector>

#include "codegen/cpu/body_emitter.h"
#include "codegen/cpu/emit_kernel.h"
#include "transform/block_uniform.h"

namespace cudapy::codegen::cpu {

// The size of the launch, as i64s.
struct LaunchValues {
  // The threads from `first` on, up to `threads`, do something.
  llvm::Value* first[3] = {};
  llvm::Value* threads[3] = {};
  llvm::Value* block[3] = {};
  llvm::Value* grid[3] = {};
  // What blockDim and gridDim say, where that is something else; null: it is not.
  llvm::Value* seen_block[3] = {};
  llvm::Value* seen_grid[3] = {};
};

// Lane 0 of a gang: its thread, the first thread of its block, and the block's number.
struct GangPlace {
  llvm::Value* const (&thread)[3];
  llvm::Value* const (&begin)[3];
  llvm::Value* const (&number)[3];
};

// for counter in [begin, end): body(counter)
void emit_count(llvm::IRBuilderBase& builder, llvm::Value* begin, llvm::Value* end,
                const char* name, const std::function<void(llvm::Value*)>& body);
// <0, 1, 2, ...> < splat(count)
llvm::Value* first_lanes(llvm::IRBuilderBase& builder, int gang_width, llvm::Value* count);
ThreadPosition position_of(llvm::IRBuilderBase& builder, const ir::Function& kernel,
                           const LaunchValues& launch, const GangPlace& place);
// The block's number along x, y and z.
void number_of_block(llvm::IRBuilderBase& builder, const LaunchValues& launch, llvm::Value* block,
                     llvm::Value* (&number)[3]);

class BlockEmitter {
 public:
  BlockEmitter(llvm::IRBuilderBase& builder, const ir::Function& kernel,
               const ir::Liveness& liveness, BodyEmitter& body, const LaunchValues& launch);

  void run(llvm::Value* block_begin, llvm::Value* block_end);

 private:
  // Where a variable lies between regions.
  struct Slot {
    bool is_used = false;
    bool of_block = false;
    llvm::Type* type = nullptr;           // as in memory
    llvm::AllocaInst* current = nullptr;  // of_block
    llvm::AllocaInst* next = nullptr;     // what the gangs of a region leave behind
    llvm::Value* gangs = nullptr;         // else: an array, one a gang
    uint64_t bytes = 0;
  };
  struct Gang {
    ThreadPosition position;
    llvm::Value* number = nullptr;  // in the block
    Mask mask = nullptr;
  };
  struct BlockLoop {
    llvm::BasicBlock* next_turn;
    llvm::BasicBlock* done;
  };
  using GangBody = std::function<void(const Gang&)>;

  llvm::Value* i64(int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); }
  llvm::BasicBlock* new_block(const char* name) { return body_.new_block(name); }
  llvm::AllocaInst* make_alloca(llvm::Type* type, const char* name);

  // What lies where.
  void find_slots(const ir::Block& block);
  void use_slots(const ir::LocalSet& locals);
  void make_slots();
  llvm::Value* memory(int32_t which, llvm::Value* bytes);
  void make_shared_arrays();
  void make_gang_memory();
  void start_block_of_threads(llvm::Value* block);
  llvm::Value* slot_address(const Slot& slot, llvm::Value* gang);

  // Statements of the block as a whole.
  void block(const ir::Block& block);
  void statement(const ir::Stmt& stmt);
  void region(const ir::Stmt& stmt);
  void if_(const ir::Stmt& stmt);
  void while_(const ir::Stmt& stmt);
  void for_(const ir::Stmt& stmt);
  void turn(const ir::Stmt& stmt, llvm::Value* base, llvm::Value* end);
  void vote(const ir::Stmt& stmt);
  void vote_of_gang(const ir::Stmt& stmt, llvm::AllocaInst* votes);
  void jump(llvm::BasicBlock* target);
  void else_and_done(const ir::Stmt& stmt, llvm::BasicBlock* exhausted, llvm::BasicBlock* done);
  // The value that all threads of the block have; checked, if `site` is one, where it is not known.
  llvm::Value* agreed(const ir::Expr& expr, int32_t site);
  llvm::Value* known_for_block(const ir::Expr& expr);
  void agree_in_gang(const ir::Expr& expr, int32_t site, llvm::AllocaInst* result,
                     llvm::AllocaInst* seen);

  // Gangs.
  void gangs(const GangBody& body);
  void gangs_of_rows(const GangBody& body);
  void gangs_of_warps(const GangBody& body);
  using OneGang = std::function<void(llvm::Value* number, bool is_full)>;
  void gangs_in_turn(llvm::Value* threads, const OneGang& one);
  Mask rest_of(llvm::Value* threads, llvm::Value* first, bool is_full);
  ThreadPosition position_of_warp(llvm::Value* first);
  void gang(const ThreadPosition& position, llvm::Value* number, Mask mask, const GangBody& body);
  void enter(const Gang& gang, const ir::LocalSet& used);
  void leave(const Gang& gang, const ir::LocalSet& left);
  void store_mask(llvm::Value* gang, llvm::Value* mask);
  llvm::Value* load_mask(llvm::Value* gang);

  llvm::IRBuilderBase& builder_;
  const ir::Function& kernel_;
  const ir::Liveness& liveness_;
  BodyEmitter& body_;
  const LaunchValues& launch_;
  transform::BlockUniform uniform_;
  int width_;
  bool has_barrier_;
  bool runs_whole_;    // also threads that were not asked for
  bool crosses_rows_;  // a gang has threads of several rows
  bool has_returns_;
  bool takes_turns_;

  std::vector<Slot> slots_;  // by LocalId
  llvm::Value* shared_ = nullptr;
  llvm::Value* shared_bytes_ = nullptr;
  llvm::Value* masks_ = nullptr;  // of the threads that have not returned, an i64 for each gang
  llvm::Value* gangs_most_ = nullptr;
  llvm::Value* number_[3] = {};
  llvm::Value* begin_[3] = {};
  llvm::Value* count_[3] = {};
  llvm::Value* row_threads_ = nullptr;  // those of a row that run now, from its first on
  llvm::Value* gangs_per_row_ = nullptr;
  std::vector<BlockLoop> loops_;
};

}  // namespace cudapy::codegen::cpu
