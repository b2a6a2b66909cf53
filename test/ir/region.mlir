// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @carries_then_slices_then_captures(
func.func @carries_then_slices_then_captures(%zero: tensor<3xf32>, %xs: tensor<4x3xf32>, %k: tensor<f64>)
    -> (tensor<3xf32>, tensor<4xf64>) {
  // CHECK: needle.scan(%{{.*}}, %{{.*}}, %{{.*}}) {carries = 1 : i64, length = 4 : i64, reverse = true, slices = 1 : i64} : (tensor<3xf32>, tensor<4x3xf32>, tensor<f64>) -> (tensor<3xf32>, tensor<4xf64>) {
  %0:2 = needle.scan(%zero, %xs, %k) {length = 4 : i64, carries = 1 : i64, slices = 1 : i64, reverse = true}
      : (tensor<3xf32>, tensor<4x3xf32>, tensor<f64>) -> (tensor<3xf32>, tensor<4xf64>) {
  // CHECK: ^bb0(%{{.*}}: tensor<i64>, %{{.*}}: tensor<3xf32>, %{{.*}}: tensor<3xf32>, %{{.*}}: tensor<f64>):
  ^bb0(%i: tensor<i64>, %sum: tensor<3xf32>, %x: tensor<3xf32>, %scale: tensor<f64>):
    %1 = needle.add %sum, %x : tensor<3xf32>
    // CHECK: needle.yield %{{.*}}, %{{.*}} : tensor<3xf32>, tensor<f64>
    needle.yield %1, %scale : tensor<3xf32>, tensor<f64>
  }
  return %0#0, %0#1 : tensor<3xf32>, tensor<4xf64>
}

// CHECK-LABEL: @a_scan_may_do_nothing(
func.func @a_scan_may_do_nothing() {
  // CHECK: needle.scan() {carries = 0 : i64, length = 0 : i64, slices = 0 : i64} : () -> () {
  needle.scan() {length = 0 : i64, carries = 0 : i64, slices = 0 : i64} : () -> () {
  ^bb0(%i: tensor<i64>):
  }
  return
}
