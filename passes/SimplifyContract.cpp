// SimplifyContract.cpp - transpositions around a contraction become its flags.
#include "SimplifyRules.h"

#include "mlir/IR/Location.h"

using namespace mlir;

namespace needle::passes::simplify {
namespace {

/// The transposition that makes `value` by swapping the last two axes.
ir::TransposeOp lastSwap(Value value) {
  auto op = value.getDefiningOp<ir::TransposeOp>();
  if (!op)
    return {};
  ArrayRef<int64_t> permutation = op.getPermutation();
  int64_t rank = permutation.size();
  for (int64_t axis = 0; axis < rank; ++axis) {
    bool inMatrix = axis >= rank - 2;
    int64_t wanted = inMatrix ? 2 * rank - 3 - axis : axis;
    if (permutation[axis] != wanted)
      return {};
  }
  return op;
}

Value absorbOperands(ir::MatmulOp op, OpBuilder &b, Location loc) {
  ir::TransposeOp lhs = lastSwap(op.getLhs()), rhs = lastSwap(op.getRhs());
  if (!lhs && !rhs)
    return {};
  SmallVector<Location> lines = {loc};
  if (lhs)
    lines.push_back(lhs.getLoc());
  if (rhs)
    lines.push_back(rhs.getLoc());
  return ir::MatmulOp::create(
      b, b.getFusedLoc(lines), lhs ? lhs.getX() : op.getLhs(),
      rhs ? rhs.getX() : op.getRhs(), op.getTransposeLhs() != bool(lhs),
      op.getTransposeRhs() != bool(rhs));
}

// (A B)ᵀ = Bᵀ Aᵀ
Value absorbResult(ir::TransposeOp op, OpBuilder &b, Location loc) {
  auto product = op.getX().getDefiningOp<ir::MatmulOp>();
  if (!product || !product->hasOneUse() || !lastSwap(op.getResult()))
    return {};
  return ir::MatmulOp::create(
      b, b.getFusedLoc({product.getLoc(), loc}), product.getRhs(),
      product.getLhs(), !product.getTransposeRhs(), !product.getTransposeLhs());
}

} // namespace

Value simplifyContractions(Operation *op, OpBuilder &b, Location loc) {
  if (auto product = dyn_cast<ir::MatmulOp>(op))
    return absorbOperands(product, b, loc);
  if (auto transpose = dyn_cast<ir::TransposeOp>(op))
    return absorbResult(transpose, b, loc);
  return {};
}

} // namespace needle::passes::simplify
