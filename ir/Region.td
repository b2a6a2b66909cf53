// Region.td - ops that hold a sub-graph, and the end of one.
#ifndef NEEDLE_REGION
#define NEEDLE_REGION

include "Dialect.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Needle_YieldOp : Needle_AnyTargetOp<"yield",
    [Pure, Terminator, ReturnLike, ParentOneOf<["ScanOp", "KernelOp"]>]> {
  let summary = "ends the body of a region op";
  let description = [{
    Of a scan the next carries, then what is stacked; of a kernel its results.

    ```mlir
    %sum = needle.scan(%zero) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
        : (tensor<i64>) -> tensor<i64> {
    ^bb0(%i: tensor<i64>, %carry: tensor<i64>):
      %next = needle.add %carry, %i : tensor<i64>
      needle.yield %next : tensor<i64>
    }
    ```
  }];
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

    ```mlir
    // Running sums of the rows of %xs, scaled by the captured %k.
    %last, %sums = needle.scan(%zero, %xs, %k)
        {length = 4 : i64, carries = 1 : i64, slices = 1 : i64}
        : (tensor<3xf32>, tensor<4x3xf32>, tensor<3xf32>)
        -> (tensor<3xf32>, tensor<4x3xf32>) {
    ^bb0(%i: tensor<i64>, %sum: tensor<3xf32>, %x: tensor<3xf32>,
         %scale: tensor<3xf32>):
      %0 = needle.mul %x, %scale : tensor<3xf32>
      %1 = needle.add %sum, %0 : tensor<3xf32>
      needle.yield %1, %1 : tensor<3xf32>, tensor<3xf32>
    }
    ```
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
