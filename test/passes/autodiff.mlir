// RUN: %opt --needle-autodiff %s | FileCheck %s
// RUN: %opt --needle-autodiff --mlir-print-debuginfo %s | FileCheck %s --check-prefix=LOC
// LOC-NOT: loc(unknown)

// CHECK-LABEL: @pins_and_detach_vanish(
// CHECK-SAME: %[[X:.*]]: tensor<f32>
// CHECK-NEXT: %[[Y:.*]] = needle.mul %[[X]], %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @pins_and_detach_vanish(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %d = needle.detach %p : tensor<f32>
  %y = needle.mul %p, %d : tensor<f32>
  return %y : tensor<f32>
}

// -----
// CHECK-LABEL: @adjoints_add_where_they_meet(
// CHECK-SAME: %[[X:.*]]: tensor<f32>
// CHECK: %[[ONE:.*]] = needle.full 1.0
// CHECK: %[[A:.*]] = needle.mul %[[ONE]], %[[X]]
// CHECK: %[[B:.*]] = needle.mul %[[ONE]], %[[X]]
// CHECK: %[[G:.*]] = needle.add %[[A]], %[[B]]
// CHECK: return %[[G]]
func.func @adjoints_add_where_they_meet(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %y = needle.mul %p, %p : tensor<f32>
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %g : tensor<f32>
}

