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
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Needle_BroadcastToOp : Needle_ShapeOp<"broadcast_to", [Needle_View]> {
  let summary = "repeats axes of size 1 and adds leading axes, as NumPy does";
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def Needle_TransposeOp : Needle_InferredShapeOp<"transpose", [Needle_View]> {
  let summary = "axis i of the result is axis permutation[i] of x";
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}
def Needle_SliceOp : Needle_InferredShapeOp<"slice", [Needle_View]> {
  let summary = "elements start, start + step, ... before stop, per axis";
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$start,
                       DenseI64ArrayAttr:$stop, DenseI64ArrayAttr:$step);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}
def Needle_PadOp : Needle_InferredShapeOp<"pad"> {
  let summary = "`value` before, after and between the elements of each axis";
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior,
                       DefaultValuedAttr<F64Attr, "0.0">:$value);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
  let hasFolder = 1;
}
def Needle_ConcatOp : Needle_InferredShapeOp<"concat"> {
  let summary = "one tensor after the other along an axis";
  let arguments = (ins Variadic<Needle_Tensor>:$xs, I64Attr:$axis);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$xs attr-dict `:` type($xs)";
  let hasFolder = 1;
}
def Needle_SplitOp : Needle_InferredShapeOp<"split"> {
  let summary = "cuts an axis into pieces of `sizes`, one result each";
  let arguments = (ins Needle_Tensor:$x, DenseI64ArrayAttr:$sizes,
                       I64Attr:$axis);
  let results = (outs Variadic<Needle_Tensor>:$pieces);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

#endif
