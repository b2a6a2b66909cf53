// SimplifyMerge.cpp - make one op of equal ones; erase what nothing uses.
#include "SimplifyRules.h"

#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace needle::passes::simplify {
namespace {

/// Equal but for where they come from: op, attributes, operands, types.
struct SameComputation : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    return OperationEquivalence::computeHash(
        const_cast<Operation *>(op), OperationEquivalence::directHashValue,
        OperationEquivalence::ignoreHashValue,
        OperationEquivalence::IgnoreLocations);
  }
  static bool isEqual(const Operation *a, const Operation *b) {
    if (a == b)
      return true;
    if (a == getEmptyKey() || a == getTombstoneKey() || b == getEmptyKey() ||
        b == getTombstoneKey())
      return false;
    return OperationEquivalence::isEquivalentTo(
        const_cast<Operation *>(a), const_cast<Operation *>(b),
        OperationEquivalence::IgnoreLocations);
  }
};

// Draws are pure functions of their key, so they merge like all others.
bool canMerge(Operation &op) {
  return op.getNumRegions() == 0 && op.getNumResults() > 0 &&
         isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>();
}

bool mergeIn(Block &block) {
  llvm::DenseMap<Operation *, Operation *, SameComputation> known;
  // All lines of an op are written at once: one by one would be quadratic.
  llvm::MapVector<Operation *, SmallVector<Location>> lines;
  bool changed = false;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!canMerge(op))
      continue;
    auto [found, isNew] = known.try_emplace(&op, &op);
    if (isNew)
      continue;
    Operation *first = found->second;
    auto &merged = lines[first];
    if (merged.empty())
      merged.push_back(first->getLoc());
    merged.push_back(op.getLoc());
    op.replaceAllUsesWith(first);
    op.erase();
    changed = true;
  }
  for (auto &[op, merged] : lines)
    op->setLoc(FusedLoc::get(op->getContext(), merged));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op)) {
      op.erase();
      changed = true;
    }
  return changed;
}

} // namespace

bool mergeEqual(Operation *root) {
  SmallVector<Block *> blocks;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<ir::KernelOp>(op))
      return WalkResult::skip();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        blocks.push_back(&block);
    return WalkResult::advance();
  });
  bool changed = false;
  for (Block *block : llvm::reverse(blocks)) // inner ones before they go
    if (!isa<ModuleOp>(block->getParentOp()))
      changed |= mergeIn(*block);
  return changed;
}

} // namespace needle::passes::simplify
