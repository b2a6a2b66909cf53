// SimplifyAlgebra.cpp - rewrites of arithmetic that keep IEEE results: for NaN,
// infinities and -0, too. Sums of equal numbers round once, not once per
// number.
#include "SimplifyRules.h"

#include "needle/ir/ElementTypes.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace needle::passes::simplify {

std::optional<double> splatOf(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().convertToDouble();
  APInt number = elements.getSplatValue<APInt>();
  if (number.getBitWidth() == 1)
    return number.getBoolValue();
  constexpr int64_t exact = int64_t(1) << 53; // further up doubles have gaps
  int64_t signedNumber = number.getSExtValue();
  if (signedNumber < -exact || signedNumber > exact)
    return std::nullopt;
  return signedNumber;
}

Value full(OpBuilder &b, Location loc, RankedTensorType type, double number) {
  Attribute value = b.getF64FloatAttr(number);
  if (!isa<FloatType>(type.getElementType()))
    value = b.getI64IntegerAttr(number);
  return ir::FullOp::create(b, loc, type, value);
}

namespace {

/// x of neg(x), else null.
Value negated(Value value) {
  auto neg = value.getDefiningOp<ir::NegOp>();
  return neg ? neg.getX() : Value();
}

Value simplify(ir::AddOp op, OpBuilder &b, Location loc) {
  if (Value y = negated(op.getRhs()))
    return ir::SubOp::create(b, loc, op.getLhs(), y);
  if (Value x = negated(op.getLhs()))
    return ir::SubOp::create(b, loc, op.getRhs(), x);
  return {};
}

Value simplify(ir::SubOp op, OpBuilder &b, Location loc) {
  if (Value y = negated(op.getRhs()))
    return ir::AddOp::create(b, loc, op.getLhs(), y);
  return {};
}

Value simplify(ir::MulOp op, OpBuilder &b, Location loc) {
  auto type = ir::tensorType(op.getResult());
  Value x = negated(op.getLhs()), y = negated(op.getRhs());
  if (x && y)
    return ir::MulOp::create(b, loc, x, y);
  std::optional<double> rhs = splatOf(op.getRhs());
  if (rhs == -1.0)
    return ir::NegOp::create(b, loc, op.getLhs());
  if (x && rhs)
    return ir::MulOp::create(b, loc, x, full(b, loc, type, -*rhs));
  return {};
}

// Powers that are correctly rounded products, quotients and roots; x^(-1/2) and
// x^3 round once more than pow. pow(-0, 1/2) and pow(-inf, 1/2) are not what
// sqrt gives.
Value simplify(ir::PowOp op, OpBuilder &b, Location loc) {
  auto type = ir::tensorType(op.getResult());
  std::optional<double> power = splatOf(op.getRhs());
  Value x = op.getLhs();
  if (power == 0.0)
    return full(b, loc, type, 1);
  if (power == 1.0)
    return x;
  if (power == 2.0)
    return ir::SquareOp::create(b, loc, x);
  // In low precision the square would be rounded, which pow is not.
  if (power == 3.0 && !ir::isLowPrecision(type.getElementType()))
    return ir::MulOp::create(b, loc, ir::SquareOp::create(b, loc, x), x);
  if (power == -1.0)
    return ir::DivOp::create(b, loc, full(b, loc, type, 1), x);
  return {};
}

// A power of two has an exact reciprocal, if that is no subnormal number.
Value simplify(ir::DivOp op, OpBuilder &b, Location loc) {
  auto type = ir::tensorType(op.getResult());
  Value x = negated(op.getLhs()), y = negated(op.getRhs());
  if (x && y)
    return ir::DivOp::create(b, loc, x, y);
  std::optional<double> divisor = splatOf(op.getRhs());
  int exponent;
  if (!divisor || std::abs(std::frexp(*divisor, &exponent)) != 0.5)
    return {};
  auto element = cast<FloatType>(type.getElementType());
  int least = APFloat::semanticsMinExponent(element.getFloatSemantics());
  if (std::abs(exponent) > -least - 2)
    return {};
  return ir::MulOp::create(b, loc, op.getLhs(),
                           full(b, loc, type, 1 / *divisor));
}

Value simplify(ir::SquareOp op, OpBuilder &b, Location loc) {
  if (Value x = negated(op.getX()))
    return ir::SquareOp::create(b, loc, x);
  if (auto abs = op.getX().getDefiningOp<ir::AbsOp>())
    return ir::SquareOp::create(b, loc, abs.getX());
  return {};
}

Value simplify(ir::AbsOp op, OpBuilder &b, Location loc) {
  if (Value x = negated(op.getX()))
    return ir::AbsOp::create(b, loc, x);
  return op.getX().getDefiningOp<ir::AbsOp>() ? op.getX() : Value();
}

Value simplify(ir::ReluOp op, OpBuilder &, Location) {
  return op.getX().getDefiningOp<ir::ReluOp>() ? op.getX() : Value();
}

Value simplify(ir::NotOp op, OpBuilder &b, Location loc) {
  // Not so for <, >=: both are false for NaN.
  if (auto equal = op.getX().getDefiningOp<ir::EqualOp>())
    return ir::NotEqualOp::create(b, loc, equal.getLhs(), equal.getRhs());
  if (auto differ = op.getX().getDefiningOp<ir::NotEqualOp>())
    return ir::EqualOp::create(b, loc, differ.getLhs(), differ.getRhs());
  return {};
}

Value simplify(ir::WhereOp op, OpBuilder &b, Location loc) {
  if (auto inverse = op.getCondition().getDefiningOp<ir::NotOp>())
    return ir::WhereOp::create(b, loc, op.getResult().getType(), inverse.getX(),
                               op.getY(), op.getX());
  return {};
}

/// Whether every number of type `from` is one of type `to`.
bool isExact(Type from, Type to) {
  if (from.isInteger(1) || from == to)
    return true;
  return (from.isInteger(32) && (to.isInteger(64) || to.isF64())) ||
         (from.isF32() && to.isF64()) ||
         (from.isBF16() && (to.isF32() || to.isF64()));
}

Value simplify(ir::ConvertOp op, OpBuilder &b, Location loc) {
  auto inner = op.getX().getDefiningOp<ir::ConvertOp>();
  if (!inner)
    return {};
  auto from = ir::tensorType(inner.getX());
  auto middle = ir::tensorType(inner.getResult());
  if (!isExact(from.getElementType(), middle.getElementType()))
    return {};
  if (from == op.getResult().getType())
    return inner.getX();
  return ir::ConvertOp::create(b, loc, op.getResult().getType(), inner.getX());
}

/// The product of the sizes of `axes` of `shape`.
int64_t countOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shape[axis];
  return count;
}

