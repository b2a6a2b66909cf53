// Contract.cpp - types of the contractions.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

using namespace mlir;

namespace needle::ir {

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  RankedTensorType lhs = (*tensors)[0], rhs = (*tensors)[1];
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(
        loc, "'", getOperationName(), "' op element types differ: lhs is ",
        lhs.getElementType(), ", rhs is ", rhs.getElementType());
  auto &values = *properties.as<Properties *>();
  auto flag = [](BoolAttr attribute) {
    return attribute && attribute.getValue();
  };
  return append(loc, getOperationName(),
                rules::matmul(dims(lhs), dims(rhs), flag(values.transpose_lhs),
                              flag(values.transpose_rhs)),
                lhs.getElementType(), lhs, types);
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
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
  RankedTensorType query = (*tensors)[0], key = (*tensors)[1],
                   value = (*tensors)[2];
  for (RankedTensorType other : {key, value})
    if (other.getElementType() != query.getElementType())
      return emitOptionalError(
          loc, "'", getOperationName(), "' op element types differ: ",
          query.getElementType(), " and ", other.getElementType());
  BoolAttr causal = properties.as<Properties *>()->causal;
  return append(loc, getOperationName(),
                rules::attention(dims(query), dims(key), dims(value),
                                 causal && causal.getValue()),
                query.getElementType(), query, types);
}

} // namespace needle::ir