// -----
// The first cotangent is used as it is: nothing is added to zeros.
// CHECK-LABEL: @a_given_cotangent_needs_no_ones(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[G:.*]]: tensor<4xf32>
// CHECK: %[[Y:.*]] = needle.exp %[[X]]
// CHECK-NEXT: %[[R:.*]] = needle.mul %[[G]], %[[Y]]
// CHECK-NEXT: return %[[R]]
func.func @a_given_cotangent_needs_no_ones(%x: tensor<4xf32>,
                                           %g: tensor<4xf32>) -> tensor<4xf32> {
  %p = needle.pin %x : tensor<4xf32>
  %y = needle.exp %p : tensor<4xf32>
  %r = needle.gradient(%y, %g, %p) {has_cotangent = true} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----
// Only lhs is asked for: no product for rhs.
// CHECK-LABEL: @no_rule_for_what_nobody_wants(
// CHECK-COUNT-2: needle.matmul
// CHECK-NOT: needle.matmul
func.func @no_rule_for_what_nobody_wants(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>, %g: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %p = needle.pin %x : tensor<2x3xf32>
  %y = needle.matmul %p, %w : tensor<2x3xf32>, tensor<3x4xf32>
  %r = needle.gradient(%y, %g, %p) {has_cotangent = true} : (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}

// -----
// argmax has no rule and needs none: the path does not go through it.
// CHECK-LABEL: @ops_off_the_path_need_no_rule(
// CHECK: needle.argmax
// CHECK: needle.broadcast_to
func.func @ops_off_the_path_need_no_rule(%x: tensor<4xf32>) -> tensor<4xf32> {
  %p = needle.pin %x : tensor<4xf32>
  %i = needle.argmax %p {axis = 0 : i64} : tensor<4xf32>
  %f = needle.convert %i : tensor<i64> -> tensor<f32>
  %s = needle.sum %p {axes = array<i64: 0>} : tensor<4xf32>
  %y = needle.mul %s, %f : tensor<f32>
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----
// d/dx of x through both factors is 2 x, with one detached it is x.
// CHECK-LABEL: @detach_cuts_the_path(
// CHECK-SAME: %[[X:.*]]: tensor<f32>
// CHECK: %[[ONE:.*]] = needle.full 1.0
// CHECK: %[[G:.*]] = needle.mul %[[ONE]], %[[X]]
// CHECK-NEXT: return %[[G]]
func.func @detach_cuts_the_path(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %d = needle.detach %p : tensor<f32>
  %y = needle.mul %p, %d : tensor<f32>
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %g : tensor<f32>
}

// -----
// CHECK-LABEL: @unused_gradients_are_zeros_when_allowed(
// CHECK: %[[Z:.*]] = needle.full 0.0{{.*}} -> tensor<2xf64>
// CHECK: return %[[Z]]
func.func @unused_gradients_are_zeros_when_allowed(%x: tensor<f64>, %w: tensor<2xf64>) -> tensor<2xf64> {
  %p = needle.pin %x : tensor<f64>
  %q = needle.pin %w : tensor<2xf64>
  %y = needle.exp %p : tensor<f64>
  %g:2 = needle.gradient(%y, %p, %q) {allow_unused = true} : (tensor<f64>, tensor<f64>, tensor<2xf64>) -> (tensor<f64>, tensor<2xf64>)
  return %g#1 : tensor<2xf64>
}

// -----
// sign is flat: connected, and zero.
// CHECK-LABEL: @a_flat_path_is_zero_and_no_error(
// CHECK: %[[Z:.*]] = needle.full 0.0
// CHECK: return %[[Z]]
func.func @a_flat_path_is_zero_and_no_error(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %s = needle.sign %p : tensor<f32>
  %y = needle.exp %s : tensor<f32>
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %g : tensor<f32>
}

// -----
// Inner first: the outer one differentiates what the inner one became.
// CHECK-LABEL: @gradients_of_gradients(
// CHECK-NOT: needle.gradient
// CHECK-NOT: needle.pin
func.func @gradients_of_gradients(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %y = needle.tanh %p : tensor<f32>
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h = needle.gradient(%g, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %h : tensor<f32>
}

// -----
// A wrt between value and another wrt is on the way.
// CHECK-LABEL: @wrt_on_the_way_to_wrt(
// CHECK: %[[E:.*]] = needle.exp
// CHECK: %[[ONE:.*]] = needle.full 1.0
// CHECK: %[[D:.*]] = needle.mul %[[ONE]]
// CHECK: %[[G:.*]] = needle.mul %[[D]], %[[E]]
// CHECK: return %[[G]], %[[D]]
func.func @wrt_on_the_way_to_wrt(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %p = needle.pin %x : tensor<f32>
  %e = needle.exp %p : tensor<f32>
  %q = needle.pin %e : tensor<f32>
  %y = needle.tanh %q : tensor<f32>
  %g:2 = needle.gradient(%y, %p, %q) : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %g#0, %g#1 : tensor<f32>, tensor<f32>
}

// -----
// The cotangent of a value on another target is there, too.
// CHECK-LABEL: @to_moves_the_cotangent_back(
// CHECK: needle.full 1.0{{.*}} -> tensor<4xf32, "reference">
// CHECK: needle.mul {{.*}} : tensor<4xf32, "reference">
// CHECK: needle.to {{.*}} : tensor<4xf32, "reference"> -> tensor<4xf32>
func.func @to_moves_the_cotangent_back(%x: tensor<4xf32>) -> tensor<4xf32> {
  %p = needle.pin %x : tensor<4xf32>
  %r = needle.to %p : tensor<4xf32> -> tensor<4xf32, "reference">
  %y = needle.exp %r : tensor<4xf32, "reference">
  %g = needle.gradient(%y, %p) : (tensor<4xf32, "reference">, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----
// LOC-LABEL: @gradient_ops_say_whose_they_are(
// LOC: needle.tanh {{.*}} loc(#[[TANH:.*]])
// LOC: needle.full 1.0{{.*}} loc(#[[SEED:.*]])
// LOC: needle.sub {{.*}} loc(#[[GRAD:.*]])
// LOC-DAG: #[[TANH]] = loc("train.cpp":7:0)
// LOC-DAG: #[[LINE:.*]] = loc("train.cpp":9:0)
// LOC-DAG: #[[GRAD]] = loc("grad"(#[[TANH]]))
// LOC-DAG: #[[SEED]] = loc("grad"(#[[LINE]]))
func.func @gradient_ops_say_whose_they_are(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32> loc("train.cpp":5:0)
  %y = needle.tanh %p : tensor<f32> loc("train.cpp":7:0)
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32> loc("train.cpp":9:0)
  return %g : tensor<f32>
}
