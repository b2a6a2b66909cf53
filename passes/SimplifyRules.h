// SimplifyRules.h - the rewrites of Simplify, by what they know about.
#pragma once

#include "needle/ir/Ops.h"

#include "mlir/IR/Builders.h"

namespace needle::passes::simplify {

/// A rewrite of one op: the value to use instead of its only result, made at
/// `b` in ops at `loc`; null when it does not apply.
using Rule = mlir::Value (*)(mlir::Operation *op, mlir::OpBuilder &b,
                             mlir::Location loc);

/// Signs, quotients by powers of two, chains of conversions, sums of what is
/// the same everywhere.
mlir::Value simplifyAlgebra(mlir::Operation *op, mlir::OpBuilder &b,
                            mlir::Location loc);
/// Views of views, of index sources, and through elementwise ops.
mlir::Value simplifyViews(mlir::Operation *op, mlir::OpBuilder &b,
                          mlir::Location loc);
/// Transpositions around contractions become their flags.
mlir::Value simplifyContractions(mlir::Operation *op, mlir::OpBuilder &b,
                                 mlir::Location loc);

/// The value of every element when `value` is the same everywhere.
std::optional<double> splatOf(mlir::Value value);
/// A tensor of `type` that is `number` everywhere.
mlir::Value full(mlir::OpBuilder &b, mlir::Location loc,
                 mlir::RankedTensorType type, double number);

/// Makes one op of equal ones in each block under `root`, with the locations of
/// all, and erases what nothing uses. Returns whether anything changed.
bool mergeEqual(mlir::Operation *root);

} // namespace needle::passes::simplify
