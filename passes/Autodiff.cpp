// Autodiff.cpp - expand gradient requests into the ops that compute them.
// In: blocks with needle.gradient, whose wrt are needle.pin. Out: the same
// without gradient, pin and detach. First of all passes: a rewrite before it
// could take a value off its path. Linear in the ops between wrt and value of
// each request, plus once in the size of the block.
#include "needle/passes/Passes.h"

#include "needle/passes/Differentiable.h"
#include "needle/passes/TensorBuilder.h"

#include "llvm/ADT/MapVector.h"

namespace needle::passes {
#define GEN_PASS_DEF_AUTODIFF
#include "passes/Passes.h.inc"
} // namespace needle::passes

using namespace mlir;
using namespace needle;
using namespace needle::passes;

static LogicalResult reportNoPath(ir::GradientOp gradient, size_t index,
                                  const ProgramOrder &order) {
  Value wrt = gradient.getWrt()[index];
  InFlightDiagnostic error =
      gradient.emitError("autodiff: no gradient path from the value to wrt ");
  error << index;
  if (Operation *cut = findCut(gradient.getValue(), wrt, order)) {
    error << ": '" << cut->getName() << "' ends it";
    error.attachNote(cut->getLoc()) << "here";
  }
  return error;
}

static LogicalResult expand(ir::GradientOp gradient, ProgramOrder &order) {
  OpBuilder inserter(gradient);
  TensorBuilder b(inserter, gradientLoc(gradient.getLoc()));
  Value value = gradient.getValue();
  Value seed = gradient.getCotangent();
  if (!seed)
    seed = b.full(value.getType(), 1);
  FailureOr<SmallVector<Adjoint>> adjoints =
      pullBack(b, Seed{value, seed}, gradient.getWrt(), order);
  if (failed(adjoints))
    return failure();
  SmallVector<Value> results;
  for (auto [i, adjoint] : llvm::enumerate(*adjoints)) {
    if (!adjoint.connected && !gradient.getAllowUnused())
      return reportNoPath(gradient, i, order);
    results.push_back(adjoint.value ? adjoint.value
                                    : b.zeros(gradient.getResult(i).getType()));
  }
  order.insertBefore(gradient);
  gradient.replaceAllUsesWith(results);
  return success();
}

namespace {
struct Autodiff : passes::impl::AutodiffBase<Autodiff> {
  void runOnOperation() override {
    // Per block, in program order: gradients of gradients find the inner ones
    // expanded. A body is visited before the op that holds it.
    llvm::MapVector<Block *, SmallVector<ir::GradientOp>> requests;
    getOperation()->walk([&](ir::GradientOp gradient) {
      requests[gradient->getBlock()].push_back(gradient);
    });
    for (auto &[block, gradients] : requests) {
      ProgramOrder order(*block);
      for (ir::GradientOp gradient : gradients)
        if (failed(expand(gradient, order)))
          return signalPassFailure();
      for (ir::GradientOp gradient : gradients)
        gradient.erase();
    }
    removeMarkers();
  }

  // Only now: rules may have copied bodies, and what is in them.
  void removeMarkers() {
    SmallVector<Operation *> markers;
    getOperation()->walk([&](Operation *op) {
      if (isa<ir::PinOp, ir::DetachOp>(op))
        markers.push_back(op);
    });
    for (Operation *marker : markers) {
      marker->replaceAllUsesWith(marker->getOperands());
      marker->erase();
    }
  }
};
} // namespace
