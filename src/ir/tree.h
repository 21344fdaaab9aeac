// The kernel tree: structured (if / while / for, no gotos) from the frontend until code generation.
//
// One set of nodes serves both forms of a kernel. The frontend makes the *untyped* tree: names are
// resolved, every type is Unknown, constants are weak. Sema makes the *typed* tree from it: every
// type is known and strong, every conversion is a Cast, operands of an operation have the type that
// its kind demands. Then calls are inlined and shapes are annotated, and codegen sees one Function.
//
// Nodes are plain structs with a kind; which fields a kind uses is stated beside it. They own their
// children.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/array_size.h"
#include "ir/intrinsic.h"
#include "ir/math_function.h"
#include "ir/type.h"
#include "support/span.h"

namespace cudapy::ir {

struct Expr;
struct Stmt;
using ExprPtr = std::unique_ptr<Expr>;
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;
using LocalId = int32_t;  // index into Function::locals
inline constexpr LocalId kNoLocal = -1;

// How a value differs among the lanes of a gang. Linear: lane i holds base + i * stride, without
// wrapping.
enum class Shape : uint8_t { Uniform, Linear, Varying };

enum class ThreadIndex : uint8_t {
  Idx,
  Idy,
  Idz,
  ThreadIdxX,
  ThreadIdxY,
  ThreadIdxZ,
  BlockIdxX,
  BlockIdxY,
  BlockIdxZ,
  BlockDimX,
  BlockDimY,
  BlockDimZ,
  GridDimX,
  GridDimY,
  GridDimZ,
};

enum class UnaryOp : uint8_t { Negate, Plus, Invert, Not };

enum class BinaryOp : uint8_t {
  Add,
  Subtract,
  Multiply,
  Divide,       // true division; typed: both float
  FloorDivide,  // rounds to minus infinity
  Modulo,       // sign of the divisor
  Power,  // typed: both float, or both the same integer type (negative exponents give 0 but for
          // bases 1 and -1)
  ShiftLeft,
  ShiftRight,
  BitAnd,
  BitOr,
  BitXor,
  Minimum,
  Maximum,  // Python's min and max: the first of equal ones; typed tree only
};

enum class CompareOp : uint8_t { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };

// Python's functions, as called in the untyped tree. Sema turns each into other nodes.
enum class Builtin : uint8_t {
  Len,
  Min,
  Max,
  Abs,
  Round,
  Pow,
  Floor,
  Ceil,
  Trunc,
  // of arrays
  Shape,  // A.shape[k]: operands array, k; A.shape, a tuple: array
  Ndim,   // A.ndim
  Size,   // A.size
  // complex numbers
  Real,
  Imag,
  Conjugate,
  Complex,  // of a number, or of a real and an imaginary part
  // the type of an array's elements, where a type is meant: of a Cast, a View or a Declare
  Dtype,
  Transpose,  // A.T
  Strides,    // A.strides
};

enum class ExprKind : uint8_t {
  // both trees
  Constant,     // constant; untyped: weak, or strong when `declared` types it (a captured NumPy
                // scalar)
  Local,        // local
  ThreadIndex,  // thread_index; int32 (int64 for Idx.. in a wide kernel)
  Unary,    // unary_op, operands[0]. Typed: Negate, Invert: same type; Not: bool -> bool; no Plus
  Binary,   // binary_op, operands[0..1]. Typed: all three types equal (shifts too)
  Compare,  // compare_op, operands[0..1]. Typed: operands have one type, result bool
  And,
  Or,      // operands[0..1], the second evaluated only where it must be. Typed: bool, bool -> bool
  Select,  // operands: condition, value if true, value if false; only the chosen one is evaluated
  Cast,  // operands[0] to `type`, in the untyped tree to what operands[1], a Dtype, says; float ->
         // int truncates (saturates out of range, nan -> 0), x ->
         // bool is x != 0
  Math,  // math, operands. Typed: arguments have the type that MathInfo demands
  Call,  // callee (index into Program::functions), operands. After inlining: of a Define, by its
         // number; arrays are no operands any more. `results`, after
         // transform::split_aggregates: locals that several results become. fault_site: where
         // it is too deep; the next: where the stack ends.
  Sequence,  // body is executed, then operands[0] (may be absent: void) is the value.
  // `is_frame`: an inlined function; no operands; a Return in body leaves it and its value becomes
  // `local`, the frame's result (kNoLocal: void). Nothing else assigns or reads that local. After
  // transform::split_aggregates a void frame may have several `results`: locals that a Return's
  // operands become, which nothing else assigns, and which are read after the frame.
  Load,  // operands: array, index...; the element, or a view of the dimensions that are not
         // indexed; `is_transposed`: in reverse order.
         // Untyped: what `A[i]` reads as. Typed: the array is a Local, and a view stands only where
         // an array does (as an argument of a Call, or under Len and Stride); gone after inlining
  Len,   // operands[0]: array, axis; int32 (int64 in a wide kernel). Typed tree only
  Stride,  // operands[0]: array, axis; from one element to the next along it, in elements: int64.
           // Typed tree only
  // device functions (both trees)
  Intrinsic,  // intrinsic, operands
  Atomic,     // atomic_op, operands: a Load, which is the place and is not read by itself; then the
              // value (CompareExchange: what is expected, the value). The element before.
  // untyped tree only
  CallBuiltin,  // builtin, operands
  // aggregates: both trees; gone after transform::split_aggregates. In the untyped tree a Load with
  // a tuple in place of its array is an element of it. Typed: complex numbers, too.
  MakeAggregate,  // operands: the elements, in order
  Field,  // operands[0]: an aggregate; its element number `field`. Untyped: `unpack_count` is how
          // many elements it must have (0: any)
  // views: see ir/view.h
  Slice,  // an index of a Load that leaves its dimension open. Untyped: of start, stop and step
          // those that `field` says (1, 2, 4). Typed: start, length, step, all in the array; of
          // the index type, and gone after inlining
  Bound,  // typed: operands[0], an integer, where it is at least 0 and less than operands[1], which
          // has the type; a fault elsewhere. local: the array, for messages
  // recursion: after inlining
  Argument,  // field: which operand of the Call, in the frame of a Define alone
};

struct ConstantValue {
  enum class Kind : uint8_t { Bool, Integer, Float, Complex };
  Kind kind = Kind::Integer;
  int64_t integer = 0;         // Bool: 0 or 1; Integer: the value, or a uint64's bits
  bool exceeds_int64 = false;  // Integer: `integer` holds the bits of a uint64 above INT64_MAX
  double real = 0.0;           // Float, Complex
  double imag = 0.0;           // Complex
};

enum class FaultKind : uint8_t {
  Index,
  Division,
  Raise,
  Barrier,  // span: a barrier that some threads of a block do not reach; cause: where they part
  Shift,
  Print,
};

// A place that may fault at run time, and what a user is told of it then; or one that
// prints.
// The values that the message of an exception may hold: a fault's record has room for them.
inline constexpr size_t kMostRaisedValues = 8;

// How many calls of functions that call themselves may be open at once in a thread.
inline constexpr int kRecursionLimit = 256;

struct FaultSite {
  FaultKind kind = FaultKind::Index;
  Span span;
  std::string subject;  // Index: the array's name; Raise: the exception's
  // Raise; Print: what str.format makes a text of; Index, not empty: what is too short for it
  std::string message;
  std::vector<Scalar> values;  // Raise, Print: the types of those in the text
  uint8_t axis = 0;            // Index: which of the array's `rank` indices
  uint8_t rank = 1;
  Span cause;              // Barrier
  bool is_proved = false;  // Index: never happens, unlike that of another index of the access
  // Index: it is never negative, and at most this, in all threads; -1: that is not known.
  int64_t greatest = -1;
};

struct Expr {
  ExprKind kind = ExprKind::Constant;
  Type type;
  Span span;
  Shape shape = Shape::Varying;  // set by sema::annotate_shapes
  int32_t stride = 0;            // of a Linear value, per lane
  std::vector<ExprPtr> operands;

