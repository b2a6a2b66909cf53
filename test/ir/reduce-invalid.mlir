// RUN: %opt %s --verify-diagnostics

func.func @axes_are_sorted(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes [1, 0] are not sorted, distinct axes of shape [2, 3]}}
  %0 = needle.sum %x {axes = array<i64: 1, 0>} : tensor<2x3xf32>
  return
}

// -----

func.func @axes_are_distinct(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes [1, 1] are not sorted, distinct axes of shape [2, 3]}}
  %0 = needle.sum %x {axes = array<i64: 1, 1>} : tensor<2x3xf32>
  return
}

// -----

func.func @axes_are_not_negative(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes [-1] are not sorted, distinct axes of shape [2, 3]}}
  %0 = needle.max %x {axes = array<i64: -1>} : tensor<2x3xf32>
  return
}

// -----

func.func @axes_are_in_range(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axes [2] are not sorted, distinct axes of shape [2, 3]}}
  %0 = needle.mean %x {axes = array<i64: 2>} : tensor<2x3xf32>
  return
}

// -----

func.func @axes_must_be_given(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{requires attribute 'axes'}}
  %0 = needle.sum %x : tensor<2x3xf32>
  return
}

// -----

func.func @axes_are_integers(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{attribute 'axes' failed to satisfy constraint: i64 dense array attribute}}
  %0 = needle.sum %x {axes = "all"} : tensor<2x3xf32>
  return
}

// -----

func.func @result_has_the_inferred_shape(%x: tensor<2x3xf32>) {
  // expected-error@+2 {{incompatible with return type(s)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "needle.sum"(%x) {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @operand_is_a_tensor(%x: f32) {
  // expected-error@+1 {{expected builtin.tensor, but found 'f32'}}
  %0 = needle.sum %x {axes = array<i64: 0>} : f32
  return
}

// -----

func.func @argmax_needs_elements(%x: tensor<2x0xf32>) {
  // expected-error@+1 {{of no elements: axis 1 of [2, 0] is empty}}
  %0 = needle.argmax %x {axis = 1 : i64} : tensor<2x0xf32>
  return
}

// -----

func.func @argmin_axis_is_in_range(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axis 2 is outside of [0, 2)}}
  %0 = needle.argmin %x {axis = 2 : i64} : tensor<2x3xf32>
  return
}

// -----

func.func @softmax_axis_is_in_range(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{axis -1 is outside of [0, 2)}}
  %0 = needle.softmax %x {axis = -1 : i64} : tensor<2x3xf32>
  return
}

// -----

func.func @log_softmax_needs_an_axis(%x: tensor<f32>) {
  // expected-error@+1 {{axis 0 is outside of [0, 0)}}
  %0 = needle.log_softmax %x {axis = 0 : i64} : tensor<f32>
  return
}
