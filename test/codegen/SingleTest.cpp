// SingleTest.cpp - kernels of one op: concat, pad, take, scatter_add.
#include "KernelHarness.h"

#include "llvm/Support/FormatVariadic.h"

using namespace needle::codegen;

namespace {

TEST(Single, Concat) {
  checkKernel(R"mlir(
    func.func @f(%x: tensor<3x4x5xf32>, %y: tensor<3x1x5xf32>,
                 %z: tensor<5x7x3xf32>) -> tensor<3x12x5xf32> {
      %0 = needle.kernel "single" (%x, %y, %z) maps [
          affine_map<(d0, d1, d2) -> (d0, d1, d2)>,
          affine_map<(d0, d1, d2) -> (d0, d1, d2)>,
          affine_map<(d0, d1, d2) -> (d2, d1, d0)>]
          : (tensor<3x4x5xf32>, tensor<3x1x5xf32>, tensor<5x7x3xf32>)
          -> tensor<3x12x5xf32> {
      ^bb0(%a: tensor<3x4x5xf32>, %b: tensor<3x1x5xf32>,
           %c: tensor<3x7x5xf32>):
        %1 = needle.concat %a, %b, %c {axis = 1 : i64}
            : tensor<3x4x5xf32>, tensor<3x1x5xf32>, tensor<3x7x5xf32>
        needle.yield %1 : tensor<3x12x5xf32>
      }
      return %0 : tensor<3x12x5xf32>
    })mlir");
}

std::string pad(const char *element, const char *value) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<3x5x{0}>) -> tensor<8x14x{0}> {{
      %0 = needle.kernel "single" (%x) maps [affine_map<(d0, d1) -> (d0, d1)>]
          : (tensor<3x5x{0}>) -> tensor<8x14x{0}> {{
      ^bb0(%a: tensor<3x5x{0}>):
        %1 = needle.pad %a {{low = array<i64: 1, 0>, high = array<i64: 2, 1>,
            interior = array<i64: 1, 2>, value = {1} : f64} : tensor<3x5x{0}>
        needle.yield %1 : tensor<8x14x{0}>
      }
      return %0 : tensor<8x14x{0}>
    })mlir",
                       element, value);
}

TEST(Single, Pad) {
  checkKernel(pad("f32", "-1.5"));
  checkKernel(pad("f64", "0.0"));
  checkKernel(pad("i64", "3.0"));
  checkKernel(pad("i1", "1.0"));
}

std::string take(int64_t outer, int64_t size, int64_t inner,
                 const char *element, const char *index) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}x{2}x{3}>, %i: tensor<2x5x{4}>)
        -> tensor<{0}x2x5x{2}x{3}> {{
      %0 = needle.kernel "single" (%x, %i) maps [
          affine_map<(d0, d1, d2) -> (d0, d1, d2)>,
          affine_map<(d0, d1) -> (d0, d1)>]
          : (tensor<{0}x{1}x{2}x{3}>, tensor<2x5x{4}>)
          -> tensor<{0}x2x5x{2}x{3}> {{
      ^bb0(%a: tensor<{0}x{1}x{2}x{3}>, %b: tensor<2x5x{4}>):
        %1 = needle.take %a, %b {{axis = 1 : i64}
            : tensor<{0}x{1}x{2}x{3}>, tensor<2x5x{4}>
        needle.yield %1 : tensor<{0}x2x5x{2}x{3}>
      }
      return %0 : tensor<{0}x2x5x{2}x{3}>
    })mlir",
                       outer, size, inner, element, index);
}

// The random indices are -3 to 3.
TEST(Single, Take) {
  for (int64_t inner : {1, 7, 16, 37}) {
    checkKernel(take(3, 4, inner, "f32", "i32"));
    checkKernel(take(1, 7, inner, "i64", "i64"));
    checkKernel(take(2, 5, inner, "i1", "i64"));
  }
}

TEST(Single, TakeOutsideReadsNothing) {
  for (const TargetInfo &target : targets())
    for (const char *element : {"f32", "f64", "i32"}) {
      CompiledKernel kernel(take(2, 2, 19, element, "i64"), target);
      ASSERT_TRUE(kernel.ok());
      auto arguments = kernel.randomArguments();
      auto actual = kernel.run(arguments);
      EXPECT_EQ(kernel.status, 8); // 1 + the entry given
      expectClose(actual[0], kernel.expect(arguments)[0], 0, 0);
      for (int64_t i = 0; i < arguments[1].elements(); ++i)
        arguments[1].data<int64_t>()[i] = -(i % 2);
      kernel.run(arguments);
      EXPECT_EQ(kernel.status, 0);
    }
}

std::string scatterAdd(int64_t outer, int64_t size, int64_t inner,
                       const char *element) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}x{2}x{3}>, %i: tensor<9xi64>,
                 %u: tensor<{0}x9x{2}x{3}>) -> tensor<{0}x{1}x{2}x{3}> {{
      %0 = needle.kernel "single" (%x, %i, %u) maps [
          affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0) -> (d0)>,
          affine_map<(d0, d1, d2) -> (d0, d1, d2)>]
          : (tensor<{0}x{1}x{2}x{3}>, tensor<9xi64>, tensor<{0}x9x{2}x{3}>)
          -> tensor<{0}x{1}x{2}x{3}> {{
      ^bb0(%a: tensor<{0}x{1}x{2}x{3}>, %b: tensor<9xi64>,
           %c: tensor<{0}x9x{2}x{3}>):
        %1 = needle.scatter_add %a, %b, %c {{axis = 1 : i64}
            : tensor<{0}x{1}x{2}x{3}>, tensor<9xi64>, tensor<{0}x9x{2}x{3}>
        needle.yield %1 : tensor<{0}x{1}x{2}x{3}>
      }
      return %0 : tensor<{0}x{1}x{2}x{3}>
    })mlir",
                       outer, size, inner, element);
}

TEST(Single, ScatterAdd) {
  for (int64_t inner : {1, 16, 67, 200}) {
    checkKernel(scatterAdd(3, 4, inner, "f32"));
    checkKernel(scatterAdd(1, 6, inner, "f64"), 1e-14, 1e-14);
    checkKernel(scatterAdd(1, 2, inner, "i64")); // some indices are outside
  }
}

} // namespace