  ConstantValue constant;
  LocalId local = kNoLocal;
  ir::ThreadIndex thread_index = ThreadIndex::Idx;
  UnaryOp unary_op = UnaryOp::Negate;
  BinaryOp binary_op = BinaryOp::Add;
  CompareOp compare_op = CompareOp::Equal;
  ir::Builtin builtin = Builtin::Len;
  ir::Intrinsic intrinsic = Intrinsic::Popc;
  AtomicOp atomic_op = AtomicOp::Add;
  MathFunction math{};
  bool math_single =
      false;  // untyped Math: spelled in single precision (math.sinf), so everything is float32
  int32_t callee = -1;
  Block body;             // Sequence
  bool is_frame = false;  // Sequence
  // Load of one part of an element, after transform::split_aggregates: where the part is.
  int32_t byte_offset = 0;
  std::vector<LocalId> results;  // Sequence, is_frame; Call
  int32_t field = 0;             // Field
  int32_t unpack_count = 0;      // Field
  std::string name;  // Field, untyped: of `value.name`, in place of its number; Define's frame
  // A frame that lanes leave at different returns; set by sema::annotate_shapes.
  bool divergent_return = false;
  // Load, integer division and shift, after transform::place_checks: an index into
  // Function::fault_sites, of a Load's first index, the others follow; -1: it cannot fault, or is
  // not checked. row_axes, bit k: the index of dimension k is in Function::row_accesses.
  int32_t fault_site = -1;
  uint8_t row_axes = 0;
  int32_t axis = 0;            // Len, Stride
  bool is_transposed = false;  // Load, typed, of a view: see ir/view.h
  // Intrinsic of a warp: some of its lanes may not come to it with the others; set by
  // sema::annotate_shapes.
  bool is_divergent = false;
};

// What a barrier tells all threads of the block about the bools that they bring to it.
enum class BarrierVote : uint8_t { None, Count, All, Any };

enum class StmtKind : uint8_t {
  Assign,  // local = value
  Store,   // operands: array, index...; value. A[i] = value
  If,      // value: condition; body; else_body
  While,   // value: condition, evaluated before each turn; body; else_body runs when it was left
           // without break
  For,     // for local in range(operands[0], operands[1], operands[2]): start, stop, step are
           // evaluated once and have the local's type; body; else_body. After it `local` keeps the
           // last value it had in the body.
  Break,
  Continue,
  Return,    // value (may be absent); operands: one for each of the frame's `results`
  Evaluate,  // value, for its effects
  // cooperation
  Declare,  // local: an array of Storage::Thread starts, with zeros, for the lanes that are on;
            // untyped: of Storage::Block as well, and operands[0], a Dtype, if that is its type
  Barrier,  // all threads of the block that have not returned meet here. With a vote: operands[0],
            // a bool; local: what comes out, an int32 for Count, else a bool
  Region,   // body: what the gangs of a block do one after the other; after
            // transform::split_barriers
  // faults
  Raise,  // exception, message, its operands, is_assertion: ends the thread and the launch
  // output
  Print,  // operands: numbers; message: how Python's str.format makes a text of them
  // recursion
  Define,  // value: a frame, which Calls of its number `callee` run, and nothing else does; its
           // locals are new in each call. After inlining, at the head of the kernel.
};

struct Stmt {
  StmtKind kind = StmtKind::Evaluate;
  Span span;
  LocalId local = kNoLocal;
  // For, after transform::split_loop_counters: what the body reads in place of `local` (never
  // assigned elsewhere).
  LocalId counter = kNoLocal;
  ExprPtr value;
  std::vector<ExprPtr> operands;
  Block body;
  Block else_body;
  int32_t fault_site = -1;  // Store: as in Expr; Raise: after transform::place_raises;
                            // If, While, For around a barrier: as FaultKind says
  std::string exception;    // Raise: the name of one of Python's own
  std::string message;
  bool is_assertion = false;  // is left out of kernels that are not checked
  uint8_t row_axes = 0;
  int32_t byte_offset = 0;          // Store: where in the element
  std::vector<std::string> fields;  // Store, untyped: A[i].at.x = v; texts: split_aggregates.h
  // If, While, For around a barrier: the threads of a block do it together. After
  // transform::split_barriers.
  bool block_level = false;
  BarrierVote vote = BarrierVote::None;  // Barrier
  // While, For; set by sema::annotate_shapes:
  bool divergent_exit = false;      // lanes leave at different turns
  bool divergent_continue = false;  // some lanes `continue` while others go on
  bool divergent_return =
      false;  // some lanes leave the frame or kernel from inside while others go on
};

// A bound of the launch along one axis: threads whose index there does not compare so with the
// bound do nothing.
struct Clip {
  uint8_t axis = 0;
  CompareOp op = CompareOp::Less;  // or LessEqual, Greater, GreaterEqual: index op bound
  ExprPtr bound;                   // uniform, pure, of the index's type
};

// An index of an access, idx + o or o alone, where o lies between two values that are the same for
// a row of threads, and known before the row runs.
struct RowAccess {
  LocalId array = kNoLocal;  // a parameter
  uint8_t axis = 0;          // which of its dimensions
  bool has_idx = true;
  ExprPtr offset;  // the least o; null: 0
  ExprPtr last;    // the greatest o; null: the same
};

// Between which values the indices of some accesses lie in a whole block of threads:
//   base + least + sum of factor * first  to  base + greatest + sum of factor * last
// in int64; where that wraps, nothing is known. Where a factor is negative first and last change
// places. Expressions are of int64, don't wrap themselves, and are made of arguments alone.
struct IndexHull {
  struct Part {
    ExprPtr factor;
    int8_t sign = 0;  // of the factor: 1 not negative, -1 not positive, 0 not known
    int8_t axis = 0;  // first and last are those of the block's threads; -1: the ones below
    ExprPtr first;
    ExprPtr last;
  };
  LocalId array = kNoLocal;  // a parameter
  uint8_t axis = 0;          // which of its dimensions
  ExprPtr base;              // null: 0
  int64_t least = 0;
  int64_t greatest = 0;
  std::vector<Part> parts;
};

// Where a local lives: in registers, or, an array that the kernel declares, in memory of its
// thread's or of its block's own; or an array from outside, among the constants of the code.
enum class Storage : uint8_t { Value, Thread, Block, Constant };

struct Local {
  std::string name;              // the user's; compiler-made ones start with '%'
  Type type;                     // typed tree
  Type declared;                 // from `x: cp.float64 = 0` or a signature; Unknown: infer
  Span span;                     // where it is first bound
  Shape shape = Shape::Varying;  // set by sema::annotate_shapes
  int32_t stride = 0;
  Storage storage = Storage::Value;
  std::vector<int64_t> extents;  // of an array that is declared: one for each dimension, row by row
  std::vector<ArraySize> sizes;  // Storage::Block, not empty: the launch decides; extents of what
                                 // it decides are 0
  std::vector<uint8_t> table;    // Storage::Constant: the elements, as they lie in memory
};

// What was written about a function's types: parameters in order, and the result (Unknown: infer).
struct Signature {
  std::vector<Type> parameters;
  Type result;
  Span span;
};

// The first parameter_count locals are the parameters.
struct Function {
  std::string name;
  Span span;  // of `def name(...)`
  std::vector<Local> locals;
  int32_t parameter_count = 0;
  Type result;
  std::optional<Signature> signature;
  Block body;

