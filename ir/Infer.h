// Infer.h - from the shape rules of `runtime` to result types and diagnostics.
#pragma once

#include "needle/runtime/ShapeRules.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace needle::ir {

using Dims = rules::Dims;
using MaybeLocation = std::optional<mlir::Location>;

/// The sizes of a static tensor.
inline Dims dims(mlir::RankedTensorType type) { return type.getShape(); }
/// "[2, 3]", as the messages print shapes.
std::string text(mlir::RankedTensorType type);

/// The types of `operands`: static tensors of rank <= 8; else a diagnostic and
/// failure. The parser infers before it verifies, so anything may come in.
mlir::FailureOr<llvm::SmallVector<mlir::RankedTensorType, 4>>
staticTensors(MaybeLocation loc, llvm::StringRef op, mlir::ValueRange operands);

/// The properties of an op in the making: `given`, or, as the parser infers
/// types before it makes them, `parsed`, set from `attributes` by `set` (the
/// op's own setPropertiesFromAttr). What is missing there stays null.
template <class Properties, class Set>
mlir::OpaqueProperties propertiesOf(mlir::OpaqueProperties given,
                                    mlir::DictionaryAttr attributes,
                                    Properties &parsed, Set set) {
  if (given)
    return given;
  if (attributes)
    (void)set(parsed, attributes, [] { return mlir::InFlightDiagnostic(); });
  return &parsed;
}

/// Appends `shape` as a tensor of `element` that lives where `like` does; or
/// says why there is none.
llvm::LogicalResult append(MaybeLocation loc, llvm::StringRef op,
                           const rules::Inferred &shape, mlir::Type element,
                           mlir::RankedTensorType like,
                           llvm::SmallVectorImpl<mlir::Type> &types);

/// 0 <= axis < rank; the IR has no negative axes.
std::string axisError(int64_t axis, int64_t rank);

/// Names the rule's reason unless `shape` is the shape of `result`.
llvm::LogicalResult verifyShape(mlir::Operation *op,
                                const rules::Inferred &shape,
                                mlir::RankedTensorType result);

/// Gives `op` the location of `absorbed`, too, whose work it now does.
void absorbLocation(mlir::Operation *op, mlir::Operation *absorbed);

/// The splat value of a folder's constant operand; null when it has none.
mlir::Attribute splatOf(mlir::Attribute constant);
/// Whether a folder's constant operand is `value` everywhere, bit for bit.
bool isSplat(mlir::Attribute constant, double value);

} // namespace needle::ir
