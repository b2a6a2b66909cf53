// Rule.h - turns a function into a gradient rule and attaches it to an op.
#pragma once

#include "needle/passes/Differentiable.h"
#include "needle/passes/TensorBuilder.h"

namespace needle::passes {

/// One cotangent per result, null where a result does not matter.
using Cotangents = mlir::ValueRange;
/// Which operands want one.
using Wanted = llvm::SmallBitVector;
using Values = llvm::SmallVector<Value>;

/// `vjp` is Value(TensorBuilder &, OpT, Value) for ops with one operand and one
/// result, Values(TensorBuilder &, OpT, Cotangents, const Wanted &) for all.
template <class OpT, auto vjp>
struct Rule : DifferentiableOpInterface::ExternalModel<Rule<OpT, vjp>, OpT> {
  Values buildVjp(mlir::Operation *op, mlir::OpBuilder &b, mlir::Location loc,
                  Cotangents cotangents, const Wanted &wanted) const {
    TensorBuilder t(b, loc);
    if constexpr (std::is_invocable_v<decltype(vjp), TensorBuilder &, OpT,
                                      Value>)
      return {vjp(t, mlir::cast<OpT>(op), cotangents[0])};
    else
      return vjp(t, mlir::cast<OpT>(op), cotangents, wanted);
  }
};

template <class OpT, auto vjp> void attach(mlir::MLIRContext &context) {
  OpT::template attachInterface<Rule<OpT, vjp>>(context);
}

template <class OpT>
struct NotDifferentiable
    : NotDifferentiableOpInterface::ExternalModel<NotDifferentiable<OpT>, OpT> {
};

/// The results of these ops are constants to gradients.
template <class... Ops>
void attachNotDifferentiable(mlir::MLIRContext &context) {
  (Ops::template attachInterface<NotDifferentiable<Ops>>(context), ...);
}

} // namespace needle::passes
