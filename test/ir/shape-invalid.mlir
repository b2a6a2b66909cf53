// RUN: %opt %s --verify-diagnostics

func.func @reshape_keeps_elements(%x: tensor<3x4xf32>) {
  // expected-error@+1 {{cannot turn 12 elements [3, 4] into 10 [2, 5]}}
  %0 = needle.reshape %x : tensor<3x4xf32> -> tensor<2x5xf32>
  return
}

// -----

func.func @reshape_keeps_the_element_type(%x: tensor<4xf32>) {
  // expected-error@+1 {{cannot turn 'f32' into 'i32'; needle.convert does}}
  %0 = needle.reshape %x : tensor<4xf32> -> tensor<4xi32>
  return
}

// -----

func.func @only_axes_of_size_one_broadcast(%x: tensor<2xf32>) {
  // expected-error@+1 {{cannot broadcast [2] to [2, 3]}}
  %0 = needle.broadcast_to %x : tensor<2xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_keeps_the_target(%x: tensor<2xf32>) {
  // expected-error@+1 {{needle.to moves values}}
  %0 = needle.broadcast_to %x : tensor<2xf32> -> tensor<3x2xf32, "reference">
  return
}

// -----

func.func @permutations_name_every_axis(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{permutation [1, 1] does not name every axis of [2, 3] once}}
  %0 = needle.transpose %x {permutation = array<i64: 1, 1>} : tensor<2x3xf32>
  return
}

// -----

func.func @slices_stay_inside(%x: tensor<4xf32>) {
  // expected-error@+1 {{range [1, 5) of axis 0 is not within shape [4]}}
  %0 = needle.slice %x {start = array<i64: 1>, stop = array<i64: 5>, step = array<i64: 1>} : tensor<4xf32>
  return
}

// -----

func.func @steps_are_positive(%x: tensor<4xf32>) {
  // expected-error@+1 {{step 0 of axis 0 is less than 1}}
  %0 = needle.slice %x {start = array<i64: 0>, stop = array<i64: 4>, step = array<i64: 0>} : tensor<4xf32>
  return
}

// -----

func.func @slices_name_every_axis(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{need one entry per axis of [4, 4]}}
  %0 = needle.slice %x {start = array<i64: 0>, stop = array<i64: 4>, step = array<i64: 1>} : tensor<4x4xf32>
  return
}

// -----

func.func @padding_is_not_negative(%x: tensor<4xf32>) {
  // expected-error@+1 {{negative padding of axis 0: low [-1], high [0], interior [0]}}
  %0 = needle.pad %x {low = array<i64: -1>, high = array<i64: 0>, interior = array<i64: 0>} : tensor<4xf32>
  return
}

// -----

func.func @padding_does_not_overflow(%x: tensor<4xf32>) {
  // expected-error@+1 {{overflows}}
  %0 = needle.pad %x {low = array<i64: 9223372036854775807>, high = array<i64: 0>, interior = array<i64: 0>} : tensor<4xf32>
  return
}

// -----

func.func @concat_needs_an_operand() {
  // expected-error@+2 {{needs at least one operand}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "needle.concat"() {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @concat_differs_along_its_axis_only(%x: tensor<2x3xf32>, %y: tensor<3x4xf32>) {
  // expected-error@+1 {{operand 1 is [3, 4], operand 0 is [2, 3]; they may differ in axis 1 only}}
  %0 = needle.concat %x, %y {axis = 1 : i64} : tensor<2x3xf32>, tensor<3x4xf32>
  return
}

// -----

func.func @concat_has_one_element_type(%x: tensor<2xf32>, %y: tensor<2xi32>) {
  // expected-error@+1 {{element types differ: 'f32' and 'i32'}}
  %0 = needle.concat %x, %y {axis = 0 : i64} : tensor<2xf32>, tensor<2xi32>
  return
}

// -----

func.func @concat_axis_is_in_range(%x: tensor<2xf32>) {
  // expected-error@+1 {{axis 1 is outside of [0, 1)}}
  %0 = needle.concat %x {axis = 1 : i64} : tensor<2xf32>
  return
}

// -----

func.func @pieces_add_up(%x: tensor<4xf32>) {
  // expected-error@+1 {{sizes [1, 2] do not add up to 4, the size of axis 0 of [4]}}
  %0:2 = needle.split %x {sizes = array<i64: 1, 2>, axis = 0 : i64} : tensor<4xf32>
  return
}

// -----

func.func @there_are_as_many_pieces_as_sizes(%x: tensor<4xf32>) {
  // expected-error@+2 {{incompatible with return type(s)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "needle.split"(%x) {sizes = array<i64: 1, 3>, axis = 0 : i64} : (tensor<4xf32>) -> tensor<1xf32>
  return
}
