// Create.td - ops that make tensors from nothing.
#ifndef NEEDLE_CREATE
#define NEEDLE_CREATE

include "Dialect.td"
include "Interfaces.td"

def Needle_ConstantOp : Needle_Op<"constant",
    [Pure, ConstantLike, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "a small tensor known when compiling";
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
  let arguments = (ins I64Attr:$axis);
  let results = (outs Needle_NumberTensor:$result);
  let assemblyFormat = "attr-dict `->` type($result)";
  let hasVerifier = 1;
}
def Needle_LinearIndexOp : Needle_Op<"linear_index",
    [Pure, DeclareOpInterfaceMethods<IndexSourceOpInterface>]> {
  let summary = "each element is its row-major index: the counter of a draw";
  let results = (outs Needle_TensorOf<[I64]>:$result);
  let assemblyFormat = "attr-dict `->` type($result)";
}

#endif
