// RUN: %opt %s --verify-diagnostics

func.func @inner_dimensions_agree(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error@+1 {{inner dimensions differ: lhs is [2, 3], rhs is [4, 5] (3 != 4)}}
  %0 = needle.matmul %a, %b : tensor<2x3xf32>, tensor<4x5xf32>
  return
}

// -----

func.func @operands_are_matrices(%a: tensor<3xf32>, %b: tensor<3x5xf32>) {
  // expected-error@+1 {{operands need at least 2 dimensions: lhs is [3], rhs is [3, 5]}}
  %0 = needle.matmul %a, %b : tensor<3xf32>, tensor<3x5xf32>
  return
}

// -----

func.func @leading_dimensions_broadcast(%a: tensor<2x2x3xf32>, %b: tensor<3x3x5xf32>) {
  // expected-error@+1 {{leading dimensions do not broadcast}}
  %0 = needle.matmul %a, %b : tensor<2x2x3xf32>, tensor<3x3x5xf32>
  return
}

// -----

func.func @element_types_agree(%a: tensor<2x3xf32>, %b: tensor<3x5xf64>) {
  // expected-error@+1 {{element types differ: lhs is 'f32', rhs is 'f64'}}
  %0 = needle.matmul %a, %b : tensor<2x3xf32>, tensor<3x5xf64>
  return
}

// -----

func.func @flags_are_boolean(%a: tensor<2x3xf32>) {
  // expected-error@+1 {{attribute 'transpose_rhs' failed to satisfy constraint: bool attribute}}
  %0 = needle.matmul %a, %a {transpose_rhs = 1 : i64} : tensor<2x3xf32>, tensor<2x3xf32>
  return
}
