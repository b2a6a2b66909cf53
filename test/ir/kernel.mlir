// RUN: %opt %s | %opt | FileCheck %s
// RUN: %opt --mlir-print-op-generic %s | %opt | FileCheck %s

// CHECK: module attributes {needle.target = #needle.target<name = "cpu", isa = "avx512", vector_bytes = 64, l1_bytes = 49152, l2_bytes = 1048576>}
module attributes {needle.target = #needle.target<name = "cpu", isa = "avx512", vector_bytes = 64, l1_bytes = 49152, l2_bytes = 1048576>} {
// CHECK-LABEL: @operands_are_read_through_maps(
func.func @operands_are_read_through_maps(%x: tensor<9x4xf32>, %bias: tensor<8xf32>) -> tensor<4x8xf32> {
  // CHECK: needle.kernel "map"(%{{.*}}, %{{.*}}) maps [#[[M0:.*]], #[[M1:.*]]] : (tensor<9x4xf32>, tensor<8xf32>) -> tensor<4x8xf32> {
  %0 = needle.kernel "map" (%x, %bias) maps [affine_map<(d0, d1) -> (-d1 + 8, d0)>, affine_map<(d0, d1) -> (d1)>]
      : (tensor<9x4xf32>, tensor<8xf32>) -> tensor<4x8xf32> {
  ^bb0(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>):
    %1 = needle.add %a, %b : tensor<4x8xf32>
    needle.yield %1 : tensor<4x8xf32>
  }
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @launches_list_their_phases(
func.func @launches_list_their_phases(%x: tensor<4096xf32>) -> tensor<4096xf32> {
  // CHECK: needle.launch(%{{.*}}) [#needle.phase<calls = [#needle.call<function = @f, buffers = [0, 1], scalars = [4096]>], tiles = 4, scratch = 0, work = 4096>]
  %0 = needle.launch(%x) [#needle.phase<calls = [#needle.call<function = @f, buffers = [0, 1], scalars = [4096]>], tiles = 4, scratch = 0, work = 4096>]
      : (tensor<4096xf32>) -> tensor<4096xf32>
  return %0 : tensor<4096xf32>
}
}
