// Differentiable.td - the interfaces that gradient rules implement from outside.
include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::needle::passes";
  let description = [{
    An op with a vector-Jacobian product. `cotangents` has one value per result;
    null where a result does not matter, at least one is there. `wanted` says
    for which operands a cotangent is asked for. In the result, which has one
    value per operand, null means zero, and what is not wanted is not looked at.
    No value at all means failure; the rule has then emitted the error.

    New ops go where `b` inserts, at `loc`. A rule that needs more results of
    the forward computation puts a wider op right in front of this one and
    replaces all uses of this one's results; this one is then erased.
  }];
  let methods = [InterfaceMethod<
    "The cotangents of the operands from those of the results.",
    "::llvm::SmallVector<::mlir::Value>", "buildVjp",
    (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
         "::mlir::ValueRange":$cotangents,
         "const ::llvm::SmallBitVector &":$wanted)>];
}

def NotDifferentiableOpInterface : OpInterface<"NotDifferentiableOpInterface"> {
  let cppNamespace = "::needle::passes";
  let description = [{
    An op whose results are constants to gradients: they are integers, booleans
    or draws, or the op is there to cut the path.
  }];
}
