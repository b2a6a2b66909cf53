// Elementwise.h - what the scalar bodies in the .td files are written with.
// All take and make scalars or 1-D vectors alike, from arith and math ops.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace needle::ir {

class ElementwiseOpInterface;

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
/// The result of one element of `op`, rounded to its element type. `x` and the
/// result are of compute types (ElementTypes.h): between ops nothing is kept
/// that the element type could not hold.
mlir::Value buildRounded(mlir::OpBuilder &b, ElementwiseOpInterface op,
                         mlir::ValueRange x);
/// The same where `x` and the result are elements as tensors hold them.
mlir::Value buildElement(mlir::OpBuilder &b, ElementwiseOpInterface op,
                         mlir::ValueRange x);
/// `x`, of any floating type, as the nearest number of `element`.
mlir::Value buildRound(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Type element);
/// A number of `element` in its compute type: exact.
mlir::Value buildWiden(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
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
