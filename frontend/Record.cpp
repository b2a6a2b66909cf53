// Record.cpp - operands made ready, and one call of record().
#include "needle/frontend/Record.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Scope.h"
#include "needle/frontend/Trace.h"
#include "needle/runtime/Environment.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>

namespace needle::detail {

constexpr OpInfo fullOp{"full", {{"value", Field::number}}};
constexpr OpInfo convertOp{"convert"};
constexpr OpInfo broadcastToOp{"broadcast_to"};
constexpr OpInfo toOp{"to"};
constexpr OpInfo projectionOp{
    "result", {{"index", Field::hidden}}, OpClass::projection};
constexpr OpInfo dataOp{"data", {}, OpClass::data};
// Words: the value's bits, its Role.
constexpr OpInfo scalarOp{"scalar",
                          {{"value", Field::hidden}, {"role", Field::hidden}},
                          OpClass::scalar};
// Words: position, Role, then as a version.
constexpr OpInfo placeholderOp{"placeholder",
                               {{"index", Field::hidden},
                                {"role", Field::hidden},
                                {"cell", Field::hidden},
                                {"name", Field::hidden}},
                               OpClass::placeholder};
// Words: the variable's number, its name.
constexpr OpInfo versionOp{"detach",
                           {{"cell", Field::hidden}, {"name", Field::hidden}},
                           OpClass::version};
// Words: the size, the name of the op that indexes.
constexpr OpInfo indexCheckOp{"indexCheck",
                              {{"limit", Field::hidden}, {"op", Field::hidden}},
                              OpClass::alias,
                              0};
constexpr OpInfo gradientOp{
    "gradient",
    {{"has_cotangent", Field::boolean}, {"allow_unused", Field::boolean}},
    OpClass::several};
// Word: where backward() adds up.
constexpr OpInfo aliasOp{
    "requireGrad", {{"slot", Field::hidden}}, OpClass::alias, -1, 0};

// ---- modes -----------------------------------------------------------------
uint8_t currentTarget() {
  if (context.target >= 0)
    return uint8_t(context.target);
  return TargetScope::current().number();
}

// -1: not set, NEEDLE_LAZY_MODE counts.
static std::atomic<int8_t> processLazy{-1};
} // namespace needle::detail

void needle::setLazyMode(bool lazy) { detail::processLazy = lazy; }
needle::LazyScope::LazyScope(bool lazy) : outer(detail::context.lazy) {
  detail::context.lazy = lazy;
}
needle::LazyScope::~LazyScope() { detail::context.lazy = outer; }

needle::LibraryScope::LibraryScope(Where where, std::string_view path)
    : outerWhere(detail::context.library), outerPath(detail::context.scope) {
  if (outerWhere.line <= 0)
    detail::context.library = where;
  if (!path.empty())
    detail::context.scope = detail::internScope(path);
}
needle::LibraryScope::~LibraryScope() {
  detail::context.library = outerWhere;
  detail::context.scope = outerPath;
}

