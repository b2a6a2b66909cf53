// CheckGradient.h - gradients of a module against central differences.
#pragma once

#include "TensorBounds.h"

#include <cstdint>
#include <string>
#include <vector>

namespace needle::numerics {

struct GradientCheckOptions {
  uint64_t seed = 0; // of arguments, sampled elements and directions
  double step = 1e-6, atol = 1e-5, rtol = 1e-3;
  int samples = 8; // elements by which each wrt is moved, besides a direction
  /// Not empty: the arguments of the module's function.
  llvm::ArrayRef<HostArray> arguments;
};

/// How one result of one gradient op compares.
struct CheckedGradient {
  std::string name; // "demo.cpp:41, wrt 0 (w, [784, 128])"
  int64_t checked = 0;
  /// Moves across a kink or a step, where there is no derivative to compare.
  int64_t kinks = 0;
  double worst = 0; // the largest difference
  bool agrees = true;
};

/// Checks every needle.gradient of the module, whose floats become f64: for
/// each pin that it is taken at, sum(value * cotangent) is differenced by
/// moving that pin alone, by single elements and along a random direction. As
/// for the op, the cotangent and what is detached stay as they are. Ops in a
/// loop's body are checked on the body alone. A module without gradient ops
/// gets one per floating result, of a random cotangent, with respect to all
/// floating arguments.
///
/// Unless given, arguments are standard normal, where that gives no finite
/// value positive; integers are 0 or 1. Fails with a diagnostic when the module
/// can't be differentiated or interpreted, or when the value is never finite.
mlir::FailureOr<std::vector<CheckedGradient>>
checkGradients(mlir::ModuleOp module, const GradientCheckOptions &options);

/// A copy in which every f32 is f64, constants included.
mlir::OwningOpRef<mlir::ModuleOp> withDoubles(mlir::ModuleOp module);

} // namespace needle::numerics
