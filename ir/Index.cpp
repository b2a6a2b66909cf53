// Index.cpp - types and verifiers of the ops that are told where to read.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

using namespace mlir;

namespace needle::ir {

LogicalResult TakeOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                       ValueRange operands,
                                       DictionaryAttr attributes,
                                       OpaqueProperties properties, RegionRange,
                                       SmallVectorImpl<Type> &types) {
  Properties parsed;
  properties =
      propertiesOf(properties, attributes, parsed, setPropertiesFromAttr);
  Adaptor adaptor(operands, attributes, properties);
  auto tensors = staticTensors(loc, getOperationName(), operands);
  if (failed(tensors) || (loc && failed(adaptor.verify(*loc))))
    return failure();
  RankedTensorType x = (*tensors)[0], indices = (*tensors)[1];
  int64_t axis = adaptor.getAxis();
  rules::Inferred shape;
  shape.error = axisError(axis, x.getRank());
  if (shape.ok())
    shape = rules::take(dims(x), dims(indices), axis);
  return append(loc, getOperationName(), shape, x.getElementType(), x, types);
}

LogicalResult OneHotOp::verify() {
  if (int64_t(getDepth()) < 0)
    return emitOpError() << "depth " << int64_t(getDepth()) << " is negative";
  return verifyShape(*this,
                     rules::oneHot(dims(tensorType(getIndices())), getDepth()),
                     getType());
}

LogicalResult ScatterAddOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                             ValueRange operands,
                                             DictionaryAttr attributes,
                                             OpaqueProperties properties,
                                             RegionRange,
                                             SmallVectorImpl<Type> &types) {
  Properties parsed;
  properties =
      propertiesOf(properties, attributes, parsed, setPropertiesFromAttr);
  Adaptor adaptor(operands, attributes, properties);
  auto tensors = staticTensors(loc, getOperationName(), operands);
  if (failed(tensors) || (loc && failed(adaptor.verify(*loc))))
    return failure();
  RankedTensorType x = (*tensors)[0], indices = (*tensors)[1],
                   updates = (*tensors)[2];
  if (x.getElementType() != updates.getElementType())
    return emitOptionalError(
        loc, "'", getOperationName(), "' op element types differ: operand is ",
        x.getElementType(), ", updates are ", updates.getElementType());
  int64_t axis = adaptor.getAxis();
  rules::Inferred shape;
  shape.error = axisError(axis, x.getRank());
  if (shape.ok())
    shape = rules::scatterAdd(dims(x), dims(indices), dims(updates), axis);
  return append(loc, getOperationName(), shape, x.getElementType(), x, types);
}

} // namespace needle::ir
