// RUN: %opt %s --verify-diagnostics

func.func @indices_are_integers(%x: tensor<4xf32>, %i: tensor<2xf32>) {
  // expected-error@+1 {{operand #1 must be}}
  %0 = needle.take %x, %i {axis = 0 : i64} : tensor<4xf32>, tensor<2xf32>
  return
}

// -----

func.func @take_axis_is_in_range(%x: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error@+1 {{axis 1 is outside of [0, 1)}}
  %0 = needle.take %x, %i {axis = 1 : i64} : tensor<4xf32>, tensor<2xi64>
  return
}

// -----

func.func @one_hot_has_its_depth(%i: tensor<2xi64>) {
  // expected-error@+1 {{has a result of shape [2, 4], wanted [2, 3]}}
  %0 = needle.one_hot %i {depth = 3 : i64} : tensor<2xi64> -> tensor<2x4xf32>
  return
}

// -----

func.func @depth_is_not_negative(%i: tensor<2xi64>) {
  // expected-error@+1 {{depth -1 is negative}}
  %0 = needle.one_hot %i {depth = -1 : i64} : tensor<2xi64> -> tensor<2x4xf32>
  return
}

// -----

func.func @updates_have_the_shape_of_take(%x: tensor<9x3xf32>, %i: tensor<5xi64>, %u: tensor<4x3xf32>) {
  // expected-error@+1 {{updates are [4, 3], not [5, 3] (operand [9, 3] indexed by [5] in axis 0)}}
  %0 = needle.scatter_add %x, %i, %u {axis = 0 : i64} : tensor<9x3xf32>, tensor<5xi64>, tensor<4x3xf32>
  return
}
