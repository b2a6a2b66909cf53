// RUN: %opt --needle-simplify --mlir-print-debuginfo --mlir-print-local-scope %s | FileCheck %s

// CHECK-LABEL: @merged_ops_carry_all_lines(
// CHECK-NEXT: needle.exp %{{.*}} loc(fused["a.cpp":1:1, "a.cpp":2:1, "a.cpp":3:1])
// CHECK-NOT: unknown
func.func @merged_ops_carry_all_lines(%x: tensor<4xf32> loc("a.cpp":0:1))
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %0 = needle.exp %x : tensor<4xf32> loc("a.cpp":1:1)
  %1 = needle.exp %x : tensor<4xf32> loc("a.cpp":2:1)
  %2 = needle.exp %x : tensor<4xf32> loc("a.cpp":3:1)
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    loc("a.cpp":4:1)
} loc("a.cpp":0:1)

// CHECK-LABEL: @folded_constants_say_where_they_come_from(
// CHECK-NEXT: needle.full {{.*}} loc("a.cpp":2:1)
// CHECK-NOT: unknown
func.func @folded_constants_say_where_they_come_from() -> tensor<2x4xf32> {
  %0 = needle.full 3.0 -> tensor<4xf32> loc("a.cpp":1:1)
  %1 = needle.broadcast_to %0 : tensor<4xf32> -> tensor<2x4xf32>
    loc("a.cpp":2:1)
  return %1 : tensor<2x4xf32> loc("a.cpp":3:1)
} loc("a.cpp":0:1)

// CHECK-LABEL: @absorbed_transpositions_keep_their_line(
// CHECK-NEXT: needle.matmul {{.*}} loc(fused["a.cpp":2:1, "a.cpp":1:1])
// CHECK-NOT: unknown
func.func @absorbed_transpositions_keep_their_line(
    %a: tensor<8x4xf32> loc("a.cpp":0:1), %b: tensor<8x2xf32> loc("a.cpp":0:2))
    -> tensor<4x2xf32> {
  %0 = needle.transpose %a {permutation = array<i64: 1, 0>} : tensor<8x4xf32>
    loc("a.cpp":1:1)
  %1 = needle.matmul %0, %b : tensor<4x8xf32>, tensor<8x2xf32> loc("a.cpp":2:1)
  return %1 : tensor<4x2xf32> loc("a.cpp":3:1)
} loc("a.cpp":0:1)
