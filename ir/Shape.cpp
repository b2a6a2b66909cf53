// Shape.cpp - types, verifiers and folders of the ops that move elements.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

using namespace mlir;

namespace needle::ir {

// ---- types
// -------------------------------------------------------------------

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  RankedTensorType x = tensors->front();
  return append(loc, getOperationName(),
                rules::transpose(dims(x), adaptor.getPermutation()),
                x.getElementType(), x, types);
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  RankedTensorType x = tensors->front();
  return append(loc, getOperationName(),
                rules::slice(dims(x), adaptor.getStart(), adaptor.getStop(),
                             adaptor.getStep()),
                x.getElementType(), x, types);
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  RankedTensorType x = tensors->front();
  return append(loc, getOperationName(),
                rules::pad(dims(x), adaptor.getLow(), adaptor.getHigh(),
                           adaptor.getInterior()),
                x.getElementType(), x, types);
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  if (tensors->empty())
    return emitOptionalError(loc, "'", getOperationName(),
                             "' op needs at least one operand");
  RankedTensorType first = tensors->front();
  SmallVector<Shape> shapes;
  for (RankedTensorType type : *tensors) {
    if (type.getElementType() != first.getElementType())
      return emitOptionalError(
          loc, "'", getOperationName(),
          "' op element types differ: ", first.getElementType(), " and ",
          type.getElementType());
    shapes.push_back(Shape::unchecked(dims(type)));
  }
  int64_t axis = adaptor.getAxis();
  rules::Inferred shape;
  shape.error = axisError(axis, first.getRank());
  if (shape.ok())
    shape = rules::concat({shapes.data(), shapes.size()}, axis);
  return append(loc, getOperationName(), shape, first.getElementType(), first,
                types);
}

LogicalResult SplitOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  RankedTensorType x = tensors->front();
  ArrayRef<int64_t> sizes = adaptor.getSizes();
  int64_t axis = adaptor.getAxis();
  std::string error = axisError(axis, x.getRank());
  if (!error.empty())
    return emitOptionalError(loc, "'", getOperationName(), "' op ", error);
  for (int index = 0; index < int(sizes.size()); ++index)
    if (failed(append(loc, getOperationName(),
                      rules::split(dims(x), sizes, axis, index),
                      x.getElementType(), x, types)))
      return failure();
  return success();
}

// ---- verifiers
// ---------------------------------------------------------------

template <class Op> static LogicalResult verifySameElementType(Op op) {
  Type from = tensorType(op.getX()).getElementType();
  Type to = op.getType().getElementType();
  if (from == to)
    return success();
  return op.emitOpError() << "cannot turn " << from << " into " << to
                          << "; needle.convert does";
}

LogicalResult ReshapeOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  return verifyShape(*this,
                     rules::reshape(dims(tensorType(getX())), dims(getType())),
                     getType());
}

LogicalResult BroadcastToOp::verify() {
  if (failed(verifySameElementType(*this)))
    return failure();
  return verifyShape(
      *this, rules::broadcastTo(dims(tensorType(getX())), dims(getType())),
      getType());
}

// ---- folders
// -----------------------------------------------------------------

/// A splat constant keeps its value whatever happens to its shape.
static OpFoldResult resized(Attribute constant, RankedTensorType type) {
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(constant))
    return splat.resizeSplat(type);
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor operands) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<ReshapeOp>()) {
    if (inner.getX().getType() == getType())
      return inner.getX();
    absorbLocation(*this, inner);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return resized(operands.getX(), getType());
}

OpFoldResult BroadcastToOp::fold(FoldAdaptor operands) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<BroadcastToOp>()) {
    absorbLocation(*this, inner);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  return resized(operands.getX(), getType());
}

static bool isIdentity(ArrayRef<int64_t> permutation) {
  for (auto [axis, from] : llvm::enumerate(permutation))
    if (from != int64_t(axis))
      return false;
  return true;
}

OpFoldResult TransposeOp::fold(FoldAdaptor operands) {
  if (isIdentity(getPermutation()))
    return getX();
  if (auto inner = getX().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> both;
    for (int64_t axis : getPermutation())
      both.push_back(inner.getPermutation()[axis]);
    if (isIdentity(both))
      return inner.getX();
    absorbLocation(*this, inner);
    getXMutable().assign(inner.getX());
    setPermutation(both);
    return getResult();
  }
  return resized(operands.getX(), getType());
}

OpFoldResult SliceOp::fold(FoldAdaptor operands) {
  // Equal sizes leave one choice: every element in order.
  if (getX().getType() == getType())
    return getX();
  return resized(operands.getX(), getType());
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : nullptr;
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getXs().size() == 1 ? OpFoldResult(getXs().front()) : nullptr;
}

} // namespace needle::ir
