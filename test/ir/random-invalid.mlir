// RUN: %opt %s --verify-diagnostics

func.func @a_key_has_rank_0(%k: tensor<2xi64>) {
  // expected-error@+1 {{needs one key of shape [], not [2]}}
  %0 = needle.normal %k : tensor<2xi64> -> tensor<4xf32>
  return
}

// -----

func.func @keys_split_one_by_one(%k: tensor<2xi64>) {
  // expected-error@+1 {{needs one key of shape [], not [2]}}
  %0 = needle.split_key %k {count = 3 : i64} : tensor<2xi64>
  return
}

// -----

func.func @counts_are_not_negative(%k: tensor<i64>) {
  // expected-error@+1 {{negative size -3 in shape [-3]}}
  %0 = needle.split_key %k {count = -3 : i64} : tensor<i64>
  return
}

// -----

func.func @probabilities_are_probabilities(%k: tensor<i64>) {
  // expected-error@+1 {{probability 1.500000e+00 is outside of [0, 1]}}
  %0 = needle.bernoulli %k {probability = 1.5 : f64} : tensor<i64> -> tensor<4xi1>
  return
}

// -----

func.func @low_is_below_high(%k: tensor<i64>) {
  // expected-error@+1 {{low 2.000000e+00 is above high 1.000000e+00}}
  %0 = needle.uniform %k {low = 2.0 : f64} : tensor<i64> -> tensor<4xf32>
  return
}

// -----

func.func @draws_are_floating(%k: tensor<i64>) {
  // expected-error@+1 {{result #0 must be}}
  %0 = needle.normal %k : tensor<i64> -> tensor<4xi32>
  return
}
