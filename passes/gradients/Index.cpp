// Index.cpp - gradient rules of ops that read or write where indices say.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

using namespace mlir;
using namespace needle;
using namespace needle::passes;

// What was read several times gets the sum.
static Values takeVjp(TensorBuilder &t, ir::TakeOp op, Cotangents g,
                      const Wanted &) {
  Value zeros = t.zeros(op.getX().getType());
  return {t.make<ir::ScatterAddOp>(zeros, op.getIndices(), g[0], op.getAxis()),
          Value()};
}

static Values scatterAddVjp(TensorBuilder &t, ir::ScatterAddOp op, Cotangents g,
                            const Wanted &wanted) {
  return {g[0], Value(),
          wanted[2] ? t.make<ir::TakeOp>(g[0], op.getIndices(), op.getAxis())
                    : Value()};
}

void passes::attachIndexGradients(MLIRContext &context) {
  attach<ir::TakeOp, takeVjp>(context);
  attach<ir::ScatterAddOp, scatterAddVjp>(context);
  attachNotDifferentiable<ir::OneHotOp>(context);
}
