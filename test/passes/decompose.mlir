// RUN: %opt --needle-decompose %s | FileCheck %s
// RUN: %opt --needle-decompose --mlir-print-debuginfo %s | FileCheck %s --check-prefix=LOC
// LOC-NOT: loc(unknown)

// CHECK-LABEL: @softmax_shifts_by_the_maximum(
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK: %[[M:.*]] = needle.max %[[X]] {axes = array<i64: 1>, keep_dims = true}
// CHECK: %[[B:.*]] = needle.broadcast_to %[[M]]
// CHECK: %[[D:.*]] = needle.sub %[[X]], %[[B]]
// CHECK: %[[E:.*]] = needle.exp %[[D]]
// CHECK: %[[S:.*]] = needle.sum %[[E]] {axes = array<i64: 1>, keep_dims = true}
// CHECK: %[[I:.*]] = needle.div %{{.*}}, %[[S]] : tensor<2x1xf32>
// CHECK: %[[C:.*]] = needle.broadcast_to %[[I]]
// CHECK: needle.mul %[[E]], %[[C]]
func.func @softmax_shifts_by_the_maximum(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = needle.softmax %x {axis = 1 : i64} : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----
// CHECK-LABEL: @log_softmax_takes_no_log_of_a_quotient(
// CHECK-NOT: needle.div
// CHECK: %[[D:.*]] = needle.sub
// CHECK: needle.log
// CHECK: %[[B:.*]] = needle.broadcast_to
// CHECK: needle.sub %[[D]], %[[B]]
func.func @log_softmax_takes_no_log_of_a_quotient(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = needle.log_softmax %x {axis = 1 : i64} : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----
// CHECK-LABEL: @logsumexp_shifts_by_finite_maxima_only(
// CHECK: %[[M:.*]] = needle.max
// CHECK: %[[INF:.*]] = needle.full 0x7FF0000000000000
// CHECK: %[[A:.*]] = needle.abs %[[M]]
// CHECK: %[[F:.*]] = needle.less %[[A]], %[[INF]]
// CHECK: needle.where %[[F]], %[[M]]
// CHECK: needle.reshape {{.*}} -> tensor<2xf32>
func.func @logsumexp_shifts_by_finite_maxima_only(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %y = needle.logsumexp %x {axes = array<i64: 1>} : tensor<2x3xf32>
  return %y : tensor<2xf32>
}

// -----
// CHECK-LABEL: @mean_is_a_sum_times_one_over_n(
// CHECK: %[[S:.*]] = needle.sum
// CHECK: %[[N:.*]] = needle.full 2.500000e-01
// CHECK: needle.mul %[[S]], %[[N]]
func.func @mean_is_a_sum_times_one_over_n(%x: tensor<2x4xf32>) -> tensor<2xf32> {
  %y = needle.mean %x {axes = array<i64: 1>} : tensor<2x4xf32>
  return %y : tensor<2xf32>
}

// -----
// CHECK-LABEL: @the_mean_of_nothing_is_zero_times_infinity(
// CHECK: needle.full 0x7FF0000000000000
func.func @the_mean_of_nothing_is_zero_times_infinity(%x: tensor<0xf32>) -> tensor<f32> {
  %y = needle.mean %x {axes = array<i64: 0>} : tensor<0xf32>
  return %y : tensor<f32>
}

// -----
// CHECK-LABEL: @split_is_slices(
// CHECK: needle.slice {{.*}}start = array<i64: 0>{{.*}}stop = array<i64: 2>
// CHECK: needle.slice {{.*}}start = array<i64: 2>{{.*}}stop = array<i64: 5>
func.func @split_is_slices(%x: tensor<5xf32>) -> (tensor<2xf32>, tensor<3xf32>) {
  %y:2 = needle.split %x {sizes = array<i64: 2, 3>, axis = 0 : i64} : tensor<5xf32>
  return %y#0, %y#1 : tensor<2xf32>, tensor<3xf32>
}

// -----
// CHECK-LABEL: @one_hot_compares_with_iota(
// CHECK: %[[R:.*]] = needle.reshape {{.*}} -> tensor<3x1xi32>
// CHECK: %[[I:.*]] = needle.iota {axis = 1 : i64} -> tensor<3x5xi32>
// CHECK: %[[B:.*]] = needle.broadcast_to %[[R]]
// CHECK: %[[E:.*]] = needle.equal %[[B]], %[[I]]
// CHECK: needle.convert %[[E]]
func.func @one_hot_compares_with_iota(%i: tensor<3xi32>) -> tensor<3x5xf32> {
  %y = needle.one_hot %i {depth = 5 : i64} : tensor<3xi32> -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----
// CHECK-LABEL: @draws_count_elements(
// CHECK: %[[K:.*]] = needle.broadcast_to
// CHECK: %[[C:.*]] = needle.linear_index -> tensor<2x3xi64>
// CHECK: %[[T:.*]] = needle.threefry %[[K]], %[[C]]
// CHECK: %[[B:.*]] = needle.fold_bits %[[T]]
// CHECK: %[[U:.*]] = needle.unit_from_bits %[[B]]
// CHECK-NEXT: return %[[U]]
func.func @draws_count_elements(%k: tensor<i64>) -> tensor<2x3xf32> {
  %u = needle.uniform %k : tensor<i64> -> tensor<2x3xf32>
  return %u : tensor<2x3xf32>
}

// -----
// 64 bits are a block's two halves.
// CHECK-LABEL: @wide_draws_use_the_whole_block(
// CHECK: %[[T:.*]] = needle.threefry
// CHECK-NOT: needle.fold_bits
// CHECK: needle.unit_from_bits %[[T]] : tensor<4xi64>
// CHECK: needle.erf_inv
func.func @wide_draws_use_the_whole_block(%k: tensor<i64>) -> tensor<4xf64> {
  %u = needle.normal %k : tensor<i64> -> tensor<4xf64>
  return %u : tensor<4xf64>
}

// -----
// CHECK-LABEL: @uniform_stays_at_or_above_low(
// CHECK: needle.full 4.0
// CHECK: needle.mul
// CHECK: %[[A:.*]] = needle.add %{{.*}}, %[[LOW:.*]] :
// CHECK: needle.maximum %[[A]], %[[LOW]]
func.func @uniform_stays_at_or_above_low(%k: tensor<i64>) -> tensor<4xf64> {
  %u = needle.uniform %k {low = -1.0 : f64, high = 3.0 : f64} : tensor<i64> -> tensor<4xf64>
  return %u : tensor<4xf64>
}

// -----
// CHECK-LABEL: @keys_are_threefry_blocks(
// CHECK: needle.threefry
// CHECK: needle.iota {axis = 0 : i64} -> tensor<3xi64>
// CHECK: needle.threefry
func.func @keys_are_threefry_blocks(%k: tensor<i64>, %n: tensor<i64>) -> tensor<3xi64> {
  %f = needle.fold_in %k, %n : tensor<i64>
  %s = needle.split_key %f {count = 3 : i64} : tensor<i64>
  return %s : tensor<3xi64>
}

// -----
// CHECK-LABEL: @bernoulli_compares_with_the_probability(
// CHECK: needle.unit_from_bits
// CHECK: needle.full 2.500000e-01
// CHECK: needle.less
func.func @bernoulli_compares_with_the_probability(%k: tensor<i64>) -> tensor<4xi1> {
  %b = needle.bernoulli %k {probability = 0.25 : f64} : tensor<i64> -> tensor<4xi1>
  return %b : tensor<4xi1>
}

// -----
// CHECK-LABEL: @bodies_are_decomposed(
// CHECK: needle.scan
// CHECK-NOT: needle.softmax
// CHECK: needle.div
func.func @bodies_are_decomposed(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = needle.scan(%x) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<4xf32>):
    %s = needle.softmax %c {axis = 0 : i64} : tensor<4xf32>
    needle.yield %s : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----
// CHECK-LABEL: @low_precision_contracts_in_f32(
// CHECK: %[[A:.*]] = needle.convert %{{.*}} : tensor<2x3xbf16> -> tensor<2x3xf32>
// CHECK: %[[B:.*]] = needle.convert %{{.*}} : tensor<3x4xbf16> -> tensor<3x4xf32>
// CHECK: %[[C:.*]] = needle.matmul %[[A]], %[[B]]
// CHECK: %[[R:.*]] = needle.convert %[[C]] : tensor<2x4xf32> -> tensor<2x4xbf16>
// CHECK: return %[[R]]
func.func @low_precision_contracts_in_f32(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>) -> tensor<2x4xbf16> {
  %c = needle.matmul %a, %b : tensor<2x3xbf16>, tensor<3x4xbf16>
  return %c : tensor<2x4xbf16>
}

// -----
// CHECK-LABEL: @low_precision_composites_round_once(
// CHECK: needle.convert {{.*}} -> tensor<2x3xf32>
// CHECK-NOT: bf16
// CHECK: needle.mul {{.*}} : tensor<2x3xf32>
// CHECK: needle.convert {{.*}} -> tensor<2x3xbf16>
func.func @low_precision_composites_round_once(%x: tensor<2x3xbf16>) -> tensor<2x3xbf16> {
  %y = needle.softmax %x {axis = 1 : i64} : tensor<2x3xbf16>
  return %y : tensor<2x3xbf16>
}

// -----
// Elementwise ops round by themselves.
// CHECK-LABEL: @low_precision_elementwise_stays(
// CHECK-NEXT: needle.add
// CHECK-NEXT: return
func.func @low_precision_elementwise_stays(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  %y = needle.add %x, %x : tensor<4xbf16>
  return %y : tensor<4xbf16>
}

// -----
// 0.999 would round to 1, which is outside.
// CHECK-LABEL: @low_precision_uniform_stays_below(
// CHECK: needle.unit_from_bits {{.*}} : tensor<4xi32>
// CHECK: needle.full 0.99609375 : f64 -> tensor<4xbf16>
// CHECK: needle.convert
// CHECK: needle.minimum {{.*}} : tensor<4xbf16>
func.func @low_precision_uniform_stays_below(%k: tensor<i64>) -> tensor<4xbf16> {
  %u = needle.uniform %k : tensor<i64> -> tensor<4xbf16>
  return %u : tensor<4xbf16>
}
