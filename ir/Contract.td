// Contract.td - products that sum over a shared axis.
#ifndef NEEDLE_CONTRACT
#define NEEDLE_CONTRACT

include "Dialect.td"
include "Interfaces.td"

def Needle_MatmulOp : Needle_Op<"matmul",
    [Pure, ContractionOpInterface,
     DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "[..., m, k] x [..., k, n] -> [..., m, n]";
  let description = [{
    Leading axes broadcast. `transpose_lhs` says that lhs is stored as
    [..., k, m], `transpose_rhs` that rhs is stored as [..., n, k]. k = 0 gives
    zeros. f32 accumulates in f32.

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

#endif
