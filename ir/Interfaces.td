// Interfaces.td - what passes ask ops instead of their names.
#ifndef NEEDLE_INTERFACES
#define NEEDLE_INTERFACES

include "mlir/IR/OpBase.td"

def ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::needle::ir";
  let description = [{
    An op that computes each element of its one result from the elements of its
    operands at the same index; all have the same shape. The scalar body is the
    definition of the op: lowerings vectorise it, the interpreter walks it.
  }];
  let methods = [InterfaceMethod<[{
      Builds the computation of one element from `x`, one value per operand:
      scalars, or 1-D vectors of equal length (then the result is one, too).
      Uses arith and math ops only.
    }],
    "::mlir::Value", "buildScalar",
    (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
         "::mlir::ValueRange":$x)>];
}

// How a reduction combines elements.
def ReductionOpInterface : OpInterface<"ReductionOpInterface"> {
  let cppNamespace = "::needle::ir";
  let description = [{
    An op with one operand that reduces `axes` (sorted, distinct) by an
    associative combination with a neutral element.
  }];
  let methods = [
    InterfaceMethod<"Combines two partial results (scalars or vectors).",
      "::mlir::Value", "buildCombine",
      (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
           "::mlir::Value":$a, "::mlir::Value":$c)>,
    InterfaceMethod<"The neutral element of the result's element type.",
      "::mlir::TypedAttr", "getNeutral", (ins)>,
    InterfaceMethod<"The axes that vanish, sorted.",
      "::llvm::ArrayRef<int64_t>", "getReducedAxes", (ins)>,
  ];
}

#endif
