// TensorBounds.h - what any correct program may compute for a function: bounds
// of every result's elements, from bounds of the arguments'.
#pragma once

#include "Bound.h"

#include "needle/codegen/reference/Interpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace needle::numerics {

using codegen::reference::HostArray;

/// Bounds of a tensor's elements, row-major.
struct TensorBound {
  DType dtype = DType::float32;
  std::vector<int64_t> shape;
  std::vector<Bound> elements;
};

/// The bounds of known elements.
TensorBound exactly(const HostArray &array);
/// Element `i` as a number.
Real elementAt(const void *data, DType dtype, int64_t i);

struct FunctionBounds {
  std::vector<TensorBound> results;
  /// Comparisons, extrema, steps and choices that the bounds leave open.
  int64_t undecided = 0;
};

/// A copy of the module with gradients and composite ops expanded: what bounds
/// are known for. Fails with diagnostics as the passes do.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
primitiveForm(mlir::ModuleOp module);

/// Of a function of primitive ops. Elementwise ops are bounded through their
/// scalar bodies; sums and contractions of K terms get 4 eps sqrt(K) sum |a b|
/// (in any order); everything else moves or chooses elements. Fails with a
/// diagnostic for an op without a rule and for arguments that do not fit.
mlir::FailureOr<FunctionBounds>
boundResults(mlir::func::FuncOp function,
             llvm::ArrayRef<TensorBound> arguments);

/// How far numbers are from where they must be.
struct Violation {
  size_t result = 0;
  int64_t element = -1; // below 0: all are inside
  Real got = 0;
  Bound wanted;
  Real distance = 0; // the largest; infinite for NaN and infinities
};
/// The worst violation of all elements.
Violation findViolation(llvm::ArrayRef<TensorBound> bounds,
                        llvm::ArrayRef<HostArray> results);
/// "result 1, element [2, 0]: 3.5 where only [1, 2] is right".
std::string describe(const Violation &violation,
                     llvm::ArrayRef<TensorBound> bounds);

} // namespace needle::numerics
