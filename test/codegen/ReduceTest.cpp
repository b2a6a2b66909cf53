// ReduceTest.cpp - reductions and what is fused around them.
#include "KernelHarness.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace needle::codegen;

namespace {

std::string shape(std::vector<int64_t> sizes, const char *element) {
  std::string text = "tensor<";
  for (int64_t size : sizes)
    text += std::to_string(size) + "x";
  return text + element + ">";
}

std::string identity(size_t rank) {
  std::string dims;
  for (size_t d = 0; d < rank; ++d)
    dims += (d ? ", d" : "d") + std::to_string(d);
  return "affine_map<(" + dims + ") -> (" + dims + ")>";
}

// One reduction `op` of x along axes, and its result's square root of the
// square (an op on the reduced shape).
std::string reduce(const char *op, std::vector<int64_t> sizes,
                   std::vector<int64_t> axes, const char *element = "f32") {
  std::vector<int64_t> kept;
  std::string list;
  for (size_t d = 0; d < sizes.size(); ++d)
    if (llvm::is_contained(axes, int64_t(d)))
      list += (list.empty() ? "" : ", ") + std::to_string(d);
    else
      kept.push_back(sizes[d]);
  std::string from = shape(sizes, element), to = shape(kept, element);
  return llvm::formatv(R"mlir(
    func.func @f(%x: {0}) -> {1} {{
      %0 = needle.kernel "reduce" (%x) maps [{2}] : ({0}) -> {1} {{
      ^bb0(%a: {0}):
        %1 = needle.neg %a : {0}
        %2 = needle.{3} %1 {{axes = array<i64: {4}>} : {0}
        %3 = needle.add %2, %2 : {1}
        needle.yield %3 : {1}
      }
      return %0 : {1}
    })mlir",
                       from, to, identity(sizes.size()), op, list);
}

TEST(Reduce, Rows) {
  for (int64_t n : {1, 3, 16, 17, 64, 65, 1000, 5003})
    checkKernel(reduce("sum", {7, n}, {1}), 1e-5, 1e-5);
  checkKernel(reduce("sum", {1000, 10}, {1}), 1e-5, 1e-5);
}

TEST(Reduce, Columns) {
  for (int64_t n : {1, 3, 16, 17, 64, 65, 100, 1030})
    checkKernel(reduce("sum", {37, n}, {0}), 1e-5, 1e-5);
  checkKernel(reduce("max", {1, 37}, {0}));
}

TEST(Reduce, AnyAxes) {
  checkKernel(reduce("sum", {3, 5, 7}, {1}), 1e-5, 1e-5);
  checkKernel(reduce("max", {3, 5, 7, 4}, {0, 2}));
  checkKernel(reduce("min", {3, 5, 7, 33}, {1, 3}));
  checkKernel(reduce("sum", {3, 5, 7, 33}, {0, 1, 2, 3}), 1e-5, 1e-5);
  checkKernel(reduce("sum", {3, 1, 7, 1}, {1, 3}), 1e-5, 1e-5);
  checkKernel(reduce("sum", {1, 1}, {1}), 1e-5, 1e-5);
}

TEST(Reduce, OtherTypes) {
  checkKernel(reduce("sum", {5, 77}, {1}, "f64"), 1e-14, 1e-14);
  checkKernel(reduce("sum", {5, 77}, {0}, "f64"), 1e-14, 1e-14);
  checkKernel(reduce("sum", {5, 77}, {1}, "i64"));
  checkKernel(reduce("max", {5, 77}, {1}, "i32"));
  checkKernel(reduce("min", {5, 77}, {0}, "i64"));
}

TEST(Reduce, EmptyAxesGiveTheNeutralElement) {
  checkKernel(reduce("sum", {5, 0}, {1}));
  checkKernel(reduce("max", {0, 5}, {0}));
  checkKernel(reduce("min", {0, 5}, {1}));
}

// Few long rows, or long columns, in two phases.
TEST(Reduce, Chunks) {
  for (auto &[sizes, axes] :
       std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{
           {{300007}, {0}},
           {{3, 100003}, {1}},
           {{20011, 37}, {0}},
           {{400, 3, 211}, {0, 2}}}) {
    checkKernel(reduce("sum", sizes, axes), 1e-5, 1e-3);
    checkKernel(reduce("max", sizes, axes));
    CompiledKernel kernel(reduce("sum", sizes, axes), targets()[0]);
    EXPECT_EQ(kernel.phases(), 2u);
    EXPECT_GT(kernel.tiles(0), 4);
  }
}

TEST(Reduce, SumsBetterThanOneAccumulator) {
  for (const TargetInfo &target : targets())
    for (auto [rows, columns, axis] :
         {std::tuple(1, 1 << 20, 1), std::tuple(1 << 14, 16, 0)}) {
      CompiledKernel kernel(reduce("sum", {rows, columns}, {axis}), target);
      auto arguments = kernel.randomArguments();
      float *x = arguments[0].data<float>();
      for (int64_t i = 0; i < arguments[0].elements(); ++i)
        x[i] = 0.1f;
      auto sum = kernel.run(arguments);
      double exact = -2 * double(0.1f) * (axis == 1 ? columns : rows);
      EXPECT_LT(std::abs(sum[0].data<float>()[0] / exact - 1), 2e-6);
    }
}

std::string softmax(int64_t n, int64_t m) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}xf32>) -> tensor<{0}x{1}xf32> {{
      %0 = needle.kernel "reduce" (%x) maps [affine_map<(d0, d1) -> (d0, d1)>]
          : (tensor<{0}x{1}xf32>) -> tensor<{0}x{1}xf32> {{
      ^bb0(%a: tensor<{0}x{1}xf32>):
        %1 = needle.max %a {{axes = array<i64: 1>, keep_dims = true}
            : tensor<{0}x{1}xf32>
        %2 = needle.broadcast_to %1 : tensor<{0}x1xf32> -> tensor<{0}x{1}xf32>
        %3 = needle.sub %a, %2 : tensor<{0}x{1}xf32>
        %4 = needle.exp %3 : tensor<{0}x{1}xf32>
        %5 = needle.sum %4 {{axes = array<i64: 1>} : tensor<{0}x{1}xf32>
        %6 = needle.reshape %5 : tensor<{0}xf32> -> tensor<{0}x1xf32>
        %7 = needle.broadcast_to %6 : tensor<{0}x1xf32> -> tensor<{0}x{1}xf32>
        %8 = needle.div %4, %7 : tensor<{0}x{1}xf32>
        needle.yield %8 : tensor<{0}x{1}xf32>
      }
      return %0 : tensor<{0}x{1}xf32>
    })mlir",
                       n, m);
}

TEST(Reduce, Softmax) {
  for (auto [n, m] : {std::pair(1, 1), std::pair(5, 10), std::pair(100, 10),
                      std::pair(3, 1000), std::pair(2, 100003)})
    checkKernel(softmax(n, m), 1e-5, 1e-7);
}

// Normalised rows with a scale and a shift per column; the mean goes out, too.
std::string layerNorm(int64_t n, int64_t m, const char *axis) {
  bool rows = *axis == '1';
  std::string kept = rows ? llvm::formatv("tensor<{0}x1xf32>", n).str()
                          : llvm::formatv("tensor<1x{0}xf32>", m).str();
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}xf32>, %g: tensor<{1}xf32>)
        -> (tensor<{0}x{1}xf32>, {2}) {{
      %0:2 = needle.kernel "reduce" (%x, %g) maps [
          affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>]
          : (tensor<{0}x{1}xf32>, tensor<{1}xf32>)
          -> (tensor<{0}x{1}xf32>, {2}) {{
      ^bb0(%a: tensor<{0}x{1}xf32>, %c: tensor<{0}x{1}xf32>):
        %n = needle.full {4} -> {2}
        %e = needle.full 1.0e-5 -> {2}
        %s = needle.sum %a {{axes = array<i64: {3}>, keep_dims = true}
            : tensor<{0}x{1}xf32>
        %mean = needle.mul %s, %n : {2}
        %1 = needle.broadcast_to %mean : {2} -> tensor<{0}x{1}xf32>
        %d = needle.sub %a, %1 : tensor<{0}x{1}xf32>
        %q = needle.square %d : tensor<{0}x{1}xf32>
        %qs = needle.sum %q {{axes = array<i64: {3}>, keep_dims = true}
            : tensor<{0}x{1}xf32>
        %v = needle.mul %qs, %n : {2}
        %ve = needle.add %v, %e : {2}
        %r = needle.rsqrt %ve : {2}
        %2 = needle.broadcast_to %r : {2} -> tensor<{0}x{1}xf32>
        %3 = needle.mul %d, %2 : tensor<{0}x{1}xf32>
        %4 = needle.mul %3, %c : tensor<{0}x{1}xf32>
        needle.yield %4, %mean : tensor<{0}x{1}xf32>, {2}
      }
      return %0#0, %0#1 : tensor<{0}x{1}xf32>, {2}
    })mlir",
                       n, m, kept, axis,
                       llvm::formatv("{0:E10}", 1.0 / (rows ? m : n)).str());
}

TEST(Reduce, Normalisation) {
  for (auto [n, m] :
       {std::pair(5, 768), std::pair(33, 67), std::pair(300, 129)}) {
    checkKernel(layerNorm(n, m, "1"), 1e-4, 1e-5);
    checkKernel(layerNorm(n, m, "0"), 1e-4, 1e-5);
  }
  checkKernel(layerNorm(3, 1, "1"), 1e-4, 1e-5);
}

std::string arg(const char *op, int64_t n, int64_t m, int axis,
                const char *element) {
  return llvm::formatv(R"mlir(
    func.func @f(%x: tensor<{0}x{1}x{2}>) -> tensor<{3}xi64> {{
      %0 = needle.kernel "reduce" (%x) maps [affine_map<(d0, d1) -> (d0, d1)>]
          : (tensor<{0}x{1}x{2}>) -> tensor<{3}xi64> {{
      ^bb0(%a: tensor<{0}x{1}x{2}>):
        %1 = needle.{4} %a {{axis = {5} : i64} : tensor<{0}x{1}x{2}>
        needle.yield %1 : tensor<{3}xi64>
      }
      return %0 : tensor<{3}xi64>
    })mlir",
                       n, m, element, axis ? n : m, op, axis);
}

TEST(Reduce, FirstOfTheBest) {
  for (const char *op : {"argmax", "argmin"})
    for (int axis : {0, 1}) {
      // Small integers and booleans tie all the time.
      for (const char *element : {"i32", "i64", "i1", "f32", "f64"})
        checkKernel(arg(op, 37, 71, axis, element));
      checkKernel(arg(op, 9, 1, axis, "f32"));
    }
}

TEST(Reduce, NaNSpreadsAndIsBest) {
  float nan = std::nanf("");
  for (const TargetInfo &target : targets())
    for (int axis : {0, 1})
      for (const std::string &text :
           {arg("argmax", 40, 40, axis, "f32"),
            arg("argmin", 40, 40, axis, "f32"), reduce("max", {40, 40}, {axis}),
            reduce("min", {40, 40}, {axis})}) {
        SCOPED_TRACE(target.isa + text);
        CompiledKernel kernel(text, target);
        auto arguments = kernel.randomArguments();
        float *x = arguments[0].data<float>();
        x[3 * 40 + 9] = x[3 * 40 + 33] = x[20 * 40 + 9] = nan;
        for (int i = 0; i < 40; ++i) // nothing but the worst
          x[7 * 40 + i] = -std::numeric_limits<float>::infinity();
        auto actual = kernel.run(arguments);
        expectClose(actual[0], kernel.expect(arguments)[0], 0, 0);
      }
}

} // namespace
