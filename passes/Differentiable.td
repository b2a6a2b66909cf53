// Differentiable.td - the interface that gradient rules implement from outside.
include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::needle::passes";
  let description = [{
    An op with a vector-Jacobian product. `cotangents` has one value per result;
    null where a result does not matter. `wanted` says for which operands a
    cotangent is asked for; the others may stay null.
  }];
  let methods = [InterfaceMethod<
    "The cotangents of the operands from those of the results.",
    "::llvm::SmallVector<::mlir::Value>", "buildVjp",
    (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
         "::mlir::ValueRange":$cotangents,
         "const ::llvm::SmallBitVector &":$wanted)>];
}
