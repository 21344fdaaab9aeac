// Picks the formula of a function and puts it where it is called: a few instructions inline, longer
// ones in an internal function of the module for each type.
//
//   %y = call fastcc <16 x float> @cudapy.math.exp.v16f32(<16 x float> %x)
#include "codegen/math/emit.h"

#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/Module.h>

#include <limits>
#include <span>
#include <string>

#include "codegen/math/formulas.h"

namespace cudapy::codegen {
namespace {

using ir::MathFunction;
using llvm::Value;
using math::Bool;
using math::Context;
using math::Int;
using math::Real;

math::Context context_for(llvm::IRBuilderBase& builder, Value* like, const MathOptions& options) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like->getType());
  return {builder, vector == nullptr ? 0 : vector->getNumElements(), options.has_fma, options.fast};
}

// Arguments by position, as the kinds the catalogue gives them.
struct Arguments {
  const Context& context;
  llvm::ArrayRef<Value*> values;

  Real real(unsigned i) const { return {&context, values[i]}; }
  Int integer(unsigned i) const { return {&context, values[i]}; }
};

Bool all_lanes(const Context& context) {
  return {&context, context.splat(context.builder.getTrue())};
}

// What takes so few instructions that a call would cost more; null for the rest.
Value* emit_small(MathFunction function, const Arguments& args) {
  Real x = args.real(0);
  switch (function) {
    case MathFunction::Ceil:
      return math::ceil(x).value;
    case MathFunction::Copysign:
      return math::copy_sign(x, args.real(1)).value;
    case MathFunction::Degrees:
      return (x * 57.29577951308232).value;
    case MathFunction::Fabs:
      return math::abs(x).value;
    case MathFunction::Fdim:
      return math::fdim(x, args.real(1)).value;
    case MathFunction::Fdivide:
      return (x / args.real(1)).value;
    case MathFunction::Floor:
      return math::floor(x).value;
    case MathFunction::Fma:
      return args.context.has_fma ? math::mad(x, args.real(1), args.real(2)).value : nullptr;
    case MathFunction::Fmax:
      return math::fmax(x, args.real(1)).value;
    case MathFunction::Fmin:
      return math::fmin(x, args.real(1)).value;
    case MathFunction::Isfinite:
      return (math::abs(x) < x.same(std::numeric_limits<double>::infinity())).value;
    case MathFunction::Isinf:
      return math::is_inf(x).value;
    case MathFunction::Isnan:
      return math::is_nan(x).value;
    case MathFunction::Llrint:
    case MathFunction::Lrint:
      return math::to_int64(math::round_even(x)).value;
    case MathFunction::Llround:
    case MathFunction::Lround:
      return math::to_int64(math::round_away(x)).value;
    case MathFunction::Nearbyint:
    case MathFunction::Rint:
      return math::round_even(x).value;
    case MathFunction::Radians:
      return (x * 0.017453292519943295).value;
    case MathFunction::Round:
      return math::round_away(x).value;
    case MathFunction::Saturate:
      return math::saturate(x).value;
    case MathFunction::Signbit:
      return math::is_negative(x).value;
    case MathFunction::Sqrt:
      return math::sqrt(x).value;
    case MathFunction::Trunc:
      return math::trunc(x).value;
    default:
      return nullptr;
  }
}

using Unary = Real (*)(Real);

Unary unary_formula(MathFunction function) {
  switch (function) {
    case MathFunction::Acos:
      return math::acos;
    case MathFunction::Acosh:
      return math::acosh;
    case MathFunction::Asin:
      return math::asin;
    case MathFunction::Asinh:
      return math::asinh;
    case MathFunction::Atan:
      return math::atan;
    case MathFunction::Atanh:
      return math::atanh;
    case MathFunction::Cbrt:
      return math::cbrt;
    case MathFunction::Cos:
      return math::cos;
    case MathFunction::Cosh:
      return math::cosh;
    case MathFunction::Cospi:
      return math::cospi;
    case MathFunction::CylBesselI0:
      return math::cyl_bessel_i0;
    case MathFunction::CylBesselI1:
      return math::cyl_bessel_i1;
    case MathFunction::Erf:
      return math::erf;
    case MathFunction::Erfc:
      return math::erfc;
    case MathFunction::Erfcinv:
      return math::erfcinv;
    case MathFunction::Erfcx:
      return math::erfcx;
    case MathFunction::Erfinv:
      return math::erfinv;
    case MathFunction::Exp:
      return math::exp;
    case MathFunction::Exp10:
      return math::exp10;
    case MathFunction::Exp2:
      return math::exp2;
    case MathFunction::Expm1:
      return math::expm1;
    case MathFunction::J0:
      return math::j0;
    case MathFunction::J1:
      return math::j1;
    case MathFunction::Lgamma:
      return math::lgamma;
    case MathFunction::Log:
      return math::log;
    case MathFunction::Log10:
      return math::log10;
    case MathFunction::Log1p:
      return math::log1p;
    case MathFunction::Log2:
      return math::log2;
    case MathFunction::Logb:
      return math::logb;
    case MathFunction::Normcdf:
      return math::normcdf;
    case MathFunction::Normcdfinv:
      return math::normcdfinv;
    case MathFunction::Rcbrt:
      return math::rcbrt;
    case MathFunction::Rsqrt:
      return math::rsqrt;
    case MathFunction::Sin:
      return math::sin;
    case MathFunction::Sinh:
      return math::sinh;
    case MathFunction::Sinpi:
      return math::sinpi;
    case MathFunction::Tan:
      return math::tan;
    case MathFunction::Tanh:
      return math::tanh;
    case MathFunction::Tgamma:
      return math::tgamma;
    case MathFunction::Y0:
      return math::y0;
    case MathFunction::Y1:
      return math::y1;
    default:
      return nullptr;
  }
}

