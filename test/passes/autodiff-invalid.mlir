// RUN: %opt --needle-autodiff --verify-diagnostics %s

func.func @no_path(%x: tensor<f32>, %z: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %y = needle.exp %z : tensor<f32>
  // expected-error @below {{autodiff: no gradient path from the value to wrt 0}}
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %g : tensor<f32>
}

// -----
func.func @only_through_argmax(%x: tensor<4xf32>) -> tensor<4xf32> {
  %p = needle.pin %x : tensor<4xf32>
  %e = needle.exp %p : tensor<4xf32>
  // expected-note @below {{here}}
  %i = needle.argmax %e {axis = 0 : i64} : tensor<4xf32>
  %y = needle.convert %i : tensor<i64> -> tensor<f32>
  // expected-error @below {{autodiff: no gradient path from the value to wrt 0: 'needle.argmax' ends it}}
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----
func.func @only_through_detach(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %q = needle.pin %w : tensor<f32>
  // expected-note @below {{here}}
  %d = needle.detach %q : tensor<f32>
  %y = needle.mul %p, %d : tensor<f32>
  // expected-error @below {{autodiff: no gradient path from the value to wrt 1: 'needle.detach' ends it}}
  %g:2 = needle.gradient(%y, %p, %q) : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %g#0 : tensor<f32>
}

// -----
// A kernel is made after autodiff; its op has no rule.
func.func @no_rule(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  // expected-error @below {{autodiff: no gradient rule for 'needle.kernel'; detach it, or mark the op NotDifferentiable}}
  %y = needle.kernel "map" (%p) maps [affine_map<() -> ()>] : (tensor<f32>) -> tensor<f32> {
  ^bb0(%a: tensor<f32>):
    %e = needle.exp %a : tensor<f32>
    needle.yield %e : tensor<f32>
  }
  %g = needle.gradient(%y, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %g : tensor<f32>
}
