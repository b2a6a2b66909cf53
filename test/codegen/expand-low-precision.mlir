// RUN: %opt %s --pass-pipeline='builtin.module(func.func(needle-expand-low-precision))' | FileCheck %s

// The upper half of a float: half a unit, and one more for odd ones, is added.
// CHECK-LABEL: func.func @rounding(
// CHECK-SAME: %[[X:.*]]: vector<16xf32>
func.func @rounding(%x: vector<16xf32>) -> vector<16xi16> {
  // CHECK: %[[BITS:.*]] = arith.bitcast %[[X]] : vector<16xf32> to vector<16xi32>
  // CHECK: arith.shrui %[[BITS]]
  // CHECK: arith.addi %[[BITS]]
  // CHECK: %[[NAN:.*]] = arith.cmpf uno, %[[X]], %[[X]]
  // CHECK: arith.select %[[NAN]]
  // CHECK: arith.trunci {{.*}} : vector<16xi32> to vector<16xi16>
  // CHECK-NOT: bf16
  %0 = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  %1 = arith.bitcast %0 : vector<16xbf16> to vector<16xi16>
  return %1 : vector<16xi16>
}

// Between two ops nothing is packed: the lower half becomes zeros.
// CHECK-LABEL: func.func @rounding_between_ops_stays_wide(
func.func @rounding_between_ops_stays_wide(%x: f32) -> f32 {
  // CHECK: %[[MASK:.*]] = arith.constant -65536 : i32
  // CHECK: %[[KEPT:.*]] = arith.andi {{.*}}, %[[MASK]]
  // CHECK: %[[R:.*]] = arith.bitcast %[[KEPT]] : i32 to f32
  // CHECK: return %[[R]]
  %0 = arith.truncf %x : f32 to bf16
  %1 = arith.extf %0 : bf16 to f32
  return %1 : f32
}

// What is a bf16 but for its sign needs no rounding.
// CHECK-LABEL: func.func @exact_values_are_not_rounded(
// CHECK-NOT: arith.select
// CHECK-NOT: arith.addi
// CHECK: arith.maximumf
// CHECK-NOT: arith.addi
// CHECK: return
func.func @exact_values_are_not_rounded(%x: i16) -> i16 {
  %zero = arith.constant 0.0 : f32
  %0 = arith.bitcast %x : i16 to bf16
  %1 = arith.extf %0 : bf16 to f32
  %2 = arith.negf %1 : f32
  %3 = arith.maximumf %2, %zero : f32
  %4 = arith.truncf %3 : f32 to bf16
  %5 = arith.bitcast %4 : bf16 to i16
  return %5 : i16
}

// CHECK-LABEL: func.func @doubles_round_once(
func.func @doubles_round_once(%x: f64) -> i16 {
  // CHECK: arith.truncf {{.*}} : f64 to f32
  // CHECK: arith.cmpf one
  // CHECK-NOT: bf16
  %0 = arith.truncf %x : f64 to bf16
  %1 = arith.bitcast %0 : bf16 to i16
  return %1 : i16
}
