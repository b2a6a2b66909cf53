// RUN: %opt %s --verify-diagnostics

func.func @floats_need_floats() {
  // expected-error@+1 {{of 'f32' needs a floating value, as in 1.0 : f64}}
  %0 = needle.full 1 : i64 -> tensor<2xf32>
  return
}

// -----

func.func @integers_need_integers() {
  // expected-error@+1 {{of 'i32' needs an integer value, as in 1 : i64}}
  %0 = needle.full 1.0 : f64 -> tensor<2xi32>
  return
}

// -----

func.func @int32_is_a_limit() {
  // expected-error@+1 {{value 2147483648 does not fit 'i32'}}
  %0 = needle.full 2147483648 : i64 -> tensor<2xi32>
  return
}

// -----

func.func @booleans_are_0_and_1() {
  // expected-error@+1 {{value 2 does not fit 'i1'}}
  %0 = needle.full 2 : i64 -> tensor<2xi1>
  return
}

// -----

func.func @values_are_f64_or_i64() {
  // expected-error@+1 {{attribute 'value' failed to satisfy constraint}}
  %0 = needle.full 1.0 : f32 -> tensor<2xf32>
  return
}

// -----

func.func @constants_hold_their_elements() {
  // expected-error@+1 {{needs the elements of a tensor: dense<...>}}
  %0 = needle.constant sparse<[[0]], [1.0]> : tensor<2xf32>
  return
}

// -----

func.func @iota_axis_is_in_range() {
  // expected-error@+1 {{axis 1 is outside of [0, 1)}}
  %0 = needle.iota {axis = 1 : i64} -> tensor<3xi64>
  return
}
