// Create.cpp - ops that make tensors from nothing: constants to gradients.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

using namespace needle;
using namespace needle::passes;

void passes::attachCreateGradients(mlir::MLIRContext &context) {
  attachNotDifferentiable<ir::ConstantOp, ir::FullOp, ir::IotaOp,
                          ir::LinearIndexOp>(context);
}
