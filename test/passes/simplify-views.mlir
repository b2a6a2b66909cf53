// RUN: %opt --needle-simplify %s | FileCheck %s

// CHECK-LABEL: @transposed_operands_become_flags(
// CHECK-SAME: %[[A:.*]]: tensor<8x4xf32>, %[[B:.*]]: tensor
// CHECK-NEXT: needle.matmul %[[A]], %[[B]] {transpose_lhs = true, transpose_rhs = true}
// CHECK-NEXT: return
func.func @transposed_operands_become_flags(%a: tensor<8x4xf32>,
                                            %b: tensor<2x8xf32>)
    -> tensor<4x2xf32> {
  %0 = needle.transpose %a {permutation = array<i64: 1, 0>} : tensor<8x4xf32>
  %1 = needle.transpose %b {permutation = array<i64: 1, 0>} : tensor<2x8xf32>
  %2 = needle.matmul %0, %1 : tensor<4x8xf32>, tensor<8x2xf32>
  return %2 : tensor<4x2xf32>
}

// CHECK-LABEL: @transposed_product_swaps_operands(
// CHECK-SAME: %[[A:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor
// CHECK-NEXT: needle.matmul %[[B]], %[[A]] {transpose_lhs = true, transpose_rhs = true}
// CHECK-NEXT: return
func.func @transposed_product_swaps_operands(%a: tensor<4x8xf32>,
                                             %b: tensor<8x2xf32>)
    -> tensor<2x4xf32> {
  %0 = needle.matmul %a, %b : tensor<4x8xf32>, tensor<8x2xf32>
  %1 = needle.transpose %0 {permutation = array<i64: 1, 0>} : tensor<4x2xf32>
  return %1 : tensor<2x4xf32>
}

// CHECK-LABEL: @batch_axes_are_no_flags(
// CHECK: needle.transpose
// CHECK: needle.matmul
func.func @batch_axes_are_no_flags(%a: tensor<8x3x4xf32>, %b: tensor<8x2xf32>)
    -> tensor<3x4x2xf32> {
  %0 = needle.transpose %a {permutation = array<i64: 1, 2, 0>}
      : tensor<8x3x4xf32>
  %1 = needle.matmul %0, %b : tensor<3x4x8xf32>, tensor<8x2xf32>
  return %1 : tensor<3x4x2xf32>
}

