// Elementwise.cpp - what scalar bodies are built of, and folders.
#include "needle/ir/Elementwise.h"
#include "needle/ir/ElementTypes.h"
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace needle::ir {

bool isFloat(Value x) {
  return isa<FloatType>(getElementTypeOrSelf(x.getType()));
}

/// `element`, or a vector of it where `x` is one.
static Type withElement(Value x, Type element) {
  auto vector = dyn_cast<VectorType>(x.getType());
  return vector ? Type(vector.clone(element)) : element;
}

/// `value` as a constant of `type`.
static Value constantOf(OpBuilder &b, Location loc, Type type,
                        TypedAttr value) {
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, Attribute(value));
  return arith::ConstantOp::create(b, loc, value);
}

Value integer(OpBuilder &b, Location loc, Type type, int64_t value) {
  Type element = getElementTypeOrSelf(type);
  if (isa<FloatType>(element))
    return number(b, loc, type, double(value));
  // Implicit truncation: 1 is true, and int32 takes the low word.
  APInt bits(element.getIntOrFloatBitWidth(), uint64_t(value),
             /*isSigned=*/false, /*implicitTrunc=*/true);
  return constantOf(b, loc, type, IntegerAttr::get(element, bits));
}

Value number(OpBuilder &b, Location loc, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  if (!isa<FloatType>(element))
    return integer(b, loc, type, int64_t(value));
  return constantOf(b, loc, type, FloatAttr::get(element, value));
}

/// Float to a signed integer: NaN is 0, values outside clamp to the ends.
static Value truncateToInteger(OpBuilder &b, Location loc, Value x, Type type) {
  unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  double end = width == 32 ? 0x1p31 : 0x1p63;
  Value low = number(b, loc, x.getType(), -end);
  Value high = number(b, loc, x.getType(), end);
  auto test = [&](arith::CmpFPredicate predicate, Value bound) -> Value {
    return arith::CmpFOp::create(b, loc, predicate, x, bound);
  };
  Value belowHigh = test(arith::CmpFPredicate::OLT, high);
  Value aboveLow = test(arith::CmpFPredicate::OGE, low);
  // fptosi of what does not fit is poison: such elements convert 0 instead.
  Value fits = arith::AndIOp::create(b, loc, belowHigh, aboveLow);
  Value safe =
      arith::SelectOp::create(b, loc, fits, x, number(b, loc, x.getType(), 0));
  Value result = arith::FPToSIOp::create(b, loc, type, safe);
  int64_t least = width == 32 ? INT32_MIN : INT64_MIN;
  int64_t most = width == 32 ? INT32_MAX : INT64_MAX;
  result = arith::SelectOp::create(b, loc, test(arith::CmpFPredicate::OLT, low),
                                   integer(b, loc, type, least), result);
  return arith::SelectOp::create(b, loc, test(arith::CmpFPredicate::OGE, high),
                                 integer(b, loc, type, most), result);
}

Value buildConvert(OpBuilder &b, Location loc, Value x, Type element) {
  Type from = getElementTypeOrSelf(x.getType());
  Type type = withElement(x, element);
  if (from == element)
    return x;
  unsigned fromWidth = from.getIntOrFloatBitWidth();
  unsigned width = element.getIntOrFloatBitWidth();
  if (isa<FloatType>(from)) {
    if (isa<FloatType>(element) && width > fromWidth)
      return arith::ExtFOp::create(b, loc, type, x);
    if (isa<FloatType>(element))
      return buildRound(b, loc, x, element);
    if (width == 1)
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x,
                                   number(b, loc, x.getType(), 0));
    return truncateToInteger(b, loc, x, type);
  }
  if (isa<FloatType>(element)) {
    if (fromWidth == 1)
      return arith::UIToFPOp::create(b, loc, type, x);
    return arith::SIToFPOp::create(b, loc, type, x);
  }
  if (width == 1)
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x,
                                 integer(b, loc, x.getType(), 0));
  if (fromWidth == 1)
    return arith::ExtUIOp::create(b, loc, type, x);
  if (width > fromWidth)
    return arith::ExtSIOp::create(b, loc, type, x);
  return arith::TruncIOp::create(b, loc, type, x);
}