Value* emit_formula(MathFunction function, const Arguments& args) {
  if (Unary formula = unary_formula(function)) return formula(args.real(0)).value;
  llvm::SmallVector<Real, 4> reals;
  for (Value* value : args.values) reals.push_back({&args.context, value});
  std::span<const Real> all(reals.data(), reals.size());
  switch (function) {
    case MathFunction::Atan2:
      return math::atan2(reals[0], reals[1]).value;
    case MathFunction::Fmod:
      return math::fmod(reals[0], reals[1]).value;
    case MathFunction::Hypot:
    case MathFunction::Norm3d:
    case MathFunction::Norm4d:
      return math::norm(all).value;
    case MathFunction::Ilogb:
      return math::ilogb(reals[0]).value;
    case MathFunction::Jn:
      return math::jn(args.integer(0), args.real(1)).value;
    case MathFunction::Ldexp:
    case MathFunction::Scalbln:
    case MathFunction::Scalbn:
      return math::ldexp(reals[0], args.integer(1)).value;
    case MathFunction::Nextafter:
      return math::nextafter(reals[0], reals[1]).value;
    case MathFunction::Pow:
      return math::pow(reals[0], reals[1]).value;
    case MathFunction::Remainder:
      return math::remainder(reals[0], reals[1]).value;
    case MathFunction::Rhypot:
    case MathFunction::Rnorm3d:
    case MathFunction::Rnorm4d:
      return math::reciprocal_norm(all).value;
    case MathFunction::Yn:
      return math::yn(args.integer(0), args.real(1)).value;
    default:
      return nullptr;
  }
}

std::string function_name(MathFunction function, const Context& context, llvm::Type* real) {
  std::string name = "cudapy.math." + std::string(ir::info(function).name) + ".";
  if (context.lanes != 0) name += "v" + std::to_string(context.lanes);
  name += real->isFloatTy() ? "f32" : "f64";
  if (context.fast) name += ".fast";
  return name;
}

llvm::Type* real_type_of(MathFunction function, llvm::ArrayRef<Value*> args) {
  unsigned i = ir::info(function).arguments[0] == ir::MathKind::Float ? 0 : 1;
  return args[i]->getType()->getScalarType();
}

llvm::Type* result_type_of(MathFunction function, const Context& context, llvm::Type* real) {
  switch (ir::info(function).result) {
    case ir::MathKind::Int32:
      return context.shaped(context.builder.getInt32Ty());
    case ir::MathKind::Int64:
      return context.shaped(context.builder.getInt64Ty());
    case ir::MathKind::Bool:
      return context.shaped(context.builder.getInt1Ty());
    default:
      return context.shaped(real);
  }
}

// The internal function of the module that holds the formula, made at its first use.
llvm::Function* formula_function(MathFunction function, const Context& context,
                                 llvm::ArrayRef<Value*> args) {
  llvm::Function* caller = context.builder.GetInsertBlock()->getParent();
  llvm::Type* real = real_type_of(function, args);
  llvm::Type* result = result_type_of(function, context, real);
  std::string name = function_name(function, context, real);
  llvm::Module& module = *caller->getParent();
  if (llvm::Function* existing = module.getFunction(name)) return existing;
  llvm::SmallVector<llvm::Type*, 4> types;
  for (Value* arg : args) types.push_back(arg->getType());
  auto* made = llvm::Function::Create(llvm::FunctionType::get(result, types, false),
                                      llvm::GlobalValue::InternalLinkage, name, module);
  math::copy_target_attributes(*caller, *made);
  made->setCallingConv(llvm::CallingConv::Fast);
  made->setDoesNotThrow();
  made->setWillReturn();
  made->setDoesNotAccessMemory();
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(made->getContext(), "entry", made));
  llvm::SmallVector<Value*, 4> parameters;
  for (llvm::Argument& parameter : made->args()) parameters.push_back(&parameter);
  Context inside{builder, context.lanes, context.has_fma, context.fast};
  builder.CreateRet(emit_formula(function, {inside, parameters}));
  return made;
}

