// CPython's ast objects -> frontend::syntax. Dispatches on the node's type through one table, built
// on first use; attribute names are interned once, so that a node costs a few dictionary look-ups.
#include "binding/ast_reader.h"

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "binding/py_ref.h"
#include "support/deep_stack.h"

namespace cudapy::binding {
namespace {

namespace syntax = frontend::syntax;

// The classes of CPython's ast that are read; all others become Unsupported.
// clang-format off
#define CUDAPY_AST_NODES(NODE) \
  NODE(Name) NODE(Constant) NODE(Attribute) NODE(Subscript) NODE(Slice) NODE(UnaryOp) \
  NODE(BinOp) NODE(BoolOp) NODE(Compare) NODE(IfExp) NODE(Call) NODE(Tuple) NODE(NamedExpr) \
  NODE(Starred) NODE(Expr) NODE(Assign) NODE(AugAssign) NODE(AnnAssign) NODE(If) NODE(While) \
  NODE(For) NODE(Break) NODE(Continue) NODE(Pass) NODE(Return) NODE(Assert) NODE(Raise) NODE(FunctionDef) \
  NODE(AsyncFunctionDef) NODE(ClassDef) NODE(Import) NODE(ImportFrom) NODE(With) \
  NODE(AsyncWith) NODE(Try) NODE(TryStar) NODE(Match) NODE(Global) NODE(Nonlocal) \
  NODE(AsyncFor) NODE(Delete) NODE(USub) NODE(UAdd) NODE(Invert) NODE(Not) NODE(And) NODE(Or) \
  NODE(Add) NODE(Sub) NODE(Mult) NODE(MatMult) NODE(Div) NODE(FloorDiv) NODE(Mod) NODE(Pow) \
  NODE(LShift) NODE(RShift) NODE(BitAnd) NODE(BitOr) NODE(BitXor) NODE(Eq) NODE(NotEq) \
  NODE(Lt) NODE(LtE) NODE(Gt) NODE(GtE) NODE(Is) NODE(IsNot) NODE(In) NODE(NotIn) \
  NODE(Lambda) NODE(JoinedStr) NODE(FormattedValue)
// clang-format on

enum class Node : uint8_t {
#define NODE(name) name,
  CUDAPY_AST_NODES(NODE)
#undef NODE
      Other,
};

// The attributes that nodes are asked for.
// clang-format off
#define CUDAPY_AST_FIELDS(FIELD) \
  FIELD(lineno) FIELD(col_offset) FIELD(end_lineno) FIELD(end_col_offset) FIELD(id) \
  FIELD(value) FIELD(attr) FIELD(slice) FIELD(op) FIELD(operand) FIELD(left) FIELD(right) \
  FIELD(values) FIELD(ops) FIELD(comparators) FIELD(test) FIELD(body) FIELD(orelse) \
  FIELD(func) FIELD(args) FIELD(keywords) FIELD(arg) FIELD(elts) FIELD(lower) FIELD(upper) \
  FIELD(step) FIELD(targets) FIELD(target) FIELD(annotation) FIELD(iter) FIELD(name) \
  FIELD(returns) FIELD(posonlyargs) FIELD(vararg) FIELD(kwonlyargs) FIELD(kw_defaults) \
  FIELD(kwarg) FIELD(defaults) FIELD(names) FIELD(asname) FIELD(items) FIELD(optional_vars) \
  FIELD(exc) FIELD(cause) FIELD(msg) FIELD(handlers) FIELD(finalbody) FIELD(cases) FIELD(decorator_list) \
  FIELD(conversion) FIELD(format_spec)
// clang-format on

struct Tables {
  std::unordered_map<PyTypeObject*, Node> nodes;
  PyObject* class_name = nullptr;
#define FIELD(name) PyObject* name = nullptr;
  CUDAPY_AST_FIELDS(FIELD)
#undef FIELD
};

// Lives as long as the process: the classes and names are referenced for good.
const Tables* tables() {
  static const Tables* const instance = []() -> const Tables* {
    PyRef module = PyRef::steal(PyImport_ImportModule("_ast"));
    if (!module) return nullptr;
    auto* made = new Tables;
    auto add = [&](const char* name, Node node) {
      PyObject* type = PyObject_GetAttrString(module.get(), name);
      if (type == nullptr) return PyErr_Clear();  // TryStar is missing before 3.11
      made->nodes.emplace(reinterpret_cast<PyTypeObject*>(type), node);
    };
#define NODE(name) add(#name, Node::name);
    CUDAPY_AST_NODES(NODE)
#undef NODE
    made->class_name = PyUnicode_InternFromString("__name__");
#define FIELD(field) made->field = PyUnicode_InternFromString(#field);
    CUDAPY_AST_FIELDS(FIELD)
#undef FIELD
    return made;
  }();
  return instance;
}

// Statements and expressions inside each other. The calling thread's stack has to do for reading
// them and for the frontend, which asks Python about names.
size_t most_levels() {
  constexpr size_t kMost = 4000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr size_t kBytesPerLevel = size_t{32} * 1024;
#else
  constexpr size_t kBytesPerLevel = size_t{6} * 1024;
#endif
  return std::min(kMost, stack_left() / kBytesPerLevel);
}

class Reader {
 public:
  Reader(const Tables& names, uint16_t source, int line_offset)
      : t_(names), source_(source), line_offset_(line_offset) {}

