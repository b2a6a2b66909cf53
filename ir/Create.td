// Create.td - ops that make tensors from nothing.
#ifndef NEEDLE_CREATE
#define NEEDLE_CREATE

include "Dialect.td"
include "Interfaces.td"

def Needle_ConstantOp : Needle_Op<"constant",
    [Pure, ConstantLike, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "a small tensor known when compiling";
  let description = [{
    For few elements: large ones are arguments of the function.

    ```mlir
    %0 = needle.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}
def Needle_FullOp : Needle_Op<"full", [Pure, ConstantLike,
    DeclareOpInterfaceMethods<IndexSourceOpInterface>]> {
  let summary = "a tensor of one value";
  let description = [{
    `value` is f64 for floating results, i64 for integers and booleans (0, 1).

    ```mlir
    %0 = needle.full 0.5 : f64 -> tensor<2x3xf32>
    %1 = needle.full 1 : i64 -> tensor<4xi1>
    ```
  }];
  let arguments = (ins AnyAttrOf<[F64Attr, I64Attr]>:$value);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$value attr-dict `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Needle_IotaOp : Needle_Op<"iota",
    [Pure, DeclareOpInterfaceMethods<IndexSourceOpInterface>]> {
  let summary = "each element is its index along `axis`";
  let description = [{
    Counts from 0.

    ```mlir
    // [[0, 1, 2], [0, 1, 2]]
    %0 = needle.iota {axis = 1 : i64} -> tensor<2x3xi64>
    ```
  }];
  let arguments = (ins I64Attr:$axis);
  let results = (outs Needle_NumberTensor:$result);
  let assemblyFormat = "attr-dict `->` type($result)";
  let hasVerifier = 1;
}
def Needle_LinearIndexOp : Needle_Op<"linear_index",
    [Pure, DeclareOpInterfaceMethods<IndexSourceOpInterface>]> {
  let summary = "each element is its row-major index: the counter of a draw";
  let description = [{
    Counts from 0.

    ```mlir
    // [[0, 1, 2], [3, 4, 5]]
    %0 = needle.linear_index -> tensor<2x3xi64>
    ```
  }];
  let results = (outs Needle_TensorOf<[I64]>:$result);
  let assemblyFormat = "attr-dict `->` type($result)";
}

#endif
