// RUN: %opt %s --verify-diagnostics

func.func @operands_do_not_broadcast(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %0 = "needle.add"(%x, %y) : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @element_types_agree(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %0 = "needle.add"(%x, %y) : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return
}

// -----

func.func @integers_do_not_divide(%x: tensor<2xi32>) {
  // expected-error@+1 {{operand #0 must be}}
  %0 = needle.div %x, %x : tensor<2xi32>
  return
}

// -----

func.func @sizes_are_static(%x: tensor<?xf32>) {
  // expected-error@+1 {{operand #0 must be}}
  %0 = needle.neg %x : tensor<?xf32>
  return
}

// -----

func.func @comparisons_give_booleans(%x: tensor<2xf32>) {
  // expected-error@+1 {{result #0 must be}}
  %0 = "needle.less"(%x, %x) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @comparisons_keep_the_shape(%x: tensor<2xf32>) {
  // expected-error@+2 {{incompatible with return type(s)}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "needle.less"(%x, %x) : (tensor<2xf32>, tensor<2xf32>) -> tensor<3xi1>
  return
}

// -----

func.func @scalars_are_no_tensors(%x: f32, %y: f32) {
  // expected-error@+1 {{expected builtin.tensor, but found 'f32'}}
  %0 = needle.less %x, %y : f32
  return
}

// -----

func.func @conditions_are_boolean(%c: tensor<2xf32>) {
  // expected-error@+1 {{operand #0 must be}}
  %0 = needle.where %c, %c, %c : tensor<2xf32>, tensor<2xf32>
  return
}

// -----

func.func @rank_is_at_most_8(%x: tensor<1x1x1x1x1x1x1x1x1xf32>) {
  // expected-error@+1 {{operand #0: a tensor has at most 8 dimensions, not 9}}
  %0 = needle.neg %x : tensor<1x1x1x1x1x1x1x1x1xf32>
  return
}

// -----

func.func @sizes_are_limited(%x: tensor<1048576x1048576xf32>) {
  // expected-error@+1 {{operand #0: shape [1048576, 1048576] has 2^40 elements or more}}
  %0 = needle.neg %x : tensor<1048576x1048576xf32>
  return
}

// -----

func.func @products_of_sizes_do_not_wrap_around(%x: tensor<4294967296x4294967296xf32>) {
  // expected-error@+1 {{has 2^40 elements or more}}
  %0 = needle.neg %x : tensor<4294967296x4294967296xf32>
  return
}

// -----

func.func @values_live_on_one_target(%x: tensor<2xf32>, %y: tensor<2xi1, "reference">) {
  // expected-error@+1 {{operand #1 is on the function's target while others are on "reference"; needle.to moves values}}
  %0 = "needle.where"(%y, %x, %x) : (tensor<2xi1, "reference">, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @there_is_no_such_op() {
  // expected-error@+1 {{custom op 'needle.frobnicate' is unknown}}
  %0 = needle.frobnicate : tensor<2xf32>
  return
}
