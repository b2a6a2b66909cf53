// ElementTypes.cpp - the element types of the dialect, as dtypes and by kind.
#include "needle/ir/ElementTypes.h"

using namespace mlir;

namespace needle::ir {

Type elementType(MLIRContext *context, DType dtype) {
  switch (dtype) {
  case DType::boolean:
    return IntegerType::get(context, 1);
  case DType::int32:
    return IntegerType::get(context, 32);
  case DType::int64:
    return IntegerType::get(context, 64);
  case DType::bfloat16:
    return BFloat16Type::get(context);
  case DType::float32:
    return Float32Type::get(context);
  case DType::float64:
    return Float64Type::get(context);
  }
  return {};
}

std::optional<DType> dtypeOf(Type element) {
  for (DType dtype : dtypes)
    if (element && element == elementType(element.getContext(), dtype))
      return dtype;
  return std::nullopt;
}

Type computeType(Type element) {
  std::optional<DType> dtype = dtypeOf(element);
  if (!dtype || wideDType(*dtype) == *dtype)
    return element;
  return elementType(element.getContext(), wideDType(*dtype));
}

} // namespace needle::ir
