// Random.cpp - draws: constants to gradients.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

using namespace needle;
using namespace needle::passes;

void passes::attachRandomGradients(mlir::MLIRContext &context) {
  attachNotDifferentiable<ir::ThreefryOp, ir::FoldBitsOp, ir::UnitFromBitsOp,
                          ir::FoldInOp, ir::SplitKeyOp, ir::RandomBitsOp,
                          ir::UniformOp, ir::NormalOp, ir::BernoulliOp>(
      context);
}
