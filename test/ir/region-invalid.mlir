// RUN: %opt %s --verify-diagnostics

func.func @the_iteration_comes_first(%x: tensor<f32>) {
  // expected-error@+1 {{body takes 1 arguments, wanted the iteration and 1 operands}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 0 : i64} : (tensor<f32>) -> tensor<f32> {
  ^bb0(%c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @the_iteration_is_an_int64(%x: tensor<f32>) {
  // expected-error@+1 {{body argument #0, the iteration, is 'tensor<i32>', wanted tensor<i64>}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 0 : i64} : (tensor<f32>) -> tensor<f32> {
  ^bb0(%i: tensor<i32>, %c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @operands_cover_carries_and_slices(%x: tensor<f32>) {
  // expected-error@+1 {{has 1 operands and 1 results, too few for 1 carries and 1 slices}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 1 : i64} : (tensor<f32>) -> tensor<f32> {
  ^bb0(%i: tensor<i64>, %c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @counts_do_not_wrap_around(%x: tensor<f32>) {
  // expected-error@+1 {{too few for 1 carries and 9223372036854775807 slices}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 9223372036854775807 : i64} : (tensor<f32>) -> tensor<f32> {
  ^bb0(%i: tensor<i64>, %c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @slices_are_as_many_as_iterations(%x: tensor<3xf32>) {
  // expected-error@+1 {{operand #0 is 'tensor<3xf32>', wanted 2 slices along axis 0}}
  needle.scan(%x) {length = 2 : i64, carries = 0 : i64, slices = 1 : i64} : (tensor<3xf32>) -> () {
  ^bb0(%i: tensor<i64>, %s: tensor<f32>):
  }
  return
}

// -----

func.func @carries_keep_their_type(%x: tensor<f32>) {
  // expected-error@+1 {{result #0 is 'tensor<2xf32>', the carry 'tensor<f32>'}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 0 : i64} : (tensor<f32>) -> tensor<2xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @what_is_yielded_is_stacked(%x: tensor<f32>) {
  // expected-error@+1 {{body yields 'tensor<f32>' for result #0, wanted 'tensor<3xf32>'}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 0 : i64, slices = 0 : i64} : (tensor<f32>) -> tensor<2x3xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @every_result_is_yielded(%x: tensor<f32>) {
  // expected-error@+1 {{body yields 1 values for 2 results}}
  %0:2 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 0 : i64} : (tensor<f32>) -> (tensor<f32>, tensor<2xf32>) {
  ^bb0(%i: tensor<i64>, %c: tensor<f32>):
    needle.yield %c : tensor<f32>
  }
  return
}

// -----

func.func @bodies_capture_nothing(%x: tensor<f32>) {
  // expected-note@+1 {{required by region isolation constraints}}
  %0 = needle.scan(%x) {length = 2 : i64, carries = 1 : i64, slices = 0 : i64} : (tensor<f32>) -> tensor<f32> {
  ^bb0(%i: tensor<i64>, %c: tensor<f32>):
    // expected-error@+1 {{using value defined outside the region}}
    %1 = needle.add %c, %x : tensor<f32>
    needle.yield %1 : tensor<f32>
  }
  return
}