// Formulas that call the scalar function in rare lanes, or loop, must not do it for lanes that are
// off: those get 1, which is never rare and needs no loop.
bool has_rare_lanes(MathFunction function) {
  switch (function) {
    case MathFunction::Sin:
    case MathFunction::Cos:
    case MathFunction::Tan:
    case MathFunction::Fmod:
    case MathFunction::Remainder:
    case MathFunction::J0:
    case MathFunction::J1:
    case MathFunction::Jn:
    case MathFunction::Y0:
    case MathFunction::Y1:
    case MathFunction::Yn:
      return true;
    default:
      return false;
  }
}

// float32 functions whose formula works in float64.
bool works_in_double(MathFunction function) {
  switch (function) {
    case MathFunction::Acosh:
    case MathFunction::Asinh:
    case MathFunction::Atanh:
    case MathFunction::Cbrt:
    case MathFunction::CylBesselI0:
    case MathFunction::CylBesselI1:
    case MathFunction::Erfc:
    case MathFunction::Erfcinv:
    case MathFunction::Erfcx:
    case MathFunction::Erfinv:
    case MathFunction::Hypot:
    case MathFunction::J0:
    case MathFunction::J1:
    case MathFunction::Jn:
    case MathFunction::Lgamma:
    case MathFunction::Norm3d:
    case MathFunction::Norm4d:
    case MathFunction::Normcdf:
    case MathFunction::Normcdfinv:
    case MathFunction::Pow:
    case MathFunction::Rcbrt:
    case MathFunction::Rhypot:
    case MathFunction::Rnorm3d:
    case MathFunction::Rnorm4d:
    case MathFunction::Tgamma:
    case MathFunction::Y0:
    case MathFunction::Y1:
    case MathFunction::Yn:
      return true;
    default:
      return false;
  }
}

// How many lanes to compile a formula for. Two registers hide its latency (one takes up to twice as
// long, measured on AVX2 and SSE4); what goes beyond costs registers and time to compile.
unsigned formula_lanes(MathFunction function, llvm::Type* real, const Context& context,
                       const MathOptions& options) {
  if (context.lanes == 0 || options.native_vector_bits == 0) return context.lanes;
  unsigned width = real->isDoubleTy() || works_in_double(function) ? 64 : 32;
  unsigned native = static_cast<unsigned>(options.native_vector_bits) / width;
  unsigned wanted = 2 * native;
  return context.lanes > wanted && context.lanes % wanted == 0 ? wanted : context.lanes;
}

llvm::CallInst* call_formula(MathFunction function, const Context& context,
                             llvm::ArrayRef<Value*> args) {
  llvm::Function* formula = formula_function(function, context, args);
  llvm::CallInst* call = context.builder.CreateCall(formula, args);
  call->setCallingConv(llvm::CallingConv::Fast);
  return call;
}

// A call for each part of the vectors that is `lanes` wide.
Value* call_formula_in_parts(MathFunction function, const Context& context,
                             llvm::ArrayRef<Value*> args, unsigned lanes) {
  Context part_context{context.builder, lanes, context.has_fma, context.fast};
  llvm::SmallVector<Value*, 8> results;
  llvm::Function* formula = nullptr;
  for (unsigned first = 0; first < context.lanes; first += lanes) {
    llvm::SmallVector<Value*, 4> part;
    for (Value* arg : args)
      part.push_back(
          context.builder.CreateShuffleVector(arg, llvm::createSequentialMask(first, lanes, 0)));
    llvm::CallInst* call = call_formula(function, part_context, part);
    formula = call->getCalledFunction();
    results.push_back(call);
  }
  // Inlined, each part would be compiled on its own after all.
  formula->addFnAttr(llvm::Attribute::NoInline);
  return llvm::concatenateVectors(context.builder, results);
}

}  // namespace

Value* emit_math(llvm::IRBuilderBase& builder, MathFunction function, llvm::ArrayRef<Value*> args,
                 const MathOptions& options) {
  llvm::IRBuilderBase::FastMathFlagGuard guard(builder);
  builder.clearFastMathFlags();
  Context context = context_for(builder, args[0], options);
  if (Value* small = emit_small(function, {context, args})) return small;
  Bool mask = options.mask == nullptr ? all_lanes(context) : Bool{&context, options.mask};
  if (ir::info(function).form == ir::MathForm::Scalar) {
    llvm::Type* result = result_type_of(function, context, real_type_of(function, args));
    return math::call_lanes(context, function, args, mask, llvm::PoisonValue::get(result));
  }
  llvm::SmallVector<Value*, 4> given(args.begin(), args.end());
  if (options.mask != nullptr && has_rare_lanes(function)) {
    for (Value*& value : given) {
      if (value->getType()->isIntOrIntVectorTy()) {
        value = select(mask, Int{&context, value}, 1).value;
      } else {
        value = select(mask, Real{&context, value}, 1.0).value;
      }
    }
  }
  unsigned lanes = formula_lanes(function, real_type_of(function, args), context, options);
  if (lanes == context.lanes) return call_formula(function, context, given);
  return call_formula_in_parts(function, context, given, lanes);
}

}  // namespace cudapy::codegen
