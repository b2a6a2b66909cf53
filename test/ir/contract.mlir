// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @products_transpose_for_free(
func.func @products_transpose_for_free(%a: tensor<3x2xf32>, %b: tensor<4x3xf32>) -> tensor<2x4xf32> {
  // CHECK: needle.matmul %{{.*}}, %{{.*}} {transpose_lhs = true, transpose_rhs = true} : tensor<3x2xf32>, tensor<4x3xf32>
  %0 = needle.matmul %a, %b {transpose_lhs = true, transpose_rhs = true} : tensor<3x2xf32>, tensor<4x3xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: @leading_axes_broadcast(
func.func @leading_axes_broadcast(%a: tensor<5x1x2x3xf64>, %b: tensor<7x3x4xf64>) -> tensor<5x7x2x4xf64> {
  // CHECK: needle.matmul %{{.*}}, %{{.*}} : tensor<5x1x2x3xf64>, tensor<7x3x4xf64>
  %0 = needle.matmul %a, %b : tensor<5x1x2x3xf64>, tensor<7x3x4xf64>
  return %0 : tensor<5x7x2x4xf64>
}

// CHECK-LABEL: @empty_sums_are_allowed(
func.func @empty_sums_are_allowed(%a: tensor<2x0xf32>, %b: tensor<0x4xf32>) -> tensor<2x4xf32> {
  %0 = needle.matmul %a, %b : tensor<2x0xf32>, tensor<0x4xf32>
  // CHECK: return %{{.*}} : tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
