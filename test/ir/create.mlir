// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @constants_of_every_type(
func.func @constants_of_every_type() {
  // CHECK: needle.constant dense<[1.000000e+00, 0x7FC00000, -0.000000e+00]> : tensor<3xf32>
  %0 = needle.constant dense<[1.0, 0x7FC00000, -0.0]> : tensor<3xf32>
  // CHECK: needle.constant dense<{{\[}}[true, false]]> : tensor<1x2xi1>
  %1 = needle.constant dense<[[true, false]]> : tensor<1x2xi1>
  // CHECK: needle.constant dense<[-1, 9223372036854775807]> : tensor<2xi64>
  %2 = needle.constant dense<[-1, 9223372036854775807]> : tensor<2xi64>
  // CHECK: needle.constant dense<> : tensor<0xf64>
  %3 = needle.constant dense<> : tensor<0xf64>
  return
}

// CHECK-LABEL: @full_of_every_type(
func.func @full_of_every_type() {
  // CHECK: needle.full 1.000000e-01 : f64 -> tensor<2x3xf32>
  %0 = needle.full 0.1 : f64 -> tensor<2x3xf32>
  // CHECK: needle.full 0x7FF0000000000000 : f64 -> tensor<f64>
  %1 = needle.full 0x7FF0000000000000 : f64 -> tensor<f64>
  // CHECK: needle.full -7 : i64 -> tensor<2xi32>
  %2 = needle.full -7 : i64 -> tensor<2xi32>
  // CHECK: needle.full 1 : i64 -> tensor<0x2xi1>
  %3 = needle.full 1 : i64 -> tensor<0x2xi1>
  return
}

// CHECK-LABEL: @indices(
func.func @indices() {
  // CHECK: needle.iota {axis = 1 : i64} -> tensor<2x3xf32>
  %0 = needle.iota {axis = 1 : i64} -> tensor<2x3xf32>
  // CHECK: needle.linear_index -> tensor<2x3xi64>
  %1 = needle.linear_index -> tensor<2x3xi64>
  return
}
