// RUN: %opt --canonicalize %s | FileCheck %s
// What is exact for NaN, infinities and -0 folds; what is not stays.

// CHECK-LABEL: @double_negation_vanishes(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[A:.*]]: tensor<4xi1>
func.func @double_negation_vanishes(%x: tensor<4xf32>, %a: tensor<4xi1>) -> (tensor<4xf32>, tensor<4xi1>) {
  %0 = needle.neg %x : tensor<4xf32>
  %1 = needle.neg %0 : tensor<4xf32>
  %2 = needle.not %a : tensor<4xi1>
  %3 = needle.not %2 : tensor<4xi1>
  // CHECK: return %[[X]], %[[A]]
  return %1, %3 : tensor<4xf32>, tensor<4xi1>
}

// CHECK-LABEL: @minus_zero_is_neutral_in_sums(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
func.func @minus_zero_is_neutral_in_sums(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = needle.full -0.0 : f64 -> tensor<4xf32>
  %0 = needle.add %x, %zero : tensor<4xf32>
  %1 = needle.add %zero, %x : tensor<4xf32>
  // CHECK: return %[[X]], %[[X]]
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @zero_is_not_it_would_lose_minus_zero(
func.func @zero_is_not_it_would_lose_minus_zero(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = needle.full 0.0 : f64 -> tensor<4xf32>
  // CHECK: %[[Y:.*]] = needle.add
  %0 = needle.add %x, %zero : tensor<4xf32>
  // CHECK: return %[[Y]]
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @zero_is_neutral_in_differences_and_integer_sums(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[I:.*]]: tensor<4xi32>
func.func @zero_is_neutral_in_differences_and_integer_sums(%x: tensor<4xf32>, %i: tensor<4xi32>)
    -> (tensor<4xf32>, tensor<4xi32>) {
  %zero = needle.full 0.0 : f64 -> tensor<4xf32>
  %none = needle.constant dense<0> : tensor<4xi32>
  %0 = needle.sub %x, %zero : tensor<4xf32>
  %1 = needle.add %i, %none : tensor<4xi32>
  // CHECK: return %[[X]], %[[I]]
  return %0, %1 : tensor<4xf32>, tensor<4xi32>
}

// CHECK-LABEL: @minus_zero_is_not_in_differences(
func.func @minus_zero_is_not_in_differences(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = needle.full -0.0 : f64 -> tensor<4xf32>
  // CHECK: needle.sub
  %0 = needle.sub %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @one_is_neutral_in_products_and_quotients(
// CHECK-SAME: %[[X:.*]]: tensor<4xf64>
func.func @one_is_neutral_in_products_and_quotients(%x: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
  %one = needle.full 1.0 : f64 -> tensor<4xf64>
  %0 = needle.mul %one, %x : tensor<4xf64>
  %1 = needle.div %x, %one : tensor<4xf64>
  // CHECK: return %[[X]], %[[X]]
  return %0, %1 : tensor<4xf64>, tensor<4xf64>
}

// CHECK-LABEL: @zero_times_x_may_be_nan(
func.func @zero_times_x_may_be_nan(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = needle.full 0.0 : f64 -> tensor<4xf32>
  // CHECK: needle.mul
  %0 = needle.mul %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: @known_conditions_choose(
// CHECK-SAME: %[[C:.*]]: tensor<4xi1>, %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>
func.func @known_conditions_choose(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %true = needle.full 1 : i64 -> tensor<4xi1>
  %false = needle.full 0 : i64 -> tensor<4xi1>
  %0 = needle.where %true, %x, %y : tensor<4xi1>, tensor<4xf32>
  %1 = needle.where %false, %x, %y : tensor<4xi1>, tensor<4xf32>
  %2 = needle.where %c, %y, %y : tensor<4xi1>, tensor<4xf32>
  // CHECK: return %[[X]], %[[Y]], %[[Y]]
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @what_changes_nothing_vanishes(
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
func.func @what_changes_nothing_vanishes(%x: tensor<2x3xf32>)
    -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = needle.convert %x : tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = needle.reshape %0 : tensor<2x3xf32> -> tensor<2x3xf32>
  %2 = needle.broadcast_to %1 : tensor<2x3xf32> -> tensor<2x3xf32>
  %3 = needle.transpose %x {permutation = array<i64: 0, 1>} : tensor<2x3xf32>
  %4 = needle.slice %x {start = array<i64: 0, 0>, stop = array<i64: 2, 3>, step = array<i64: 1, 1>} : tensor<2x3xf32>
  %5 = needle.pad %x {low = array<i64: 0, 0>, high = array<i64: 0, 0>, interior = array<i64: 0, 0>} : tensor<2x3xf32>
  %6 = needle.concat %x {axis = 0 : i64} : tensor<2x3xf32>
  %7 = needle.sum %x {axes = array<i64>} : tensor<2x3xf32>
  // CHECK: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
  return %2, %3, %4, %5, %6, %7 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: @pairs_of_transposes_vanish(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>
func.func @pairs_of_transposes_vanish(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = needle.transpose %x {permutation = array<i64: 2, 0, 1>} : tensor<2x3x4xf32>
  %1 = needle.transpose %0 {permutation = array<i64: 1, 2, 0>} : tensor<4x2x3xf32>
  // CHECK: return %[[X]]
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: @transposes_of_transposes_are_one(
func.func @transposes_of_transposes_are_one(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %0 = needle.transpose %x {permutation = array<i64: 2, 0, 1>} : tensor<2x3x4xf32>
  // CHECK: %[[Y:.*]] = needle.transpose %{{.*}} {permutation = array<i64: 1, 2, 0>} : tensor<2x3x4xf32>
  %1 = needle.transpose %0 {permutation = array<i64: 2, 0, 1>} : tensor<4x2x3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<3x4x2xf32>
}

// CHECK-LABEL: @constants_take_any_shape(
func.func @constants_take_any_shape() -> tensor<3x2xf32> {
  // CHECK: %[[Y:.*]] = needle.full 1.000000e+00 : f64 -> tensor<3x2xf32>
  %0 = needle.full 1.0 : f64 -> tensor<f32>
  %1 = needle.broadcast_to %0 : tensor<f32> -> tensor<2x3xf32>
  %2 = needle.transpose %1 {permutation = array<i64: 1, 0>} : tensor<2x3xf32>
  // CHECK-NEXT: return %[[Y]]
  return %2 : tensor<3x2xf32>
}
