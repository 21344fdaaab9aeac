// The types of calls: of the math functions, of users' functions, and of Python's own.
#include <algorithm>

#include "sema/bools_of_numpy.h"
#include "sema/inference.h"

namespace cudapy::sema {

using ir::Builtin;
using ir::Expr;
using ir::Scalar;
using ir::Type;

namespace {

// Of those that are told by their name alone.
const char* symbol(Builtin builtin) {
  switch (builtin) {
    case Builtin::Min:
      return "min";
    case Builtin::Max:
      return "max";
    case Builtin::Abs:
      return "abs";
    case Builtin::Floor:
      return "math.floor";
    case Builtin::Ceil:
      return "math.ceil";
    case Builtin::Trunc:
      return "math.trunc";
    default:
      return "?";
  }
}

}  // namespace

// The float arguments' common type; integers and bare numbers count as the default float.
Type Inference::math(Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) infer(*operand);
  const ir::MathInfo& function = ir::info(expr.math);
  const std::string name = "math." + std::string(function.name) + (expr.math_single ? "f" : "");
  if (expr.operands.size() != function.arity) {
    return wrong("argument-count", expr.span,
                 quoted(name) + " takes " + std::to_string(function.arity) +
                     (function.arity == 1 ? " argument" : " arguments") + ", and " +
                     std::to_string(expr.operands.size()) +
                     (expr.operands.size() == 1 ? " is given" : " are given"));
  }
  const Type known = operands_of(expr, "a math function");
  if (known.is_unknown()) return known;
  if (expr.callee >= 0 && ir::is_complex(expr.operands[0]->type)) return complex_function(expr);
  if (refuses_complex(expr, quoted(name))) return kErroneous;
  Type floating = Type::unknown();
  for (size_t i = 0; i < expr.operands.size(); ++i) {
    const Expr& operand = *expr.operands[i];
    if (function.arguments[i] == ir::MathKind::Float) {
      if (ir::is_float(operand.type) && !operand.type.weak)
        floating = join(floating, operand.type, default_float());
    } else if (ir::is_float(operand.type)) {
      return wrong("math-argument", operand.span,
                   "argument " + std::to_string(i + 1) + " of " + quoted(name) +
                       " is an integer, and " + name_of(operand) + " is " + describe(operand.type),
                   "write `int(...)` around it");
    }
  }
  if (floating.is_unknown()) floating = Type::of(default_float());
  if (expr.math_single) floating = Type::of(Scalar::F32);
  if (expr.math == ir::MathFunction::Nextafter && ir::is_half(floating)) {
    return wrong("half-nextafter", expr.span,
                 quoted(name) + " knows the neighbours of float32 and float64, and this is " +
                     describe(floating),
                 "convert it first, `cp.float32(...)`: the neighbours of that are much nearer");
  }
  switch (function.result) {
    case ir::MathKind::Int32:
      return kInt32;
    case ir::MathKind::Int64:
      return kInt64;
    case ir::MathKind::Bool:
      return kBool;
    default:
      return floating;
  }
}

bool Inference::is_users_call_of_package(const ir::Function& callee) const {
  return instances_.is_of_package(callee) &&
         !instances_.is_of_package(instances_.untyped(instance_.source));
}

// The mistakes in a function of the package, at the user's line: its arguments are what is wrong.
void Inference::report_as_one(const Expr& call, const std::vector<Type>& passed,
                              Instance& instance) {
  Diagnostics inside;
  report_mistakes(instance, instances_, inside);
  if (inside.ok() && !instance.faulty) return;
  std::string types;
  for (size_t i = 0; i < passed.size(); ++i)
    types += (i == 0 ? "" : i + 1 < passed.size() ? ", " : " and ") + describe(passed[i]);
  const bool is_known = !inside.ok();
  wrong(is_known ? inside.errors()[0].code.c_str() : "library-arguments", call.span,
        quoted(instances_.untyped(call.callee).name) + " cannot be called with " + types +
            (is_known ? ": " + inside.errors()[0].message : std::string()),
        is_known ? inside.errors()[0].help : std::string());
}

