// Kernel.td - groups of ops that become one kernel, and its launch.
#ifndef NEEDLE_KERNEL
#define NEEDLE_KERNEL

include "Dialect.td"
include "Attributes.td"

def Needle_KernelOp : Needle_AnyTargetOp<"kernel", [Pure, IsolatedFromAbove,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "ops that are computed together, in one pass over memory";
  let description = [{
    `maps` has one index map per operand: element (d0, d1, ...) of the body
    argument is the operand's element at the map's results (slices, transposes
    and broadcasts, all affine). `kind` says which emitter takes it:
    "map" (elementwise ops over one shape), "reduce" (reductions, what feeds
    them and what uses them elementwise), "contract" (one matmul, what feeds it
    and its epilogue), "single" (one op with an emitter of its own), "host"
    (ops that the reference interpreter runs).

    ```mlir
    %0 = needle.kernel "map" (%x, %bias) maps [
        affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>]
        : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32> {
    ^bb0(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>):
      %1 = needle.add %a, %b : tensor<4x8xf32>
      needle.yield %1 : tensor<4x8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Needle_Tensor>:$inputs, StrAttr:$kind,
                       AffineMapArrayAttr:$maps);
  let results = (outs Variadic<Needle_Tensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $kind `(` $inputs `)` `maps` $maps attr-dict `:`
    functional-type($inputs, $outputs) $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Needle_LaunchOp : Needle_AnyTargetOp<"launch", [Pure]> {
  let summary = "runs the phases of a lowered kernel";
  let description = [{
    What a `needle.kernel` becomes when its loops are in functions of the
    nested module @kernels. `workspace` is the bytes it needs besides.

    ```mlir
    %0 = needle.launch(%x) [#needle.phase<calls = [#needle.call<
        function = @add_f32, buffers = [0, 1],
        scalars = [4096]>], tiles = 4, scratch = 0, work = 4096>]
        : (tensor<4096xf32>) -> tensor<4096xf32>
    ```
  }];
  let arguments = (ins Variadic<Needle_Tensor>:$inputs,
                       TypedArrayAttrBase<Needle_PhaseAttr, "phases">:$phases,
                       DefaultValuedAttr<I64Attr, "0">:$workspace);
  let results = (outs Variadic<Needle_Tensor>:$outputs);
  let assemblyFormat = [{
    `(` $inputs `)` $phases attr-dict `:`
    functional-type($inputs, $outputs)
  }];
}

#endif
