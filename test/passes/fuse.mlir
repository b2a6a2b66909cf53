// RUN: %opt --needle-fuse --mlir-print-local-scope %s | FileCheck %s

// CHECK-LABEL: @elementwise_chain_is_one_kernel(
// CHECK-NEXT: %[[K:.*]] = needle.kernel "map"(%{{.*}}, %{{.*}}) maps [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>]
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<8xf32>):
// CHECK-NEXT: %[[S:.*]] = needle.add %[[X]], %[[Y]]
// CHECK-NEXT: %[[E:.*]] = needle.exp %[[S]]
// CHECK-NEXT: %[[M:.*]] = needle.mul %[[E]], %[[X]]
// CHECK-NEXT: needle.yield %[[M]]
// CHECK-NEXT: }
// CHECK-NEXT: return %[[K]]
func.func @elementwise_chain_is_one_kernel(%x: tensor<8xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %0 = needle.add %x, %y : tensor<8xf32>
  %1 = needle.exp %0 : tensor<8xf32>
  %2 = needle.mul %1, %x : tensor<8xf32>
  return %2 : tensor<8xf32>
}

// CHECK-LABEL: @views_are_index_maps(
// CHECK-NEXT: needle.kernel "map"
// CHECK-SAME: maps [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1 * 2 + 1)>]
// CHECK-SAME: (tensor<3x4xf32>, tensor<3xf32>, tensor<4x7xf32>) -> tensor<4x3xf32>
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<4x3xf32>, %{{.*}}: tensor<4x3xf32>, %{{.*}}: tensor<4x3xf32>):
func.func @views_are_index_maps(%a: tensor<3x4xf32>, %b: tensor<3xf32>,
                                %c: tensor<4x7xf32>) -> tensor<4x3xf32> {
  %0 = needle.transpose %a {permutation = array<i64: 1, 0>} : tensor<3x4xf32>
  %1 = needle.broadcast_to %b : tensor<3xf32> -> tensor<4x3xf32>
  %2 = needle.slice %c {start = array<i64: 0, 1>, stop = array<i64: 4, 7>,
                        step = array<i64: 1, 2>} : tensor<4x7xf32>
  %3 = needle.add %0, %1 : tensor<4x3xf32>
  %4 = needle.add %3, %2 : tensor<4x3xf32>
  return %4 : tensor<4x3xf32>
}

