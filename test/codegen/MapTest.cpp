// MapTest.cpp - elementwise kernels against the interpreter.
#include "KernelHarness.h"

#include "llvm/Support/FormatVariadic.h"

using namespace needle::codegen;

namespace {

// x * y + x, then a comparison: two results of different types.
std::string flat(int64_t n) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}xf32>, %y: tensor<{0}xf32>)
        -> (tensor<{0}xf32>, tensor<{0}xi1>) {{
      %0:2 = needle.kernel "map" (%x, %y) maps [
          affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>]
          : (tensor<{0}xf32>, tensor<{0}xf32>)
          -> (tensor<{0}xf32>, tensor<{0}xi1>) {{
      ^bb0(%a: tensor<{0}xf32>, %b: tensor<{0}xf32>):
        %1 = needle.mul %a, %b : tensor<{0}xf32>
        %2 = needle.add %1, %a : tensor<{0}xf32>
        %3 = needle.less %2, %b : tensor<{0}xf32>
        needle.yield %2, %3 : tensor<{0}xf32>, tensor<{0}xi1>
      }
      return %0#0, %0#1 : tensor<{0}xf32>, tensor<{0}xi1>
    })mlir",
                       n);
}

TEST(Map, EverySizeAroundTheLanes) {
  for (int64_t n : {0, 1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 127, 1009, 70001})
    checkKernel(flat(n));
}

TEST(Map, OneFunctionForAllShapes) {
  for (const TargetInfo &target : targets()) {
    CompiledKernel small(flat(17), target), large(flat(70001), target);
    ASSERT_TRUE(small.ok() && large.ok());
    EXPECT_EQ(small.keys(), large.keys());
    EXPECT_EQ(small.tiles(0), 1);
    EXPECT_GT(large.tiles(0), 1);
  }
}

// Rows, columns, a scalar, a transposed operand and a slice in one kernel.
std::string mixed(int64_t n, int64_t m) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}xf32>, %row: tensor<{1}xf32>,
                 %column: tensor<{0}x1xf32>, %scalar: tensor<f32>,
                 %t: tensor<{1}x{0}xf32>, %wide: tensor<{0}x{2}xf32>)
        -> tensor<{0}x{1}xf32> {{
      %0 = needle.kernel "map" (%x, %row, %column, %scalar, %t, %wide) maps [
          affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>,
          affine_map<(d0, d1) -> (d0, 0)>, affine_map<(d0, d1) -> ()>,
          affine_map<(d0, d1) -> (d1, d0)>,
          affine_map<(d0, d1) -> (d0, d1 * 2 + 3)>]
          : (tensor<{0}x{1}xf32>, tensor<{1}xf32>, tensor<{0}x1xf32>,
             tensor<f32>, tensor<{1}x{0}xf32>, tensor<{0}x{2}xf32>)
          -> tensor<{0}x{1}xf32> {{
      ^bb0(%a: tensor<{0}x{1}xf32>, %b: tensor<{0}x{1}xf32>,
           %c: tensor<{0}x{1}xf32>, %d: tensor<{0}x{1}xf32>,
           %e: tensor<{0}x{1}xf32>, %w: tensor<{0}x{1}xf32>):
        %1 = needle.add %a, %b : tensor<{0}x{1}xf32>
        %2 = needle.mul %c, %d : tensor<{0}x{1}xf32>
        %3 = needle.sub %1, %2 : tensor<{0}x{1}xf32>
        %4 = needle.add %3, %e : tensor<{0}x{1}xf32>
        %5 = needle.maximum %4, %w : tensor<{0}x{1}xf32>
        needle.yield %5 : tensor<{0}x{1}xf32>
      }
      return %0 : tensor<{0}x{1}xf32>
    })mlir",
                       n, m, 2 * m + 3);
}

TEST(Map, EveryKindOfAccess) {
  for (auto [n, m] : {std::pair(1, 1), std::pair(1, 37), std::pair(37, 1),
                      std::pair(7, 16), std::pair(33, 65), std::pair(300, 257)})
    checkKernel(mixed(n, m));
}

// Scalars are computed as such, without vectors.
TEST(Map, OneElement) {
  checkKernel(R"mlir(
    func.func @f(%x: tensor<f64>, %y: tensor<1x1xf32>)
        -> (tensor<f64>, tensor<f32>) {
      %0:2 = needle.kernel "map" (%x, %y) maps [
          affine_map<() -> ()>, affine_map<() -> (0, 0)>]
          : (tensor<f64>, tensor<1x1xf32>) -> (tensor<f64>, tensor<f32>) {
      ^bb0(%a: tensor<f64>, %b: tensor<f32>):
        %1 = needle.convert %b : tensor<f32> -> tensor<f64>
        %2 = needle.mul %a, %1 : tensor<f64>
        %3 = needle.exp %2 : tensor<f64>
        %4 = needle.convert %3 : tensor<f64> -> tensor<f32>
        needle.yield %3, %4 : tensor<f64>, tensor<f32>
      }
      return %0#0, %0#1 : tensor<f64>, tensor<f32>
    })mlir");
  checkKernel(flat(1));
}

