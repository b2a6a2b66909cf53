// RUN: %opt %s --verify-diagnostics

func.func @wrt_is_pinned(%x: tensor<f32>) {
  // expected-error@+1 {{operand #1 must be made by needle.pin, so that no rewrite takes it off the path}}
  %0 = needle.gradient(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @something_is_differentiated_by(%x: tensor<f32>) {
  // expected-error@+1 {{needs a value and what to differentiate by}}
  needle.gradient(%x) : (tensor<f32>) -> ()
  return
}

// -----

func.func @values_are_floating(%x: tensor<i32>) {
  // expected-error@+1 {{of 'tensor<i32>'; only floating values have gradients}}
  %0 = needle.gradient(%x, %x) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  return
}

// -----

func.func @cotangents_have_the_type_of_the_value(%x: tensor<f32>, %c: tensor<f64>) {
  // expected-error@+1 {{cotangent is 'tensor<f64>', the value 'tensor<f32>'}}
  %0 = needle.gradient(%x, %c, %x) {has_cotangent = true} : (tensor<f32>, tensor<f64>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @one_result_per_wrt(%x: tensor<f32>) {
  // expected-error@+1 {{has 2 results for 1 operands to differentiate by}}
  %0:2 = needle.gradient(%x, %x) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return
}

// -----

func.func @to_changes_only_the_target(%x: tensor<2xf32>) {
  // expected-error@+1 {{changes only the target, not 'tensor<2xf32>' to 'tensor<2xf64, "reference">'}}
  %0 = needle.to %x : tensor<2xf32> -> tensor<2xf64, "reference">
  return
}

// -----

func.func @gradients_have_the_type_of_wrt(%x: tensor<f32>) {
  %0 = needle.pin %x : tensor<f32>
  // expected-error@+1 {{result #0 is 'tensor<f64>' for an operand of 'tensor<f32>'}}
  %1 = needle.gradient(%0, %0) : (tensor<f32>, tensor<f32>) -> tensor<f64>
  return
}
