// Gradient.cpp - gradient rules of what marks gradients, and of placement.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

static Value pinVjp(TensorBuilder &, ir::PinOp, Value g) { return g; }

// The cotangent goes back to where x is.
static Value toVjp(TensorBuilder &t, ir::ToOp op, Value g) {
  return t.make<ir::ToOp>(op.getX().getType(), g);
}

void passes::attachGradientGradients(MLIRContext &context) {
  attach<ir::PinOp, pinVjp>(context);
  attach<ir::ToOp, toVjp>(context);
  attachNotDifferentiable<ir::DetachOp>(context);
}
