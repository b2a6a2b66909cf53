// Decompose.cpp - composite ops become primitives, in their safe forms; what
// accumulates in low precision becomes float32 between conversions.
// In: any ops after Autodiff (composites have gradient rules of their own).
// Out, inside bodies too: the elementwise ops, sum, max, min, argmax, argmin,
// matmul, reshape, broadcast_to, transpose, slice, pad, concat, constant, full,
// iota, linear_index, take, scatter_add, scan, to. Before Simplify and Fuse,
// which know only these.
#include "needle/passes/Passes.h"

#include "needle/ir/ElementTypes.h"
#include "needle/passes/Attention.h"
#include "needle/passes/TensorBuilder.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace needle::passes {
#define GEN_PASS_DEF_DECOMPOSE
#include "passes/Passes.h.inc"
} // namespace needle::passes

using namespace mlir;
using namespace needle;
using namespace needle::passes;

using Dims = TensorBuilder::Dims;

static RankedTensorType resultType(Operation *op) {
  return ir::tensorType(op->getResult(0));
}

//===-- reductions --------------------------------------------------------===//

// sum / n. No elements: 0 * inf = NaN.
static Value decompose(TensorBuilder &t, ir::MeanOp op) {
  Dims shape = t.shapeOf(op.getX());
  double count = 1;
  for (int64_t axis : op.getAxes())
    count *= shape[axis];
  return t.scale(t.sum(op.getX(), op.getAxes(), op.getKeepDims()), 1 / count);
}

// exp(x - max), so that nothing overflows.
static Value softmax(TensorBuilder &t, Value x, int64_t axis) {
  Dims shape = t.shapeOf(x);
  Value max = t.max(x, axis, /*keepDims=*/true);
  Value exp = t.exp(t.sub(x, t.broadcast(max, shape)));
  Value sum = t.sum(exp, axis, /*keepDims=*/true);
  // The sum is at least 1. One division per row: they are slow, even by vectors.
  Value inverse = t.div(t.full(sum.getType(), 1), sum);
  return t.mul(exp, t.broadcast(inverse, shape));
}

static Value decompose(TensorBuilder &t, ir::SoftmaxOp op) {
  return softmax(t, op.getX(), op.getAxis());
}

static Value decompose(TensorBuilder &t, ir::AttentionOp op) {
  Value scores = attentionScores(t, op);
  int64_t last = ir::tensorType(scores).getRank() - 1;
  return t.make<ir::MatmulOp>(softmax(t, scores, last), op.getValue(), false,
                              false);
}

// (x - max) - log sum exp(x - max): the log never sees a 0 or an infinity.
static Value decompose(TensorBuilder &t, ir::LogSoftmaxOp op) {
  Value x = op.getX();
  int64_t axis = op.getAxis();
  Dims shape = t.shapeOf(x);
  Value max = t.max(x, axis, /*keepDims=*/true);
  Value shifted = t.sub(x, t.broadcast(max, shape));
  Value sum = t.sum(t.exp(shifted), axis, /*keepDims=*/true);
  return t.sub(shifted, t.broadcast(t.log(sum), shape));
}

// max + log sum exp(x - max), where an infinite max (all -inf, an inf, no
// elements) counts as 0: -inf - -inf would be NaN.
static Value decompose(TensorBuilder &t, ir::LogsumexpOp op) {
  Value x = op.getX();
  Dims axes = op.getAxes();
  Value max = t.max(x, axes, /*keepDims=*/true);
  Type type = max.getType();
  Value infinity = t.full(type, std::numeric_limits<double>::infinity());
  Value finite = t.less(t.make<ir::AbsOp>(max), infinity);
  Value shift = t.where(finite, max, t.zeros(type));
  Value exp = t.exp(t.sub(x, t.broadcast(shift, t.shapeOf(x))));
  Value sum = t.sum(exp, axes, /*keepDims=*/true);
  return t.reshape(t.add(t.log(sum), shift), resultType(op).getShape());
}

//===-- indices -----------------------------------------------------------===//

// index == 0, 1, 2, ...: one outside equals none of them.
static Value decompose(TensorBuilder &t, ir::OneHotOp op) {
  RankedTensorType type = resultType(op);
  RankedTensorType indexType = ir::tensorType(op.getIndices());
  SmallVector<int64_t> column(indexType.getShape());
  column.push_back(1);
  Value indices = t.reshape(op.getIndices(), column);
  Value places = t.make<ir::IotaOp>(indexType.clone(type.getShape()),
                                    uint64_t(type.getRank() - 1));
  Value hit = t.equal(t.broadcast(indices, type.getShape()), places);
  return t.convert(hit, type.getElementType());
}

//===-- draws -------------------------------------------------------------===//
// As JAX with jax_threefry_partitionable.

static Value decompose(TensorBuilder &t, ir::FoldInOp op) {
  return t.make<ir::ThreefryOp>(op.getKey(), op.getData());
}

static Value decompose(TensorBuilder &t, ir::SplitKeyOp op) {
  RankedTensorType type = resultType(op);
  Value keys = t.broadcast(op.getKey(), type.getShape());
  return t.make<ir::ThreefryOp>(keys, t.make<ir::IotaOp>(type, uint64_t(0)));
}

// i64, or i32 as the two halves' exclusive or; element i is threefry(key, i).
static Value drawBits(TensorBuilder &t, Value key, RankedTensorType type) {
  RankedTensorType counters = type.clone(t.getI64Type());
  Value keys = t.broadcast(key, type.getShape());
  Value bits =
      t.make<ir::ThreefryOp>(keys, t.make<ir::LinearIndexOp>(counters));
  if (type.getElementType().isInteger(64))
    return bits;
  return t.make<ir::FoldBitsOp>(type, bits);
}

