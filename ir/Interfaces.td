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
         "::mlir::ValueRange":$x)>,
    InterfaceMethod<[{
      Whether computing an element again costs less than storing and loading it.
    }],
    "bool", "isCheap", (ins)>];
}

// An op that moves no element further than an index can follow.
def ViewOpInterface : OpInterface<"ViewOpInterface"> {
  let cppNamespace = "::needle::ir";
  let description = [{
    An op whose one result holds elements of operand 0, unchanged.
  }];
  let methods = [
    InterfaceMethod<[{
      From an index of the result to the index of operand 0 that it shows, when
      that is linear (sums of multiples of dimensions and constants), else null.
    }],
    "::mlir::AffineMap", "getIndexMap", (ins)>,
    InterfaceMethod<[{
      When the result's elements are, in row-major order, a run of operand 0's:
      how many elements of operand 0 lie before it.
    }],
    "std::optional<int64_t>", "getContiguousOffset", (ins)>,
  ];
}

// An op whose elements are functions of their index.
def IndexSourceOpInterface : OpInterface<"IndexSourceOpInterface"> {
  let cppNamespace = "::needle::ir";
  let description = [{
    An op without operands that any kernel can compute for itself, element by
    element, rather than read from memory.
  }];
  let methods = [InterfaceMethod<[{
      Makes the tensor of `type` whose element i is this tensor's element
      map(i); null when that is no index source.
    }],
    "::mlir::Value", "buildThroughMap",
    (ins "::mlir::OpBuilder &":$b, "::mlir::Location":$loc,
         "::mlir::RankedTensorType":$type, "::mlir::AffineMap":$map)>];
}

// A sum of products over a shared axis: the centre of a contraction kernel.
def ContractionOpInterface : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::needle::ir";
  let description = [{
    An op of two operands with one result, whose kernel can compute elementwise
    ops on the operands' elements before and on the result's after it.
  }];
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
