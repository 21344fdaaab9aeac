// What the lowering asks of the world outside a function: what a name stands for, and the functions
// it calls. src/binding/name_resolver answers from Python's objects; tests may answer from tables.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frontend/signature.h"
#include "frontend/syntax.h"
#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::frontend {

// Names a function of the user; the kernel is 0, the others are numbered as they are met.
using FunctionId = int32_t;

// Functions that lowering takes apart itself.
enum class SpecialForm : uint8_t {
  Range,
  Enumerate,
  Zip,
  Divmod,
  Min,
  Max,
  Abs,
  Round,
  Pow,
  Len,  // Python's
  Floor,
  Ceil,
  Trunc,       // math.floor and so on: integers
  MathLog,     // math.log(x [, base])
  ComplexLog,  // cmath.log(z [, base])
  Where,       // numpy.where(condition, a, b)
  Minimum,
  Maximum,  // numpy.minimum(a, b)
  Square,
  Clip,        // numpy's of that name
  LogicalNot,  // numpy.logical_not(x)
  // complex numbers
  Real,
  Imag,
  Conjugate,  // numpy's; z.real, z.imag, z.conjugate()
  Complex,    // complex(real, imag)
  // cooperation
  SharedArray,  // shared(shape, dtype)
  LocalArray,   // local(shape, dtype)
  SyncThreads,  // syncthreads()
  SyncThreadsCount,
  SyncThreadsAnd,
  SyncThreadsOr,  // syncthreads_count(condition), ...
  MatchAll,
  MatchAllSync,  // match_all(v), match_all_sync(mask, v)
  // output
  Print,  // print(...)
};

// A field of a class in the order of the fields, as the class is called with it.
struct StructParameter {
  std::string name;
  bool by_position = true;
  bool has_default = false;
  bool is_constant = false;  // its default: `constant`, of `type` (Unknown: weak)
  ir::ConstantValue constant;
  ir::Type type;
  std::string description;  // of a default that is no constant
};

struct Resolved {
  enum class Kind : uint8_t {
    NotFound,     // the name is not known at all
    NoAttribute,  // attributes[consumed] is not there; `description` says of what; `candidates`
                  // what there is
    Constant,     // constant; type (Unknown: weak)
    Function,     // function
    Math,         // math, math_single
    Special,      // special
    Cast,         // type: a scalar type, called as a function
    ArrayType,    // type: means something in annotations only
    ThreadIndex,  // thread_index
    ThreadGroup,  // threadIdx and the like without .x; `description` names it
    Module,       // math, numpy, cudapy or atomic themselves; `description` names it
    Unsupported,  // known, and refused with message and help
    Object,       // some other object of Python's; `description` says what; help may be set
    Failed,       // a Python exception is pending; say nothing
    Intrinsic,    // intrinsic: a device function of CUDA's
    Atomic,       // atomic: one of the functions of `atomic`
    Exception,    // one of Python's own exceptions; `description` names it
    Table,        // an array: type, extents, table
    Tuple,        // elements: Constants, Tuples, and what cannot be an element; type: that of a
                  // struct whose fields they are
  };
  Kind kind = Kind::NotFound;
  size_t consumed = 0;  // attributes that belong to what was found; further ones are mistakes
  ir::ConstantValue constant;
  ir::Type type;
  FunctionId function = -1;
  ir::MathFunction math{};
  bool math_single = false;
  bool of_numpy = false;  // Math: takes complex numbers, too
  SpecialForm special = SpecialForm::Range;
  ir::ThreadIndex thread_index = ir::ThreadIndex::Idx;
  ir::Intrinsic intrinsic = ir::Intrinsic::Popc;
  bool takes_mask = false;  // Intrinsic: shfl_sync(mask, ...)
  ir::AtomicOp atomic = ir::AtomicOp::Add;
  std::string description;
  std::string message;
  std::string help;
  std::vector<std::string> candidates;
  std::vector<int64_t> extents;
  std::vector<uint8_t> table;  // as the elements lie in memory, row by row
  std::vector<Resolved> elements;
  // Cast to a struct: why a kernel cannot call it, and with what it is called; none: all fields, by
  // position.
  std::string struct_problem;
  std::vector<StructParameter> struct_parameters;
};

// The annotation of a parameter or of the result, after Python evaluated it.
struct AnnotatedType {
  enum class Kind : uint8_t { None, Type, NotAType };
  Kind kind = Kind::None;
  ir::Type type;
  std::string description;  // NotAType: what the object is
  std::string help;         // and what to do about it, if that is known
};

// A default value of a parameter: a constant, or an object that cannot be one.
struct DefaultValue {
  bool is_constant = false;
  ir::ConstantValue constant;
  ir::Type type;                     // Unknown: weak
  std::string description;           // not a constant: what it is
  std::optional<Resolved> function;  // or a function
};

// All that the lowering needs to know of one function.
struct LoadedFunction {
  syntax::FunctionDef definition;
  uint16_t source = 0;                           // index among the sources
  std::optional<SignatureText> given_signature;  // `sig=`
  std::optional<SignatureText> comment_signature;
  TypeBindings bound_types;
  TypeHints type_hints;
  std::vector<AnnotatedType> annotations;  // one a parameter; empty: not annotated at all
  AnnotatedType result_annotation;
  std::vector<std::optional<DefaultValue>> defaults;  // one a parameter
};

class NameResolver {
 public:
  virtual ~NameResolver() = default;

  // What `root.attributes[0].attributes[1]...` means in a function where `root` is no local
  // variable. `%name` is a function of the package's own that an operator calls.
  virtual Resolved resolve(FunctionId function, const std::string& root,
                           std::span<const std::string> attributes) = 0;

  // Every name that resolve() could find, nearest scopes first, for suggestions.
  virtual std::vector<std::string> visible_names(FunctionId function) = 0;

  // The function that means of complex numbers what a math function of that name, or "power", means
  // of real ones; -1: there is none.
  virtual FunctionId complex_function(const std::string& /*name*/) { return -1; }

  // nullptr: it cannot be read; an error at `use` was added (line 0: nobody calls it, it is the
  // kernel).
  virtual const LoadedFunction* load(FunctionId function, const Span& use,
                                     Diagnostics& diagnostics) = 0;
};

}  // namespace cudapy::frontend
