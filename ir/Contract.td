// Contract.td - products that sum over a shared axis.
#ifndef NEEDLE_CONTRACT
#define NEEDLE_CONTRACT

include "Dialect.td"
include "Interfaces.td"

def Needle_MatmulOp : Needle_Op<"matmul",
    [Pure, Needle_RoundsOnce, ContractionOpInterface,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "[..., m, k] x [..., k, n] -> [..., m, n]";
  let description = [{
    Leading axes broadcast. `transpose_lhs` says that lhs is stored as
    [..., k, m], `transpose_rhs` that rhs is stored as [..., n, k]. k = 0 gives
    zeros. f32 and bf16 accumulate in f32.

    ```mlir
    %0 = needle.matmul %x, %w {transpose_rhs = true}
        : tensor<8x2x3xf32>, tensor<4x3xf32> // tensor<8x2x4xf32>
    ```
  }];
  let arguments = (ins Needle_FloatTensor:$lhs, Needle_FloatTensor:$rhs,
                       DefaultValuedAttr<BoolAttr, "false">:$transpose_lhs,
                       DefaultValuedAttr<BoolAttr, "false">:$transpose_rhs);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

def Needle_AttentionOp : Needle_Op<"attention",
    [Pure, Needle_RoundsOnce,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "softmax(scale query key^T) value";
  let description = [{
    query [..., t, d], key [..., s, d], value [..., s, e] with equal leading
    axes give [..., t, e]. With `causal`, place i of the query sees places
    0 ... i + s - t of the key only: the last of both belong together; t <= s. A
    composite: Decompose turns it into contractions and a softmax.

    ```mlir
    %0 = needle.attention %q, %k, %v {causal = true, scale = 0.5 : f64}
        : tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x6xf32>
        // tensor<2x8x6xf32>
    ```
  }];
  let arguments = (ins Needle_FloatTensor:$query, Needle_FloatTensor:$key,
                       Needle_FloatTensor:$value,
                       DefaultValuedAttr<BoolAttr, "false">:$causal,
                       F64Attr:$scale);
  let results = (outs Needle_FloatTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value attr-dict `:` type($query) `,` type($key) `,`
    type($value)
  }];
}

#endif
