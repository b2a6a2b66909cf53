// TensorBuilder.cpp - the composed builders: shapes are worked out here.
#include "needle/passes/TensorBuilder.h"

using namespace mlir;
using namespace needle;
using passes::TensorBuilder;

Value TensorBuilder::full(Type type, double value) {
  return make<ir::FullOp>(type, getF64FloatAttr(value));
}

Value TensorBuilder::convert(Value x, Type element) {
  RankedTensorType type = ir::tensorType(x);
  if (type.getElementType() == element)
    return x;
  return make<ir::ConvertOp>(type.clone(element), x);
}

Value TensorBuilder::reshape(Value x, Dims shape) {
  RankedTensorType type = ir::tensorType(x);
  if (type.getShape() == shape)
    return x;
  return make<ir::ReshapeOp>(type.clone(shape), x);
}

Value TensorBuilder::broadcast(Value x, Dims shape) {
  RankedTensorType type = ir::tensorType(x);
  if (type.getShape() == shape)
    return x;
  return make<ir::BroadcastToOp>(type.clone(shape), x);
}

Value TensorBuilder::slice(Value x, int64_t axis, int64_t start, int64_t stop) {
  Dims shape = shapeOf(x);
  SmallVector<int64_t> starts(shape.size(), 0), stops(shape),
      steps(shape.size(), 1);
  starts[axis] = start;
  stops[axis] = stop;
  return make<ir::SliceOp>(x, starts, stops, steps);
}

Value TensorBuilder::pad(Value x, int64_t axis, int64_t low, int64_t high) {
  SmallVector<int64_t> zeros(shapeOf(x).size(), 0), lows(zeros), highs(zeros);
  lows[axis] = low;
  highs[axis] = high;
  return make<ir::PadOp>(x, lows, highs, zeros, APFloat(0.0));
}

Value TensorBuilder::expand(Value reduced, Dims axes, Dims shape) {
  SmallVector<int64_t> kept(shape);
  for (int64_t axis : axes)
    kept[axis] = 1;
  return broadcast(reshape(reduced, kept), shape);
}

Value TensorBuilder::sumTo(Value x, Dims shape) {
  Dims from = shapeOf(x);
  SmallVector<int64_t> axes;
  int64_t added = from.size() - shape.size();
  for (auto [axis, size] : llvm::enumerate(from))
    if (int64_t(axis) < added || shape[axis - added] != size)
      axes.push_back(axis);
  if (!axes.empty())
    x = sum(x, axes, /*keepDims=*/false);
  return reshape(x, shape);
}
