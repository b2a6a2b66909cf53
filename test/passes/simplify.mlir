// RUN: %opt --needle-simplify %s | FileCheck %s

// CHECK-LABEL: @double_negation_vanishes(
// CHECK-SAME: %[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @double_negation_vanishes(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.neg %x : tensor<4xf32>
  %1 = needle.neg %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @negated_summand_is_subtracted(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor
// CHECK-NEXT: %[[D:.*]] = needle.sub %[[Y]], %[[X]]
// CHECK-NEXT: return %[[D]]
func.func @negated_summand_is_subtracted(%x: tensor<4xf32>, %y: tensor<4xf32>)
    -> tensor<4xf32> {
  %0 = needle.neg %x : tensor<4xf32>
  %1 = needle.add %0, %y : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -0 + 0 is 0.
// CHECK-LABEL: @positive_zero_is_added(
// CHECK: needle.add
func.func @positive_zero_is_added(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.full 0.0 -> tensor<4xf32>
  %1 = needle.add %x, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @a_cube_in_low_precision_rounds_once(
// CHECK: needle.pow
// CHECK-NOT: needle.square
func.func @a_cube_in_low_precision_rounds_once(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %three = needle.full 3.0 -> tensor<4xbf16>
  %0 = needle.pow %x, %three : tensor<4xbf16>
  return %0 : tensor<4xbf16>
}

// CHECK-LABEL: @quotient_by_power_of_two_is_product(
// CHECK: %[[C:.*]] = needle.full 1.250000e-01
// CHECK: needle.mul %{{.*}}, %[[C]]
func.func @quotient_by_power_of_two_is_product(%x: tensor<4xf32>)
    -> tensor<4xf32> {
  %0 = needle.full 8.0 -> tensor<4xf32>
  %1 = needle.div %x, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// 1 / 3 would round first.
// CHECK-LABEL: @quotient_by_three_stays(
// CHECK: needle.div
func.func @quotient_by_three_stays(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.full 3.0 -> tensor<4xf32>
  %1 = needle.div %x, %0 : tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @inverted_condition_swaps_choices(
// CHECK-SAME: %[[C:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor
// CHECK-NEXT: needle.where %[[C]], %[[Y]], %[[X]]
func.func @inverted_condition_swaps_choices(%c: tensor<4xi1>, %x: tensor<4xf32>,
                                            %y: tensor<4xf32>)
    -> tensor<4xf32> {
  %0 = needle.not %c : tensor<4xi1>
  %1 = needle.where %0, %x, %y : tensor<4xi1>, tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @conversion_through_exact_type_is_direct(
// CHECK-SAME: %[[X:.*]]: tensor
// CHECK-NEXT: needle.convert %[[X]] : tensor<4xi32> -> tensor<4xf32>
// CHECK-NEXT: return
func.func @conversion_through_exact_type_is_direct(%x: tensor<4xi32>)
    -> tensor<4xf32> {
  %0 = needle.convert %x : tensor<4xi32> -> tensor<4xf64>
  %1 = needle.convert %0 : tensor<4xf64> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// CHECK-LABEL: @conversion_through_rounding_type_stays(
// CHECK-COUNT-2: needle.convert
func.func @conversion_through_rounding_type_stays(%x: tensor<4xf64>)
    -> tensor<4xf64> {
  %0 = needle.convert %x : tensor<4xf64> -> tensor<4xf32>
  %1 = needle.convert %0 : tensor<4xf32> -> tensor<4xf64>
  return %1 : tensor<4xf64>
}

// [2, 3, 4] summed along axes 0 and 2, of which only 2 is real.
// CHECK-LABEL: @sum_of_broadcast_is_product(
// CHECK-SAME: %[[X:.*]]: tensor
// CHECK-DAG: %[[S:.*]] = needle.sum %[[X]] {axes = array<i64: 1>, keep_dims = true}
// CHECK-DAG: %[[N:.*]] = needle.full 2.000000e+00 : f64 -> tensor<3x1xf32>
// CHECK: %[[P:.*]] = needle.mul %[[S]], %[[N]]
// CHECK-NEXT: %[[R:.*]] = needle.reshape %[[P]] : tensor<3x1xf32> -> tensor<3xf32>
// CHECK-NEXT: return %[[R]]
func.func @sum_of_broadcast_is_product(%x: tensor<3x4xf32>) -> tensor<3xf32> {
  %0 = needle.broadcast_to %x : tensor<3x4xf32> -> tensor<2x3x4xf32>
  %1 = needle.sum %0 {axes = array<i64: 0, 2>} : tensor<2x3x4xf32>
  return %1 : tensor<3xf32>
}

// CHECK-LABEL: @sum_of_nothing_is_zero(
// CHECK-NEXT: %[[Z:.*]] = needle.full 0.000000e+00 : f64 -> tensor<f32>
// CHECK-NEXT: return %[[Z]]
func.func @sum_of_nothing_is_zero() -> tensor<f32> {
  %0 = needle.full 2.0 -> tensor<0xf32>
  %1 = needle.sum %0 {axes = array<i64: 0>} : tensor<0xf32>
  return %1 : tensor<f32>
}

// CHECK-LABEL: @reduction_of_one_is_reshape(
// CHECK-NEXT: needle.reshape %{{.*}} : tensor<1x4xf32> -> tensor<4xf32>
// CHECK-NEXT: return
func.func @reduction_of_one_is_reshape(%x: tensor<1x4xf32>) -> tensor<4xf32> {
  %0 = needle.max %x {axes = array<i64: 0>} : tensor<1x4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @unused_ops_go(
// CHECK-NEXT: return
func.func @unused_ops_go(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.exp %x : tensor<4xf32>
  %1 = needle.log %0 : tensor<4xf32>
  return %x : tensor<4xf32>
}

// CHECK-LABEL: @operands_of_commutative_ops_have_no_order(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor
// CHECK-NEXT: %[[S:.*]] = needle.add %[[X]], %[[Y]]
// CHECK-NEXT: needle.mul %[[S]], %[[S]]
func.func @operands_of_commutative_ops_have_no_order(
    %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.add %x, %y : tensor<4xf32>
  %1 = needle.add %y, %x : tensor<4xf32>
  %2 = needle.mul %0, %1 : tensor<4xf32>
  return %2 : tensor<4xf32>
}

// A draw is a function of its key.
// CHECK-LABEL: @equal_draws_merge(
// CHECK-COUNT-1: needle.threefry
// CHECK-NOT: needle.threefry
func.func @equal_draws_merge(%key: tensor<4xi64>)
    -> (tensor<4xi64>, tensor<4xi64>) {
  %0 = needle.linear_index -> tensor<4xi64>
  %1 = needle.threefry %key, %0 : tensor<4xi64>
  %2 = needle.linear_index -> tensor<4xi64>
  %3 = needle.threefry %key, %2 : tensor<4xi64>
  return %1, %3 : tensor<4xi64>, tensor<4xi64>
}

// CHECK-LABEL: @body_of_loop_is_simplified(
// CHECK: needle.scan
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<i64>, %[[C:.*]]: tensor<4xf32>):
// CHECK-NEXT: %[[E:.*]] = needle.exp %[[C]]
// CHECK-NEXT: needle.yield %[[E]]
func.func @body_of_loop_is_simplified(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.scan(%x) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<4xf32>):
    %1 = needle.neg %c : tensor<4xf32>
    %2 = needle.neg %1 : tensor<4xf32>
    %3 = needle.exp %2 : tensor<4xf32>
    needle.yield %3 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @bf16_to_f32_and_back_is_nothing(
// CHECK-SAME: %[[X:.*]]: tensor<4xbf16>
// CHECK-NEXT: return %[[X]]
func.func @bf16_to_f32_and_back_is_nothing(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %0 = needle.convert %x : tensor<4xbf16> -> tensor<4xf32>
  %1 = needle.convert %0 : tensor<4xf32> -> tensor<4xbf16>
  return %1 : tensor<4xbf16>
}

// CHECK-LABEL: @a_rounding_to_bf16_is_kept(
// CHECK-COUNT-2: needle.convert
func.func @a_rounding_to_bf16_is_kept(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.convert %x : tensor<4xf32> -> tensor<4xbf16>
  %1 = needle.convert %0 : tensor<4xbf16> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