namespace needle::detail {
bool isLazy() {
  if (context.lazy >= 0)
    return context.lazy;
  int8_t set = processLazy.load(std::memory_order_relaxed);
  if (set < 0)
    processLazy = set = environment::lazyMode();
  return set;
}

Tensor finish(Node *node) {
  Tensor tensor = Tensor::adopt(node);
  // A trace is recorded whatever the mode.
  if (!isLazy() && !context.trace)
    realizeEagerly(tensor);
  return tensor;
}

void failEmpty(const char *op, Where where) {
  fail<Error>(op, where, "an operand is an empty tensor");
}

// ---- operands --------------------------------------------------------------
namespace {
// A node that is borrowed, or owned because it was made on the way.
class Held {
public:
  explicit Held(Node *borrowed) : node(borrowed) {}
  Held(const Held &) = delete;
  ~Held() {
    if (isOwned)
      release(node);
  }
  void replace(Node *made) {
    if (isOwned)
      release(node);
    node = made;
    isOwned = true;
  }
  Node *operator->() const { return node; }
  Node *node;

private:
  bool isOwned = false;
};
} // namespace

static Node *copyTo(Node *x, uint8_t target, const char *op, Where where) {
  if (const char *variable = variableName(x))
    fail<TargetError>(op, where,
                      "variable " + std::string(variable) + " lives on " +
                          Target::ofNumber(x->target).name() +
                          ", the op runs on " +
                          Target::ofNumber(target).name() +
                          "; copy it with to(), or open a TargetScope");
  Node *inputs[] = {x};
  return record({&toOp, x->dtype, target, x->dims(), {}, inputs, where});
}
static Node *convert(Node *x, DType dtype, uint8_t target, Where where) {
  Node *inputs[] = {x};
  return record({&convertOp, dtype, target, x->dims(), {}, inputs, where});
}
static Node *full(uint64_t bits, DType dtype, uint8_t target,
                  std::span<const int64_t> dims, Where where) {
  return record({&fullOp, dtype, target, dims, {&bits, 1}, {}, where});
}

// The number as an element of `dtype`; a value that doesn't fit is refused.
static uint64_t scalarBits(const Operand &x, DType dtype, const char *op) {
  if (isFloating(dtype)) {
    double value =
        x.kind == Operand::Kind::floating ? x.floating : double(x.integer);
    return std::bit_cast<uint64_t>(value);
  }
  if (dtype == DType::int32 && (x.integer < INT32_MIN || x.integer > INT32_MAX))
    fail<DTypeError>(op, x.where,
                     "the number " + std::to_string(x.integer) +
                         " does not fit int32");
  return uint64_t(x.integer);
}

// JAX's lattice: a C++ scalar is weak, it decides the kind of number at most.
static DType withScalar(DType dtype, Operand::Kind kind) {
  if (kind == Operand::Kind::floating)
    return isFloating(dtype) ? dtype : DType::float32;
  if (kind == Operand::Kind::integer && dtype == DType::boolean)
    return DType::int32;
  return dtype;
}
static DType ofScalar(Operand::Kind kind) {
  return kind == Operand::Kind::boolean ? DType::boolean
                                        : withScalar(DType::boolean, kind);
}
static void checkOperand(const Operand &x, const char *op) {
  if (!x.node && x.kind == Operand::Kind::tensor)
    failEmpty(op, x.where);
}
DType commonDType(const Operand &a, const Operand &b, const char *op) {
  checkOperand(a, op);
  checkOperand(b, op);
  if (a.node && b.node)
    return promote(a.node->dtype, b.node->dtype);
  if (a.node)
    return withScalar(a.node->dtype, b.kind);
  if (b.node)
    return withScalar(b.node->dtype, a.kind);
  return promote(ofScalar(a.kind), ofScalar(b.kind));
}
static DType inDomain(DType dtype, Domain domain, const char *op, Where where) {
  switch (domain) {
  case Domain::floating:
    return isFloating(dtype) ? dtype : DType::float32;
  case Domain::number:
    if (dtype == DType::boolean)
      fail<DTypeError>(op, where,
                       "not defined for boolean; convert the operand first");
    return dtype;
  case Domain::boolean:
    if (dtype != DType::boolean)
      fail<DTypeError>(op, where,
                       "wants boolean, got " + toString(dtype) +
                           "; compare with != 0");
    return dtype;
  case Domain::any:
    return dtype;
  }
  return dtype;
}
static Shape broadcastShape(const Operand &a, const Operand &b,
                            const char *op) {
  if (!a.node || !b.node) {
    const Operand &tensor = a.node ? a : b;
    return tensor.node ? tensor.node->shape() : Shape();
  }
  return orFail(op, rules::broadcast(a.node->dims(), b.node->dims()), a.where);
}

// `x` as a tensor of this dtype and shape on this target.
static void prepare(Held &held, const Operand &x, DType dtype,
                    std::span<const int64_t> dims, uint8_t target,
                    const char *op) {
  if (!x.node)
    return held.replace(
        full(scalarBits(x, dtype, op), dtype, target, dims, x.where));
  if (held->target != target)
    held.replace(copyTo(held.node, target, op, x.where));
  if (held->dtype != dtype)
    held.replace(convert(held.node, dtype, target, x.where));
  if (!std::ranges::equal(held->dims(), dims)) {
    Node *inputs[] = {held.node};
    held.replace(
        record({&broadcastToOp, dtype, target, dims, {}, inputs, x.where}));
  }
}

// ---- elementwise -----------------------------------------------------------
Tensor unary(const OpInfo &op, const Operand &x, Domain domain) {
  checkOperand(x, op.name);
  DType dtype = inDomain(x.node ? x.node->dtype : ofScalar(x.kind), domain,
                         op.name, x.where);
  uint8_t target = currentTarget();
  Shape shape = x.node ? x.node->shape() : Shape();
  Held held(x.node);
  prepare(held, x, dtype, shape.dims(), target, op.name);
  Node *inputs[] = {held.node};
  return finish(
      record({&op, dtype, target, shape.dims(), {}, inputs, x.where}));
}

static Tensor pair(const OpInfo &op, const Operand &a, const Operand &b,
                   DType dtype, DType result) {
  uint8_t target = currentTarget();
  Held x(a.node), y(b.node);
  if (x.node && y.node && x->dtype == dtype && y->dtype == dtype &&
      x->target == target && y->target == target &&
      std::ranges::equal(x->dims(), y->dims())) {
    Node *inputs[] = {x.node, y.node};
    return finish(
        record({&op, result, target, x->dims(), {}, inputs, a.where}));
  }
  Shape shape = broadcastShape(a, b, op.name);
  prepare(x, a, dtype, shape.dims(), target, op.name);
  prepare(y, b, dtype, shape.dims(), target, op.name);
  Node *inputs[] = {x.node, y.node};
  return finish(
      record({&op, result, target, shape.dims(), {}, inputs, a.where}));
}

Tensor binary(const OpInfo &op, const Operand &a, const Operand &b,
              Domain domain) {
  DType dtype = inDomain(commonDType(a, b, op.name), domain, op.name, a.where);
  return pair(op, a, b, dtype, dtype);
}

Tensor compare(const OpInfo &op, const Operand &a, const Operand &b,
               bool ordered) {
  DType dtype = commonDType(a, b, op.name);
  if (ordered && dtype == DType::boolean)
    dtype = DType::int32;
  return pair(op, a, b, dtype, DType::boolean);
}

// ---- other ops -------------------------------------------------------------
Node *Recording::copied(const Tensor &x) {
  check(x, op.name, where);
  return copies
      .emplace_back(Tensor::adopt(copyTo(x.get(), target, op.name, where)))
      .get();
}

std::vector<Tensor> Recording::results(const std::vector<ResultType> &types) {
  bool anyFloating = false;
  for (const ResultType &type : types) {
    attributes.push(uint64_t(type.target) << 16 | uint64_t(type.dtype) << 8 |
                    uint64_t(type.shape.rank()));
    for (int64_t dim : type.shape)
      attributes.push(uint64_t(dim));
    anyFloating |= isFloating(type.dtype);
  }
  attributes.push(types.size());
  // The dtype of the op itself only says whether gradients may pass.
  Tensor all =
      Tensor::adopt(make(anyFloating ? DType::float32 : DType::int64, {}));
  std::vector<Tensor> projections;
  projections.reserve(types.size());
  Node *inputs[] = {all.get()};
  for (uint64_t i = 0; i < types.size(); ++i)
    projections.push_back(Tensor::adopt(record({&projectionOp,
                                                types[i].dtype,
                                                types[i].target,
                                                types[i].shape.dims(),
                                                {&i, 1},
                                                inputs,
                                                where})));
  if (!projections.empty() && !isLazy() && !context.trace)
    realizeEagerly(projections.front());
  return projections;
}

std::vector<ResultType> resultTypes(const Node *node) {
  std::span<const uint64_t> words = node->attributes();
  size_t count = words.back(), at = words.size() - 1;
  // Types are written front to back; their total length is known from the
  // schema's words before them.
  size_t begin = 0;
  for (const AttributeField &field : node->op->fields) {
    if (!field.name)
      break;
    begin += field.kind == Field::ints ? 1 + words[begin] : 1;
  }
  std::vector<ResultType> types;
  types.reserve(count);
  while (begin < at) {
    uint64_t head = words[begin++];
    size_t rank = head & 0xff;
    types.push_back(
        {DType(head >> 8 & 0xff),
         Shape::unchecked(
             {reinterpret_cast<const int64_t *>(words.data() + begin), rank}),
         uint8_t(head >> 16)});
    begin += rank;
  }
  return types;
}

Tensor convertTo(const Tensor &x, DType dtype, Where where) {
  check(x, "convert", where);
  if (x.dtype() == dtype)
    return x;
  return Recording(convertOp, where).use(x).result(dtype, x.shape());
}
void checkFits(double value, DType dtype, const char *op, Where where) {
  // 2^63 is a double, 2^63 - 1 isn't; NaN is outside of any range.
  double end = dtype == DType::int32 ? 0x1p31 : 0x1p63;
  if (isInteger(dtype) && !(value >= -end && value < end)) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    fail<DTypeError>(op, where,
                     std::string("the number ") + text + " does not fit " +
                         toString(dtype));
  }
}

Tensor fullOf(double value, const Shape &shape, DType dtype, Where where) {
  if (!isFloating(dtype))
    return fullOf(int64_t(value), shape, dtype, where);
  return finish(full(std::bit_cast<uint64_t>(value), dtype, currentTarget(),
                     shape.dims(), where));
}
Tensor fullOf(int64_t value, const Shape &shape, DType dtype, Where where) {
  if (isFloating(dtype))
    return fullOf(double(value), shape, dtype, where);
  return finish(
      full(uint64_t(value), dtype, currentTarget(), shape.dims(), where));
}

} // namespace needle::detail
