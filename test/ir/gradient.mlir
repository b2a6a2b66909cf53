// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @gradients_are_taken_at_pins(
func.func @gradients_are_taken_at_pins(%x: tensor<4xf32>, %c: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[PIN:.*]] = needle.pin %{{.*}} : tensor<4xf32>
  %0 = needle.pin %x : tensor<4xf32>
  // CHECK: %[[Y:.*]] = needle.square %[[PIN]]
  %1 = needle.square %0 : tensor<4xf32>
  // CHECK: needle.gradient(%[[Y]], %[[PIN]]) {allow_unused = true} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = needle.gradient(%1, %0) {allow_unused = true} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: needle.gradient(%[[Y]], %{{.*}}, %[[PIN]]) {has_cotangent = true}
  %3 = needle.gradient(%1, %c, %0) {has_cotangent = true} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2, %3 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @to_changes_the_target(
func.func @to_changes_the_target(%x: tensor<4xf32>) -> tensor<4xf32, "reference"> {
  // CHECK: needle.detach %{{.*}} : tensor<4xf32>
  %0 = needle.detach %x : tensor<4xf32>
  // CHECK: needle.to %{{.*}} : tensor<4xf32> -> tensor<4xf32, "reference">
  %1 = needle.to %0 : tensor<4xf32> -> tensor<4xf32, "reference">
  return %1 : tensor<4xf32, "reference">
}
