// Views.cpp - which index of its operand an op shows, or of itself it computes.
#include "needle/ir/Ops.h"

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace needle::ir;

namespace {

using Dims = ArrayRef<int64_t>;

/// The map from indices of `rank` dimensions to `exprs`.
AffineMap mapOf(int64_t rank, ArrayRef<AffineExpr> exprs,
                MLIRContext *context) {
  return AffineMap::get(rank, 0, exprs, context);
}

bool isEmpty(Dims shape) { return llvm::is_contained(shape, 0); }

/// The one way to write the index of an axis: d, but 0 where it has one
/// element.
AffineExpr indexOf(int64_t dimension, int64_t size, MLIRContext *context) {
  return size == 1 ? getAffineConstantExpr(0, context)
                   : getAffineDimExpr(dimension, context);
}

} // namespace

// ---- reshape ----------------------------------------------------------------

AffineMap ReshapeOp::getIndexMap() {
  Dims from = tensorType(getX()).getShape();
  Dims to = tensorType(getResult()).getShape();
  if (isEmpty(from))
    return {};
  // Axes of both sides are read together in the smallest groups of equal size;
  // an axis of x may be cut into several, but not the other way round: that
  // needs divisions.
  MLIRContext *context = getContext();
  SmallVector<AffineExpr> exprs;
  size_t next = 0;
  for (int64_t size : from) {
    AffineExpr index = getAffineConstantExpr(0, context);
    int64_t covered = 1;
    while (covered < size) {
      if (next == to.size() || size % (covered * to[next]))
        return {};
      index = index * to[next] + indexOf(next, to[next], context);
      covered *= to[next++];
    }
    exprs.push_back(index);
  }
  return mapOf(to.size(), exprs, context);
}

std::optional<int64_t> ReshapeOp::getContiguousOffset() { return 0; }

// ---- broadcast_to -----------------------------------------------------------

AffineMap BroadcastToOp::getIndexMap() {
  Dims from = tensorType(getX()).getShape();
  int64_t rank = tensorType(getResult()).getRank();
  SmallVector<AffineExpr> exprs;
  for (auto [axis, size] : llvm::enumerate(from))
    exprs.push_back(indexOf(rank - from.size() + axis, size, getContext()));
  return mapOf(rank, exprs, getContext());
}

std::optional<int64_t> BroadcastToOp::getContiguousOffset() {
  if (tensorType(getX()).getNumElements() ==
      tensorType(getResult()).getNumElements())
    return 0;
  return std::nullopt;
}

// ---- transpose --------------------------------------------------------------

AffineMap TransposeOp::getIndexMap() {
  Dims from = tensorType(getX()).getShape();
  SmallVector<AffineExpr> exprs(from.size());
  for (auto [dimension, axis] : llvm::enumerate(getPermutation()))
    exprs[axis] = indexOf(dimension, from[axis], getContext());
  return mapOf(from.size(), exprs, getContext());
}

std::optional<int64_t> TransposeOp::getContiguousOffset() {
  Dims from = tensorType(getX()).getShape();
  int64_t last = -1; // axis of more than one element
  for (int64_t axis : getPermutation()) {
    if (from[axis] == 1)
      continue;
    if (axis < last)
      return std::nullopt;
    last = axis;
  }
  return 0;
}

// ---- slice ------------------------------------------------------------------

AffineMap SliceOp::getIndexMap() {
  Dims to = tensorType(getResult()).getShape();
  SmallVector<AffineExpr> exprs;
  for (auto [axis, size] : llvm::enumerate(to))
    exprs.push_back(indexOf(axis, size, getContext()) * getStep()[axis] +
                    getStart()[axis]);
  return mapOf(to.size(), exprs, getContext());
}

std::optional<int64_t> SliceOp::getContiguousOffset() {
  Dims from = tensorType(getX()).getShape();
  Dims to = tensorType(getResult()).getShape();
  if (isEmpty(to))
    return 0;
  int64_t offset = 0, stride = 1;
  bool whole = true; // the axes after this one are taken whole
  for (int64_t axis = from.size() - 1; axis >= 0; --axis) {
    if (to[axis] != 1 && (!whole || getStep()[axis] != 1))
      return std::nullopt;
    whole &= to[axis] == from[axis];
    offset += getStart()[axis] * stride;
    stride *= from[axis];
  }
  return offset;
}

// ---- index sources ----------------------------------------------------------

Value FullOp::buildThroughMap(OpBuilder &b, Location loc, RankedTensorType type,
                              AffineMap) {
  return FullOp::create(b, loc, type, getValue());
}

Value IotaOp::buildThroughMap(OpBuilder &b, Location loc, RankedTensorType type,
                              AffineMap map) {
  AffineExpr index = map.getResult(getAxis());
  if (auto dimension = dyn_cast<AffineDimExpr>(index))
    return IotaOp::create(b, loc, type, dimension.getPosition());
  auto constant = dyn_cast<AffineConstantExpr>(index);
  if (!constant)
    return {};
  Attribute value = b.getI64IntegerAttr(constant.getValue());
  if (isa<FloatType>(type.getElementType()))
    value = b.getF64FloatAttr(constant.getValue());
  return FullOp::create(b, loc, type, value);
}

Value LinearIndexOp::buildThroughMap(OpBuilder &b, Location loc,
                                     RankedTensorType type, AffineMap map) {
  // The first size has no part in where an element is; the others have.
  auto inner = [](ArrayRef<int64_t> shape) {
    return shape.drop_front(std::min<size_t>(shape.size(), 1));
  };
  if (!map.isIdentity() ||
      inner(type.getShape()) != inner(tensorType(getResult()).getShape()))
    return {};
  return LinearIndexOp::create(b, loc, type);
}
