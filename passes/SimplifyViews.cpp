// SimplifyViews.cpp - views of views, and views that move: up to the arguments,
// where a kernel reads through them, but not between a contraction or reduction
// and its epilogue.
#include "SimplifyRules.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace needle::passes::simplify {
namespace {

using Dims = ArrayRef<int64_t>;

Dims shapeOf(Value value) { return ir::tensorType(value).getShape(); }

/// Whether elementwise ops lead from a contraction or reduction to `value`, so
/// that its kernel is theirs. Looks at a few ops only.
bool isEpilogue(Value value) {
  constexpr size_t maxLooks = 16;
  SmallVector<Value, maxLooks> open = {value};
  for (size_t next = 0; next < open.size() && next < maxLooks; ++next) {
    Operation *maker = open[next].getDefiningOp();
    if (!maker)
      continue;
    if (isa<ir::ContractionOpInterface, ir::ReductionOpInterface>(maker))
      return true;
    if (isa<ir::ElementwiseOpInterface>(maker))
      open.append(maker->operand_begin(), maker->operand_end());
  }
  return false;
}

/// `op` with other operands and the shape of those.
Value remake(Operation *op, ValueRange operands, OpBuilder &b) {
  auto type = ir::tensorType(op->getResult(0));
  Operation *made = b.clone(*op);
  made->setOperands(operands);
  made->getResult(0).setType(type.clone(shapeOf(operands.front())));
  return made->getResult(0);
}

Value reshape(OpBuilder &b, Location loc, Value x, Dims shape) {
  auto type = ir::tensorType(x);
  if (type.getShape() == shape)
    return x;
  return ir::ReshapeOp::create(b, loc, type.clone(shape), x);
}

// ---- views of views ---------------------------------------------------------

Value compose(ir::ReshapeOp op, OpBuilder &b, Location loc) {
  if (auto inner = op.getX().getDefiningOp<ir::ReshapeOp>())
    return ir::ReshapeOp::create(b, loc, op.getResult().getType(),
                                 inner.getX());
  if (op.getX().getDefiningOp<ir::LinearIndexOp>())
    return ir::LinearIndexOp::create(b, loc, op.getResult().getType());
  return {};
}

Value compose(ir::BroadcastToOp op, OpBuilder &b, Location loc) {
  if (op.getContiguousOffset()) // adds axes of one element
    return ir::ReshapeOp::create(b, loc, op.getResult().getType(), op.getX());
  if (auto inner = op.getX().getDefiningOp<ir::BroadcastToOp>())
    return ir::BroadcastToOp::create(b, loc, op.getResult().getType(),
                                     inner.getX());
  return {};
}

Value compose(ir::TransposeOp op, OpBuilder &b, Location loc) {
  if (op.getContiguousOffset()) // moves axes of one element only
    return ir::ReshapeOp::create(b, loc, op.getResult().getType(), op.getX());
  auto inner = op.getX().getDefiningOp<ir::TransposeOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> permutation;
  for (int64_t axis : op.getPermutation())
    permutation.push_back(inner.getPermutation()[axis]);
  return ir::TransposeOp::create(b, loc, inner.getX(), permutation);
}

Value compose(ir::SliceOp op, OpBuilder &b, Location loc) {
  auto inner = op.getX().getDefiningOp<ir::SliceOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> start, stop, step;
  for (auto [axis, size] : llvm::enumerate(shapeOf(op.getResult()))) {
    int64_t innerStep = inner.getStep()[axis];
    // Of nothing: where it starts may lie behind x when counted in x's steps.
    start.push_back(
        size ? inner.getStart()[axis] + op.getStart()[axis] * innerStep : 0);
    step.push_back(op.getStep()[axis] * innerStep);
    stop.push_back(size ? start.back() + (size - 1) * step.back() + 1 : 0);
  }
  return ir::SliceOp::create(b, loc, inner.getX(), start, stop, step);
}

// The part of one piece of a concatenation needs no other piece.
Value sliceOfConcat(ir::SliceOp op, OpBuilder &b, Location loc) {
  auto concat = op.getX().getDefiningOp<ir::ConcatOp>();
  if (!concat || shapeOf(op.getResult())[concat.getAxis()] == 0)
    return {};
  int64_t axis = concat.getAxis();
  SmallVector<int64_t> start(op.getStart()), stop(op.getStop());
  for (Value piece : concat.getXs()) {
    int64_t size = shapeOf(piece)[axis];
    if (start[axis] < size)
      return stop[axis] <= size ? Value(ir::SliceOp::create(
                                      b, loc, piece, start, stop, op.getStep()))
                                : Value();
    start[axis] -= size;
    stop[axis] -= size;
  }
  return {};
}

Value ofIndexSource(ir::ViewOpInterface view, OpBuilder &b, Location loc) {
  auto source = view->getOperand(0).getDefiningOp<ir::IndexSourceOpInterface>();
  AffineMap map = source ? view.getIndexMap() : AffineMap();
  if (!map)
    return {};
  return source.buildThroughMap(b, loc, ir::tensorType(view->getResult(0)),
                                map);
}

// ---- views that move --------------------------------------------------------

/// The elementwise op whose only use is a view of it that should move before
/// it; null when there is none.
Operation *movableOver(Value value) {
  Operation *maker = value.getDefiningOp();
  return maker && isa<ir::ElementwiseOpInterface>(maker) && value.hasOneUse() &&
                 !isEpilogue(value)
             ? maker
             : nullptr;
}

// view(f(x, y)) = f(view(x), view(y)) for views that show every element once.
Value moveUp(Operation *view, OpBuilder &b, Location loc) {
  Operation *maker = movableOver(view->getOperand(0));
  if (!maker)
    return {};
  SmallVector<Value> operands;
  for (Value operand : maker->getOperands()) {
    Operation *moved = b.clone(*view);
    moved->setLoc(loc);
    moved->setOperand(0, operand);
    auto from = ir::tensorType(operand);
    moved->getResult(0).setType(from.clone(shapeOf(view->getResult(0))));
    operands.push_back(moved->getResult(0));
  }
  return remake(maker, operands, b);
}

// f(reshape(a), y) = reshape(f(a, reshape(y))) when a comes out of a kernel
// that f can be part of.
Value moveReshapeDown(Operation *op, OpBuilder &b, Location loc) {
  ir::ReshapeOp anchor;
  for (Value operand : op->getOperands()) {
    auto inner = operand.getDefiningOp<ir::ReshapeOp>();
    bool fromEpilogue = inner && isEpilogue(inner.getX());
    if (fromEpilogue && !anchor && operand.hasOneUse())
      anchor = inner;
    else if (fromEpilogue
                 ? !anchor || shapeOf(inner.getX()) != shapeOf(anchor.getX())
                 : isEpilogue(operand))
      return {};
  }
  if (!anchor)
    return {};
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(operand == anchor.getResult()
                           ? anchor.getX()
                           : reshape(b, loc, operand, shapeOf(anchor.getX())));
  return reshape(b, anchor.getLoc(), remake(op, operands, b),
                 shapeOf(op->getResult(0)));
}

// f(broadcast(x), broadcast(y)) = broadcast(f(x, y)): fewer elements.
Value moveBroadcastDown(Operation *op, OpBuilder &b, Location loc) {
  ir::BroadcastToOp first;
  for (Value operand : op->getOperands()) {
    if (operand.getDefiningOp<ir::FullOp>())
      continue;
    auto broadcast = operand.getDefiningOp<ir::BroadcastToOp>();
    if (!broadcast ||
        (first && shapeOf(broadcast.getX()) != shapeOf(first.getX())))
      return {};
    first = broadcast;
  }
  if (!first)
    return {};
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (auto broadcast = operand.getDefiningOp<ir::BroadcastToOp>()) {
      operands.push_back(broadcast.getX());
      continue;
    }
    auto type = ir::tensorType(operand).clone(shapeOf(first.getX()));
    auto number = operand.getDefiningOp<ir::FullOp>();
    operands.push_back(
        ir::FullOp::create(b, number.getLoc(), type, number.getValue()));
  }
  return ir::BroadcastToOp::create(b, loc, op->getResult(0).getType(),
                                   remake(op, operands, b));
}

} // namespace

Value simplifyViews(Operation *op, OpBuilder &b, Location loc) {
  if (isa<ir::ElementwiseOpInterface>(op)) {
    if (Value value = moveBroadcastDown(op, b, loc))
      return value;
    return moveReshapeDown(op, b, loc);
  }
  auto view = dyn_cast<ir::ViewOpInterface>(op);
  if (!view)
    return {};
  if (Value value = ofIndexSource(view, b, loc))
    return value;
  Value composed =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case<ir::ReshapeOp, ir::BroadcastToOp, ir::TransposeOp, ir::SliceOp>(
              [&](auto typed) { return compose(typed, b, loc); })
          .Default([](Operation *) { return Value(); });
  if (composed)
    return composed;
  if (auto slice = dyn_cast<ir::SliceOp>(op))
    return sliceOfConcat(slice, b, loc);
  return isa<ir::ReshapeOp, ir::TransposeOp>(op) ? moveUp(op, b, loc) : Value();
}

} // namespace needle::passes::simplify