static Value decompose(TensorBuilder &t, ir::RandomBitsOp op) {
  return drawBits(t, op.getKey(), resultType(op));
}

// [0, 1)
static Value drawUnit(TensorBuilder &t, Value key, RankedTensorType type) {
  unsigned width = type.getElementTypeBitWidth();
  Value bits = drawBits(t, key, type.clone(t.getIntegerType(width)));
  return t.make<ir::UnitFromBitsOp>(type, bits);
}

// unit (high - low) + low in the result's type, at least low, as rounding may
// go below it.
static Value drawUniform(TensorBuilder &t, Value key, RankedTensorType type,
                         double low, double high) {
  Value unit = drawUnit(t, key, type);
  if (low == 0 && high == 1)
    return unit;
  double range =
      type.getElementType().isF32() ? float(high) - float(low) : high - low;
  Value least = t.full(type, low);
  return t.make<ir::MaximumOp>(t.add(t.scale(unit, range), least), least);
}

/// The number of `type` at or next to `value`, up or down.
static double neighbour(FloatType type, double value, bool up) {
  APFloat number(value);
  bool isInexact;
  number.convert(type.getFloatSemantics(),
                 up ? APFloat::rmTowardPositive : APFloat::rmTowardNegative,
                 &isInexact);
  return FloatAttr::get(type, number).getValueAsDouble();
}

static Value decompose(TensorBuilder &t, ir::UniformOp op) {
  RankedTensorType type = resultType(op);
  double low = op.getLow().convertToDouble(),
         high = op.getHigh().convertToDouble();
  Type wide = ir::computeType(type.getElementType());
  Value draw = drawUniform(t, op.getKey(), type.clone(wide), low, high);
  if (wide == type.getElementType())
    return draw;
  // Rounding must not reach `high`, nor leave the range below.
  auto element = cast<FloatType>(type.getElementType());
  double belowHigh =
      std::nextafter(high, -std::numeric_limits<double>::infinity());
  Value least = t.full(type, neighbour(element, low, /*up=*/true));
  Value most = t.full(type, neighbour(element, belowHigh, /*up=*/false));
  Value rounded = t.convert(draw, element);
  return t.make<ir::MinimumOp>(t.make<ir::MaximumOp>(rounded, least), most);
}

// sqrt(2) erf_inv(u), u uniform in (-1, 1)
static Value decompose(TensorBuilder &t, ir::NormalOp op) {
  RankedTensorType type = resultType(op);
  double low = type.getElementType().isF32()
                   ? double(std::nextafter(-1.0f, 0.0f))
                   : std::nextafter(-1.0, 0.0);
  Value u = drawUniform(t, op.getKey(), type, low, 1);
  return t.scale(t.make<ir::ErfInvOp>(u), std::numbers::sqrt2);
}

static Value decompose(TensorBuilder &t, ir::BernoulliOp op) {
  RankedTensorType type = resultType(op).clone(t.getF32Type());
  Value unit = drawUnit(t, op.getKey(), type);
  return t.less(unit, t.full(type, op.getProbability().convertToDouble()));
}

//===-- low precision -----------------------------------------------------===//

// An op that rounds once computes on wide operands and makes wide results,
// which are converted.
static void widen(Operation *op) {
  if (!op->hasTrait<ir::RoundsOnce>())
    return;
  OpBuilder b(op);
  TensorBuilder before(b, op->getLoc());
  for (OpOperand &operand : op->getOpOperands()) {
    Type element = ir::tensorType(operand.get()).getElementType();
    operand.set(before.convert(operand.get(), ir::computeType(element)));
  }
  b.setInsertionPointAfter(op);
  TensorBuilder after(b, op->getLoc());
  for (OpResult result : op->getResults()) {
    RankedTensorType type = ir::tensorType(result);
    Type wide = ir::computeType(type.getElementType());
    if (wide == type.getElementType())
      continue;
    result.setType(type.clone(wide));
    Value rounded = after.convert(result, type.getElementType());
    result.replaceAllUsesExcept(rounded, rounded.getDefiningOp());
  }
}

//===-- the pass ----------------------------------------------------------===//

namespace {

template <class OpT> struct Expand : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &b) const override {
    TensorBuilder t(b, op.getLoc());
    b.replaceOp(op, decompose(t, op));
    return success();
  }
};

struct ExpandSplit : OpRewritePattern<ir::SplitOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ir::SplitOp op,
                                PatternRewriter &b) const override {
    TensorBuilder t(b, op.getLoc());
    SmallVector<Value> pieces;
    int64_t start = 0;
    for (int64_t size : op.getSizes()) {
      pieces.push_back(t.slice(op.getX(), op.getAxis(), start, start + size));
      start += size;
    }
    b.replaceOp(op, pieces);
    return success();
  }
};

struct Decompose : passes::impl::DecomposeBase<Decompose> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    set.add<Expand<ir::MeanOp>, Expand<ir::SoftmaxOp>, Expand<ir::LogSoftmaxOp>,
            Expand<ir::LogsumexpOp>, Expand<ir::OneHotOp>, Expand<ir::FoldInOp>,
            Expand<ir::SplitKeyOp>, Expand<ir::AttentionOp>,
            Expand<ir::RandomBitsOp>, Expand<ir::UniformOp>,
            Expand<ir::NormalOp>, Expand<ir::BernoulliOp>, ExpandSplit>(
        context);
    patterns = std::move(set);
    return success();
  }
  // Nothing that is made needs another look: one walk, linear.
  void runOnOperation() override {
    getOperation()->walk(widen);
    walkAndApplyPatterns(getOperation(), patterns);
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