  // Typed tree:
  std::vector<bool> written;      // per parameter: an array that the kernel stores to
  bool uses_block_shape = false;  // reads threadIdx, blockIdx, blockDim or gridDim
  bool wide_index = false;        // idx and len are int64
  int32_t block[3] = {0, 0, 0};   // the shape of all blocks, where code is made for one; else 0
  bool runs_warps = false;        // has operations of warps, which are its gangs; set by
                                  // transform::lower
  bool divergent_return =
      false;                // threads return at different places; set by sema::annotate_shapes
  std::vector<Clip> clips;  // after transform::clip_guards
  // Bit k: along axis k a thread runs the kernel again and again, each time with its index, and all
  // that is said of it, further on by the number of threads that the blocks of the launch have
  // there, until a clip ends it. After transform::interchange_turns.
  uint8_t repeated_axes = 0;
  // After transform::place_checks.
  std::vector<FaultSite> fault_sites;
  std::vector<RowAccess> row_accesses;
  // Of all row accesses; none if one of them has no hull.
  std::vector<IndexHull> hulls;
};

// A kernel (functions[0]) with all the functions it calls.
struct Program {
  std::vector<SourceText> sources;
  std::vector<Function> functions;
};

ExprPtr clone(const Expr& expr);
StmtPtr clone(const Stmt& stmt);
Block clone(const Block& block);
Function clone(const Function& function);

}  // namespace cudapy::ir
