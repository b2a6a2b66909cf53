// RUN: %opt --canonicalize --mlir-print-debuginfo --mlir-print-local-scope %s | FileCheck %s

// CHECK-LABEL: @merged_reshapes_keep_both_lines(
func.func @merged_reshapes_keep_both_lines(%x: tensor<6xf32>) -> tensor<3x2xf32> {
  %0 = needle.reshape %x : tensor<6xf32> -> tensor<2x3xf32> loc("train.cpp":10:0)
  // CHECK: needle.reshape %{{.*}} : tensor<6xf32> -> tensor<3x2xf32> loc(fused["train.cpp":11:0, "train.cpp":10:0])
  %1 = needle.reshape %0 : tensor<2x3xf32> -> tensor<3x2xf32> loc("train.cpp":11:0)
  return %1 : tensor<3x2xf32>
}
