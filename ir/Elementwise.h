// Elementwise.h - what the scalar bodies in the .td files are written with.
// All take and make scalars or 1-D vectors alike, from arith and math ops.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace needle::ir {

/// Whether the (element) type is floating point.
bool isFloat(mlir::Value x);
/// `value` as a constant of `type`, splat when it is a vector.
mlir::Value number(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
                   double value);
/// The same for any 64-bit integer.
mlir::Value integer(mlir::OpBuilder &b, mlir::Location loc, mlir::Type type,
                    int64_t value);
/// `x` as `element` (or a vector of it), as needle.convert defines it.
mlir::Value buildConvert(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                         mlir::Type element);
/// Inverse error function: M. Giles, "Approximating the erfinv function" (GPU
/// Computing Gems, 2011), its polynomials for f32 and f64.
mlir::Value buildErfInv(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// Threefry-2x32, 20 rounds (Salmon et al., SC 2011), on i64: hi << 32 | lo.
mlir::Value buildThreefry(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value key, mlir::Value counter);
/// i64 -> i32: hi ^ lo.
mlir::Value buildFoldBits(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value x);
/// i32 -> f32, i64 -> f64 in [0, 1): the upper bits become the mantissa.
mlir::Value buildUnitFromBits(mlir::OpBuilder &b, mlir::Location loc,
                              mlir::Value x);

} // namespace needle::ir
