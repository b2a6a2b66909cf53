#loc1 = loc("../frontend/examples/inspect.cpp":21:0)
#loc2 = loc("../frontend/examples/inspect.cpp":10:0)
#loc3 = loc("../frontend/examples/inspect.cpp":12:0)
#map = affine_map<(d0, d1) -> (d0, d1)>
#loc5 = loc("grad"(#loc3))
module attributes {needle.target = #needle.target<name = "cpu", isa = "avx512", vector_bytes = 64, l1_bytes = 32768, l2_bytes = 1048576>} {
  func.func @jit(%arg0: tensor<20x64xf32> {needle.name = "input0", needle.role = "input"} loc("../frontend/examples/inspect.cpp":21:0), %arg1: tensor<64x10xf32> {needle.name = "inspect.cpp:10", needle.role = "variable"} loc("../frontend/examples/inspect.cpp":10:0)) -> (tensor<f32>, tensor<64x10xf32> {needle.in_place_of = 1 : i64, needle.name = "inspect.cpp:10", needle.updates = 1 : i64}) attributes {needle.arena_bytes = 1664 : i64, needle.intermediate_bytes = 1600 : i64} {
    %0:2 = needle.kernel "contract"(%arg0, %arg1) maps [#map, #map] {needle.offsets = array<i64: 0, 832>} : (tensor<20x64xf32>, tensor<64x10xf32>) -> (tensor<20x10xf32>, tensor<20x10xf32>) {
    ^bb0(%arg2: tensor<20x64xf32> loc("../frontend/examples/inspect.cpp":21:0), %arg3: tensor<64x10xf32> loc("../frontend/examples/inspect.cpp":10:0)):
      %3 = needle.matmul %arg2, %arg3 : tensor<20x64xf32>, tensor<64x10xf32> loc(#loc3)
      %4 = needle.square %3 : tensor<20x10xf32> loc(#loc3)
      %5 = needle.full 2.000000e+00 : f64 -> tensor<20x10xf32> loc(#loc5)
      %6 = needle.mul %3, %5 : tensor<20x10xf32> loc(#loc5)
      %7 = needle.full 0.004999999888241291 : f64 -> tensor<20x10xf32> loc(#loc5)
      %8 = needle.mul %6, %7 : tensor<20x10xf32> loc(#loc5)
      needle.yield %4, %8 : tensor<20x10xf32>, tensor<20x10xf32> loc(#loc6)
    } loc(#loc6)
    %1 = needle.kernel "reduce"(%0#0) maps [#map] {needle.offsets = array<i64: -1>} : (tensor<20x10xf32>) -> tensor<f32> {
    ^bb0(%arg2: tensor<20x10xf32> loc("../frontend/examples/inspect.cpp":12:0)):
      %3 = needle.sum %arg2 {axes = array<i64: 0, 1>} : tensor<20x10xf32> loc(#loc3)
      %4 = needle.full 5.000000e-03 : f64 -> tensor<f32> loc(#loc3)
      %5 = needle.mul %3, %4 : tensor<f32> loc(#loc3)
      needle.yield %5 : tensor<f32> loc(#loc3)
    } loc(#loc3)
    %2 = needle.kernel "contract"(%arg0, %0#1, %arg1) maps [#map, #map, #map] {needle.in_place = array<i64: 2>, needle.offsets = array<i64: -1>} : (tensor<20x64xf32>, tensor<20x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32> {
    ^bb0(%arg2: tensor<20x64xf32> loc("../frontend/examples/inspect.cpp":21:0), %arg3: tensor<20x10xf32> loc("grad"(#loc3)), %arg4: tensor<64x10xf32> loc("../frontend/examples/inspect.cpp":10:0)):
      %3 = needle.matmul %arg2, %arg3 {transpose_lhs = true} : tensor<20x64xf32>, tensor<20x10xf32> loc(#loc5)
      %4 = needle.full 1.000000e-01 : f64 -> tensor<64x10xf32> loc(#loc4)
      %5 = needle.mul %3, %4 : tensor<64x10xf32> loc(#loc4)
      %6 = needle.sub %arg4, %5 : tensor<64x10xf32> loc(#loc4)
      needle.yield %6 : tensor<64x10xf32> loc(#loc7)
    } loc(#loc7)
    return %1, %2 : tensor<f32>, tensor<64x10xf32> loc(#loc)
  } loc(#loc)
} loc(#loc)
#loc = loc("jit")
#loc4 = loc("../frontend/examples/inspect.cpp":13:0)
#loc6 = loc(fused[#loc3, #loc5])
#loc7 = loc(fused[#loc5, #loc4])