// sum_A broadcast(x) = n broadcast(sum_B x): the n repetitions along A are a
// factor, B are those axes of A that x really has.
Value sumOfBroadcast(ir::SumOp op, ir::BroadcastToOp inner, OpBuilder &b,
                     Location loc) {
  Value x = inner.getX();
  auto from = ir::tensorType(x), to = ir::tensorType(inner.getResult());
  int64_t added = to.getRank() - from.getRank();
  auto isRepeated = [&](int64_t axis) {
    return axis < added || from.getDimSize(axis - added) != to.getDimSize(axis);
  };
  SmallVector<int64_t> repeated, summed;
  for (int64_t axis : op.getAxes())
    if (isRepeated(axis))
      repeated.push_back(axis);
    else
      summed.push_back(axis - added);
  int64_t count = countOf(to.getShape(), repeated);
  if (repeated.empty() || count == 0)
    return {};
  if (!summed.empty())
    x = ir::SumOp::create(b, loc, x, summed, /*keep_dims=*/true);
  auto type = ir::tensorType(x);
  x = ir::MulOp::create(b, loc, x, full(b, loc, type, count));
  SmallVector<int64_t> shape;
  for (int64_t axis = 0; axis < to.getRank(); ++axis)
    if (op.getKeepDims() || !llvm::is_contained(op.getAxes(), axis))
      shape.push_back(axis < added ? 1 : type.getDimSize(axis - added));
  x = ir::ReshapeOp::create(b, loc, type.clone(shape), x);
  return ir::BroadcastToOp::create(b, loc, op.getResult().getType(), x);
}

Value simplify(ir::SumOp op, OpBuilder &b, Location loc) {
  if (auto inner = op.getX().getDefiningOp<ir::BroadcastToOp>())
    return sumOfBroadcast(op, inner, b, loc);
  std::optional<double> number = splatOf(op.getX());
  if (!number)
    return {};
  auto type = ir::tensorType(op.getResult());
  double count = countOf(ir::tensorType(op.getX()).getShape(), op.getAxes());
  bool isFloat = isa<FloatType>(type.getElementType());
  if (!isFloat && std::abs(*number * count) > 1e9) // may wrap around
    return {};
  return full(b, loc, type, count ? *number * count : 0);
}

// A reduction over axes of one element moves nothing.
Value reductionOfOne(ir::ReductionOpInterface op, OpBuilder &b, Location loc) {
  Value x = op->getOperand(0), result = op->getResult(0);
  auto from = ir::tensorType(x), to = ir::tensorType(result);
  if (countOf(from.getShape(), op.getReducedAxes()) != 1 ||
      from.getElementType() != to.getElementType())
    return {};
  return ir::ReshapeOp::create(b, loc, to, x);
}

} // namespace

Value simplifyAlgebra(Operation *op, OpBuilder &b, Location loc) {
  if (auto reduction = dyn_cast<ir::ReductionOpInterface>(op))
    if (Value value = reductionOfOne(reduction, b, loc))
      return value;
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<ir::AddOp, ir::SubOp, ir::MulOp, ir::DivOp, ir::PowOp, ir::SquareOp,
            ir::AbsOp, ir::ReluOp, ir::NotOp, ir::WhereOp, ir::ConvertOp,
            ir::SumOp>([&](auto typed) { return simplify(typed, b, loc); })
      .Default([](Operation *) { return Value(); });
}

} // namespace needle::passes::simplify
