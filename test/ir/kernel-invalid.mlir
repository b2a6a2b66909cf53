// RUN: %opt %s --verify-diagnostics

func.func @kinds_are_known(%x: tensor<4xf32>) {
  // expected-error@+1 {{kind 'loop' is none of map, reduce, contract, single, host}}
  %0 = needle.kernel "loop" (%x) maps [affine_map<(d0) -> (d0)>] : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    needle.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @every_operand_has_a_map(%x: tensor<4xf32>) {
  // expected-error@+1 {{has 0 index maps for 1 operands}}
  %0 = needle.kernel "map" (%x) maps [] : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    needle.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @maps_go_from_argument_to_operand(%x: tensor<4xf32>) {
  // expected-error@+1 {{map #0 must take 2 indices to 1, but is affine_map<(d0) -> (d0)>}}
  %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0)>] : (tensor<4xf32>) -> tensor<2x4xf32> {
  ^bb0(%a: tensor<2x4xf32>):
    needle.yield %a : tensor<2x4xf32>
  }
  return
}

// -----

func.func @maps_are_linear(%x: tensor<4xf32>) {
  // expected-error@+1 {{map #0 is not linear: affine_map<(d0) -> (d0 mod 4)>}}
  %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0 mod 4)>] : (tensor<4xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    needle.yield %a : tensor<8xf32>
  }
  return
}

// -----

func.func @maps_stay_inside(%x: tensor<4xf32>) {
  // expected-error@+1 {{map #0 reads 1 to 4 of axis 0 of [4]}}
  %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0 + 1)>] : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%a: tensor<4xf32>):
    needle.yield %a : tensor<4xf32>
  }
  return
}

// -----

func.func @arguments_have_the_operands_elements(%x: tensor<4xf32>) {
  // expected-error@+1 {{body argument #0 is 'tensor<4xf64>' for an operand of 'tensor<4xf32>'}}
  %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0)>] : (tensor<4xf32>) -> tensor<4xf64> {
  ^bb0(%a: tensor<4xf64>):
    needle.yield %a : tensor<4xf64>
  }
  return
}

// -----

func.func @results_are_yielded(%x: tensor<4xf32>) {
  // expected-error@+1 {{body yields 'tensor<4xf32>' for result #0 of 'tensor<2x2xf32>'}}
  %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0)>] : (tensor<4xf32>) -> tensor<2x2xf32> {
  ^bb0(%a: tensor<4xf32>):
    needle.yield %a : tensor<4xf32>
  }
  return
}
