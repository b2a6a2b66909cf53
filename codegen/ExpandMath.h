// ExpandMath.h - elementary functions from arithmetic alone.
// All take and make f32 or f64, scalars or 1-D vectors, and give the same bits
// for both. Products and sums may be contracted to fused multiply-adds: results
// then differ in the last place, the stated errors hold either way.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace needle::codegen {

/// e^x, at most 2 ulp (f32, f64), subnormal results included; 0 for -inf.
mlir::Value buildExp(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// ln x, at most 2 ulp; -inf at +-0, NaN below.
mlir::Value buildLog(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// tanh x, at most 4 ulp; x itself where |x| is tiny, -0 included.
mlir::Value buildTanh(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// The error function, at most 3 ulp; -0 for -0.
mlir::Value buildErf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x);
/// x^y as IEEE 754's pow, at most 1 ulp (f32), 3 ulp (f64).
mlir::Value buildPower(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Value y);

} // namespace needle::codegen