  syntax::FunctionDef function(PyObject* node);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  [[nodiscard]] Node kind(PyObject* node) const {
    auto found = t_.nodes.find(Py_TYPE(node));
    return found == t_.nodes.end() ? Node::Other : found->second;
  }
  PyRef field(PyObject* node, PyObject* name);
  PyRef optional_field(PyObject* node, PyObject* name);
  std::string text(PyObject* object);
  std::string text_field(PyObject* node, PyObject* name) { return text(field(node, name).get()); }
  int integer_field(PyObject* node, PyObject* name);
  Span span(PyObject* node);

  template <typename Visit>
  void each(PyObject* node, PyObject* name, Visit visit);
  std::vector<syntax::Expr> expressions(PyObject* node, PyObject* name);
  // Counts the levels while it lives.
  struct Level {
    explicit Level(Reader& reader) : depth(reader.depth_) { ++depth; }
    ~Level() { --depth; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    size_t& depth;
  };
  syntax::Expr expression(PyObject* node);
  void read(PyObject* node, syntax::Expr& expr);
  syntax::Expr expression_field(PyObject* node, PyObject* name) {
    return expression(field(node, name).get());
  }
  void constant(PyObject* node, syntax::Expr& expr);
  void integer(PyObject* value, syntax::Expr& expr);
  void subscript(PyObject* node, syntax::Expr& expr);
  void slice(PyObject* node, syntax::Expr& expr);
  void compare(PyObject* node, syntax::Expr& expr);
  void call(PyObject* node, syntax::Expr& expr);
  void formatted(PyObject* node, syntax::Expr& expr);
  void unsupported(PyObject* node, syntax::Expr& expr);
  void lambda(PyObject* node, syntax::Expr& expr);
  void definition(PyObject* node, syntax::Stmt& stmt);

  std::vector<syntax::Stmt> statements(PyObject* node, PyObject* name);
  syntax::Stmt statement(PyObject* node);
  void read(PyObject* node, syntax::Stmt& stmt);
  void unsupported(PyObject* node, Node what, syntax::Stmt& stmt);
  void names_of_imports(PyObject* node, syntax::Stmt& stmt);
  void inside_of_with(PyObject* node, syntax::Stmt& stmt);
  void inside_of_try(PyObject* node, syntax::Stmt& stmt);
  void append_body(PyObject* node, PyObject* name, syntax::Stmt& stmt);
  void parameters(PyObject* arguments, syntax::FunctionDef& function);
  syntax::Parameter parameter(PyObject* node);

