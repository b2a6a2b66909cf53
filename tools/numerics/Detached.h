// Detached.h - values that are constant to gradients, made visible and held.
#pragma once

#include "mlir/IR/Block.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace needle::numerics {

using DetachedValues =
    llvm::DenseMap<mlir::Block *, llvm::SmallVector<mlir::Value>>;

/// Finds all results of needle.detach in the block and in bodies of its loops,
/// in order. Those of a body are also stacked into new results of its loop,
/// which stand for them in the block around.
void exposeDetached(mlir::Block &block, DetachedValues &found);

/// Uses, in place of each result of needle.detach, what `given` makes of its
/// type: one per value that exposeDetached finds for the block, in its order.
/// Loops read slices.
void freezeDetached(mlir::Block &block,
                    llvm::function_ref<mlir::Value(mlir::Type)> given);

} // namespace needle::numerics
