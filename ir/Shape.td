// Shape.td - ops that move elements and compute nothing.
#ifndef NEEDLE_SHAPE
#define NEEDLE_SHAPE

include "Dialect.td"
include "Interfaces.td"

class Needle_ShapeOp<string mnemonic, list<Trait> traits = []>
    : Needle_Op<mnemonic, !listconcat([Pure], traits)>;
class Needle_InferredShapeOp<string mnemonic, list<Trait> traits = []>
    : Needle_ShapeOp<mnemonic, !listconcat(
        [DeclareOpInterfaceMethods<InferTypeOpInterface>], traits)>;
defvar Needle_View = DeclareOpInterfaceMethods<ViewOpInterface>;

def Needle_ReshapeOp : Needle_ShapeOp<"reshape", [Needle_View]> {
  let summary = "the same elements in row-major order, in another shape";
  let description = [{
    Needs as many elements as before; a view, nothing moves.

    ```mlir
    %0 = needle.reshape %x : tensor<2x3xf32> -> tensor<3x2xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Needle_BroadcastToOp : Needle_ShapeOp<"broadcast_to", [Needle_View]> {
  let summary = "repeats axes of size 1 and adds leading axes, as NumPy does";
  let description = [{
    The only op that broadcasts: elementwise operands have equal shapes.

    ```mlir
    %0 = needle.broadcast_to %bias : tensor<3xf32> -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Needle_TransposeOp : Needle_InferredShapeOp<"transpose", [Needle_View]> {
  let summary = "axis i of the result is axis permutation[i] of x";
  let description = [{
    `permutation` names every axis once.

    ```mlir
    %0 = needle.transpose %x {permutation = array<i64: 1, 0>}
        : tensor<2x3xf32> // tensor<3x2xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}
def Needle_SliceOp : Needle_InferredShapeOp<"slice", [Needle_View]> {
  let summary = "elements start, start + step, ... before stop, per axis";
  let description = [{
    One start, stop and step per axis; 0 <= start <= stop <= size, step >= 1.

    ```mlir
    %0 = needle.slice %x {start = array<i64: 0, 1>, stop = array<i64: 2, 3>,
        step = array<i64: 1, 1>} : tensor<2x3xf32> // tensor<2x2xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$start,
                       DenseI64ArrayAttr:$stop, DenseI64ArrayAttr:$step);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}
def Needle_PadOp : Needle_InferredShapeOp<"pad"> {
  let summary = "`value` before, after and between the elements of each axis";
  let description = [{
    One `low`, `high` and `interior` per axis, none negative. `value` is rounded
    to the element type.

    ```mlir
    %0 = needle.pad %x {low = array<i64: 0, 1>, high = array<i64: 0, 1>,
        interior = array<i64: 0, 0>} : tensor<2x3xf32> // tensor<2x5xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior,
                       DefaultValuedAttr<F64Attr, "0.0">:$value);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}
def Needle_ConcatOp : Needle_InferredShapeOp<"concat"> {
  let summary = "one tensor after the other along an axis";
  let description = [{
    All sizes but that of `axis` are equal.

    ```mlir
    %0 = needle.concat %x, %y {axis = 0 : i64}
        : tensor<2x3xf32>, tensor<4x3xf32> // tensor<6x3xf32>
    ```
  }];
  let arguments = (ins Variadic<Needle_Tensor>:$xs, I64Attr:$axis);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$xs attr-dict `:` type($xs)";
  let hasFolder = 1;
}
def Needle_SplitOp : Needle_InferredShapeOp<"split"> {
  let summary = "cuts an axis into pieces of `sizes`, one result each";
  let description = [{
    The sizes add up to that of the axis.

    ```mlir
    %0:2 = needle.split %x {sizes = array<i64: 1, 2>, axis = 1 : i64}
        : tensor<2x3xf32> // tensor<2x1xf32>, tensor<2x2xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$sizes,
                       I64Attr:$axis);
  let results = (outs Variadic<Needle_Tensor>:$pieces);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

#endif
