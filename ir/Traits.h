// Traits.h - what every op of the dialect guarantees about its tensors.
#pragma once

#include "mlir/IR/OpDefinition.h"

namespace needle::ir {

/// Each operand and result: rank <= 8, fewer than 2^40 elements.
llvm::LogicalResult verifyTensorLimits(mlir::Operation *op);
/// All operands and results have the same encoding.
llvm::LogicalResult verifyOneTarget(mlir::Operation *op);

template <class ConcreteOp>
struct TensorLimits : mlir::OpTrait::TraitBase<ConcreteOp, TensorLimits> {
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    return verifyTensorLimits(op);
  }
};

template <class ConcreteOp>
struct OneTarget : mlir::OpTrait::TraitBase<ConcreteOp, OneTarget> {
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    return verifyOneTarget(op);
  }
};

/// In low precision the op computes in wider numbers and rounds its results
/// once: it accumulates, or has several steps. (Elementwise ops do so by
/// themselves, others move elements.)
template <class ConcreteOp>
struct RoundsOnce : mlir::OpTrait::TraitBase<ConcreteOp, RoundsOnce> {};

} // namespace needle::ir
