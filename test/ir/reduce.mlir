// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @axes_vanish(
func.func @axes_vanish(%x: tensor<2x3x4xf32>) -> tensor<3xf32> {
  // CHECK: needle.sum %{{.*}} {axes = array<i64: 0, 2>} : tensor<2x3x4xf32>
  %0 = needle.sum %x {axes = array<i64: 0, 2>} : tensor<2x3x4xf32>
  // CHECK: return %{{.*}} : tensor<3xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: @kept_axes_have_size_one(
func.func @kept_axes_have_size_one(%x: tensor<2x3xi32>) -> tensor<2x1xi32> {
  // CHECK: needle.max %{{.*}} {axes = array<i64: 1>, keep_dims = true}
  %0 = needle.max %x {axes = array<i64: 1>, keep_dims = true} : tensor<2x3xi32>
  return %0 : tensor<2x1xi32>
}

// CHECK-LABEL: @every_axis_leaves_a_scalar(
func.func @every_axis_leaves_a_scalar(%x: tensor<2x3xf64>) -> tensor<f64> {
  // CHECK: needle.min %{{.*}} {axes = array<i64: 0, 1>} : tensor<2x3xf64>
  %0 = needle.min %x {axes = array<i64: 0, 1>} : tensor<2x3xf64>
  return %0 : tensor<f64>
}

// CHECK-LABEL: @empty_axes_have_sums(
func.func @empty_axes_have_sums(%x: tensor<0x3xf32>) -> tensor<3xf32> {
  %0 = needle.sum %x {axes = array<i64: 0>} : tensor<0x3xf32>
  // CHECK: return %{{.*}} : tensor<3xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: @means_and_logsumexps(
func.func @means_and_logsumexps(%x: tensor<2x3xf32>) -> (tensor<3xf32>, tensor<2x1xf32>) {
  // CHECK: needle.mean %{{.*}} {axes = array<i64: 0>} : tensor<2x3xf32>
  %0 = needle.mean %x {axes = array<i64: 0>} : tensor<2x3xf32>
  // CHECK: needle.logsumexp %{{.*}} {axes = array<i64: 1>, keep_dims = true}
  %1 = needle.logsumexp %x {axes = array<i64: 1>, keep_dims = true} : tensor<2x3xf32>
  return %0, %1 : tensor<3xf32>, tensor<2x1xf32>
}

// CHECK-LABEL: @indices_are_int64(
func.func @indices_are_int64(%x: tensor<2x3xf32>) -> (tensor<2xi64>, tensor<1x3xi64>) {
  // CHECK: needle.argmax %{{.*}} {axis = 1 : i64} : tensor<2x3xf32>
  %0 = needle.argmax %x {axis = 1 : i64} : tensor<2x3xf32>
  // CHECK: needle.argmin %{{.*}} {axis = 0 : i64, keep_dims = true}
  %1 = needle.argmin %x {axis = 0 : i64, keep_dims = true} : tensor<2x3xf32>
  return %0, %1 : tensor<2xi64>, tensor<1x3xi64>
}

// CHECK-LABEL: @composites_keep_the_shape(
func.func @composites_keep_the_shape(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK: needle.softmax %{{.*}} {axis = 1 : i64} : tensor<2x3xf32>
  %0 = needle.softmax %x {axis = 1 : i64} : tensor<2x3xf32>
  // CHECK: needle.log_softmax %{{.*}} {axis = 0 : i64} : tensor<2x3xf32>
  %1 = needle.log_softmax %0 {axis = 0 : i64} : tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}
