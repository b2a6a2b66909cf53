// Region.td - ops that hold a sub-graph, and the end of one.
#ifndef NEEDLE_REGION
#define NEEDLE_REGION

include "Dialect.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Needle_YieldOp : Needle_Op<"yield",
    [Pure, Terminator, ReturnLike, ParentOneOf<["ScanOp", "KernelOp"]>]> {
  let summary = "ends the body of a region op";
  let arguments = (ins Variadic<Needle_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  // SingleBlockImplicitTerminator makes empty ones. (No text: no definition.)
  let builders = [OpBuilder<(ins), [{ (void)$_state; }]>];
}

def Needle_ScanOp : Needle_Op<"scan",
    [Pure, IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "a loop that carries values and stacks results";
  let description = [{
    Operands: `carries` initial values, then `slices` tensors that are read one
    slice of axis 0 per iteration, then captures. Body arguments: the iteration
    (tensor<i64>: the index of its slices and stacks, so that `reverse`, which
    runs from the last slice to the first, counts down), the carries, one slice
    of each, the captures. The body yields the next carries, then what is
    stacked along a new axis 0. Results: the final carries, then the stacks.
  }];
  let arguments = (ins Variadic<Needle_Tensor>:$operands_, I64Attr:$length,
                       I64Attr:$carries, I64Attr:$slices,
                       DefaultValuedAttr<BoolAttr, "false">:$reverse);
  let results = (outs Variadic<Needle_Tensor>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $operands_ `)` attr-dict `:` functional-type($operands_, $results_)
    $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

#endif
