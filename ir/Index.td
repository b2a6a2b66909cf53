// Index.td - ops whose operand says where to read or write.
#ifndef NEEDLE_INDEX
#define NEEDLE_INDEX

include "Dialect.td"

def Needle_TakeOp : Needle_Op<"take",
    [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "slices of x along `axis`, one per index";
  let description = [{
    The shape of `indices` stands in place of `axis`. A negative index counts
    from the end; one outside reads NaN (0 in integers and booleans).

    ```mlir
    %0 = needle.take %table, %tokens {axis = 0 : i64}
        : tensor<100x8xf32>, tensor<2x5xi64> // tensor<2x5x8xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x, Needle_IntegerTensor:$indices,
                       I64Attr:$axis);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $indices attr-dict `:` type($x) `,` type($indices)
  }];
}
def Needle_OneHotOp : Needle_Op<"one_hot", [Pure]> {
  let summary = "1 at each index along a new last axis, 0 elsewhere";
  let description = [{
    An index outside gives a row of zeros (negative ones included).

    ```mlir
    %0 = needle.one_hot %labels {depth = 10 : i64}
        : tensor<4xi64> -> tensor<4x10xf32>
    ```
  }];
  let arguments = (ins Needle_IntegerTensor:$indices, I64Attr:$depth);
  let results = (outs Needle_NumberTensor:$result);
  let assemblyFormat = [{
    $indices attr-dict `:` type($indices) `->` type($result)
  }];
  let hasVerifier = 1;
}
def Needle_ScatterAddOp : Needle_Op<"scatter_add",
    [Pure, Needle_RoundsOnce,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "operand with updates added where the indices say";
  let description = [{
    `updates` has the shape of take(operand, indices, axis). Updates of one
    place are added in their order; an index outside drops its update.

    ```mlir
    %0 = needle.scatter_add %table, %tokens, %updates {axis = 0 : i64}
        : tensor<100x8xf32>, tensor<5xi64>, tensor<5x8xf32> // tensor<100x8xf32>
    ```
  }];
  let arguments = (ins Needle_NumberTensor:$operand,
                       Needle_IntegerTensor:$indices,
                       Needle_NumberTensor:$updates, I64Attr:$axis);
  let results = (outs Needle_NumberTensor:$result);
  let assemblyFormat = [{
    $operand `,` $indices `,` $updates attr-dict `:` type($operand) `,`
    type($indices) `,` type($updates)
  }];
}

#endif