bool Inference::refuses_bools(const Expr& call, const ir::Function& callee) {
  const bool are_bools = std::ranges::all_of(
      call.operands, [](const ir::ExprPtr& operand) { return operand->type == kBool; });
  if (!are_bools || !instances_.is_of_numpy(callee)) return false;
  std::string help = instead_of_bools(callee.name);
  if (help.empty()) return false;
  wrong("numpy-bools", call.span,
        "`np." + callee.name + "` of bools is not what it is of numbers, and not done in kernels",
        std::move(help));
  return true;
}

Type Inference::call(Expr& expr) {
  bool unknown = false;
  bool erroneous = false;
  for (const ir::ExprPtr& operand : expr.operands) {
    const Type type = infer(*operand);
    if (is_erroneous(type)) {
      erroneous = true;
    } else if (type.is_unknown()) {
      unknown = true;
    } else if (type.is_void()) {
      erroneous = true;
      refuse_no_value(*operand, "an argument");
    }
  }
  const ir::Function& callee = instances_.untyped(expr.callee);
  const auto wanted = static_cast<size_t>(callee.parameter_count);
  if (expr.operands.size() != wanted) {
    return wrong("argument-count", expr.span,
                 quoted(callee.name) + " takes " + std::to_string(wanted) +
                     (wanted == 1 ? " argument" : " arguments") + ", and " +
                     std::to_string(expr.operands.size()) +
                     (expr.operands.size() == 1 ? " is given" : " are given"),
                 {}, {{callee.span, "it is defined here"}});
  }
  if (erroneous) return kErroneous;
  if (unknown) return Type::unknown();
  const std::vector<Type> passed = passed_types(expr, instance_, instances_);
  bool convertible = true;
  for (size_t i = 0; i < wanted; ++i) {
    convertible = convertible && (passed[i].weak || assignable(expr.operands[i]->type, passed[i]));
    if (reporting() && !passed[i].weak) {
      check_conversion(
          *expr.operands[i], passed[i],
          "the parameter " + quoted(callee.locals[i].name) + " of " + quoted(callee.name));
    }
  }
  if (!convertible || refuses_bools(expr, callee)) return kErroneous;
  Instance& instance = instances_.get(expr.callee, passed);
  if (reporting()) {
    if (is_users_call_of_package(callee)) {
      report_as_one(expr, passed, instance);
    } else {
      report_mistakes(instance, instances_, *diagnostics_, note_of_call(expr, passed));
    }
    if (instance.faulty) return kErroneous;
  }
  return instance.result;
}

Type Inference::builtin(Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) infer(*operand);
  switch (expr.builtin) {
    case Builtin::Len:
      return length(expr);
    case Builtin::Shape:
    case Builtin::Strides:
    case Builtin::Ndim:
    case Builtin::Size:
      return array_property(expr);
    case Builtin::Dtype:
      return element_type(expr);
    case Builtin::Transpose:
      return expr.operands[0]->type;
    case Builtin::Min:
    case Builtin::Max:
      return extremum(expr);
    case Builtin::Round:
      return rounded(expr);
    case Builtin::Pow: {
      if (expr.operands.size() != 2) {
        return wrong("argument-count", expr.span, "`pow` takes 2 arguments here",
                     "write `(x ** y) % z` for `pow(x, y, z)`");
      }
      const Type known = operands_of(expr, "`pow`");
      if (known.is_unknown()) return known;
      const WeakResult result = constant_of(expr, instance_);
      if (result.error) return wrong("constant", expr.span, result.error);
      return power(expr);
    }
    case Builtin::Real:
    case Builtin::Imag:
    case Builtin::Conjugate:
    case Builtin::Complex:
      return complex_part(expr);
    case Builtin::Abs:
    case Builtin::Floor:
    case Builtin::Ceil:
    case Builtin::Trunc:
      break;
  }
  const std::string name = symbol(expr.builtin);
  if (expr.operands.size() != 1)
    return wrong("argument-count", expr.span, quoted(name) + " takes 1 argument");
  const Type known = operands_of(expr, quoted(name).c_str());
  if (known.is_unknown()) return known;
  const Type& type = expr.operands[0]->type;
  if (ir::is_complex(type) && expr.builtin == Builtin::Abs)
    return type.weak ? Type::weak_float() : Type::of(ir::part_of(type.scalar));
  if (refuses_complex(expr, quoted(name))) return kErroneous;
  const WeakResult result = constant_of(expr, instance_);
  if (result.error) return wrong("constant", expr.span, result.error);
  if (result.number && type.weak)
    return result.number->is_float() ? Type::weak_float() : Type::weak_int();
  if (type == kBool) return kInt32;
  return expr.builtin != Builtin::Abs && ir::is_float(type) ? kInt32 : type;
}

