// Gradient.cpp - verifiers of gradient requests and placement.
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

using namespace mlir;

namespace needle::ir {

LogicalResult GradientOp::verify() {
  size_t others = getHasCotangent() ? 2 : 1;
  if (getNumOperands() <= others)
    return emitOpError() << "needs a value"
                         << (others == 2 ? ", a cotangent" : "")
                         << " and what to differentiate by";
  if (!isa<FloatType>(tensorType(getValue()).getElementType()))
    return emitOpError() << "of " << getValue().getType()
                         << "; only floating values have gradients";
  if (Value cotangent = getCotangent();
      cotangent && cotangent.getType() != getValue().getType())
    return emitOpError() << "cotangent is " << cotangent.getType()
                         << ", the value " << getValue().getType();
  if (getWrt().size() != getNumResults())
    return emitOpError() << "has " << getNumResults() << " results for "
                         << getWrt().size() << " operands to differentiate by";
  for (auto [number, wrt, result] : llvm::enumerate(getWrt(), getGradients())) {
    if (!wrt.getDefiningOp<PinOp>())
      return emitOpError() << "operand #" << number + others
                           << " must be made by needle.pin, so that no rewrite "
                              "takes it off the path";
    if (wrt.getType() != result.getType())
      return emitOpError() << "result #" << number << " is " << result.getType()
                           << " for an operand of " << wrt.getType();
    if (!isa<FloatType>(tensorType(wrt).getElementType()))
      return emitOpError() << "with respect to " << wrt.getType()
                           << "; only floating values have gradients";
  }
  return success();
}

LogicalResult ToOp::verify() {
  RankedTensorType x = tensorType(getX());
  if (x.getShape() == getType().getShape() &&
      x.getElementType() == getType().getElementType())
    return success();
  return emitOpError() << "changes only the target, not " << x << " to "
                       << getType();
}

} // namespace needle::ir
