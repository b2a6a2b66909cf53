// Random.td - draws as pure functions of a key (Threefry-2x32, 20 rounds), in
// JAX's partitionable layout: element i depends on the key and i only.
#ifndef NEEDLE_RANDOM
#define NEEDLE_RANDOM

include "Dialect.td"
include "Elementwise.td"

// ---- primitives, elementwise ----------------------------------------------
def Needle_ThreefryOp : Needle_ElementwiseBase<"threefry",
    [SameOperandsAndResultType],
    [{ return buildThreefry(b, loc, x[0], x[1]); }]> {
  let cheap = 0;
  let summary = "the Threefry-2x32 block of a key and a counter: hi << 32 | lo";
  let description = [{
    Twenty rounds; key and counter are pairs of 32-bit words.

    ```mlir
    %0 = needle.threefry %keys, %counters : tensor<4xi64>
    ```
  }];
  let arguments = (ins Needle_KeyTensor:$key, Needle_KeyTensor:$counter);
  let results = (outs Needle_KeyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` type($result)";
}
def Needle_FoldBitsOp : Needle_ElementwiseBase<"fold_bits",
    [SameOperandsAndResultShape,
     DeclareOpInterfaceMethods<InferTypeOpInterface>],
    [{ return buildFoldBits(b, loc, x[0]); }]> {
  let summary = "32 random bits of 64: hi ^ lo";
  let description = [{
    ```mlir
    %0 = needle.fold_bits %bits : tensor<4xi64> // tensor<4xi32>
    ```
  }];
  let arguments = (ins Needle_TensorOf<[I64]>:$x);
  let results = (outs Needle_TensorOf<[I32]>:$result);
  let assemblyFormat = "operands attr-dict `:` type($x)";
}
def Needle_UnitFromBitsOp : Needle_ElementwiseBase<"unit_from_bits",
    [SameOperandsAndResultShape,
     DeclareOpInterfaceMethods<InferTypeOpInterface>],
    [{ return buildUnitFromBits(b, loc, x[0]); }]> {
  let summary = "a number in [0, 1) from upper bits: i32 -> f32, i64 -> f64";
  let description = [{
    The upper 23 (52) bits become the mantissa of a number in [1, 2), less 1.

    ```mlir
    %0 = needle.unit_from_bits %bits : tensor<4xi32> // tensor<4xf32>
    ```
  }];
  let arguments = (ins Needle_IntegerTensor:$x);
  let results = (outs Needle_TensorOf<[F32, F64]>:$result);
  let assemblyFormat = "operands attr-dict `:` type($x)";
}

// ---- what users call; Decompose turns them into the primitives --------------
def Needle_FoldInOp : Needle_Op<"fold_in", [Pure, SameOperandsAndResultType]> {
  let summary = "a key from a key and a number: threefry(key, data)";
  let description = [{
    A key that is as good as new for each number.

    ```mlir
    %0 = needle.fold_in %key, %n : tensor<i64>
    ```
  }];
  let arguments = (ins Needle_KeyTensor:$key, Needle_KeyTensor:$data);
  let results = (outs Needle_KeyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` type($result)";
}
def Needle_SplitKeyOp : Needle_Op<"split_key",
    [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "keys from one: threefry(key, 0), threefry(key, 1), ...";
  let description = [{
    The key is one key, of rank 0.

    ```mlir
    %0 = needle.split_key %key {count = 2 : i64} : tensor<i64> // tensor<2xi64>
    ```
  }];
  let arguments = (ins Needle_KeyTensor:$key, I64Attr:$count);
  let results = (outs Needle_KeyTensor:$result);
  let assemblyFormat = "operands attr-dict `:` type($key)";
}
class Needle_DrawOp<string mnemonic, Type type, dag attributes = (ins),
                    list<Trait> traits = []>
    : Needle_Op<mnemonic, !listconcat([Pure], traits)> {
  let arguments = !con((ins Needle_KeyTensor:$key), attributes);
  let results = (outs type:$result);
  let assemblyFormat = "operands attr-dict `:` type($key) `->` type($result)";
}
def Needle_RandomBitsOp : Needle_DrawOp<"random_bits", Needle_IntegerTensor> {
  let summary = "uniformly random bits";
  let description = [{
    Element i depends on the key and on i, its row-major index.

    ```mlir
    %0 = needle.random_bits %key : tensor<i64> -> tensor<2x3xi32>
    ```
  }];
  let hasVerifier = 1;
}
def Needle_UniformOp : Needle_DrawOp<"uniform", Needle_FloatTensor,
    (ins DefaultValuedAttr<F64Attr, "0.0">:$low,
         DefaultValuedAttr<F64Attr, "1.0">:$high)> {
  let summary = "uniform numbers in [low, high)";
  let description = [{
    unit * (high - low) + low, at least low, as in JAX. In bf16: those of f32,
    rounded within [low, high).

    ```mlir
    %0 = needle.uniform %key {low = -1.0 : f64} : tensor<i64> -> tensor<2x3xf32>
    ```
  }];
  let hasVerifier = 1;
}
def Needle_NormalOp : Needle_DrawOp<"normal", Needle_FloatTensor, (ins),
    [Needle_RoundsOnce]> {
  let summary = "standard normal numbers: sqrt(2) erf_inv(uniform(-1, 1))";
  let description = [{
    In bf16: those of f32, rounded.

    ```mlir
    %0 = needle.normal %key : tensor<i64> -> tensor<2x3xf32>
    ```
  }];
  let hasVerifier = 1;
}
def Needle_BernoulliOp : Needle_DrawOp<"bernoulli", Needle_BoolTensor,
    (ins F64Attr:$probability)> {
  let summary = "true with the given probability: uniform < p, in f32";
  let description = [{
    ```mlir
    %0 = needle.bernoulli %key {probability = 0.9 : f64}
        : tensor<i64> -> tensor<2x3xi1>
    ```
  }];
  let hasVerifier = 1;
}

#endif