// CHECK-LABEL: @reshape_that_splits_axes_is_an_index_map(
// CHECK-NEXT: needle.kernel "map"
// CHECK-SAME: maps [affine_map<(d0, d1) -> (d0 * 3 + d1)>]
func.func @reshape_that_splits_axes_is_an_index_map(%x: tensor<6xf32>)
    -> tensor<2x3xf32> {
  %0 = needle.reshape %x : tensor<6xf32> -> tensor<2x3xf32>
  %1 = needle.exp %0 : tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: @reshape_that_joins_axes_stays_outside(
// CHECK-NEXT: %[[R:.*]] = needle.reshape
// CHECK-NEXT: needle.kernel "map"(%[[R]])
func.func @reshape_that_joins_axes_stays_outside(%x: tensor<2x3xf32>)
    -> tensor<6xf32> {
  %0 = needle.reshape %x : tensor<2x3xf32> -> tensor<6xf32>
  %1 = needle.exp %0 : tensor<6xf32>
  return %1 : tensor<6xf32>
}

// CHECK-LABEL: @returned_transposition_is_copied(
// CHECK-NEXT: needle.kernel "map"(%{{.*}}) maps [affine_map<(d0, d1) -> (d1, d0)>]
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<4x3xf32>):
// CHECK-NEXT: needle.yield %[[X]]
func.func @returned_transposition_is_copied(%x: tensor<3x4xf32>)
    -> tensor<4x3xf32> {
  %0 = needle.transpose %x {permutation = array<i64: 1, 0>} : tensor<3x4xf32>
  return %0 : tensor<4x3xf32>
}

// CHECK-LABEL: @returned_reshape_is_no_copy(
// CHECK: needle.kernel "map"
// CHECK: %[[R:.*]] = needle.reshape %{{.*}} : tensor<6xf32> -> tensor<2x3xf32>
// CHECK-NEXT: return %[[R]]
func.func @returned_reshape_is_no_copy(%x: tensor<6xf32>) -> tensor<2x3xf32> {
  %0 = needle.exp %x : tensor<6xf32>
  %1 = needle.reshape %0 : tensor<6xf32> -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// CHECK-LABEL: @every_kernel_makes_its_own_numbers(
// CHECK: needle.kernel "reduce"
// CHECK: needle.full 2.0
// CHECK: needle.kernel "contract"
// CHECK: needle.full 2.0
// CHECK-NOT: needle.kernel
func.func @every_kernel_makes_its_own_numbers(%x: tensor<4x4xf32>)
    -> (tensor<4xf32>, tensor<4x4xf32>) {
  %c = needle.full 2.0 -> tensor<4x4xf32>
  %0 = needle.mul %x, %c : tensor<4x4xf32>
  %1 = needle.sum %0 {axes = array<i64: 1>} : tensor<4x4xf32>
  %2 = needle.matmul %x, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %3 = needle.mul %2, %c : tensor<4x4xf32>
  return %1, %3 : tensor<4xf32>, tensor<4x4xf32>
}

// CHECK-LABEL: @returned_numbers_are_written(
// CHECK-NEXT: needle.kernel "map"()
// CHECK-NEXT: needle.iota
func.func @returned_numbers_are_written() -> tensor<4xi32> {
  %0 = needle.iota {axis = 0 : i64} -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// CHECK-LABEL: @bias_and_relu_are_an_epilogue(
// CHECK-NEXT: needle.kernel "contract"(%{{.*}}, %{{.*}}, %{{.*}}) maps [{{.*}}, {{.*}}, affine_map<(d0, d1) -> (d1)>]
// CHECK: needle.matmul
// CHECK-NEXT: needle.add
// CHECK-NEXT: needle.relu
// CHECK-NOT: needle.kernel
func.func @bias_and_relu_are_an_epilogue(%x: tensor<4x8xf32>,
    %w: tensor<8x2xf32>, %b: tensor<2xf32>) -> tensor<4x2xf32> {
  %0 = needle.matmul %x, %w : tensor<4x8xf32>, tensor<8x2xf32>
  %1 = needle.broadcast_to %b : tensor<2xf32> -> tensor<4x2xf32>
  %2 = needle.add %0, %1 : tensor<4x2xf32>
  %3 = needle.relu %2 : tensor<4x2xf32>
  return %3 : tensor<4x2xf32>
}

// CHECK-LABEL: @cheap_producer_is_a_prologue(
// CHECK-NEXT: needle.kernel "contract"
// CHECK: %[[S:.*]] = needle.mul
// CHECK: needle.matmul %[[S]]
// CHECK-NOT: needle.kernel
func.func @cheap_producer_is_a_prologue(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>,
    %w: tensor<8x2xf32>) -> tensor<4x2xf32> {
  %0 = needle.mul %x, %y : tensor<4x8xf32>
  %1 = needle.matmul %0, %w : tensor<4x8xf32>, tensor<8x2xf32>
  return %1 : tensor<4x2xf32>
}

// Every tile that needs it would compute it again.
// CHECK-LABEL: @costly_producer_is_a_kernel(
// CHECK-NEXT: needle.kernel "map"
// CHECK: needle.exp
// CHECK: needle.kernel "contract"
func.func @costly_producer_is_a_kernel(%x: tensor<4x8xf32>, %w: tensor<8x2xf32>)
    -> tensor<4x2xf32> {
  %0 = needle.exp %x : tensor<4x8xf32>
  %1 = needle.matmul %0, %w : tensor<4x8xf32>, tensor<8x2xf32>
  return %1 : tensor<4x2xf32>
}

// Momentum and weight are further results of the gradient's kernel.
// CHECK-LABEL: @update_is_an_epilogue(
// CHECK-NEXT: %[[K:.*]]:2 = needle.kernel "contract"
// CHECK-NOT: needle.kernel
// CHECK: return %[[K]]#0, %[[K]]#1
func.func @update_is_an_epilogue(%x: tensor<4x8xf32>, %g: tensor<4x2xf32>,
    %w: tensor<8x2xf32>, %m: tensor<8x2xf32>, %rate: tensor<f32>)
    -> (tensor<8x2xf32>, tensor<8x2xf32>) {
  %0 = needle.matmul %x, %g {transpose_lhs = true}
      : tensor<4x8xf32>, tensor<4x2xf32>
  %1 = needle.full 9.0e-1 -> tensor<8x2xf32>
  %2 = needle.mul %m, %1 : tensor<8x2xf32>
  %3 = needle.add %2, %0 : tensor<8x2xf32>
  %4 = needle.broadcast_to %rate : tensor<f32> -> tensor<8x2xf32>
  %5 = needle.mul %3, %4 : tensor<8x2xf32>
  %6 = needle.sub %w, %5 : tensor<8x2xf32>
  return %3, %6 : tensor<8x2xf32>, tensor<8x2xf32>
}

// CHECK-LABEL: @softmax_is_one_kernel(
// CHECK-NEXT: needle.kernel "reduce"
// CHECK: %[[M:.*]] = needle.max
// CHECK-NEXT: %[[B:.*]] = needle.broadcast_to %[[M]] : tensor<4x1xf32> -> tensor<4x8xf32>
// CHECK-NEXT: needle.sub %{{.*}}, %[[B]]
// CHECK: needle.sum
// CHECK-NOT: needle.kernel
func.func @softmax_is_one_kernel(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = needle.max %x {axes = array<i64: 1>, keep_dims = true} : tensor<4x8xf32>
  %1 = needle.broadcast_to %0 : tensor<4x1xf32> -> tensor<4x8xf32>
  %2 = needle.sub %x, %1 : tensor<4x8xf32>
  %3 = needle.exp %2 : tensor<4x8xf32>
  %4 = needle.sum %3 {axes = array<i64: 1>, keep_dims = true} : tensor<4x8xf32>
  %5 = needle.broadcast_to %4 : tensor<4x1xf32> -> tensor<4x8xf32>
  %6 = needle.div %3, %5 : tensor<4x8xf32>
  return %6 : tensor<4x8xf32>
}

// CHECK-LABEL: @reduced_axes_come_back_by_a_reshape(
// CHECK: %[[S:.*]] = needle.sum
// CHECK-NEXT: %[[R:.*]] = needle.reshape %[[S]] : tensor<4xf32> -> tensor<4x1xf32>
// CHECK-NEXT: needle.broadcast_to %[[R]]
// CHECK-NOT: needle.kernel
func.func @reduced_axes_come_back_by_a_reshape(%x: tensor<4x8xf32>)
    -> tensor<4x8xf32> {
  %0 = needle.sum %x {axes = array<i64: 1>} : tensor<4x8xf32>
  %1 = needle.reshape %0 : tensor<4xf32> -> tensor<4x1xf32>
  %2 = needle.broadcast_to %1 : tensor<4x1xf32> -> tensor<4x8xf32>
  %3 = needle.sub %x, %2 : tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// CHECK-LABEL: @a_row_is_no_column(
// CHECK: needle.kernel "reduce"
// CHECK: needle.kernel "map"
func.func @a_row_is_no_column(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = needle.sum %x {axes = array<i64: 1>} : tensor<4x4xf32>
  %1 = needle.broadcast_to %0 : tensor<4xf32> -> tensor<4x4xf32>
  %2 = needle.sub %x, %1 : tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// CHECK-LABEL: @other_axes_are_another_kernel(
// CHECK-COUNT-2: needle.kernel "reduce"
func.func @other_axes_are_another_kernel(%x: tensor<4x8xf32>) -> tensor<f32> {
  %0 = needle.sum %x {axes = array<i64: 1>} : tensor<4x8xf32>
  %1 = needle.max %0 {axes = array<i64: 0>} : tensor<4xf32>
  return %1 : tensor<f32>
}

// CHECK-LABEL: @reductions_of_one_operand_share_a_kernel(
// CHECK: needle.kernel "reduce"
// CHECK-NOT: needle.kernel
func.func @reductions_of_one_operand_share_a_kernel(%x: tensor<4x8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = needle.sum %x {axes = array<i64: 0>} : tensor<4x8xf32>
  %1 = needle.max %x {axes = array<i64: 0>} : tensor<4x8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// A sum of so much is cut along its axis; a kernel that also writes every
// element cannot be.
// CHECK-LABEL: @deep_reduction_writes_no_elements(
// CHECK: needle.kernel "map"
// CHECK: needle.kernel "reduce"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: needle.sum
// CHECK: needle.kernel "map"
func.func @deep_reduction_writes_no_elements(%x: tensor<65536xf32>)
    -> tensor<65536xf32> {
  %0 = needle.exp %x : tensor<65536xf32>
  %1 = needle.sum %0 {axes = array<i64: 0>} : tensor<65536xf32>
  %2 = needle.broadcast_to %1 : tensor<f32> -> tensor<65536xf32>
  %3 = needle.div %0, %2 : tensor<65536xf32>
  return %3 : tensor<65536xf32>
}

// CHECK-LABEL: @deep_reduction_reads_what_it_computes(
// CHECK: needle.kernel "reduce"
// CHECK: needle.square
// CHECK-NEXT: needle.sum
// CHECK-NOT: needle.kernel
func.func @deep_reduction_reads_what_it_computes(%x: tensor<65536xf32>)
    -> tensor<f32> {
  %0 = needle.square %x : tensor<65536xf32>
  %1 = needle.sum %0 {axes = array<i64: 0>} : tensor<65536xf32>
  return %1 : tensor<f32>
}

// The product reads exp(x), the sum reads the product: were exp and the sum
// one kernel, it would run before and after the product.
// CHECK-LABEL: @kernels_have_no_cycles(
// CHECK: %[[E:.*]] = needle.kernel "map"
// CHECK: %[[P:.*]] = needle.kernel "contract"(%[[E]],
// CHECK: needle.matmul
// CHECK-NEXT: needle.add
// CHECK-NOT: needle.kernel
func.func @kernels_have_no_cycles(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = needle.exp %x : tensor<4x4xf32>
  %1 = needle.matmul %0, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %2 = needle.add %0, %1 : tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// CHECK-LABEL: @sum_of_products_is_an_epilogue_of_one(
// CHECK: %[[P:.*]] = needle.kernel "contract"
// CHECK: needle.kernel "contract"(%{{.*}}, %{{.*}}, %[[P]])
// CHECK: needle.add
// CHECK-NOT: needle.kernel
func.func @sum_of_products_is_an_epilogue_of_one(%x: tensor<4x4xf32>,
    %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = needle.matmul %x, %y : tensor<4x4xf32>, tensor<4x4xf32>
  %1 = needle.matmul %y, %x : tensor<4x4xf32>, tensor<4x4xf32>
  %2 = needle.add %1, %0 : tensor<4x4xf32>
  return %2 : tensor<4x4xf32>
}

// CHECK-LABEL: @concat_is_alone(
// CHECK: needle.kernel "map"
// CHECK: needle.kernel "single"
// CHECK: needle.concat
// CHECK-NEXT: needle.yield
// CHECK: needle.kernel "map"
func.func @concat_is_alone(%x: tensor<4xf32>, %y: tensor<4xf32>)
    -> tensor<8xf32> {
  %0 = needle.exp %x : tensor<4xf32>
  %1 = needle.concat %0, %y {axis = 0 : i64} : tensor<4xf32>, tensor<4xf32>
  %2 = needle.exp %1 : tensor<8xf32>
  return %2 : tensor<8xf32>
}

// CHECK-LABEL: @small_kernels_side_by_side_are_one(
// CHECK: needle.kernel "map"
// CHECK-NOT: needle.kernel
func.func @small_kernels_side_by_side_are_one(%x: tensor<f64>, %y: tensor<f64>)
    -> (tensor<f64>, tensor<f64>) {
  %0 = needle.exp %x : tensor<f64>
  %1 = needle.log %y : tensor<f64>
  return %0, %1 : tensor<f64>, tensor<f64>
}

// CHECK-LABEL: @tables_stay_outside(
// CHECK-NEXT: %[[C:.*]] = needle.constant
// CHECK-NEXT: needle.kernel "map"(%{{.*}}, %[[C]])
func.func @tables_stay_outside(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = needle.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %1 = needle.add %x, %0 : tensor<2xf32>
  return %1 : tensor<2xf32>
}

// What reads the old weight comes first, so that the new one can replace it.
// CHECK-LABEL: @updates_wait_for_readers(
// CHECK: needle.kernel "contract"
// CHECK: transpose_rhs
// CHECK: needle.kernel "contract"
// CHECK: transpose_lhs
func.func @updates_wait_for_readers(%x: tensor<4x8xf32>, %g: tensor<4x2xf32>,
    %w: tensor<8x2xf32>)
    -> (tensor<8x2xf32> {needle.updates = 2 : i64}, tensor<4x8xf32>) {
  %0 = needle.matmul %x, %g {transpose_lhs = true}
      : tensor<4x8xf32>, tensor<4x2xf32>
  %1 = needle.sub %w, %0 : tensor<8x2xf32>
  %2 = needle.matmul %g, %w {transpose_rhs = true}
      : tensor<4x2xf32>, tensor<8x2xf32>
  return %1, %2 : tensor<8x2xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: @body_of_loop_is_fused(
// CHECK: needle.scan
// CHECK-NEXT: ^bb0
// CHECK-NEXT: %[[K:.*]] = needle.kernel "map"
// CHECK: needle.yield
// CHECK-NEXT: }
// CHECK-NEXT: needle.yield %[[K]]
func.func @body_of_loop_is_fused(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = needle.scan(%x) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<4xf32>):
    %1 = needle.exp %c : tensor<4xf32>
    %2 = needle.log %1 : tensor<4xf32>
    needle.yield %2 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}

// Both old values are wanted until both new ones are there.
// CHECK-LABEL: @swapped_carries_are_copied(
// CHECK: ^bb0(%{{.*}}: tensor<i64>, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>):
// CHECK: %[[C:.*]] = needle.kernel "map"(%[[B]])
// CHECK: %[[D:.*]] = needle.kernel "map"(%[[A]])
// CHECK: needle.yield %[[C]], %[[D]]
func.func @swapped_carries_are_copied(%x: tensor<4xf32>, %y: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %0:2 = needle.scan(%x, %y)
      {length = 3 : i64, carries = 2 : i64, slices = 0 : i64}
      : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%i: tensor<i64>, %a: tensor<4xf32>, %b: tensor<4xf32>):
    needle.yield %b, %a : tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}
