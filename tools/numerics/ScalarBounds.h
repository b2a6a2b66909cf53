// ScalarBounds.h - what one arith or math op does to bounds.
#pragma once

#include "Bound.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/Value.h"

#include <functional>
#include <vector>

namespace needle::numerics {

/// From the bounds of the operands to that of the result. `undecided` counts
/// tests whose outcome the bounds leave open: steps, kinks and choices.
using ScalarRule =
    std::function<Bound(const Bound *operands, int64_t &undecided)>;

/// Sound for any op: what is not known in detail gives any value of the
/// result's type. Empty for a type that is no element's.
ScalarRule scalarRule(mlir::Operation *op);

/// A straight line of scalar ops, as ElementwiseOpInterface::buildScalar makes
/// them, on bounds.
class ScalarBounds {
public:
  /// From `block`, whose arguments are the inputs, to compute `result`; fails
  /// with a diagnostic for types it does not know.
  static mlir::FailureOr<ScalarBounds> make(mlir::Block &block,
                                            mlir::Value result);
  Bound run(const Bound *inputs, int64_t &undecided);

private:
  struct Step {
    ScalarRule rule;
    int operands[3];
  };
  std::vector<Step> steps;
  std::vector<Bound> values; // inputs, then results of the steps
  size_t inputs = 0;
  int returned = 0;
};

/// The dtype of an element type.
DType elementDType(mlir::Type type);
/// A number that no other element has.
uint32_t newId();

} // namespace needle::numerics
