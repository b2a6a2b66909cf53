// Ops that any kernel can compute for itself: who does, and who reads memory.
// RUN: %opt --needle-fuse --mlir-print-local-scope %s | FileCheck %s

// CHECK-LABEL: @op_with_a_kernel_of_its_own_reads_memory(
// CHECK-NEXT: %[[Z:.*]] = needle.kernel "map"() maps []
// CHECK-NEXT: needle.full
// CHECK: %[[K:.*]] = needle.kernel "single"(%[[Z]], %arg0, %arg1)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: needle.scatter_add
// CHECK: return %[[K]]
func.func @op_with_a_kernel_of_its_own_reads_memory(
    %i: tensor<4xi64>, %u: tensor<4xf32>) -> tensor<3xf32> {
  %z = needle.full 0.0 : f64 -> tensor<3xf32>
  %0 = needle.scatter_add %z, %i, %u {axis = 0 : i64}
      : tensor<3xf32>, tensor<4xi64>, tensor<4xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: @contraction_reads_memory(
// CHECK-NEXT: %[[O:.*]] = needle.kernel "map"() maps []
// CHECK: needle.kernel "contract"(%arg0, %[[O]])
// CHECK-NEXT: ^bb0
// CHECK-NEXT: needle.matmul
func.func @contraction_reads_memory(%x: tensor<4x3xf32>) -> tensor<4x5xf32> {
  %o = needle.full 1.0 : f64 -> tensor<3x5xf32>
  %0 = needle.matmul %x, %o : tensor<4x3xf32>, tensor<3x5xf32>
  return %0 : tensor<4x5xf32>
}

// The start of a loop is not merged with what reads the loop's results.
// CHECK-LABEL: @loop_stands_between_its_start_and_its_readers(
// CHECK-NEXT: %[[Z:.*]] = needle.kernel "map"()
// CHECK: %[[S:.*]] = needle.scan(%[[Z]])
// CHECK: needle.kernel "map"(%[[S]])
// CHECK-NEXT: ^bb0
// CHECK-NEXT: needle.convert
func.func @loop_stands_between_its_start_and_its_readers() -> tensor<f32> {
  %z = needle.full 0 : i64 -> tensor<i64>
  %0 = needle.scan(%z) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<i64>) -> tensor<i64> {
  ^bb0(%i: tensor<i64>, %k: tensor<i64>):
    %n = needle.add %k, %i : tensor<i64>
    needle.yield %n : tensor<i64>
  }
  %1 = needle.convert %0 : tensor<i64> -> tensor<f32>
  return %1 : tensor<f32>
}

// A reduction reads the full shape although what it makes is of the reduced.
// CHECK-LABEL: @reduction_of_a_broadcast_row(
// CHECK-NEXT: needle.kernel "reduce"
// CHECK: %[[M:.*]] = needle.max
// CHECK-NEXT: %[[B:.*]] = needle.broadcast_to %[[M]] : tensor<1x3xf32> -> tensor<2x3xf32>
// CHECK-NEXT: needle.sum %[[B]]
func.func @reduction_of_a_broadcast_row(%x: tensor<2x3xf32>)
    -> tensor<1x3xf32> {
  %0 = needle.max %x {axes = array<i64: 0>, keep_dims = true} : tensor<2x3xf32>
  %1 = needle.broadcast_to %0 : tensor<1x3xf32> -> tensor<2x3xf32>
  %2 = needle.sum %1 {axes = array<i64: 0>, keep_dims = true} : tensor<2x3xf32>
  return %2 : tensor<1x3xf32>
}
