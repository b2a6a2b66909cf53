// Index.cpp - gathers, one-hot rows and their transpose.
#include "needle/frontend/ops/Index.h"

#include "needle/frontend/Evaluate.h"
#include "needle/frontend/Record.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Shape.h"
#include "needle/runtime/Buffer.h"

#include <limits>
#include <vector>

using namespace needle;
using namespace needle::detail;

static int64_t axisIn(const char *op, const Tensor &x, int axis, Where where) {
  check(x, op, where);
  return axisOf(op, axis, x.get()->rank, where);
}

static void checkIndices(const char *op, const Tensor &indices, Where where) {
  check(indices, op, where);
  if (!isInteger(indices.dtype()))
    fail<DTypeError>(op, where,
                     "indices are " + toString(indices.dtype()) +
                         "; wants int32 or int64");
}

[[noreturn]] static void outside(const char *op, int64_t index, int64_t size,
                                 Where where) {
  fail<IndexError>(op, where,
                   "index " + std::to_string(index) +
                       " is outside of an axis of size " +
                       std::to_string(size));
}

// An index that is known while recording is refused here.
static void checkKnown(const char *op, const Tensor &indices, int64_t size,
                       Where where) {
  Node *node = indices.get();
  auto bad = [&](int64_t index) { return index < -size || index >= size; };
  if (node->op == &fullOp && indices.shape().elements() > 0 &&
      bad(int64_t(node->attributes()[0])))
    outside(op, int64_t(node->attributes()[0]), size, where);
}

Tensor needle::take(const Tensor &x, const Tensor &indices, int axis,
                    Where where) {
  static constexpr OpInfo takeOp{
      "take", {{"axis", Field::i64}}, OpClass::plain, 1};
  int64_t at = axisIn("take", x, axis, where);
  checkIndices("take", indices, where);
  checkKnown("take", indices, x.shape()[int(at)], where);
  Shape shape = orFail(
      "take", rules::take(x.get()->dims(), indices.get()->dims(), at), where);
  return Recording(takeOp, where)
      .use(x)
      .use(indices)
      .attribute(at)
      .result(x.dtype(), shape);
}

Tensor needle::embedding(const Tensor &indices, const Tensor &weight,
                         Where where) {
  check(weight, "embedding", where);
  if (weight.get()->rank != 2)
    fail<ShapeError>("embedding", where,
                     "weight is " + toString(weight.shape()) +
                         ", wanted [count, size]");
  return take(weight, indices, 0, where);
}

// A slice: no index data is needed.
Tensor detail::takeOne(const Tensor &x, int64_t index, int axis, Where where) {
  int64_t at = axisIn("take", x, axis, where);
  Shape shape = x.shape();
  int64_t size = shape[int(at)];
  if (index < -size || index >= size)
    outside("take", index, size, where);
  auto rank = size_t(shape.rank());
  std::vector<int64_t> start(rank, 0), stop(shape.begin(), shape.end()),
      rest(shape.begin(), shape.end());
  start[size_t(at)] = index < 0 ? index + size : index;
  stop[size_t(at)] = start[size_t(at)] + 1;
  rest.erase(rest.begin() + at);
  return reshape(sliceOf(x, start, stop, std::vector<int64_t>(rank, 1), where),
                 Shape(std::span<const int64_t>(rest)), where);
}

Tensor needle::oneHot(const Tensor &indices, int64_t depth, DType dtype,
                      Where where) {
  static constexpr OpInfo oneHotOp{"one_hot", {{"depth", Field::i64}}};
  checkIndices("oneHot", indices, where);
  if (dtype == DType::boolean)
    return convertTo(oneHot(indices, depth, DType::int32, where), dtype, where);
  Shape shape =
      orFail("oneHot", rules::oneHot(indices.get()->dims(), depth), where);
  return Recording(oneHotOp, where)
      .use(indices)
      .attribute(depth)
      .result(dtype, shape);
}

Tensor needle::checkedOneHot(const Tensor &indices, int64_t depth, DType dtype,
                             Where where) {
  checkIndices("oneHot", indices, where);
  checkKnown("oneHot", indices, depth, where);
  if (!isFloating(dtype))
    fail<DTypeError>("oneHot", where, "wants a floating dtype");
  Tensor checked = Recording(indexCheckOp, where)
                       .use(indices)
                       .attribute(depth)
                       .attribute(int64_t(reinterpret_cast<intptr_t>("oneHot")))
                       .result(indices.dtype(), indices.shape());
  Operand index(checked, where);
  Tensor fromEnd = index + Operand(depth, where);
  Tensor isNegative = index < Operand(0, where);
  Tensor position = needle::where({isNegative, where}, {fromEnd, where}, index);
  if (indices.get()->inputCount == 0) // an input: checked before it runs
    return oneHot(position, depth, dtype, where);
  // A read of the position, which says when it is outside.
  Tensor read = take(arange(depth, DType::int64, where), indices, 0, where);
  Tensor rows = oneHot(read, depth, dtype, where);
  Tensor below = Operand(position, where) < Operand(0, where),
         above = Operand(position, where) >= Operand(depth, where),
         bad = Operand(below, where) | Operand(above, where);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  return needle::where({unsqueeze(bad, -1, where), where}, {nan, where},
                       {rows, where});
}

Tensor needle::scatterAdd(const Tensor &operand, const Tensor &indices,
                          const Tensor &updates, int axis, Where where) {
  static constexpr OpInfo scatterAddOp{
      "scatter_add", {{"axis", Field::i64}}, OpClass::plain, 1};
  int64_t at = axisIn("scatterAdd", operand, axis, where);
  checkIndices("scatterAdd", indices, where);
  check(updates, "scatterAdd", where);
  checkKnown("scatterAdd", indices, operand.shape()[int(at)], where);
  DType dtype = promote(operand.dtype(), updates.dtype());
  if (dtype == DType::boolean)
    fail<DTypeError>("scatterAdd", where, "not defined for boolean");
  Shape shape =
      orFail("scatterAdd",
             rules::scatterAdd(operand.get()->dims(), indices.get()->dims(),
                               updates.get()->dims(), at),
             where);
  return Recording(scatterAddOp, where)
      .use(convertTo(operand, dtype, where))
      .use(indices)
      .use(convertTo(updates, dtype, where))
      .attribute(at)
      .result(dtype, shape);
}