// CHECK-LABEL: @inverse_transpositions_vanish(
// CHECK-SAME: %[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @inverse_transpositions_vanish(%x: tensor<2x3x4xf32>)
    -> tensor<2x3x4xf32> {
  %0 = needle.transpose %x {permutation = array<i64: 2, 0, 1>}
      : tensor<2x3x4xf32>
  %1 = needle.transpose %0 {permutation = array<i64: 1, 2, 0>}
      : tensor<4x2x3xf32>
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: @transposition_of_one_is_reshape(
// CHECK-NEXT: needle.reshape %{{.*}} : tensor<4x1xf32> -> tensor<1x4xf32>
func.func @transposition_of_one_is_reshape(%x: tensor<4x1xf32>)
    -> tensor<1x4xf32> {
  %0 = needle.transpose %x {permutation = array<i64: 1, 0>} : tensor<4x1xf32>
  return %0 : tensor<1x4xf32>
}

// CHECK-LABEL: @slices_compose(
// CHECK-NEXT: needle.slice %{{.*}} {start = array<i64: 5>, step = array<i64: 6>, stop = array<i64: 12>} : tensor<20xf32>
// CHECK-NEXT: return
func.func @slices_compose(%x: tensor<20xf32>) -> tensor<2xf32> {
  %0 = needle.slice %x {start = array<i64: 1>, stop = array<i64: 20>,
                        step = array<i64: 2>} : tensor<20xf32>
  %1 = needle.slice %0 {start = array<i64: 2>, stop = array<i64: 8>,
                        step = array<i64: 3>} : tensor<10xf32>
  return %1 : tensor<2xf32>
}

// CHECK-LABEL: @slice_of_concat_is_slice_of_piece(
// CHECK-SAME: %{{.*}}: tensor<3xf32>, %[[Y:.*]]: tensor<5xf32>
// CHECK-NEXT: needle.slice %[[Y]] {start = array<i64: 1>, step = array<i64: 1>, stop = array<i64: 3>}
// CHECK-NEXT: return
func.func @slice_of_concat_is_slice_of_piece(%x: tensor<3xf32>,
                                             %y: tensor<5xf32>)
    -> tensor<2xf32> {
  %0 = needle.concat %x, %y {axis = 0 : i64} : tensor<3xf32>, tensor<5xf32>
  %1 = needle.slice %0 {start = array<i64: 4>, stop = array<i64: 6>,
                        step = array<i64: 1>} : tensor<8xf32>
  return %1 : tensor<2xf32>
}

// CHECK-LABEL: @iota_is_made_in_its_last_shape(
// CHECK-NEXT: needle.iota {axis = 1 : i64} -> tensor<2x4xi32>
// CHECK-NEXT: return
func.func @iota_is_made_in_its_last_shape() -> tensor<2x4xi32> {
  %0 = needle.iota {axis = 0 : i64} -> tensor<4xi32>
  %1 = needle.broadcast_to %0 : tensor<4xi32> -> tensor<2x4xi32>
  return %1 : tensor<2x4xi32>
}

// CHECK-LABEL: @repeated_numbers_are_computed_once(
// CHECK-SAME: %[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor
// CHECK: %[[S:.*]] = needle.add %[[X]], %[[Y]] : tensor<f32>
// CHECK: %[[P:.*]] = needle.mul %[[S]], %{{.*}} : tensor<f32>
// CHECK-NEXT: needle.broadcast_to %[[P]]
// CHECK-NEXT: return
func.func @repeated_numbers_are_computed_once(%x: tensor<f32>, %y: tensor<f32>)
    -> tensor<4xf32> {
  %0 = needle.broadcast_to %x : tensor<f32> -> tensor<4xf32>
  %1 = needle.broadcast_to %y : tensor<f32> -> tensor<4xf32>
  %2 = needle.add %0, %1 : tensor<4xf32>
  %3 = needle.full 3.0 -> tensor<4xf32>
  %4 = needle.mul %2, %3 : tensor<4xf32>
  return %4 : tensor<4xf32>
}

// CHECK-LABEL: @transposition_moves_to_the_argument(
// CHECK-SAME: %[[X:.*]]: tensor
// CHECK-NEXT: %[[T:.*]] = needle.transpose %[[X]]
// CHECK-NEXT: %[[E:.*]] = needle.exp %[[T]]
// CHECK-NEXT: needle.log %[[E]]
func.func @transposition_moves_to_the_argument(%x: tensor<2x4xf32>)
    -> tensor<4x2xf32> {
  %0 = needle.exp %x : tensor<2x4xf32>
  %1 = needle.transpose %0 {permutation = array<i64: 1, 0>} : tensor<2x4xf32>
  %2 = needle.log %1 : tensor<4x2xf32>
  return %2 : tensor<4x2xf32>
}

// The sum and exp stay one kernel.
// CHECK-LABEL: @transposition_stays_behind_an_epilogue(
// CHECK: needle.sum
// CHECK-NEXT: needle.exp
// CHECK-NEXT: needle.transpose
func.func @transposition_stays_behind_an_epilogue(%x: tensor<2x4x3xf32>)
    -> tensor<4x2xf32> {
  %0 = needle.sum %x {axes = array<i64: 2>} : tensor<2x4x3xf32>
  %1 = needle.exp %0 : tensor<2x4xf32>
  %2 = needle.transpose %1 {permutation = array<i64: 1, 0>} : tensor<2x4xf32>
  return %2 : tensor<4x2xf32>
}

// CHECK-LABEL: @reshape_moves_past_an_epilogue(
// CHECK-SAME: %[[A:.*]]: tensor<6x8xf32>, %[[B:.*]]: tensor<8x2xf32>, %[[Y:.*]]: tensor
// CHECK-DAG: %[[P:.*]] = needle.matmul %[[A]], %[[B]]
// CHECK-DAG: %[[R:.*]] = needle.reshape %[[Y]]
// CHECK: %[[S:.*]] = needle.add %[[P]], %[[R]] : tensor<6x2xf32>
// CHECK-NEXT: needle.reshape %[[S]] : tensor<6x2xf32> -> tensor<2x3x2xf32>
// CHECK-NEXT: return
func.func @reshape_moves_past_an_epilogue(%a: tensor<6x8xf32>,
    %b: tensor<8x2xf32>, %y: tensor<2x3x2xf32>) -> tensor<2x3x2xf32> {
  %0 = needle.matmul %a, %b : tensor<6x8xf32>, tensor<8x2xf32>
  %1 = needle.reshape %0 : tensor<6x2xf32> -> tensor<2x3x2xf32>
  %2 = needle.add %1, %y : tensor<2x3x2xf32>
  return %2 : tensor<2x3x2xf32>
}

// 1 of the inner slice would be 5 of x, which has 3.
// CHECK-LABEL: @slice_of_nothing_at_the_end(
// CHECK: %[[S:.*]] = needle.slice %{{.*}} {start = array<i64: 0>, step = array<i64: 3>, stop = array<i64: 0>} : tensor<3xf32>
// CHECK: return %[[S]] : tensor<0xf32>
func.func @slice_of_nothing_at_the_end(%x: tensor<3xf32>) -> tensor<0xf32> {
  %0 = needle.slice %x {start = array<i64: 2>, stop = array<i64: 3>,
                        step = array<i64: 3>} : tensor<3xf32>
  %1 = needle.slice %0 {start = array<i64: 1>, stop = array<i64: 1>,
                        step = array<i64: 1>} : tensor<1xf32>
  return %1 : tensor<0xf32>
}

// -----

// Where an element is in memory depends on all sizes but the first: the first
// slice is a linear_index of its own shape, the second is not.
// CHECK-LABEL: @slices_of_places
// CHECK-DAG: %[[OUTER:.*]] = needle.linear_index -> tensor<2x4xi64>
// CHECK-DAG: %[[ALL:.*]] = needle.linear_index -> tensor<3x4xi64>
// CHECK-DAG: %[[INNER:.*]] = needle.slice %[[ALL]]
// CHECK: return %[[OUTER]], %[[INNER]]
func.func @slices_of_places() -> (tensor<2x4xi64>, tensor<3x2xi64>) {
  %0 = needle.linear_index -> tensor<3x4xi64>
  %1 = needle.slice %0 {start = array<i64: 0, 0>, stop = array<i64: 2, 4>, step = array<i64: 1, 1>} : tensor<3x4xi64>
  %2 = needle.slice %0 {start = array<i64: 0, 0>, stop = array<i64: 3, 2>, step = array<i64: 1, 1>} : tensor<3x4xi64>
  return %1, %2 : tensor<2x4xi64>, tensor<3x2xi64>
}
