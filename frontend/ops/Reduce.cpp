// Reduce.cpp - reductions and the composites over an axis.
#include "needle/frontend/ops/Reduce.h"

#include "needle/frontend/Record.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Shape.h"

using namespace needle;
using namespace needle::detail;

static constexpr AttributeField axesField{"axes", Field::ints},
    axisField{"axis", Field::i64}, keepField{"keep_dims", Field::boolean};

static Tensor reduce(const OpInfo &op, const Tensor &x, const Axes &axes,
                     bool keepDims, Where where) {
  rules::SizeList normalized;
  std::string error = rules::normalizeAxes(axes, x.get()->rank, normalized);
  if (!error.empty())
    fail<ShapeError>(op.name, where, error);
  rules::Inferred shape = rules::reduce(x.get()->dims(), normalized, keepDims);
  return Recording(op, where)
      .use(x)
      .attribute(std::span<const int64_t>(normalized))
      .attribute(int64_t(keepDims))
      .result(x.get()->dtype, shape.shape);
}

// Integers and booleans in a wider or floating form, which `made` holds.
static const Tensor &widened(const Tensor &x, DType dtype, Tensor &made,
                             const char *op, Where where) {
  check(x, op, where);
  return isFloating(x.get()->dtype) ? x : withDType(x, dtype, made, where);
}

Tensor needle::sum(const Tensor &x, const Axes &axes, bool keepDims,
                   Where where) {
  static constexpr OpInfo sumOp{"sum", {axesField, keepField}};
  Tensor made;
  return reduce(sumOp, widened(x, DType::int64, made, "sum", where), axes,
                keepDims, where);
}
Tensor needle::mean(const Tensor &x, const Axes &axes, bool keepDims,
                    Where where) {
  static constexpr OpInfo meanOp{"mean", {axesField, keepField}};
  Tensor made;
  return reduce(meanOp, widened(x, DType::float32, made, "mean", where), axes,
                keepDims, where);
}
Tensor needle::logsumexp(const Tensor &x, const Axes &axes, bool keepDims,
                         Where where) {
  static constexpr OpInfo logsumexpOp{"logsumexp", {axesField, keepField}};
  Tensor made;
  return reduce(logsumexpOp,
                widened(x, DType::float32, made, "logsumexp", where), axes,
                keepDims, where);
}

// Booleans are reduced as 0 and 1; what an empty axis gives is false for max,
// true for min.
static Tensor extremum(const OpInfo &op, const Tensor &x, const Axes &axes,
                       bool keepDims, Where where) {
  check(x, op.name, where);
  if (x.dtype() != DType::boolean)
    return reduce(op, x, axes, keepDims, where);
  Tensor reduced =
      reduce(op, convertTo(x, DType::int32, where), axes, keepDims, where);
  return greaterEqual({reduced, where}, {1, where});
}
static constexpr OpInfo maxOp{"max", {axesField, keepField}};
static constexpr OpInfo minOp{"min", {axesField, keepField}};

Tensor needle::max(const Tensor &x, const Axes &axes, bool keepDims,
                   Where where) {
  return extremum(maxOp, x, axes, keepDims, where);
}
Tensor needle::min(const Tensor &x, const Axes &axes, bool keepDims,
                   Where where) {
  return extremum(minOp, x, axes, keepDims, where);
}

// The neutral element of max over int32 is negative, of min positive: comparing
// with 0 and 1 makes an empty axis false for any, true for all.
static Tensor asIntegers(const Tensor &x, const char *op, Where where) {
  check(x, op, where);
  return convertTo(convertTo(x, DType::boolean, where), DType::int32, where);
}
Tensor needle::any(const Tensor &x, const Axes &axes, bool keepDims,
                   Where where) {
  Tensor largest =
      reduce(maxOp, asIntegers(x, "any", where), axes, keepDims, where);
  return greaterEqual({largest, where}, {1, where});
}
Tensor needle::all(const Tensor &x, const Axes &axes, bool keepDims,
                   Where where) {
  Tensor smallest =
      reduce(minOp, asIntegers(x, "all", where), axes, keepDims, where);
  return greaterEqual({smallest, where}, {1, where});
}

static Tensor argReduce(const OpInfo &op, const Tensor &x, const Axes &axes,
                        bool keepDims, Where where) {
  check(x, op.name, where);
  Shape shape = x.shape();
  if (axes.all || axes.count == 0) {
    if (axes.count == 0 && !axes.all)
      fail<ShapeError>(op.name, where, "wants one axis, or none for all");
    Tensor flat = reshape(x, {shape.elements()}, where);
    Tensor index = argReduce(op, flat, Axes(0), false, where);
    if (!keepDims)
      return index;
    std::vector<int64_t> ones(size_t(shape.rank()), 1);
    return reshape(index, Shape(std::span<const int64_t>(ones)), where);
  }
  if (axes.count != 1 || axes.tooMany)
    fail<ShapeError>(op.name, where, "wants one axis, or none for all");
  int64_t axis = axisOf(op.name, axes.axes[0], shape.rank(), where);
  if (shape[int(axis)] == 0)
    fail<ShapeError>(op.name, where,
                     "axis " + std::to_string(axis) + " of " + toString(shape) +
                         " is empty");
  rules::Inferred result = rules::reduce(shape.dims(), {&axis, 1}, keepDims);
  return Recording(op, where)
      .use(x)
      .attribute(axis)
      .attribute(int64_t(keepDims))
      .result(DType::int64, result.shape);
}
Tensor needle::argmax(const Tensor &x, const Axes &axis, bool keepDims,
                      Where where) {
  static constexpr OpInfo argmaxOp{"argmax", {axisField, keepField}};
  return argReduce(argmaxOp, x, axis, keepDims, where);
}
Tensor needle::argmin(const Tensor &x, const Axes &axis, bool keepDims,
                      Where where) {
  static constexpr OpInfo argminOp{"argmin", {axisField, keepField}};
  return argReduce(argminOp, x, axis, keepDims, where);
}

static Tensor alongAxis(const OpInfo &op, const Tensor &x, int axis,
                        Where where) {
  Tensor made;
  const Tensor &wide = widened(x, DType::float32, made, op.name, where);
  return Recording(op, where)
      .use(wide)
      .attribute(axisOf(op.name, axis, wide.get()->rank, where))
      .result(wide.get()->dtype, wide.get()->dims());
}
Tensor needle::softmax(const Tensor &x, int axis, Where where) {
  static constexpr OpInfo softmaxOp{"softmax", {axisField}};
  return alongAxis(softmaxOp, x, axis, where);
}
Tensor needle::logSoftmax(const Tensor &x, int axis, Where where) {
  static constexpr OpInfo logSoftmaxOp{"log_softmax", {axisField}};
  return alongAxis(logSoftmaxOp, x, axis, where);
}