Value buildRound(OpBuilder &b, Location loc, Value x, Type element) {
  Type type = withElement(x, element);
  if (x.getType() == type)
    return x;
  return arith::TruncFOp::create(b, loc, type, x);
}

Value buildWiden(OpBuilder &b, Location loc, Value x) {
  Type type = withElement(x, computeType(getElementTypeOrSelf(x.getType())));
  if (x.getType() == type)
    return x;
  return arith::ExtFOp::create(b, loc, type, x);
}

Value buildRounded(OpBuilder &b, ElementwiseOpInterface op, ValueRange x) {
  Location loc = op->getLoc();
  Value result = op.buildScalar(b, loc, x);
  Type element = tensorType(op->getResult(0)).getElementType();
  if (!isLowPrecision(element))
    return result;
  return buildWiden(b, loc, buildRound(b, loc, result, element));
}

Value buildElement(OpBuilder &b, ElementwiseOpInterface op, ValueRange x) {
  Location loc = op->getLoc();
  SmallVector<Value> wide;
  for (Value value : x)
    wide.push_back(buildWiden(b, loc, value));
  Value result = op.buildScalar(b, loc, wide);
  Type element = tensorType(op->getResult(0)).getElementType();
  return isLowPrecision(element) ? buildRound(b, loc, result, element) : result;
}

// ---- types
// -------------------------------------------------------------------

static LogicalResult inferComparison(MaybeLocation loc, StringRef op,
                                     ValueRange operands,
                                     SmallVectorImpl<Type> &types) {
  auto tensors = staticTensors(loc, op, operands);
  if (failed(tensors))
    return failure();
  RankedTensorType type = tensors->front();
  return append(loc, op, rules::checked(dims(type)),
                IntegerType::get(type.getContext(), 1), type, types);
}

#define NEEDLE_COMPARISON(OP)                                                  \
  LogicalResult OP::inferReturnTypes(                                          \
      MLIRContext *, MaybeLocation loc, ValueRange operands, DictionaryAttr,   \
      OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {           \
    return inferComparison(loc, getOperationName(), operands, types);          \
  }
NEEDLE_COMPARISON(EqualOp)
NEEDLE_COMPARISON(NotEqualOp)
NEEDLE_COMPARISON(LessOp)
NEEDLE_COMPARISON(LessEqualOp)
NEEDLE_COMPARISON(GreaterOp)
NEEDLE_COMPARISON(GreaterEqualOp)
#undef NEEDLE_COMPARISON

// ---- folders: only what is exact for NaN, infinities and -0 ----------------

/// The neutral element of addition: x + -0.0 is x, but -0.0 + 0.0 is 0.0.
static double additiveZero(Value x) { return isFloat(x) ? -0.0 : 0.0; }

OpFoldResult AddOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), additiveZero(getRhs())))
    return getLhs();
  if (isSplat(operands.getLhs(), additiveZero(getLhs())))
    return getRhs();
  return {};
}

OpFoldResult SubOp::fold(FoldAdaptor operands) {
  return isSplat(operands.getRhs(), 0.0) ? OpFoldResult(getLhs()) : nullptr;
}

OpFoldResult MulOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getRhs(), 1))
    return getLhs();
  if (isSplat(operands.getLhs(), 1))
    return getRhs();
  return {};
}

OpFoldResult DivOp::fold(FoldAdaptor operands) {
  return isSplat(operands.getRhs(), 1) ? OpFoldResult(getLhs()) : nullptr;
}

// neg(neg(x)) = x
OpFoldResult NegOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<NegOp>();
  return inner ? OpFoldResult(inner.getX()) : nullptr;
}

// not(not(x)) = x
OpFoldResult NotOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<NotOp>();
  return inner ? OpFoldResult(inner.getX()) : nullptr;
}

OpFoldResult WhereOp::fold(FoldAdaptor operands) {
  if (isSplat(operands.getCondition(), 1) || getX() == getY())
    return getX();
  if (isSplat(operands.getCondition(), 0))
    return getY();
  return {};
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : nullptr;
}

} // namespace needle::ir
