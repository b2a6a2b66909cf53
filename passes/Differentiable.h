// Differentiable.h - what has a gradient rule, and the walk that applies rules.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallBitVector.h"

#include "passes/Differentiable.h.inc"

namespace needle::passes {

/// Where the ops of a block stand in program order. Operation::isBeforeInBlock
/// would number the whole block again after each expansion.
class ProgramOrder {
public:
  explicit ProgramOrder(mlir::Block &block);
  uint64_t operator[](mlir::Operation *op) const { return places.lookup(op); }
  /// Takes in the new ops right in front of `last`, which never gets new
  /// neighbours there again.
  void insertBefore(mlir::Operation *last);
  /// `op` is about to be erased; `by` stands in its place.
  void replace(mlir::Operation *op, mlir::Operation *by);

private:
  llvm::DenseMap<mlir::Operation *, uint64_t> places;
};

/// A value of the block and its cotangent.
struct Seed {
  mlir::Value value, cotangent;
};

/// What pullBack found for one `wrt`.
struct Adjoint {
  mlir::Value value;      // null: zero
  bool connected = false; // whether a differentiable path leads here
};

/// The adjoints of `wrt`, values of the block of `order`, by a reverse walk
/// over the ops between `wrt` and the seeds only. New ops go where `b` inserts
/// (after the seeds) at NameLoc("grad", the forward op's location). Fails with
/// an error at the first op on a path that has no rule.
mlir::FailureOr<llvm::SmallVector<Adjoint>> pullBack(mlir::OpBuilder &b,
                                                     llvm::ArrayRef<Seed> seeds,
                                                     mlir::ValueRange wrt,
                                                     ProgramOrder &order);

/// The first op in program order that ends every path from `wrt` to `value`,
/// or null if the one does not depend on the other at all.
mlir::Operation *findCut(mlir::Value value, mlir::Value wrt,
                         const ProgramOrder &order);

/// "grad" of the op at `forward`.
mlir::Location gradientLoc(mlir::Location forward);

} // namespace needle::passes
