// Reduce.td - ops that combine elements along axes.
#ifndef NEEDLE_REDUCE
#define NEEDLE_REDUCE

include "Dialect.td"
include "Interfaces.td"

// `axes` are sorted, distinct and non-negative.
class Needle_ReduceOp<string mnemonic, Type type = Needle_NumberTensor>
    : Needle_Op<mnemonic, [Pure, Needle_RoundsOnce,
        DeclareOpInterfaceMethods<ReductionOpInterface>,
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let arguments = (ins type:$x, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs type:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
def Needle_SumOp : Needle_ReduceOp<"sum"> {
  let summary = "sum along axes; 0 for an empty axis";
  let description = [{
    `axes` are sorted and distinct; they vanish, or with `keep_dims` become 1.
    In a fixed order that depends on shapes and the instruction set only.

    ```mlir
    %0 = needle.sum %x {axes = array<i64: 1>} : tensor<2x3xf32> // tensor<2xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_MaxOp : Needle_ReduceOp<"max"> {
  let summary = "maximum along axes, NaN if any is; -inf for an empty axis";
  let description = [{
    `axes` are sorted and distinct; they vanish, or with `keep_dims` become 1.
    Integer axes without elements give the least integer.

    ```mlir
    %0 = needle.max %x {axes = array<i64: 1>, keep_dims = true}
        : tensor<2x3xf32> // tensor<2x1xf32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_MinOp : Needle_ReduceOp<"min"> {
  let summary = "minimum along axes, NaN if any is; inf for an empty axis";
  let description = [{
    `axes` are sorted and distinct; they vanish, or with `keep_dims` become 1.
    Integer axes without elements give the greatest integer.

    ```mlir
    %0 = needle.min %x {axes = array<i64: 0, 1>}
        : tensor<2x3xf32> // tensor<f32>
    ```
  }];
  let hasFolder = 1;
}
def Needle_MeanOp : Needle_Op<"mean",
    [Pure, Needle_RoundsOnce,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "mean along axes; Decompose makes it a sum and a product";
  let description = [{
    `axes` are sorted and distinct; they vanish, or with `keep_dims` become 1.
    Of an empty axis it is NaN.

    ```mlir
    %0 = needle.mean %x {axes = array<i64: 0>}
        : tensor<2x3xf32> // tensor<3xf32>
    ```
  }];
  let arguments = (ins Needle_FloatTensor:$x, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
class Needle_ArgReduceOp<string mnemonic> : Needle_Op<mnemonic,
    [Pure, Needle_RoundsOnce,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let arguments = (ins Needle_Tensor:$x, I64Attr:$axis,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Needle_TensorOf<[I64]>:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}
def Needle_ArgmaxOp : Needle_ArgReduceOp<"argmax"> {
  let summary = "index of the first maximum, or first NaN, along an axis";
  let description = [{
    The axis must not be empty.

    ```mlir
    %0 = needle.argmax %x {axis = 1 : i64} : tensor<2x3xf32> // tensor<2xi64>
    ```
  }];
}
def Needle_ArgminOp : Needle_ArgReduceOp<"argmin"> {
  let summary = "index of the first minimum, or first NaN, along an axis";
  let description = [{
    The axis must not be empty.

    ```mlir
    %0 = needle.argmin %x {axis = 1 : i64} : tensor<2x3xf32> // tensor<2xi64>
    ```
  }];
}

// Composites over one axis: Decompose turns them into their safe forms.
class Needle_AxisOp<string mnemonic> : Needle_Op<mnemonic,
    [Pure, Needle_RoundsOnce, SameOperandsAndResultType]> {
  let arguments = (ins Needle_FloatTensor:$x, I64Attr:$axis);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}
def Needle_SoftmaxOp : Needle_AxisOp<"softmax"> {
  let summary = "exp(x - max) / sum exp(x - max) along an axis";
  let description = [{
    NaN along the axis if any element is NaN or infinite.

    ```mlir
    %0 = needle.softmax %x {axis = 1 : i64} : tensor<2x3xf32>
    ```
  }];
}
def Needle_LogSoftmaxOp : Needle_AxisOp<"log_softmax"> {
  let summary = "x - max - log sum exp(x - max) along an axis";
  let description = [{
    NaN along the axis if any element is NaN or infinite.

    ```mlir
    %0 = needle.log_softmax %x {axis = 1 : i64} : tensor<2x3xf32>
    ```
  }];
}
def Needle_LogsumexpOp : Needle_Op<"logsumexp",
    [Pure, Needle_RoundsOnce,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "max + log sum exp(x - max) along axes";
  let description = [{
    `axes` are sorted and distinct; they vanish, or with `keep_dims` become 1.
    -inf for an empty axis.

    ```mlir
    %0 = needle.logsumexp %x {axes = array<i64: 1>}
        : tensor<2x3xf32> // tensor<2xf32>
    ```
  }];
  let arguments = (ins Needle_FloatTensor:$x, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

#endif
