// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @reshape_and_broadcast_name_their_result(
func.func @reshape_and_broadcast_name_their_result(%x: tensor<6xf32>) -> tensor<4x2x3xf32> {
  // CHECK: needle.reshape %{{.*}} : tensor<6xf32> -> tensor<2x3xf32>
  %0 = needle.reshape %x : tensor<6xf32> -> tensor<2x3xf32>
  // CHECK: needle.broadcast_to %{{.*}} : tensor<2x3xf32> -> tensor<4x2x3xf32>
  %1 = needle.broadcast_to %0 : tensor<2x3xf32> -> tensor<4x2x3xf32>
  return %1 : tensor<4x2x3xf32>
}

// CHECK-LABEL: @transposes_permute_axes(
func.func @transposes_permute_axes(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  // CHECK: needle.transpose %{{.*}} {permutation = array<i64: 2, 0, 1>}
  %0 = needle.transpose %x {permutation = array<i64: 2, 0, 1>} : tensor<2x3x4xf32>
  return %0 : tensor<4x2x3xf32>
}

// CHECK-LABEL: @slices_step(
func.func @slices_step(%x: tensor<7x3xf32>) -> tensor<3x0xf32> {
  // CHECK: needle.slice %{{.*}} {start = array<i64: 1, 2>, step = array<i64: 2, 1>, stop = array<i64: 7, 2>}
  %0 = needle.slice %x {start = array<i64: 1, 2>, stop = array<i64: 7, 2>, step = array<i64: 2, 1>} : tensor<7x3xf32>
  return %0 : tensor<3x0xf32>
}

// CHECK-LABEL: @pads_go_around_and_between(
func.func @pads_go_around_and_between(%x: tensor<3x2xi32>) -> tensor<8x2xi32> {
  // CHECK: needle.pad %{{.*}} {high = array<i64: 2, 0>, interior = array<i64: 1, 0>, low = array<i64: 1, 0>, value = 7.000000e+00 : f64}
  %0 = needle.pad %x {low = array<i64: 1, 0>, high = array<i64: 2, 0>, interior = array<i64: 1, 0>, value = 7.0 : f64} : tensor<3x2xi32>
  return %0 : tensor<8x2xi32>
}

// CHECK-LABEL: @concat_and_split_are_inverses(
func.func @concat_and_split_are_inverses(%x: tensor<2x3xf32>, %y: tensor<2x1xf32>) -> (tensor<2x3xf32>, tensor<2x1xf32>) {
  // CHECK: needle.concat %{{.*}}, %{{.*}} {axis = 1 : i64} : tensor<2x3xf32>, tensor<2x1xf32>
  %0 = needle.concat %x, %y {axis = 1 : i64} : tensor<2x3xf32>, tensor<2x1xf32>
  // CHECK: %{{.*}}:2 = needle.split %{{.*}} {axis = 1 : i64, sizes = array<i64: 3, 1>} : tensor<2x4xf32>
  %1:2 = needle.split %0 {sizes = array<i64: 3, 1>, axis = 1 : i64} : tensor<2x4xf32>
  return %1#0, %1#1 : tensor<2x3xf32>, tensor<2x1xf32>
}
