// Reduce.cpp - types, combinations and folders of the reductions.
#include "needle/ir/Elementwise.h"
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace needle::ir {

/// The type of reducing `x` along `axes`; all ops with `axes` and `keep_dims`.
template <class Op>
static LogicalResult inferReduction(MaybeLocation loc, ValueRange operands,
                                    DictionaryAttr attributes,
                                    OpaqueProperties properties,
                                    SmallVectorImpl<Type> &types) {
  typename Op::Properties parsed;
  properties =
      propertiesOf(properties, attributes, parsed, Op::setPropertiesFromAttr);
  typename Op::Adaptor adaptor(operands, attributes, properties);
  auto tensors = staticTensors(loc, Op::getOperationName(), operands);
  if (failed(tensors) || (loc && failed(adaptor.verify(*loc))))
    return failure();
  RankedTensorType x = tensors->front();
  auto &values = *properties.as<typename Op::Properties *>();
  bool keepDims = values.keep_dims && values.keep_dims.getValue();
  return append(loc, Op::getOperationName(),
                rules::reduce(dims(x), values.axes.asArrayRef(), keepDims),
                x.getElementType(), x, types);
}

/// The type of an index along `axis`.
template <class Op>
static LogicalResult
inferIndex(MaybeLocation loc, ValueRange operands, DictionaryAttr attributes,
           OpaqueProperties properties, SmallVectorImpl<Type> &types) {
  typename Op::Properties parsed;
  properties =
      propertiesOf(properties, attributes, parsed, Op::setPropertiesFromAttr);
  typename Op::Adaptor adaptor(operands, attributes, properties);
  auto tensors = staticTensors(loc, Op::getOperationName(), operands);
  if (failed(tensors) || (loc && failed(adaptor.verify(*loc))))
    return failure();
  RankedTensorType x = tensors->front();
  auto &values = *properties.as<typename Op::Properties *>();
  int64_t axis = values.axis.getInt();
  bool keepDims = values.keep_dims && values.keep_dims.getValue();
  rules::Inferred shape;
  shape.error = axisError(axis, x.getRank());
  if (shape.ok())
    shape = rules::reduce(dims(x), Dims(&axis, 1), keepDims);
  return append(loc, Op::getOperationName(), shape,
                IntegerType::get(x.getContext(), 64), x, types);
}

#define NEEDLE_INFER(OP, RULE)                                                 \
  LogicalResult OP::inferReturnTypes(                                          \
      MLIRContext *, MaybeLocation loc, ValueRange operands,                   \
      DictionaryAttr attributes, OpaqueProperties properties, RegionRange,     \
      SmallVectorImpl<Type> &types) {                                          \
    return RULE<OP>(loc, operands, attributes, properties, types);             \
  }
NEEDLE_INFER(SumOp, inferReduction)
NEEDLE_INFER(MaxOp, inferReduction)
NEEDLE_INFER(MinOp, inferReduction)
NEEDLE_INFER(MeanOp, inferReduction)
NEEDLE_INFER(LogsumexpOp, inferReduction)
NEEDLE_INFER(ArgmaxOp, inferIndex)
NEEDLE_INFER(ArgminOp, inferIndex)
#undef NEEDLE_INFER

// ---- verifiers
// ---------------------------------------------------------------

template <class Op> static LogicalResult verifyNotEmpty(Op op) {
  RankedTensorType x = tensorType(op.getX());
  int64_t axis = op.getAxis(); // in range: the inferred type says so
  if (x.getDimSize(axis) > 0)
    return success();
  return op.emitOpError() << "of no elements: axis " << axis << " of "
                          << text(x) << " is empty";
}
LogicalResult ArgmaxOp::verify() { return verifyNotEmpty(*this); }
LogicalResult ArgminOp::verify() { return verifyNotEmpty(*this); }

template <class Op> static LogicalResult verifyAxis(Op op) {
  std::string error = axisError(op.getAxis(), tensorType(op.getX()).getRank());
  return error.empty() ? success() : op.emitOpError() << error;
}
LogicalResult SoftmaxOp::verify() { return verifyAxis(*this); }
LogicalResult LogSoftmaxOp::verify() { return verifyAxis(*this); }

// ---- combinations
// ------------------------------------------------------------

ArrayRef<int64_t> SumOp::getReducedAxes() { return getAxes(); }
ArrayRef<int64_t> MaxOp::getReducedAxes() { return getAxes(); }
ArrayRef<int64_t> MinOp::getReducedAxes() { return getAxes(); }

Value SumOp::buildCombine(OpBuilder &b, Location loc, Value a, Value c) {
  if (isFloat(a))
    return arith::AddFOp::create(b, loc, a, c);
  return arith::AddIOp::create(b, loc, a, c);
}

// Of zeros of both signs either is the greatest: half the instructions.
constexpr auto anyZero = arith::FastMathFlags::nsz;

Value MaxOp::buildCombine(OpBuilder &b, Location loc, Value a, Value c) {
  if (isFloat(a))
    return arith::MaximumFOp::create(b, loc, a, c, anyZero);
  return arith::MaxSIOp::create(b, loc, a, c);
}

Value MinOp::buildCombine(OpBuilder &b, Location loc, Value a, Value c) {
  if (isFloat(a))
    return arith::MinimumFOp::create(b, loc, a, c, anyZero);
  return arith::MinSIOp::create(b, loc, a, c);
}

TypedAttr SumOp::getNeutral() {
  return Builder(getContext()).getZeroAttr(getType().getElementType());
}

/// The largest (or smallest) value of `type`.
static TypedAttr extreme(Type type, bool largest) {
  if (auto f = dyn_cast<FloatType>(type))
    return FloatAttr::get(
        type, APFloat::getInf(f.getFloatSemantics(), /*Negative=*/!largest));
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, largest ? APInt::getSignedMaxValue(width)
                                        : APInt::getSignedMinValue(width));
}
TypedAttr MaxOp::getNeutral() {
  return extreme(getType().getElementType(), /*largest=*/false);
}
TypedAttr MinOp::getNeutral() {
  return extreme(getType().getElementType(), /*largest=*/true);
}

// ---- folders: a reduction of no axes is its operand -------------------------

OpFoldResult SumOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getX()) : nullptr;
}
OpFoldResult MaxOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getX()) : nullptr;
}
OpFoldResult MinOp::fold(FoldAdaptor) {
  return getAxes().empty() ? OpFoldResult(getX()) : nullptr;
}

} // namespace needle::ir
