// TensorRules.h - bounds of ops on whole tensors, by family.
#pragma once

#include "TensorBounds.h"

#include <functional>
#include <memory>

namespace needle::numerics {

using TensorPtr = std::shared_ptr<const TensorBound>;
using Tensors = llvm::SmallVector<TensorPtr>;
/// From operands to results.
using TensorRule = std::function<Tensors(llvm::ArrayRef<TensorPtr> operands,
                                         int64_t &undecided)>;

/// A tensor of the value's type, its elements to be filled.
TensorBound emptyFor(mlir::Value value);
int64_t elementsOf(const TensorBound &tensor);

// Each: the rule of an op, empty when the op is of another kind.
TensorRule elementwiseRule(mlir::Operation *op);
TensorRule moveRule(mlir::Operation *op);
TensorRule reductionRule(mlir::Operation *op);
TensorRule contractionRule(mlir::Operation *op);
TensorRule scatterRule(mlir::Operation *op);
TensorRule loopRule(mlir::Operation *op);
/// Runs the op by the interpreter while all operands are known and no result
/// is floating (or there are no operands); else asks `otherwise`.
TensorRule whenKnown(mlir::Operation *op, TensorRule otherwise);

/// A sum of bounds in any order.
class Sum {
public:
  void add(const Bound &term);
  Bound rounded(const Rounding &rounding) const;

private:
  Real lo = 0, hi = 0, magnitude = 0, finite = 0;
  int64_t count = 0;
  bool mayBeNan = false, isWhole = true, positive = false, negative = false;
};

/// The ops of a block, prepared once and run any number of times.
class BlockBounds {
public:
  static mlir::FailureOr<std::shared_ptr<const BlockBounds>>
  make(mlir::Block &block);
  Tensors run(llvm::ArrayRef<TensorPtr> arguments, int64_t &undecided) const;

private:
  struct Step {
    TensorRule rule;
    llvm::SmallVector<int, 3> in, out, dead;
  };
  std::vector<Step> steps;
  llvm::SmallVector<int> returned;
  size_t values = 0;
};

} // namespace needle::numerics
