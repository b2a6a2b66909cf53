// Create.cpp - types, verifiers and folders of the ops that make tensors.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

using namespace mlir;

namespace needle::ir {

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                           ValueRange operands,
                                           DictionaryAttr attributes,
                                           OpaqueProperties properties,
                                           RegionRange,
                                           SmallVectorImpl<Type> &types) {
  Properties parsed;
  properties =
      propertiesOf(properties, attributes, parsed, setPropertiesFromAttr);
  Adaptor adaptor(operands, attributes, properties);
  if (loc && failed(adaptor.verify(*loc)))
    return failure();
  auto type = dyn_cast<RankedTensorType>(adaptor.getValue().getType());
  if (!type || !isa<DenseElementsAttr>(adaptor.getValue()))
    return emitOptionalError(loc, "'", getOperationName(),
                             "' op needs the elements of a tensor: dense<...>");
  types.push_back(type);
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult FullOp::verify() {
  Type element = getType().getElementType();
  if (isa<FloatType>(element)) {
    if (isa<FloatAttr>(getValue()))
      return success();
    return emitOpError() << "of " << element
                         << " needs a floating value, as in 1.0 : f64";
  }
  auto value = dyn_cast<IntegerAttr>(getValue());
  if (!value)
    return emitOpError() << "of " << element
                         << " needs an integer value, as in 1 : i64";
  unsigned width = element.getIntOrFloatBitWidth();
  bool fits = width == 1 ? value.getValue().isIntN(1)
                         : value.getValue().isSignedIntN(width);
  if (fits)
    return success();
  return emitOpError() << "value " << value.getInt() << " does not fit "
                       << element;
}

OpFoldResult FullOp::fold(FoldAdaptor) {
  Type element = getType().getElementType();
  Attribute value;
  if (auto number = dyn_cast<FloatAttr>(getValue()))
    value = FloatAttr::get(element, number.getValueAsDouble());
  else
    value =
        IntegerAttr::get(element, cast<IntegerAttr>(getValue())
                                      .getValue()
                                      .trunc(element.getIntOrFloatBitWidth()));
  return DenseElementsAttr::get(getType(), value);
}

LogicalResult IotaOp::verify() {
  std::string error = axisError(getAxis(), getType().getRank());
  return error.empty() ? success() : emitOpError() << error;
}

} // namespace needle::ir
