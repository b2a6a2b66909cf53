// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @keys_from_keys(
func.func @keys_from_keys(%key: tensor<i64>, %n: tensor<i64>) -> tensor<3xi64> {
  // CHECK: needle.fold_in %{{.*}}, %{{.*}} : tensor<i64>
  %0 = needle.fold_in %key, %n : tensor<i64>
  // CHECK: needle.split_key %{{.*}} {count = 3 : i64} : tensor<i64>
  %1 = needle.split_key %0 {count = 3 : i64} : tensor<i64>
  return %1 : tensor<3xi64>
}

// CHECK-LABEL: @draws(
func.func @draws(%key: tensor<i64>) {
  // CHECK: needle.random_bits %{{.*}} : tensor<i64> -> tensor<4xi64>
  %0 = needle.random_bits %key : tensor<i64> -> tensor<4xi64>
  // CHECK: needle.uniform %{{.*}} {high = 2.000000e+00 : f64} : tensor<i64> -> tensor<4xf32>
  %1 = needle.uniform %key {high = 2.0 : f64} : tensor<i64> -> tensor<4xf32>
  // CHECK: needle.normal %{{.*}} : tensor<i64> -> tensor<2x2xf64>
  %2 = needle.normal %key : tensor<i64> -> tensor<2x2xf64>
  // CHECK: needle.bernoulli %{{.*}} {probability = 2.500000e-01 : f64} : tensor<i64> -> tensor<4xi1>
  %3 = needle.bernoulli %key {probability = 0.25 : f64} : tensor<i64> -> tensor<4xi1>
  return
}

// CHECK-LABEL: @primitives(
func.func @primitives(%keys: tensor<4xi64>, %counters: tensor<4xi64>) -> (tensor<4xf32>, tensor<4xf64>) {
  // CHECK: needle.threefry %{{.*}}, %{{.*}} : tensor<4xi64>
  %0 = needle.threefry %keys, %counters : tensor<4xi64>
  // CHECK: needle.fold_bits %{{.*}} : tensor<4xi64>
  %1 = needle.fold_bits %0 : tensor<4xi64>
  // CHECK: needle.unit_from_bits %{{.*}} : tensor<4xi32>
  %2 = needle.unit_from_bits %1 : tensor<4xi32>
  // CHECK: needle.unit_from_bits %{{.*}} : tensor<4xi64>
  %3 = needle.unit_from_bits %0 : tensor<4xi64>
  return %2, %3 : tensor<4xf32>, tensor<4xf64>
}
