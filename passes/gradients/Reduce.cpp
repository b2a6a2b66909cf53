// Reduce.cpp - gradient rules of the reductions.
// y is the result, g its cotangent.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

static Value sumVjp(TensorBuilder &t, ir::SumOp op, Value g) {
  return t.expand(g, op.getAxes(), t.shapeOf(op.getX()));
}

static Value meanVjp(TensorBuilder &t, ir::MeanOp op, Value g) {
  TensorBuilder::Dims shape = t.shapeOf(op.getX());
  double count = 1;
  for (int64_t axis : op.getAxes())
    count *= shape[axis];
  return t.expand(t.scale(g, 1 / count), op.getAxes(), shape);
}

// Every element that is the extremum gets an equal share.
template <class OpT>
static Value extremumVjp(TensorBuilder &t, OpT op, Value g) {
  TensorBuilder::Dims shape = t.shapeOf(op.getX()), axes = op.getAxes();
  Value y = t.expand(op.getResult(), axes, shape);
  Value chosen = t.equal(op.getX(), y);
  auto type = cast<RankedTensorType>(op.getX().getType());
  Value count =
      t.sum(t.convert(chosen, type.getElementType()), axes, op.getKeepDims());
  Value share = t.expand(t.div(g, count), axes, shape);
  return t.where(chosen, share, t.zeros(type));
}

// dx = y (g - sum(g y))
static Value softmaxVjp(TensorBuilder &t, ir::SoftmaxOp op, Value g) {
  Value y = op.getResult();
  int64_t axis = op.getAxis();
  Value dot = t.sum(t.mul(g, y), axis, /*keepDims=*/true);
  return t.mul(y, t.sub(g, t.broadcast(dot, t.shapeOf(y))));
}

// dx = g - exp(y) sum(g)
static Value logSoftmaxVjp(TensorBuilder &t, ir::LogSoftmaxOp op, Value g) {
  Value y = op.getResult();
  int64_t axis = op.getAxis();
  Value sum = t.sum(g, axis, /*keepDims=*/true);
  return t.sub(g, t.mul(t.exp(y), t.broadcast(sum, t.shapeOf(y))));
}

// dx = g softmax(x) = g exp(x - y)
static Value logsumexpVjp(TensorBuilder &t, ir::LogsumexpOp op, Value g) {
  TensorBuilder::Dims shape = t.shapeOf(op.getX()), axes = op.getAxes();
  Value y = t.expand(op.getResult(), axes, shape);
  Value softmax = t.exp(t.sub(op.getX(), y));
  return t.mul(t.expand(g, axes, shape), softmax);
}

void passes::attachReduceGradients(MLIRContext &context) {
  attach<ir::SumOp, sumVjp>(context);
  attach<ir::MeanOp, meanVjp>(context);
  attach<ir::MaxOp, extremumVjp<ir::MaxOp>>(context);
  attach<ir::MinOp, extremumVjp<ir::MinOp>>(context);
  attach<ir::SoftmaxOp, softmaxVjp>(context);
  attach<ir::LogSoftmaxOp, logSoftmaxVjp>(context);
  attach<ir::LogsumexpOp, logsumexpVjp>(context);
  attachNotDifferentiable<ir::ArgmaxOp, ir::ArgminOp>(context);
}
