// Kernel.cpp - verifier of kernels: kinds, index maps and the body's types.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

#include "mlir/IR/AffineMap.h"

using namespace mlir;

namespace needle::ir {

static constexpr StringLiteral kinds[] = {"map", "reduce", "contract", "single",
                                          "host"};

/// Least and greatest value of a linear index over `shape`; none when it is
/// not linear.
static std::optional<std::pair<int64_t, int64_t>>
bounds(AffineExpr index, ArrayRef<int64_t> shape) {
  if (auto constant = dyn_cast<AffineConstantExpr>(index))
    return std::pair(constant.getValue(), constant.getValue());
  if (auto axis = dyn_cast<AffineDimExpr>(index))
    return std::pair(int64_t(0), shape[axis.getPosition()] - 1);
  auto pair = dyn_cast<AffineBinaryOpExpr>(index);
  if (!pair)
    return std::nullopt;
  auto lhs = bounds(pair.getLHS(), shape), rhs = bounds(pair.getRHS(), shape);
  if (!lhs || !rhs)
    return std::nullopt;
  int64_t low, high;
  bool overflow;
  if (index.getKind() == AffineExprKind::Add) {
    overflow = llvm::AddOverflow(lhs->first, rhs->first, low);
    overflow |= bool(llvm::AddOverflow(lhs->second, rhs->second, high));
  } else if (index.getKind() == AffineExprKind::Mul &&
             rhs->first == rhs->second) {
    overflow = llvm::MulOverflow(lhs->first, rhs->first, low);
    overflow |= bool(llvm::MulOverflow(lhs->second, rhs->first, high));
    if (low > high)
      std::swap(low, high);
  } else {
    return std::nullopt;
  }
  if (overflow)
    return std::nullopt;
  return std::pair(low, high);
}

/// Operand `number` as the body sees it.
static LogicalResult verifyOperand(KernelOp op, size_t number) {
  auto map = cast<AffineMapAttr>(op.getMaps()[number]).getValue();
  RankedTensorType operand = tensorType(op.getInputs()[number]);
  auto argument = dyn_cast<RankedTensorType>(
      op.getBody().front().getArgument(number).getType());
  if (!argument || !argument.hasStaticShape() ||
      argument.getElementType() != operand.getElementType())
    return op.emitOpError()
           << "body argument #" << number << " is "
           << op.getBody().front().getArgument(number).getType()
           << " for an operand of " << operand;
  if (map.getNumSymbols() || map.getNumDims() != argument.getRank() ||
      map.getNumResults() != operand.getRank())
    return op.emitOpError()
           << "map #" << number << " must take " << argument.getRank()
           << " indices to " << operand.getRank() << ", but is "
           << AffineMapAttr::get(map);
  for (auto [axis, index] : llvm::enumerate(map.getResults())) {
    auto range = bounds(index, argument.getShape());
    if (!range)
      return op.emitOpError() << "map #" << number
                              << " is not linear: " << AffineMapAttr::get(map);
    if (argument.getNumElements() &&
        (range->first < 0 || range->second >= operand.getDimSize(axis)))
      return op.emitOpError()
             << "map #" << number << " reads " << range->first << " to "
             << range->second << " of axis " << axis << " of " << text(operand);
  }
  return success();
}

LogicalResult KernelOp::verify() {
  // The interpreter's kernels hold copies between targets as well.
  if (getKind() != "host" && failed(verifyOneTarget(getOperation())))
    return failure();
  if (!llvm::is_contained(kinds, getKind()))
    return emitOpError() << "kind '" << getKind()
                         << "' is none of map, reduce, contract, single, host";
  if (getMaps().size() != getInputs().size())
    return emitOpError() << "has " << getMaps().size() << " index maps for "
                         << getInputs().size() << " operands";
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  Block &body = getBody().front();
  if (body.getNumArguments() != getInputs().size())
    return emitOpError() << "body takes " << body.getNumArguments()
                         << " arguments for " << getInputs().size()
                         << " operands";
  for (size_t number = 0; number < getInputs().size(); ++number)
    if (failed(verifyOperand(*this, number)))
      return failure();
  auto yielded = body.getTerminator()->getOperands();
  if (yielded.size() != getNumResults())
    return emitOpError() << "body yields " << yielded.size() << " values for "
                         << getNumResults() << " results";
  for (auto [number, value, result] : llvm::enumerate(yielded, getOutputs()))
    if (value.getType() != result.getType())
      return emitOpError() << "body yields " << value.getType()
                           << " for result #" << number << " of "
                           << result.getType();
  return success();
}

} // namespace needle::ir
