// Shape.cpp - gradient rules of ops that move elements.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

static Value reshapeVjp(TensorBuilder &t, ir::ReshapeOp op, Value g) {
  return t.reshape(g, t.shapeOf(op.getX()));
}

// The one place that sums what broadcasting has repeated.
static Value broadcastToVjp(TensorBuilder &t, ir::BroadcastToOp op, Value g) {
  return t.sumTo(g, t.shapeOf(op.getX()));
}

static Value transposeVjp(TensorBuilder &t, ir::TransposeOp op, Value g) {
  SmallVector<int64_t> inverse(op.getPermutation().size());
  for (auto [to, from] : llvm::enumerate(op.getPermutation()))
    inverse[from] = to;
  return t.make<ir::TransposeOp>(g, inverse);
}

// Each element goes back to its place among zeros.
static Value sliceVjp(TensorBuilder &t, ir::SliceOp op, Value g) {
  TensorBuilder::Dims shape = t.shapeOf(op.getX()), taken = t.shapeOf(g);
  SmallVector<int64_t> low, high, interior;
  for (auto [size, count, start, step] :
       llvm::zip(shape, taken, op.getStart(), op.getStep())) {
    int64_t first = count ? start : 0;
    int64_t end = count ? start + (count - 1) * step + 1 : 0;
    low.push_back(first);
    high.push_back(size - end);
    interior.push_back(step - 1);
  }
  return t.make<ir::PadOp>(g, low, high, interior, APFloat(0.0));
}

static Value padVjp(TensorBuilder &t, ir::PadOp op, Value g) {
  SmallVector<int64_t> start, stop, step;
  for (auto [size, low, interior] :
       llvm::zip(t.shapeOf(op.getX()), op.getLow(), op.getInterior())) {
    start.push_back(low);
    step.push_back(interior + 1);
    stop.push_back(size ? low + (size - 1) * (interior + 1) + 1 : low);
  }
  return t.make<ir::SliceOp>(g, start, stop, step);
}

static Values concatVjp(TensorBuilder &t, ir::ConcatOp op, Cotangents g,
                        const Wanted &wanted) {
  Values pieces;
  int64_t axis = op.getAxis(), start = 0;
  for (auto [i, x] : llvm::enumerate(op.getXs())) {
    int64_t stop = start + t.shapeOf(x)[axis];
    pieces.push_back(wanted[i] ? t.slice(g[0], axis, start, stop) : Value());
    start = stop;
  }
  return pieces;
}

static Values splitVjp(TensorBuilder &t, ir::SplitOp op, Cotangents g,
                       const Wanted &) {
  int64_t axis = op.getAxis();
  ArrayRef<int64_t> sizes = op.getSizes();
  // One piece alone: zeros around it.
  if (llvm::count_if(g, [](Value x) { return bool(x); }) == 1) {
    size_t i = std::distance(g.begin(),
                             llvm::find_if(g, [](Value x) { return bool(x); }));
    auto sum = [](ArrayRef<int64_t> part) {
      return std::accumulate(part.begin(), part.end(), int64_t(0));
    };
    return {t.pad(g[i], axis, sum(sizes.take_front(i)),
                  sum(sizes.drop_front(i + 1)))};
  }
  Values pieces(g);
  for (auto [piece, result] : llvm::zip(pieces, op.getPieces()))
    if (!piece)
      piece = t.zeros(result.getType());
  return {t.make<ir::ConcatOp>(pieces, axis)};
}

void passes::attachShapeGradients(MLIRContext &context) {
  attach<ir::ReshapeOp, reshapeVjp>(context);
  attach<ir::BroadcastToOp, broadcastToVjp>(context);
  attach<ir::TransposeOp, transposeVjp>(context);
  attach<ir::SliceOp, sliceVjp>(context);
  attach<ir::PadOp, padVjp>(context);
  attach<ir::ConcatOp, concatVjp>(context);
  attach<ir::SplitOp, splitVjp>(context);
}
