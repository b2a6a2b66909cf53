// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK-LABEL: @floats_go_through_every_unary_op(
func.func @floats_go_through_every_unary_op(%x: tensor<2x3xf32>) {
  // CHECK: needle.abs %{{.*}} : tensor<2x3xf32>
  %0 = needle.abs %x : tensor<2x3xf32>
  // CHECK: needle.sign %{{.*}} : tensor<2x3xf32>
  %1 = needle.sign %x : tensor<2x3xf32>
  // CHECK: needle.exp %{{.*}} : tensor<2x3xf32>
  %2 = needle.exp %x : tensor<2x3xf32>
  // CHECK: needle.log %{{.*}} : tensor<2x3xf32>
  %3 = needle.log %x : tensor<2x3xf32>
  // CHECK: needle.sqrt %{{.*}} : tensor<2x3xf32>
  %4 = needle.sqrt %x : tensor<2x3xf32>
  // CHECK: needle.rsqrt %{{.*}} : tensor<2x3xf32>
  %5 = needle.rsqrt %x : tensor<2x3xf32>
  // CHECK: needle.square %{{.*}} : tensor<2x3xf32>
  %6 = needle.square %x : tensor<2x3xf32>
  // CHECK: needle.tanh %{{.*}} : tensor<2x3xf32>
  %7 = needle.tanh %x : tensor<2x3xf32>
  // CHECK: needle.relu %{{.*}} : tensor<2x3xf32>
  %8 = needle.relu %x : tensor<2x3xf32>
  // CHECK: needle.erf_inv %{{.*}} : tensor<2x3xf32>
  %9 = needle.erf_inv %x : tensor<2x3xf32>
  // CHECK: needle.neg %{{.*}} : tensor<2x3xf32>
  %10 = needle.neg %x : tensor<2x3xf32>
  return
}

// CHECK-LABEL: @integers_go_through_arithmetic(
func.func @integers_go_through_arithmetic(%x: tensor<4xi64>, %y: tensor<4xi64>) {
  // CHECK: needle.add %{{.*}}, %{{.*}} : tensor<4xi64>
  %0 = needle.add %x, %y : tensor<4xi64>
  // CHECK: needle.sub %{{.*}}, %{{.*}} : tensor<4xi64>
  %1 = needle.sub %x, %y : tensor<4xi64>
  // CHECK: needle.mul %{{.*}}, %{{.*}} : tensor<4xi64>
  %2 = needle.mul %x, %y : tensor<4xi64>
  // CHECK: needle.maximum %{{.*}}, %{{.*}} : tensor<4xi64>
  %3 = needle.maximum %x, %y : tensor<4xi64>
  // CHECK: needle.minimum %{{.*}}, %{{.*}} : tensor<4xi64>
  %4 = needle.minimum %x, %y : tensor<4xi64>
  // CHECK: needle.neg %{{.*}} : tensor<4xi64>
  %5 = needle.neg %x : tensor<4xi64>
  // CHECK: needle.abs %{{.*}} : tensor<4xi64>
  %6 = needle.abs %x : tensor<4xi64>
  // CHECK: needle.sign %{{.*}} : tensor<4xi64>
  %7 = needle.sign %x : tensor<4xi64>
  // CHECK: needle.square %{{.*}} : tensor<4xi64>
  %8 = needle.square %x : tensor<4xi64>
  // CHECK: needle.relu %{{.*}} : tensor<4xi64>
  %9 = needle.relu %x : tensor<4xi64>
  return
}

// CHECK-LABEL: @quotients_are_floating(
func.func @quotients_are_floating(%x: tensor<f64>, %y: tensor<f64>) -> tensor<f64> {
  // CHECK: needle.div %{{.*}}, %{{.*}} : tensor<f64>
  %0 = needle.div %x, %y : tensor<f64>
  return %0 : tensor<f64>
}

// CHECK-LABEL: @comparisons_give_booleans(
func.func @comparisons_give_booleans(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xi1> {
  // CHECK: %[[C0:.*]] = needle.equal %{{.*}}, %{{.*}} : tensor<4xf32>
  %0 = needle.equal %x, %y : tensor<4xf32>
  // CHECK: %[[C1:.*]] = needle.not_equal %{{.*}}, %{{.*}} : tensor<4xf32>
  %1 = needle.not_equal %x, %y : tensor<4xf32>
  // CHECK: %[[C2:.*]] = needle.less %{{.*}}, %{{.*}} : tensor<4xf32>
  %2 = needle.less %x, %y : tensor<4xf32>
  // CHECK: %[[C3:.*]] = needle.less_equal %{{.*}}, %{{.*}} : tensor<4xf32>
  %3 = needle.less_equal %x, %y : tensor<4xf32>
  // CHECK: %[[C4:.*]] = needle.greater %{{.*}}, %{{.*}} : tensor<4xf32>
  %4 = needle.greater %x, %y : tensor<4xf32>
  // CHECK: %[[C5:.*]] = needle.greater_equal %{{.*}}, %{{.*}} : tensor<4xf32>
  %5 = needle.greater_equal %x, %y : tensor<4xf32>
  // CHECK: needle.and %[[C0]], %[[C1]] : tensor<4xi1>
  %6 = needle.and %0, %1 : tensor<4xi1>
  // CHECK: needle.or %[[C2]], %[[C3]] : tensor<4xi1>
  %7 = needle.or %2, %3 : tensor<4xi1>
  // CHECK: needle.not %[[C4]] : tensor<4xi1>
  %8 = needle.not %4 : tensor<4xi1>
  return %5 : tensor<4xi1>
}

// CHECK-LABEL: @where_chooses_any_type(
func.func @where_chooses_any_type(%c: tensor<2xi1>, %x: tensor<2xi1>) -> tensor<2xi1> {
  // CHECK: needle.where %{{.*}}, %{{.*}}, %{{.*}} : tensor<2xi1>, tensor<2xi1>
  %0 = needle.where %c, %x, %c : tensor<2xi1>, tensor<2xi1>
  return %0 : tensor<2xi1>
}

// CHECK-LABEL: @convert_changes_the_element_type(
func.func @convert_changes_the_element_type(%x: tensor<2xf64>) -> tensor<2xi1> {
  // CHECK: needle.convert %{{.*}} : tensor<2xf64> -> tensor<2xi32>
  %0 = needle.convert %x : tensor<2xf64> -> tensor<2xi32>
  // CHECK: needle.convert %{{.*}} : tensor<2xi32> -> tensor<2xi1>
  %1 = needle.convert %0 : tensor<2xi32> -> tensor<2xi1>
  return %1 : tensor<2xi1>
}

// CHECK-LABEL: @values_may_live_elsewhere(
func.func @values_may_live_elsewhere(%x: tensor<2xf32, "reference">) -> tensor<2xi1, "reference"> {
  // CHECK: needle.less %{{.*}} : tensor<2xf32, "reference">
  %0 = needle.less %x, %x : tensor<2xf32, "reference">
  // CHECK: return %{{.*}} : tensor<2xi1, "reference">
  return %0 : tensor<2xi1, "reference">
}
