// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @the_shape_of_indices_replaces_the_axis(
func.func @the_shape_of_indices_replaces_the_axis(%x: tensor<2x9x3xi1>, %i: tensor<4x5xi32>) -> tensor<2x4x5x3xi1> {
  // CHECK: needle.take %{{.*}}, %{{.*}} {axis = 1 : i64} : tensor<2x9x3xi1>, tensor<4x5xi32>
  %0 = needle.take %x, %i {axis = 1 : i64} : tensor<2x9x3xi1>, tensor<4x5xi32>
  return %0 : tensor<2x4x5x3xi1>
}

// CHECK-LABEL: @one_hot_adds_an_axis(
func.func @one_hot_adds_an_axis(%i: tensor<4xi64>) -> tensor<4x10xf32> {
  // CHECK: needle.one_hot %{{.*}} {depth = 10 : i64} : tensor<4xi64> -> tensor<4x10xf32>
  %0 = needle.one_hot %i {depth = 10 : i64} : tensor<4xi64> -> tensor<4x10xf32>
  return %0 : tensor<4x10xf32>
}

// CHECK-LABEL: @updates_have_the_shape_of_take(
func.func @updates_have_the_shape_of_take(%x: tensor<9x3xf32>, %i: tensor<i64>, %u: tensor<3xf32>) -> tensor<9x3xf32> {
  // CHECK: needle.scatter_add %{{.*}}, %{{.*}}, %{{.*}} {axis = 0 : i64} : tensor<9x3xf32>, tensor<i64>, tensor<3xf32>
  %0 = needle.scatter_add %x, %i, %u {axis = 0 : i64} : tensor<9x3xf32>, tensor<i64>, tensor<3xf32>
  return %0 : tensor<9x3xf32>
}
