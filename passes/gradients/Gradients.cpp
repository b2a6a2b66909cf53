// Gradients.cpp - all families at once, when the dialect is loaded.
#include "needle/passes/gradients/Gradients.h"

#include "needle/ir/Ops.h"

using namespace mlir;
using namespace needle;

void passes::registerGradients(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ir::NeedleDialect *) {
    attachElementwiseGradients(*context);
    attachReduceGradients(*context);
    attachShapeGradients(*context);
    attachContractGradients(*context);
    attachIndexGradients(*context);
    attachCreateGradients(*context);
    attachRandomGradients(*context);
    attachRegionGradients(*context);
    attachGradientGradients(*context);
  });
}
