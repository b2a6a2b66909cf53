// ElementTypes.h - the element types of the dialect, as dtypes and by kind.
#pragma once

#include "needle/runtime/DType.h"

#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace needle::ir {

/// The dtype of an element type; none: the dialect has no tensors of it.
std::optional<DType> dtypeOf(mlir::Type element);
mlir::Type elementType(mlir::MLIRContext *context, DType dtype);

/// The type that a scalar of `element` is computed in before it is rounded: f32
/// for bf16, `element` itself for all others.
mlir::Type computeType(mlir::Type element);
/// Whether numbers of `element` are computed in another type.
inline bool isLowPrecision(mlir::Type element) {
  return computeType(element) != element;
}

} // namespace needle::ir
