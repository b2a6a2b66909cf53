// Gradient.td - the gradient request, what protects its paths, and placement.
#ifndef NEEDLE_GRADIENT
#define NEEDLE_GRADIENT

include "Dialect.td"

def Needle_GradientOp : Needle_AnyTargetOp<"gradient", [Pure]> {
  let summary = "gradients of sum(value * cotangent) with respect to `wrt`";
  let description = [{
    Operands: the value, the cotangent (of the value's type) when
    `has_cotangent`, else ones, then each `wrt`, made by needle.pin. One result
    per `wrt`, of its type. Autodiff expands it. A `wrt` that the value does not
    depend on along differentiable ops is an error, with `allow_unused` zeros.

    ```mlir
    // d sum(x^2) / dx
    %0 = needle.pin %x : tensor<4xf32>
    %1 = needle.square %0 : tensor<4xf32>
    %2 = needle.sum %1 {axes = array<i64: 0>} : tensor<4xf32>
    %3 = needle.gradient(%2, %0) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<Needle_Tensor>:$operands_,
                       DefaultValuedAttr<BoolAttr, "false">:$has_cotangent,
                       DefaultValuedAttr<BoolAttr, "false">:$allow_unused);
  let results = (outs Variadic<Needle_Tensor>:$gradients);
  let assemblyFormat = [{
    `(` $operands_ `)` attr-dict `:` functional-type($operands_, $gradients)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Value getValue() { return getOperand(0); }
    ::mlir::Value getCotangent() {
      return getHasCotangent() ? getOperand(1) : ::mlir::Value();
    }
    ::mlir::OperandRange getWrt() {
      return getOperands().drop_front(getHasCotangent() ? 2 : 1);
    }
  }];
}
// Opaque (no folder): every use of a `wrt` value goes through it, so that no
// rewrite before Autodiff can take the value off the path.
def Needle_PinOp : Needle_Op<"pin", [Pure, SameOperandsAndResultType]> {
  let summary = "x; a point that gradients are taken at";
  let description = [{
    No pass but Autodiff may look through it.

    ```mlir
    %0 = needle.pin %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
def Needle_DetachOp : Needle_Op<"detach", [Pure, SameOperandsAndResultType]> {
  let summary = "x; a constant to gradients";
  let description = [{
    Autodiff removes it.

    ```mlir
    %0 = needle.detach %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}
def Needle_ToOp : Needle_AnyTargetOp<"to", [Pure]> {
  let summary = "a copy of x on another target";
  let description = [{
    The only op whose operand and result may live on different targets.

    ```mlir
    %0 = needle.to %x : tensor<4xf32> -> tensor<4xf32, "reference">
    ```
  }];
  let arguments = (ins Needle_Tensor:$x);
  let results = (outs Needle_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}

#endif