  const Tables& t_;
  uint16_t source_;
  int line_offset_;
  bool failed_ = false;
  const size_t most_levels_ = most_levels();
  size_t depth_ = 0;
};

PyRef Reader::field(PyObject* node, PyObject* name) {
  PyRef value = PyRef::steal(node == nullptr ? nullptr : PyObject_GetAttr(node, name));
  if (!value) failed_ = true;
  return value;
}

// None counts as absent.
PyRef Reader::optional_field(PyObject* node, PyObject* name) {
  PyRef value = field(node, name);
  return value.get() == Py_None ? PyRef() : std::move(value);
}

std::string Reader::text(PyObject* object) {
  Py_ssize_t size = 0;
  const char* data = object == nullptr ? nullptr : PyUnicode_AsUTF8AndSize(object, &size);
  if (data == nullptr) {
    failed_ = true;
    return {};
  }
  return {data, static_cast<size_t>(size)};
}

int Reader::integer_field(PyObject* node, PyObject* name) {
  PyRef value = field(node, name);
  const long number = value ? PyLong_AsLong(value.get()) : -1;
  if (number == -1 && PyErr_Occurred() != nullptr) failed_ = true;
  return static_cast<int>(number);
}

Span Reader::span(PyObject* node) {
  Span result;
  result.source = source_;
  result.line = integer_field(node, t_.lineno) + line_offset_;
  result.column = integer_field(node, t_.col_offset);
  result.end_line = integer_field(node, t_.end_lineno) + line_offset_;
  result.end_column = integer_field(node, t_.end_col_offset);
  return result;
}

template <typename Visit>
void Reader::each(PyObject* node, PyObject* name, Visit visit) {
  PyRef list = field(node, name);
  if (failed_) return;
  const Py_ssize_t size = PyList_Size(list.get());
  if (size < 0) failed_ = true;
  for (Py_ssize_t i = 0; i < size && !failed_; ++i) visit(PyList_GetItem(list.get(), i));
}

std::vector<syntax::Expr> Reader::expressions(PyObject* node, PyObject* name) {
  std::vector<syntax::Expr> result;
  each(node, name, [&](PyObject* item) { result.push_back(expression(item)); });
  return result;
}

syntax::UnaryOp unary_op(Node op) {
  switch (op) {
    case Node::UAdd:
      return syntax::UnaryOp::Plus;
    case Node::Invert:
      return syntax::UnaryOp::Invert;
    case Node::Not:
      return syntax::UnaryOp::Not;
    default:
      return syntax::UnaryOp::Negate;
  }
}

syntax::BinaryOp binary_op(Node op) {
  switch (op) {
    case Node::Sub:
      return syntax::BinaryOp::Subtract;
    case Node::Mult:
      return syntax::BinaryOp::Multiply;
    case Node::MatMult:
      return syntax::BinaryOp::MatrixMultiply;
    case Node::Div:
      return syntax::BinaryOp::Divide;
    case Node::FloorDiv:
      return syntax::BinaryOp::FloorDivide;
    case Node::Mod:
      return syntax::BinaryOp::Modulo;
    case Node::Pow:
      return syntax::BinaryOp::Power;
    case Node::LShift:
      return syntax::BinaryOp::ShiftLeft;
    case Node::RShift:
      return syntax::BinaryOp::ShiftRight;
    case Node::BitAnd:
      return syntax::BinaryOp::BitAnd;
    case Node::BitOr:
      return syntax::BinaryOp::BitOr;
    case Node::BitXor:
      return syntax::BinaryOp::BitXor;
    default:
      return syntax::BinaryOp::Add;
  }
}

syntax::CompareOp compare_op(Node op) {
  switch (op) {
    case Node::NotEq:
      return syntax::CompareOp::NotEqual;
    case Node::Lt:
      return syntax::CompareOp::Less;
    case Node::LtE:
      return syntax::CompareOp::LessEqual;
    case Node::Gt:
      return syntax::CompareOp::Greater;
    case Node::GtE:
      return syntax::CompareOp::GreaterEqual;
    case Node::Is:
      return syntax::CompareOp::Is;
    case Node::IsNot:
      return syntax::CompareOp::IsNot;
    case Node::In:
      return syntax::CompareOp::In;
    case Node::NotIn:
      return syntax::CompareOp::NotIn;
    default:
      return syntax::CompareOp::Equal;
  }
}

syntax::Expr Reader::expression(PyObject* node) {
  syntax::Expr expr;
  if (failed_ || node == Py_None) return expr;
  expr.span = span(node);
  const Level level(*this);
  if (depth_ <= most_levels_) {
    read(node, expr);
  } else {
    expr.kind = syntax::ExprKind::Unsupported;
    expr.text = "TooDeep";
  }
  return expr;
}

void Reader::read(PyObject* node, syntax::Expr& expr) {
  switch (kind(node)) {
    case Node::Name:
      expr.kind = syntax::ExprKind::Name;
      expr.text = text_field(node, t_.id);
      break;
    case Node::Constant:
      constant(node, expr);
      break;
    case Node::Attribute:
      expr.kind = syntax::ExprKind::Attribute;
      expr.text = text_field(node, t_.attr);
      expr.operands.push_back(expression_field(node, t_.value));
      break;
    case Node::Subscript:
      subscript(node, expr);
      break;
    case Node::Slice:
      slice(node, expr);
      break;
    case Node::UnaryOp:
      expr.kind = syntax::ExprKind::Unary;
      expr.unary_op = unary_op(kind(field(node, t_.op).get()));
      expr.operands.push_back(expression_field(node, t_.operand));
      break;
    case Node::BinOp:
      expr.kind = syntax::ExprKind::Binary;
      expr.binary_op = binary_op(kind(field(node, t_.op).get()));
      expr.operands.push_back(expression_field(node, t_.left));
      expr.operands.push_back(expression_field(node, t_.right));
      break;
    case Node::BoolOp:
      expr.kind = kind(field(node, t_.op).get()) == Node::And ? syntax::ExprKind::And
                                                              : syntax::ExprKind::Or;
      expr.operands = expressions(node, t_.values);
      break;
    case Node::Compare:
      compare(node, expr);
      break;
    case Node::IfExp:
      expr.kind = syntax::ExprKind::Conditional;
      expr.operands.push_back(expression_field(node, t_.test));
      expr.operands.push_back(expression_field(node, t_.body));
      expr.operands.push_back(expression_field(node, t_.orelse));
      break;
    case Node::Call:
      call(node, expr);
      break;
    case Node::Tuple:
      expr.kind = syntax::ExprKind::Tuple;
      expr.operands = expressions(node, t_.elts);
      break;
    case Node::Lambda:
      lambda(node, expr);
      break;
    case Node::JoinedStr:
      expr.kind = syntax::ExprKind::Joined;
      expr.operands = expressions(node, t_.values);
      break;
    case Node::FormattedValue:
      formatted(node, expr);
      break;
    default:
      unsupported(node, expr);
  }
}

void Reader::formatted(PyObject* node, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Formatted;
  const PyRef conversion = field(node, t_.conversion);
  const long letter = conversion ? PyLong_AsLong(conversion.get()) : -1;
  if (letter > 0) expr.text.assign(1, static_cast<char>(letter));
  expr.operands.push_back(expression_field(node, t_.value));
  const PyRef format = optional_field(node, t_.format_spec);
  expr.operands.push_back(format ? expression(format.get()) : syntax::Expr());
}

void Reader::unsupported(PyObject* node, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Unsupported;
  PyRef name = field(reinterpret_cast<PyObject*>(Py_TYPE(node)), t_.class_name);
  expr.text = text(name.get());
  if (kind(node) == Node::NamedExpr) {  // its name is bound all the same
    expr.operands.push_back(expression_field(node, t_.target));
    expr.operands.push_back(expression_field(node, t_.value));
  } else if (kind(node) == Node::Starred) {
    expr.operands.push_back(expression_field(node, t_.value));
  }
}

void Reader::integer(PyObject* value, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Number;
  int overflow = 0;
  expr.constant.kind = ir::ConstantValue::Kind::Integer;
  expr.constant.integer = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) return;
  const unsigned long long bits = PyLong_AsUnsignedLongLong(value);
  if (bits == ULLONG_MAX && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    expr.kind = syntax::ExprKind::Unsupported;
    expr.text = "BigInteger";
    return;
  }
  expr.constant.integer = static_cast<int64_t>(bits);
  expr.constant.exceeds_int64 = true;
}

void Reader::constant(PyObject* node, syntax::Expr& expr) {
  PyRef value = field(node, t_.value);
  if (failed_) return;
  PyObject* object = value.get();
  if (PyBool_Check(object)) {
    expr.kind = syntax::ExprKind::Number;
    expr.constant.kind = ir::ConstantValue::Kind::Bool;
    expr.constant.integer = object == Py_True ? 1 : 0;
  } else if (PyLong_Check(object)) {
    integer(object, expr);
  } else if (PyFloat_Check(object)) {
    expr.kind = syntax::ExprKind::Number;
    expr.constant.kind = ir::ConstantValue::Kind::Float;
    expr.constant.real = PyFloat_AsDouble(object);
  } else if (PyComplex_Check(object)) {
    expr.kind = syntax::ExprKind::Number;
    expr.constant.kind = ir::ConstantValue::Kind::Complex;
    expr.constant.real = PyComplex_RealAsDouble(object);
    expr.constant.imag = PyComplex_ImagAsDouble(object);
  } else if (object == Py_None) {
    expr.kind = syntax::ExprKind::None;
  } else if (PyUnicode_Check(object)) {
    expr.kind = syntax::ExprKind::String;
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(object, &size);
    if (data != nullptr) expr.text.assign(data, static_cast<size_t>(size));
    if (data == nullptr) PyErr_Clear();  // lone surrogates: the contents don't matter
  } else {
    expr.kind = syntax::ExprKind::Unsupported;
    expr.text = object == Py_Ellipsis ? "Ellipsis" : "Bytes";
  }
}

void Reader::subscript(PyObject* node, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Subscript;
  expr.operands.push_back(expression_field(node, t_.value));
  syntax::Expr index = expression_field(node, t_.slice);
  // P[i]["x"], as NumPy spells it
  if (index.kind == syntax::ExprKind::String && !index.text.empty() &&
      expr.operands[0].kind == syntax::ExprKind::Subscript) {
    expr.kind = syntax::ExprKind::Attribute;
    expr.text = index.text;
    return;
  }
  if (index.kind != syntax::ExprKind::Tuple) {
    expr.operands.push_back(std::move(index));
    return;
  }
  for (syntax::Expr& item : index.operands) expr.operands.push_back(std::move(item));
}

void Reader::slice(PyObject* node, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Slice;
  for (PyObject* name : {t_.lower, t_.upper, t_.step}) {
    expr.operands.push_back(expression_field(node, name));
  }
}

void Reader::compare(PyObject* node, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Compare;
  expr.operands.push_back(expression_field(node, t_.left));
  for (syntax::Expr& item : expressions(node, t_.comparators)) {
    expr.operands.push_back(std::move(item));
  }
  each(node, t_.ops, [&](PyObject* op) { expr.compare_ops.push_back(compare_op(kind(op))); });
}

void Reader::call(PyObject* node, syntax::Expr& expr) {
  expr.kind = syntax::ExprKind::Call;
  expr.operands.push_back(expression_field(node, t_.func));
  for (syntax::Expr& item : expressions(node, t_.args)) expr.operands.push_back(std::move(item));
  each(node, t_.keywords, [&](PyObject* keyword) {
    PyRef name = optional_field(keyword, t_.arg);
    expr.keywords.push_back(name ? text(name.get()) : std::string());
    expr.keyword_spans.push_back(span(keyword));
    expr.operands.push_back(expression_field(keyword, t_.value));
  });
}

std::vector<syntax::Stmt> Reader::statements(PyObject* node, PyObject* name) {
  std::vector<syntax::Stmt> result;
  each(node, name, [&](PyObject* item) { result.push_back(statement(item)); });
  return result;
}

syntax::Stmt Reader::statement(PyObject* node) {
  syntax::Stmt stmt;
  stmt.span = span(node);
  const Level level(*this);
  if (depth_ <= most_levels_) {
    read(node, stmt);
  } else {
    stmt.kind = syntax::StmtKind::Unsupported;
    stmt.text = "TooDeep";
  }
  return stmt;
}

void Reader::read(PyObject* node, syntax::Stmt& stmt) {
  const Node what = kind(node);
  switch (what) {
    case Node::Expr:
      stmt.kind = syntax::StmtKind::Expression;
      stmt.value = expression_field(node, t_.value);
      break;
    case Node::Assign:
      stmt.kind = syntax::StmtKind::Assign;
      stmt.targets = expressions(node, t_.targets);
      stmt.value = expression_field(node, t_.value);
      break;
    case Node::AugAssign:
      stmt.kind = syntax::StmtKind::AugmentAssign;
      stmt.binary_op = binary_op(kind(field(node, t_.op).get()));
      stmt.targets.push_back(expression_field(node, t_.target));
      stmt.value = expression_field(node, t_.value);
      break;
    case Node::AnnAssign:
      stmt.kind = syntax::StmtKind::AnnotAssign;
      stmt.targets.push_back(expression_field(node, t_.target));
      stmt.annotation = expression_field(node, t_.annotation);
      stmt.value = expression_field(node, t_.value);
      break;
    case Node::If:
    case Node::While:
      stmt.kind = what == Node::If ? syntax::StmtKind::If : syntax::StmtKind::While;
      stmt.value = expression_field(node, t_.test);
      stmt.body = statements(node, t_.body);
      stmt.else_body = statements(node, t_.orelse);
      break;
    case Node::For:
      stmt.kind = syntax::StmtKind::For;
      stmt.targets.push_back(expression_field(node, t_.target));
      stmt.value = expression_field(node, t_.iter);
      stmt.body = statements(node, t_.body);
      stmt.else_body = statements(node, t_.orelse);
      break;
    case Node::Break:
      stmt.kind = syntax::StmtKind::Break;
      break;
    case Node::Continue:
      stmt.kind = syntax::StmtKind::Continue;
      break;
    case Node::Pass:
      stmt.kind = syntax::StmtKind::Pass;
      break;
    case Node::Assert:
      stmt.kind = syntax::StmtKind::Assert;
      stmt.value = expression_field(node, t_.test);
      stmt.annotation = expression_field(node, t_.msg);
      break;
    case Node::Raise:
      stmt.kind = syntax::StmtKind::Raise;
      stmt.value = expression_field(node, t_.exc);
      stmt.annotation = expression_field(node, t_.cause);
      break;
    case Node::Return:
      stmt.kind = syntax::StmtKind::Return;
      stmt.value = expression_field(node, t_.value);
      break;
    case Node::FunctionDef:
      definition(node, stmt);
      break;
    default:
      unsupported(node, what, stmt);
  }
}

// Keeps what it binds and the statements inside, so that one refused statement does not make every
// name that it would have bound look undefined.
void Reader::unsupported(PyObject* node, Node what, syntax::Stmt& stmt) {
  stmt.kind = syntax::StmtKind::Unsupported;
  PyRef name = field(reinterpret_cast<PyObject*>(Py_TYPE(node)), t_.class_name);
  stmt.text = text(name.get());
  switch (what) {
    case Node::AsyncFunctionDef:
    case Node::ClassDef:
      stmt.names.push_back(text_field(node, t_.name));
      break;
    case Node::Import:
    case Node::ImportFrom:
      names_of_imports(node, stmt);
      break;
    case Node::Global:
    case Node::Nonlocal:
      each(node, t_.names, [&](PyObject* item) { stmt.names.push_back(text(item)); });
      break;
    case Node::With:
    case Node::AsyncWith:
      inside_of_with(node, stmt);
      break;
    case Node::Try:
    case Node::TryStar:
      inside_of_try(node, stmt);
      break;
    case Node::AsyncFor:
      stmt.targets.push_back(expression_field(node, t_.target));
      append_body(node, t_.body, stmt);
      append_body(node, t_.orelse, stmt);
      break;
    case Node::Match:
      each(node, t_.cases, [&](PyObject* item) { append_body(item, t_.body, stmt); });
      break;
    default:
      break;
  }
}

void Reader::names_of_imports(PyObject* node, syntax::Stmt& stmt) {
  each(node, t_.names, [&](PyObject* alias) {
    PyRef renamed = optional_field(alias, t_.asname);
    std::string name = renamed ? text(renamed.get()) : text_field(alias, t_.name);
    stmt.names.push_back(name.substr(0, name.find('.')));
  });
}

void Reader::inside_of_with(PyObject* node, syntax::Stmt& stmt) {
  each(node, t_.items, [&](PyObject* item) {
    PyRef variable = optional_field(item, t_.optional_vars);
    if (variable) stmt.targets.push_back(expression(variable.get()));
  });
  append_body(node, t_.body, stmt);
}

void Reader::inside_of_try(PyObject* node, syntax::Stmt& stmt) {
  append_body(node, t_.body, stmt);
  each(node, t_.handlers, [&](PyObject* handler) {
    PyRef name = optional_field(handler, t_.name);
    if (name) stmt.names.push_back(text(name.get()));
    append_body(handler, t_.body, stmt);
  });
  append_body(node, t_.orelse, stmt);
  append_body(node, t_.finalbody, stmt);
}

void Reader::append_body(PyObject* node, PyObject* name, syntax::Stmt& stmt) {
  for (syntax::Stmt& inner : statements(node, name)) stmt.body.push_back(std::move(inner));
}

syntax::Parameter Reader::parameter(PyObject* node) {
  syntax::Parameter result;
  result.name = text_field(node, t_.arg);
  result.span = span(node);
  result.annotation = expression_field(node, t_.annotation);
  if (!result.annotation.absent()) {
    result.span.end_line = result.span.line;
    result.span.end_column = result.span.column + static_cast<int>(result.name.size());
  }
  return result;
}

void Reader::parameters(PyObject* arguments, syntax::FunctionDef& function) {
  for (PyObject* name : {t_.posonlyargs, t_.args}) {
    each(arguments, name, [&](PyObject* item) {
      function.parameters.push_back(parameter(item));
      function.parameters.back().positional_only = name == t_.posonlyargs;
    });
  }
  PyRef defaults = field(arguments, t_.defaults);
  const Py_ssize_t count = defaults ? PyList_Size(defaults.get()) : 0;
  const size_t positional = function.parameters.size();
  for (Py_ssize_t i = 0; i < count; ++i) {
    syntax::Parameter& parameter = function.parameters[positional - static_cast<size_t>(count - i)];
    parameter.has_default = true;
    parameter.default_value = expression(PyList_GetItem(defaults.get(), i));
  }
  each(arguments, t_.kwonlyargs, [&](PyObject* item) {
    function.parameters.push_back(parameter(item));
    function.parameters.back().keyword_only = true;
  });
  size_t next = positional;
  each(arguments, t_.kw_defaults, [&](PyObject* item) {
    syntax::Parameter& parameter = function.parameters[next++];
    parameter.has_default = item != Py_None;
    parameter.default_value = expression(item);
  });
  if (PyRef rest = optional_field(arguments, t_.vararg)) {
    function.rest = text_field(rest.get(), t_.arg);
    function.rest_span = span(rest.get());
  }
  if (PyRef variadic = optional_field(arguments, t_.kwarg)) {
    function.variadic_names.push_back(text_field(variadic.get(), t_.arg));
    function.variadic = span(variadic.get());
  }
}

void Reader::lambda(PyObject* node, syntax::Expr& expr) {
  auto made = std::make_shared<syntax::FunctionDef>();
  made->name = "<lambda>";
  made->span = expr.span;
  PyRef arguments = field(node, t_.args);
  if (arguments) parameters(arguments.get(), *made);
  syntax::Stmt& result = made->body.emplace_back();
  result.kind = syntax::StmtKind::Return;
  result.value = expression_field(node, t_.body);
  result.span = result.value.span;
  expr.kind = syntax::ExprKind::Lambda;
  expr.definition = std::move(made);
}

void Reader::definition(PyObject* node, syntax::Stmt& stmt) {
  PyRef decorators = field(node, t_.decorator_list);
  if (failed_) return;
  if (PyList_Size(decorators.get()) > 0) {
    stmt.kind = syntax::StmtKind::Unsupported;
    stmt.text = "Decorated";
    stmt.names.push_back(text_field(node, t_.name));
    return;
  }
  stmt.kind = syntax::StmtKind::FunctionDef;
  stmt.definition = std::make_shared<syntax::FunctionDef>(function(node));
}

syntax::FunctionDef Reader::function(PyObject* node) {
  syntax::FunctionDef result;
  result.name = text_field(node, t_.name);
  result.span = span(node);
  result.span.end_line = result.span.line;
  result.span.end_column = result.span.column + 4 + static_cast<int>(result.name.size());
  PyRef arguments = field(node, t_.args);
  if (arguments) parameters(arguments.get(), result);
  result.returns = expression_field(node, t_.returns);
  result.body = statements(node, t_.body);
  return result;
}

}  // namespace

std::optional<syntax::FunctionDef> read_function(PyObject* function_def, uint16_t source,
                                                 int line_offset) {
  const Tables* names = tables();
  if (names == nullptr) return std::nullopt;
  Reader reader(*names, source, line_offset);
  syntax::FunctionDef result = reader.function(function_def);
  if (reader.failed()) return std::nullopt;
  return result;
}

}  // namespace cudapy::binding
