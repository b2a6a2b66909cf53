// ExpandMath.cpp - math.exp, log, tanh, erf and powf become polynomials.
// In: functions with math ops on f32 and f64, scalars or 1-D vectors. Out:
// arith and math ops that every target has as instructions. Before
// LowerLoopsToLLVM: a kernel's machine code may not call libm.
#include "needle/codegen/ExpandMath.h"
#include "needle/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace needle::codegen {

#define GEN_PASS_DEF_EXPANDMATH
#include "codegen/Passes.h.inc"

namespace {
struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, math::MathDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    SmallVector<Operation *> found;
    getOperation()->walk([&](Operation *op) {
      if (isa<math::ExpOp, math::LogOp, math::TanhOp, math::ErfOp,
              math::PowFOp>(op))
        found.push_back(op);
    });
    for (Operation *op : found)
      expand(op);
  }

  static void expand(Operation *op) {
    Value x = op->getOperand(0);
    Type element = getElementTypeOrSelf(x.getType());
    if (!element.isF32() && !element.isF64())
      return;
    OpBuilder b(op);
    Value result;
    if (isa<math::ExpOp>(op))
      result = buildExp(b, op->getLoc(), x);
    else if (isa<math::LogOp>(op))
      result = buildLog(b, op->getLoc(), x);
    else if (isa<math::TanhOp>(op))
      result = buildTanh(b, op->getLoc(), x);
    else if (isa<math::ErfOp>(op))
      result = buildErf(b, op->getLoc(), x);
    else
      result = buildPower(b, op->getLoc(), x, op->getOperand(1));
    op->replaceAllUsesWith(ValueRange(result));
    op->erase();
  }
};
} // namespace

} // namespace needle::codegen
