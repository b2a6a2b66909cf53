// RUN: %opt --needle-plan-memory %s | FileCheck %s
#id = affine_map<(d0) -> (d0)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>
#turn = affine_map<(d0, d1) -> (d1, d0)>

// CHECK-LABEL: @results_are_written_directly(
// CHECK-SAME: needle.arena_bytes = 0
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: -1>
func.func @results_are_written_directly(%x: tensor<8xf32>) -> tensor<8xf64> {
  %0 = needle.kernel "map"(%x) maps [#id] : (tensor<8xf32>) -> tensor<8xf64> {
  ^bb0(%a: tensor<8xf32>):
    %1 = needle.convert %a : tensor<8xf32> -> tensor<8xf64>
    needle.yield %1 : tensor<8xf64>
  }
  return %0 : tensor<8xf64>
}

// CHECK-LABEL: @dead_memory_is_used_again(
// CHECK-SAME: needle.arena_bytes = 256
// CHECK-SAME: needle.intermediate_bytes = 300
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 0>
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 128>
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 0>
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: -1>
func.func @dead_memory_is_used_again(%x: tensor<5x5xf32>) -> tensor<5x5xf32> {
  %0 = needle.kernel "map"(%x) maps [#turn]
      : (tensor<5x5xf32>) -> tensor<5x5xf32> {
  ^bb0(%a: tensor<5x5xf32>):
    needle.yield %a : tensor<5x5xf32>
  }
  %1 = needle.kernel "map"(%0) maps [#turn]
      : (tensor<5x5xf32>) -> tensor<5x5xf32> {
  ^bb0(%a: tensor<5x5xf32>):
    needle.yield %a : tensor<5x5xf32>
  }
  %2 = needle.kernel "map"(%1) maps [#turn]
      : (tensor<5x5xf32>) -> tensor<5x5xf32> {
  ^bb0(%a: tensor<5x5xf32>):
    needle.yield %a : tensor<5x5xf32>
  }
  %3 = needle.kernel "map"(%2) maps [#turn]
      : (tensor<5x5xf32>) -> tensor<5x5xf32> {
  ^bb0(%a: tensor<5x5xf32>):
    needle.yield %a : tensor<5x5xf32>
  }
  return %3 : tensor<5x5xf32>
}

// CHECK-LABEL: @elements_are_replaced_where_they_are_read(
// CHECK-SAME: needle.arena_bytes = 64
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 0>
// CHECK: needle.kernel {{.*}}needle.in_place = array<i64: 0>, needle.offsets = array<i64: 0>
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: -1>
func.func @elements_are_replaced_where_they_are_read(%x: tensor<8xi32>)
    -> tensor<8xf64> {
  %0 = needle.kernel "map"(%x) maps [#id] : (tensor<8xi32>) -> tensor<8xi32> {
  ^bb0(%a: tensor<8xi32>):
    %3 = needle.square %a : tensor<8xi32>
    needle.yield %3 : tensor<8xi32>
  }
  %1 = needle.kernel "map"(%0) maps [#id] : (tensor<8xi32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xi32>):
    %3 = needle.convert %a : tensor<8xi32> -> tensor<8xf32>
    needle.yield %3 : tensor<8xf32>
  }
  %2 = needle.kernel "map"(%1) maps [#id] : (tensor<8xf32>) -> tensor<8xf64> {
  ^bb0(%a: tensor<8xf32>):
    %3 = needle.convert %a : tensor<8xf32> -> tensor<8xf64>
    needle.yield %3 : tensor<8xf64>
  }
  return %2 : tensor<8xf64>
}

// Its second reader comes later.
// CHECK-LABEL: @what_is_read_again_stays(
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 0>
// CHECK: needle.kernel
// CHECK-NOT: needle.in_place
// CHECK-SAME: needle.offsets = array<i64: 64>
// CHECK: needle.kernel
func.func @what_is_read_again_stays(%x: tensor<8xf32>) -> tensor<8xf32> {
  %0 = needle.kernel "map"(%x) maps [#id] : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %3 = needle.square %a : tensor<8xf32>
    needle.yield %3 : tensor<8xf32>
  }
  %1 = needle.kernel "map"(%0) maps [#id] : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %3 = needle.square %a : tensor<8xf32>
    needle.yield %3 : tensor<8xf32>
  }
  %2 = needle.kernel "map"(%0, %1) maps [#id, #id]
      : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    %3 = needle.sub %a, %b : tensor<8xf32>
    needle.yield %3 : tensor<8xf32>
  }
  return %2 : tensor<8xf32>
}

// What feeds the product is read for many elements, the bias for one.
// CHECK-LABEL: @contraction_replaces_epilogue_operands_only(
// CHECK: needle.kernel "map"
// CHECK: needle.kernel "contract"
// CHECK-SAME: needle.in_place = array<i64: 2>
func.func @contraction_replaces_epilogue_operands_only(%x: tensor<4x4xf32>)
    -> tensor<4x4xf64> {
  %0:2 = needle.kernel "map"(%x) maps [#id2]
      : (tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  ^bb0(%a: tensor<4x4xf32>):
    %3 = needle.square %a : tensor<4x4xf32>
    %4 = needle.neg %a : tensor<4x4xf32>
    needle.yield %3, %4 : tensor<4x4xf32>, tensor<4x4xf32>
  }
  %1 = needle.kernel "contract"(%0#0, %x, %0#1) maps [#id2, #id2, #id2]
      : (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>)
      -> tensor<4x4xf32> {
  ^bb0(%a: tensor<4x4xf32>, %b: tensor<4x4xf32>, %c: tensor<4x4xf32>):
    %3 = needle.matmul %a, %b : tensor<4x4xf32>, tensor<4x4xf32>
    %4 = needle.add %3, %c : tensor<4x4xf32>
    needle.yield %4 : tensor<4x4xf32>
  }
  %2 = needle.kernel "map"(%1) maps [#id2]
      : (tensor<4x4xf32>) -> tensor<4x4xf64> {
  ^bb0(%a: tensor<4x4xf32>):
    %3 = needle.convert %a : tensor<4x4xf32> -> tensor<4x4xf64>
    needle.yield %3 : tensor<4x4xf64>
  }
  return %2 : tensor<4x4xf64>
}

// CHECK-LABEL: @updates_replace_their_argument(
// CHECK-SAME: -> (tensor<8xf32> {needle.in_place_of = 1 : i64, needle.updates = 1 : i64})
// CHECK: needle.in_place = array<i64: 1>, needle.offsets = array<i64: -1>
func.func @updates_replace_their_argument(%g: tensor<8xf32>, %w: tensor<8xf32>)
    -> (tensor<8xf32> {needle.updates = 1 : i64}) {
  %0 = needle.kernel "map"(%g, %w) maps [#id, #id]
      : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
    %1 = needle.sub %b, %a : tensor<8xf32>
    needle.yield %1 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: @bias_is_replaced_after_the_sum(
// CHECK-SAME: needle.in_place_of = 1
func.func @bias_is_replaced_after_the_sum(%g: tensor<4x8xf32>,
    %w: tensor<8xf32>) -> (tensor<8xf32> {needle.updates = 1 : i64}) {
  %0 = needle.kernel "reduce"(%g, %w) maps [#id2, #id]
      : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<8xf32>):
    %1 = needle.sum %a {axes = array<i64: 0>} : tensor<4x8xf32>
    %2 = needle.sub %b, %1 : tensor<8xf32>
    needle.yield %2 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// CHECK-LABEL: @argument_that_is_read_later_is_kept(
// CHECK-NOT: needle.in_place_of = 0
// CHECK: return
func.func @argument_that_is_read_later_is_kept(%w: tensor<8xf32>)
    -> (tensor<8xf32> {needle.updates = 0 : i64}, tensor<8xf64>) {
  %0 = needle.kernel "map"(%w) maps [#id] : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %2 = needle.neg %a : tensor<8xf32>
    needle.yield %2 : tensor<8xf32>
  }
  %1 = needle.kernel "map"(%w) maps [#id] : (tensor<8xf32>) -> tensor<8xf64> {
  ^bb0(%a: tensor<8xf32>):
    %2 = needle.convert %a : tensor<8xf32> -> tensor<8xf64>
    needle.yield %2 : tensor<8xf64>
  }
  return %0, %1 : tensor<8xf32>, tensor<8xf64>
}

// CHECK-LABEL: @views_are_places_in_their_operand(
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 0>
// CHECK: needle.reshape {{.*}}needle.offsets = array<i64: -2>, needle.view_offset = 0
// CHECK: needle.slice {{.*}}needle.offsets = array<i64: -2>{{.*}}needle.view_offset = 16
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: -1>
func.func @views_are_places_in_their_operand(%x: tensor<12xf32>)
    -> tensor<8xf64> {
  %0 = needle.kernel "map"(%x) maps [#id] : (tensor<12xf32>) -> tensor<12xf32> {
  ^bb0(%a: tensor<12xf32>):
    %4 = needle.neg %a : tensor<12xf32>
    needle.yield %4 : tensor<12xf32>
  }
  %1 = needle.reshape %0 : tensor<12xf32> -> tensor<3x4xf32>
  %2 = needle.slice %1 {start = array<i64: 1, 0>, stop = array<i64: 3, 4>,
                        step = array<i64: 1, 1>} : tensor<3x4xf32>
  %5 = needle.reshape %2 : tensor<2x4xf32> -> tensor<8xf32>
  %3 = needle.kernel "map"(%5) maps [#id] : (tensor<8xf32>) -> tensor<8xf64> {
  ^bb0(%a: tensor<8xf32>):
    %4 = needle.convert %a : tensor<8xf32> -> tensor<8xf64>
    needle.yield %4 : tensor<8xf64>
  }
  return %3 : tensor<8xf64>
}

// CHECK-LABEL: @returned_reshape_is_written_by_its_kernel(
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: -1>
// CHECK: needle.reshape {{.*}}needle.offsets = array<i64: -2>
func.func @returned_reshape_is_written_by_its_kernel(%x: tensor<6xf32>)
    -> tensor<2x3xf32> {
  %0 = needle.kernel "map"(%x) maps [#id] : (tensor<6xf32>) -> tensor<6xf32> {
  ^bb0(%a: tensor<6xf32>):
    %2 = needle.neg %a : tensor<6xf32>
    needle.yield %2 : tensor<6xf32>
  }
  %1 = needle.reshape %0 : tensor<6xf32> -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}

// The table is live through the loop; what the body makes lies beside it. The
// next carry replaces the carry, the stacked value is written to its slice.
// CHECK-LABEL: @body_of_loop_shares_the_arena(
// CHECK-SAME: needle.arena_bytes = 128
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 0>
// CHECK: needle.scan{{.*}}needle.offsets = array<i64: -1, -1>
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 64>
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: -1, -1>
func.func @body_of_loop_shares_the_arena(%x: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<3x8xf64>) {
  %0 = needle.kernel "map"(%x) maps [#id] : (tensor<8xf32>) -> tensor<8xf32> {
  ^bb0(%a: tensor<8xf32>):
    %4 = needle.neg %a : tensor<8xf32>
    needle.yield %4 : tensor<8xf32>
  }
  %1:2 = needle.scan(%x, %0)
      {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<8xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<3x8xf64>) {
  ^bb0(%i: tensor<i64>, %c: tensor<8xf32>, %t: tensor<8xf32>):
    %2 = needle.kernel "map"(%t) maps [#id] : (tensor<8xf32>) -> tensor<8xf32> {
    ^bb0(%a: tensor<8xf32>):
      %4 = needle.exp %a : tensor<8xf32>
      needle.yield %4 : tensor<8xf32>
    }
    %3:2 = needle.kernel "map"(%c, %2) maps [#id, #id]
        : (tensor<8xf32>, tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf64>) {
    ^bb0(%a: tensor<8xf32>, %b: tensor<8xf32>):
      %4 = needle.add %a, %b : tensor<8xf32>
      %5 = needle.convert %4 : tensor<8xf32> -> tensor<8xf64>
      needle.yield %4, %5 : tensor<8xf32>, tensor<8xf64>
    }
    needle.yield %3#0, %3#1 : tensor<8xf32>, tensor<8xf64>
  }
  return %1#0, %1#1 : tensor<8xf32>, tensor<3x8xf64>
}

// A stack's place is written before the carry's, which may still be a slice.
// CHECK-LABEL: @stack_does_not_replace_the_slices(
// CHECK-NOT: needle.in_place_of
// CHECK: return
func.func @stack_does_not_replace_the_slices(%x: tensor<8xf32>,
    %xs: tensor<3x8xf32>) -> tensor<3x8xf32> {
  %0:2 = needle.scan(%x, %xs)
      {length = 3 : i64, carries = 1 : i64, slices = 1 : i64}
      : (tensor<8xf32>, tensor<3x8xf32>) -> (tensor<8xf32>, tensor<3x8xf32>) {
  ^bb0(%i: tensor<i64>, %c: tensor<8xf32>, %s: tensor<8xf32>):
    needle.yield %s, %c : tensor<8xf32>, tensor<8xf32>
  }
  return %0#1 : tensor<3x8xf32>
}

// -1 is the first carry's memory, and the first carry is stacked after the
// kernel has run.
// CHECK-LABEL: @next_carry_given_twice_is_copied(
// CHECK: needle.kernel {{.*}}needle.offsets = array<i64: 128>
// CHECK: return
func.func @next_carry_given_twice_is_copied(%x: tensor<8xf32>)
    -> tensor<3x8xf32> {
  %0:3 = needle.scan(%x, %x)
      {length = 3 : i64, carries = 2 : i64, slices = 0 : i64}
      : (tensor<8xf32>, tensor<8xf32>)
      -> (tensor<8xf32>, tensor<8xf32>, tensor<3x8xf32>) {
  ^bb0(%i: tensor<i64>, %a: tensor<8xf32>, %b: tensor<8xf32>):
    %1 = needle.kernel "map"(%a) maps [#id] : (tensor<8xf32>) -> tensor<8xf32> {
    ^bb0(%e: tensor<8xf32>):
      %2 = needle.relu %e : tensor<8xf32>
      needle.yield %2 : tensor<8xf32>
    }
    needle.yield %1, %1, %a : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  return %0#2 : tensor<3x8xf32>
}
