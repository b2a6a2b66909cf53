// RUN: %opt --needle-fuse %s | FileCheck %s

// CHECK-LABEL: @other_targets_run_on_the_host(
// CHECK: needle.kernel "map"
// CHECK: needle.kernel "host"
// CHECK: needle.to
// CHECK: needle.exp
// CHECK: needle.transpose
// CHECK: needle.to
// CHECK: needle.kernel "map"
// CHECK-NOT: needle.kernel
module attributes {needle.target = #needle.target<name = "cpu", isa = "avx2",
    vector_bytes = 32, l1_bytes = 32768, l2_bytes = 1048576>} {
func.func @other_targets_run_on_the_host(%x: tensor<2x4xf32>)
    -> tensor<4x2xf32> {
  %0 = needle.exp %x : tensor<2x4xf32>
  %1 = needle.to %0 : tensor<2x4xf32> -> tensor<2x4xf32, "reference">
  %2 = needle.exp %1 : tensor<2x4xf32, "reference">
  %3 = needle.transpose %2 {permutation = array<i64: 1, 0>}
      : tensor<2x4xf32, "reference">
  %4 = needle.to %3 : tensor<4x2xf32, "reference"> -> tensor<4x2xf32>
  %5 = needle.exp %4 : tensor<4x2xf32>
  return %5 : tensor<4x2xf32>
}
}

// -----

// CHECK-LABEL: @interpreted_function_is_one_kernel(
// CHECK-NEXT: %[[K:.*]]:2 = needle.kernel "host"
// CHECK: needle.matmul
// CHECK: needle.scan
// CHECK: needle.sum
// CHECK: return %[[K]]#0, %[[K]]#1
module attributes {needle.target = #needle.target<name = "reference", isa = "",
    vector_bytes = 0, l1_bytes = 0, l2_bytes = 0>} {
func.func @interpreted_function_is_one_kernel(%x: tensor<4x4xf32>)
    -> (tensor<4x4xf32>, tensor<4xf32>) {
  %0 = needle.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = needle.scan(%0) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<4x4xf32>) -> tensor<4x4xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<4x4xf32>):
    %3 = needle.exp %c : tensor<4x4xf32>
    needle.yield %3 : tensor<4x4xf32>
  }
  %2 = needle.sum %1 {axes = array<i64: 0>} : tensor<4x4xf32>
  return %1, %2 : tensor<4x4xf32>, tensor<4xf32>
}
}