// A bias per channel between batch and pixels: three dimensions stay.
TEST(Map, MiddleBroadcast) {
  checkKernel(R"mlir(
    func.func @f(%x: tensor<3x5x19xf64>, %bias: tensor<5xf64>)
        -> tensor<3x5x19xf64> {
      %0 = needle.kernel "map" (%x, %bias) maps [
          affine_map<(d0, d1, d2) -> (d0, d1, d2)>,
          affine_map<(d0, d1, d2) -> (d1)>]
          : (tensor<3x5x19xf64>, tensor<5xf64>) -> tensor<3x5x19xf64> {
      ^bb0(%a: tensor<3x5x19xf64>, %b: tensor<3x5x19xf64>):
        %1 = needle.add %a, %b : tensor<3x5x19xf64>
        %2 = needle.exp %1 : tensor<3x5x19xf64>
        needle.yield %2 : tensor<3x5x19xf64>
      }
      return %0 : tensor<3x5x19xf64>
    })mlir",
              1e-14, 0);
}

// Integers, booleans and floats of both widths in one body.
TEST(Map, MixedTypes) {
  for (int n : {1, 15, 16, 17, 100}) {
    checkKernel(llvm::formatv(R"mlir(
    func.func @f(%c: tensor<{0}xi1>, %i: tensor<{0}xi32>, %l: tensor<{0}xi64>,
                 %x: tensor<{0}xf32>) -> (tensor<{0}xf64>, tensor<{0}xi32>,
                                          tensor<{0}xi1>) {{
      %0:3 = needle.kernel "map" (%c, %i, %l, %x) maps [
          affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
          affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>]
          : (tensor<{0}xi1>, tensor<{0}xi32>, tensor<{0}xi64>,
             tensor<{0}xf32>)
          -> (tensor<{0}xf64>, tensor<{0}xi32>, tensor<{0}xi1>) {{
      ^bb0(%c1: tensor<{0}xi1>, %i1: tensor<{0}xi32>, %l1: tensor<{0}xi64>,
           %x1: tensor<{0}xf32>):
        %1 = needle.convert %i1 : tensor<{0}xi32> -> tensor<{0}xi64>
        %2 = needle.add %1, %l1 : tensor<{0}xi64>
        %3 = needle.convert %2 : tensor<{0}xi64> -> tensor<{0}xf64>
        %4 = needle.convert %x1 : tensor<{0}xf32> -> tensor<{0}xf64>
        %5 = needle.where %c1, %3, %4 : tensor<{0}xi1>, tensor<{0}xf64>
        %6 = needle.convert %x1 : tensor<{0}xf32> -> tensor<{0}xi32>
        %7 = needle.not %c1 : tensor<{0}xi1>
        needle.yield %5, %6, %7 : tensor<{0}xf64>, tensor<{0}xi32>,
                                  tensor<{0}xi1>
      }
      return %0#0, %0#1, %0#2 : tensor<{0}xf64>, tensor<{0}xi32>,
                                tensor<{0}xi1>
    })mlir",
                              n));
  }
}

// What needs no memory: positions, numbers, random bits.
TEST(Map, IndexSources) {
  checkKernel(R"mlir(
    func.func @f(%key: tensor<i64>)
        -> (tensor<5x23xf32>, tensor<5x23xi32>, tensor<5x23xf32>) {
      %0:3 = needle.kernel "map" (%key) maps [affine_map<(d0, d1) -> ()>]
          : (tensor<i64>)
          -> (tensor<5x23xf32>, tensor<5x23xi32>, tensor<5x23xf32>) {
      ^bb0(%k: tensor<5x23xi64>):
        %1 = needle.linear_index -> tensor<5x23xi64>
        %2 = needle.threefry %k, %1 : tensor<5x23xi64>
        %3 = needle.fold_bits %2 : tensor<5x23xi64>
        %4 = needle.unit_from_bits %3 : tensor<5x23xi32>
        %5 = needle.iota {axis = 0 : i64} -> tensor<5x23xi32>
        %6 = needle.iota {axis = 1 : i64} -> tensor<5x23xf32>
        %7 = needle.full 2.5 -> tensor<5x23xf32>
        %8 = needle.mul %6, %7 : tensor<5x23xf32>
        needle.yield %4, %5, %8 : tensor<5x23xf32>, tensor<5x23xi32>,
                                  tensor<5x23xf32>
      }
      return %0#0, %0#1, %0#2 : tensor<5x23xf32>, tensor<5x23xi32>,
                                tensor<5x23xf32>
    })mlir",
              0, 0);
}

// A constant is part of the code, and of the key.
TEST(Map, KeyHoldsConstants) {
  auto text = [](const char *number) {
    return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {{
      %0 = needle.kernel "map" (%x) maps [affine_map<(d0) -> (d0)>]
          : (tensor<8xf32>) -> tensor<8xf32> {{
      ^bb0(%a: tensor<8xf32>):
        %1 = needle.full {0} -> tensor<8xf32>
        %2 = needle.mul %a, %1 : tensor<8xf32>
        needle.yield %2 : tensor<8xf32>
      }
      return %0 : tensor<8xf32>
    })mlir",
                         number)
        .str();
  };
  TargetInfo target = targets().back();
  CompiledKernel two(text("2.0"), target), three(text("3.0"), target);
  EXPECT_NE(two.keys(), three.keys());
}

} // namespace
