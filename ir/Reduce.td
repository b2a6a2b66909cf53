// Reduce.td - ops that combine elements along axes.
#ifndef NEEDLE_REDUCE
#define NEEDLE_REDUCE

include "Dialect.td"
include "Interfaces.td"

// `axes` are sorted, distinct and non-negative.
class Needle_ReduceOp<string mnemonic, Type type = Needle_NumberTensor>
    : Needle_Op<mnemonic, [Pure,
        DeclareOpInterfaceMethods<ReductionOpInterface>,
        DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let arguments = (ins type:$x, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs type:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
def Needle_SumOp : Needle_ReduceOp<"sum"> {
  let summary = "sum along axes; 0 for an empty axis";
  let hasFolder = 1;
}
def Needle_MaxOp : Needle_ReduceOp<"max"> {
  let summary = "maximum along axes, NaN if any is; -inf for an empty axis";
  let hasFolder = 1;
}
def Needle_MinOp : Needle_ReduceOp<"min"> {
  let summary = "minimum along axes, NaN if any is; inf for an empty axis";
  let hasFolder = 1;
}
def Needle_MeanOp : Needle_Op<"mean",
    [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "mean along axes; Decompose makes it a sum and a product";
  let arguments = (ins Needle_FloatTensor:$x, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
class Needle_ArgReduceOp<string mnemonic> : Needle_Op<mnemonic,
    [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let arguments = (ins Needle_Tensor:$x, I64Attr:$axis,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Needle_TensorOf<[I64]>:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}
def Needle_ArgmaxOp : Needle_ArgReduceOp<"argmax"> {
  let summary = "index of the first maximum along an axis; of the first NaN, if any";
}
def Needle_ArgminOp : Needle_ArgReduceOp<"argmin"> {
  let summary = "index of the first minimum along an axis; of the first NaN, if any";
}

// Composites over one axis: Decompose turns them into their safe forms.
class Needle_AxisOp<string mnemonic> : Needle_Op<mnemonic,
    [Pure, SameOperandsAndResultType]> {
  let arguments = (ins Needle_FloatTensor:$x, I64Attr:$axis);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasVerifier = 1;
}
def Needle_SoftmaxOp : Needle_AxisOp<"softmax"> {
  let summary = "exp(x - max) / sum exp(x - max) along an axis";
}
def Needle_LogSoftmaxOp : Needle_AxisOp<"log_softmax"> {
  let summary = "x - max - log sum exp(x - max) along an axis";
}
def Needle_LogsumexpOp : Needle_Op<"logsumexp",
    [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "max + log sum exp(x - max) along axes";
  let arguments = (ins Needle_FloatTensor:$x, DenseI64ArrayAttr:$axes,
                       DefaultValuedAttr<BoolAttr, "false">:$keep_dims);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

#endif