Type Inference::extremum(const Expr& expr) {
  const std::string name = symbol(expr.builtin);
  if (expr.operands.size() == 1 && expr.operands[0]->type.is_unknown())
    return expr.operands[0]->type;
  if (const auto tuple = extreme_tuple(expr)) return *tuple;
  if (expr.operands.size() == 1 && expr.operands[0]->type.is_aggregate())
    return common_number(*expr.operands[0], quoted(name));
  if (expr.operands.size() < 2) {
    const bool array = !expr.operands.empty() && expr.operands[0]->type.is_array();
    return wrong("argument-count", expr.span,
                 quoted(name) + " needs a tuple, or at least two values",
                 array ? "to find the " + name +
                             " of an array, loop over it: `for i in range(len(A)): m = " + name +
                             "(m, A[i])`"
                       : "");
  }
  const Type known = operands_of(expr, quoted(name).c_str());
  if (known.is_unknown()) return known;
  if (refuses_complex(expr, quoted(name))) return kErroneous;
  const Expr* widest = expr.operands[0].get();
  Type common = widest->type;
  for (const ir::ExprPtr& operand : expr.operands) {
    common = join(beside(*operand, common), common, default_float());
  }
  // A constant may have come before the type that it doesn't fit.
  for (const ir::ExprPtr& operand : expr.operands) {
    common = join(beside(*operand, common), common, default_float());
  }
  return common;
}

Type Inference::rounded(const Expr& expr) {
  if (expr.operands.empty() || expr.operands.size() > 2) {
    return wrong("argument-count", expr.span, "`round` takes 1 or 2 arguments");
  }
  const Type known = operands_of(expr, "`round`");
  if (known.is_unknown()) return known;
  if (refuses_complex(expr, "`round`")) return kErroneous;
  const Type& type = expr.operands[0]->type;
  if (expr.operands.size() == 2) {
    const WeakResult digits = constant_of(*expr.operands[1], instance_);
    if (!digits.number || digits.number->kind != WeakNumber::Kind::Integer ||
        digits.number->integer < -300 || digits.number->integer > 300) {
      return wrong("round-digits", expr.operands[1]->span,
                   "the number of digits must be an integer constant",
                   "for digits known at run time write `round(x * scale) / scale`");
    }
    if (ir::is_float(type)) return type;
    if (digits.number->integer < 0) {
      return wrong("round-digits", expr.operands[1]->span,
                   "an integer can't be rounded to tens or hundreds here",
                   "write `(x + 50) // 100 * 100`, say");
    }
    return type == kBool ? kInt32 : type;
  }
  const WeakResult result = constant_of(expr, instance_);
  if (result.error) return wrong("constant", expr.span, result.error);
  if (type.weak && result.number) return Type::weak_int();
  return ir::is_float(type) || type == kBool ? kInt32 : type;
}

}  // namespace cudapy::sema
