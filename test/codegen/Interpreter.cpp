// Interpreter.cpp - each family against numbers that were worked out by hand or
// with NumPy and JAX, never by needle itself.
#include "codegen/Reference.h"

#include <cmath>
#include <limits>

using namespace needle;
using namespace needle::codegen::reference;

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

// @f with one op on arguments of these types.
std::string function(const std::string &arguments, const std::string &body,
                     const std::string &result) {
  return "func.func @f(" + arguments + ") -> " + result + " {\n  %r = " + body +
         "\n  return %r : " + result + "\n}\n";
}

std::vector<float> unary(const std::string &op, std::vector<float> x) {
  std::string type = "tensor<" + std::to_string(x.size()) + "xf32>";
  auto results =
      run(function("%x: " + type, "needle." + op + " %x : " + type, type),
          {array({int64_t(x.size())}, x)});
  return results.empty() ? std::vector<float>() : values<float>(results[0]);
}

TEST(Interpreter, ElementwiseKeepsSpecialValues) {
  std::vector<float> relu = unary("relu", {-1, 2, nan, -inf});
  EXPECT_EQ(relu[0], 0);
  EXPECT_EQ(relu[1], 2);
  EXPECT_TRUE(std::isnan(relu[2]));
  EXPECT_EQ(relu[3], 0);
  std::vector<float> neg = unary("neg", {0, 1e-45f});
  EXPECT_TRUE(std::signbit(neg[0]));
  EXPECT_EQ(neg[1], -1e-45f);
  EXPECT_EQ(unary("exp", {-inf, 0})[0], 0);
  EXPECT_TRUE(std::isnan(unary("log", {-1})[0]));
  EXPECT_EQ(unary("log", {0})[0], -inf);
}

TEST(Interpreter, ElementwiseRoundsOnce) {
  // exp(1), tanh(0.5), correctly rounded to f32.
  EXPECT_EQ(unary("exp", {1})[0], 2.71828183f);
  EXPECT_EQ(unary("tanh", {0.5})[0], 0.462117157f);
}

TEST(Interpreter, WorksOnMoreThanOneColumn) {
  std::vector<float> x(1000);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(i);
  std::vector<float> squares = unary("square", x);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(squares[i], x[i] * x[i]);
}

TEST(Interpreter, ConvertTruncatesAndClamps) {
  auto results =
      run(function("%x: tensor<5xf32>",
                   "needle.convert %x : tensor<5xf32> -> tensor<5xi32>",
                   "tensor<5xi32>"),
          {array<float>({5}, {-1.5f, 2.9f, nan, 1e20f, -inf})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<int32_t>(results[0]),
            (std::vector<int32_t>{-1, 2, 0, INT32_MAX, INT32_MIN}));
}

TEST(Interpreter, WhereAndComparisons) {
  auto results =
      run(R"(
func.func @f(%x: tensor<3xf32>, %y: tensor<3xf32>) -> (tensor<3xi1>, tensor<3xf32>) {
  %0 = needle.less %x, %y : tensor<3xf32>
  %1 = needle.where %0, %x, %y : tensor<3xi1>, tensor<3xf32>
  return %0, %1 : tensor<3xi1>, tensor<3xf32>
})",
          {array<float>({3}, {1, 2, nan}), array<float>({3}, {2, 1, 0})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(values<uint8_t>(results[0]), (std::vector<uint8_t>{1, 0, 0}));
  EXPECT_EQ(values<float>(results[1]), (std::vector<float>{1, 1, 0}));
}

TEST(Interpreter, SumsAccumulateInAWiderType) {
  // 2^24 + 1 + 1 - 2^24: in f32 each 1 is lost.
  auto results =
      run(function("%x: tensor<4xf32>",
                   "needle.sum %x {axes = array<i64: 0>} : tensor<4xf32>",
                   "tensor<f32>"),
          {array<float>({4}, {16777216, 1, 1, -16777216})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0])[0], 2);
}

TEST(Interpreter, ReducesSomeAxesOfInts) {
  auto results = run(
      function("%x: tensor<2x3x2xi64>",
               "needle.sum %x {axes = array<i64: 0, 2>} : tensor<2x3x2xi64>",
               "tensor<3xi64>"),
      {array<int64_t>({2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<int64_t>(results[0]), (std::vector<int64_t>{14, 22, 30}));
}

TEST(Interpreter, MaxPropagatesNan) {
  auto results =
      run(function("%x: tensor<2x2xf32>",
                   "needle.max %x {axes = array<i64: 1>} : tensor<2x2xf32>",
                   "tensor<2xf32>"),
          {array<float>({2, 2}, {1, nan, -3, -4})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(std::isnan(values<float>(results[0])[0]));
  EXPECT_EQ(values<float>(results[0])[1], -3);
}

TEST(Interpreter, ArgmaxTakesTheFirstAndNan) {
  auto results =
      run(function("%x: tensor<2x3xf32>",
                   "needle.argmax %x {axis = 1 : i64} : tensor<2x3xf32>",
                   "tensor<2xi64>"),
          {array<float>({2, 3}, {1, 5, 5, 9, nan, nan})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<int64_t>(results[0]), (std::vector<int64_t>{1, 1}));
}

TEST(Interpreter, SoftmaxOfLargeNumbers) {
  auto results =
      run(function("%x: tensor<1x3xf32>",
                   "needle.softmax %x {axis = 1 : i64} : tensor<1x3xf32>",
                   "tensor<1x3xf32>"),
          {array<float>({1, 3}, {1000, 1001, 1002})});
  ASSERT_EQ(results.size(), 1u);
  // scipy.special.softmax([0, 1, 2])
  EXPECT_FLOAT_EQ(values<float>(results[0])[0], 0.09003057f);
  EXPECT_FLOAT_EQ(values<float>(results[0])[2], 0.66524096f);
}

TEST(Interpreter, LogsumexpOfNothingButMinusInfinity) {
  auto results =
      run(function("%x: tensor<2xf32>",
                   "needle.logsumexp %x {axes = array<i64: 0>} : tensor<2xf32>",
                   "tensor<f32>"),
          {array<float>({2}, {-inf, -inf})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0])[0], -inf);
}

TEST(Interpreter, MatmulTransposedAndBatched) {
  // lhs is stored [k, m] = [[1, 2], [3, 4], [5, 6]]; rhs batches broadcast it.
  auto results = run(
      function("%x: tensor<3x2xf32>, %y: tensor<2x3x1xf32>",
               "needle.matmul %x, %y {transpose_lhs = true} : tensor<3x2xf32>, "
               "tensor<2x3x1xf32>",
               "tensor<2x2x1xf32>"),
      {array<float>({3, 2}, {1, 2, 3, 4, 5, 6}),
       array<float>({2, 3, 1}, {1, 0, 0, 1, 1, 1})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0]), (std::vector<float>{1, 2, 9, 12}));
}

TEST(Interpreter, MatmulOverNothingIsZero) {
  auto results =
      run(function("%x: tensor<2x0xf64>, %y: tensor<0x1xf64>",
                   "needle.matmul %x, %y : tensor<2x0xf64>, tensor<0x1xf64>",
                   "tensor<2x1xf64>"),
          {array<double>({2, 0}, {}), array<double>({0, 1}, {})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<double>(results[0]), (std::vector<double>{0, 0}));
}

TEST(Interpreter, MovesElements) {
  auto results = run(R"(
func.func @f(%x: tensor<2x3xi32>)
    -> (tensor<3x2xi32>, tensor<2x2xi32>, tensor<7xi32>, tensor<2x2x3xi32>, tensor<4x3xi32>) {
  %0 = needle.transpose %x {permutation = array<i64: 1, 0>} : tensor<2x3xi32>
  %1 = needle.slice %x {start = array<i64: 0, 0>, stop = array<i64: 2, 3>,
      step = array<i64: 1, 2>} : tensor<2x3xi32>
  %2 = needle.reshape %1 : tensor<2x2xi32> -> tensor<4xi32>
  %3 = needle.slice %2 {start = array<i64: 0>, stop = array<i64: 3>,
      step = array<i64: 1>} : tensor<4xi32>
  %4 = needle.pad %3 {low = array<i64: 1>, high = array<i64: 1>,
      interior = array<i64: 1>, value = 9.0 : f64} : tensor<3xi32>
  %5 = needle.broadcast_to %x : tensor<2x3xi32> -> tensor<2x2x3xi32>
  %6 = needle.concat %x, %x {axis = 0 : i64} : tensor<2x3xi32>, tensor<2x3xi32>
  return %0, %1, %4, %5, %6 : tensor<3x2xi32>, tensor<2x2xi32>, tensor<7xi32>, tensor<2x2x3xi32>, tensor<4x3xi32>
})",
                     {array<int32_t>({2, 3}, {0, 1, 2, 3, 4, 5})});
  ASSERT_EQ(results.size(), 5u);
  using List = std::vector<int32_t>;
  EXPECT_EQ(values<int32_t>(results[0]), (List{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(values<int32_t>(results[1]), (List{0, 2, 3, 5}));
  EXPECT_EQ(values<int32_t>(results[2]), (List{9, 0, 9, 2, 9, 3, 9}));
  EXPECT_EQ(values<int32_t>(results[3]),
            (List{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(values<int32_t>(results[4]),
            (List{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
}

TEST(Interpreter, SplitHasSeveralResults) {
  auto results = run(R"(
func.func @f(%x: tensor<3xf32>) -> (tensor<1xf32>, tensor<2xf32>) {
  %0:2 = "needle.split"(%x) {sizes = array<i64: 1, 2>, axis = 0 : i64}
      : (tensor<3xf32>) -> (tensor<1xf32>, tensor<2xf32>)
  return %0#0, %0#1 : tensor<1xf32>, tensor<2xf32>
})",
                     {array<float>({3}, {1, 2, 3})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(values<float>(results[1]), (std::vector<float>{2, 3}));
}

TEST(Interpreter, TakeCountsFromTheEnd) {
  auto results = run(
      function("%x: tensor<3x2xf32>, %i: tensor<2xi32>",
               "needle.take %x, %i {axis = 0 : i64} : tensor<3x2xf32>, "
               "tensor<2xi32>",
               "tensor<2x2xf32>"),
      {array<float>({3, 2}, {1, 2, 3, 4, 5, 6}), array<int32_t>({2}, {-1, 0})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0]), (std::vector<float>{5, 6, 1, 2}));
}

TEST(Interpreter, BadIndexIsAnErrorAtTheOp) {
  std::string error;
  auto results =
      run(function("%x: tensor<3xf32>, %i: tensor<1xi64>",
                   "needle.take %x, %i {axis = 0 : i64} : tensor<3xf32>, "
                   "tensor<1xi64>",
                   "tensor<1xf32>"),
          {array<float>({3}, {1, 2, 3}), array<int64_t>({1}, {3})}, &error);
  EXPECT_TRUE(results.empty());
  EXPECT_NE(error.find("index out of range"), error.npos) << error;
}

TEST(Interpreter, ScatterAddAddsInOrderAndOneHotNeverFails) {
  auto results =
      run(R"(
func.func @f(%x: tensor<3xf32>, %i: tensor<3xi64>, %u: tensor<3xf32>, %j: tensor<2xi64>)
    -> (tensor<3xf32>, tensor<2x2xf32>) {
  %0 = needle.scatter_add %x, %i, %u {axis = 0 : i64} : tensor<3xf32>, tensor<3xi64>, tensor<3xf32>
  %1 = needle.one_hot %j {depth = 2 : i64} : tensor<2xi64> -> tensor<2x2xf32>
  return %0, %1 : tensor<3xf32>, tensor<2x2xf32>
})",
          {array<float>({3}, {1, 2, 3}), array<int64_t>({3}, {0, 2, 0}),
           array<float>({3}, {10, 20, 30}), array<int64_t>({2}, {1, -1})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(values<float>(results[0]), (std::vector<float>{41, 2, 23}));
  EXPECT_EQ(values<float>(results[1]), (std::vector<float>{0, 1, 0, 0}));
}

TEST(Interpreter, CreatesFromNothing) {
  auto results = run(R"(
func.func @f() -> (tensor<2xf32>, tensor<2x2xi32>, tensor<2x2xi64>, tensor<2xi1>) {
  %0 = needle.constant dense<[0x7FC00000, -0.0]> : tensor<2xf32>
  %1 = needle.iota {axis = 1 : i64} -> tensor<2x2xi32>
  %2 = needle.linear_index -> tensor<2x2xi64>
  %3 = needle.full 1 : i64 -> tensor<2xi1>
  return %0, %1, %2, %3 : tensor<2xf32>, tensor<2x2xi32>, tensor<2x2xi64>, tensor<2xi1>
})",
                     {});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_TRUE(std::isnan(values<float>(results[0])[0]));
  EXPECT_TRUE(std::signbit(values<float>(results[0])[1]));
  EXPECT_EQ(values<int32_t>(results[1]), (std::vector<int32_t>{0, 1, 0, 1}));
  EXPECT_EQ(values<int64_t>(results[2]), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(values<uint8_t>(results[3]), (std::vector<uint8_t>{1, 1}));
}

// The known answers of Salmon et al.'s kat_vectors for threefry2x32, 20 rounds.
TEST(Interpreter, ThreefryKnownAnswers) {
  auto results =
      run(function("%k: tensor<3xi64>, %c: tensor<3xi64>",
                   "needle.fold_in %k, %c : tensor<3xi64>", "tensor<3xi64>"),
          {array<int64_t>({3}, {0, -1, 0x13198a2e03707344}),
           array<int64_t>({3}, {0, -1, 0x243f6a8885a308d3})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<int64_t>(results[0]),
            (std::vector<int64_t>{0x6b20015999ba4efe, 0x1cb996fcbb002be7,
                                  int64_t(0xc4923a9c483df7a0)}));
}

TEST(Interpreter, ScanCarriesAndStacks) {
  // Running sums, from the last slice to the first.
  auto results = run(R"(
func.func @f(%c: tensor<f32>, %x: tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>) {
  %0:2 = needle.scan(%c, %x) {length = 3 : i64, carries = 1 : i64, slices = 1 : i64, reverse = true}
      : (tensor<f32>, tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>) {
  ^bb0(%i: tensor<i64>, %carry: tensor<f32>, %slice: tensor<f32>):
    %1 = needle.add %carry, %slice : tensor<f32>
    needle.yield %1, %carry : tensor<f32>, tensor<f32>
  }
  return %0#0, %0#1 : tensor<f32>, tensor<3xf32>
})",
                     {array<float>({}, {100}), array<float>({3}, {1, 2, 3})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(values<float>(results[0]), (std::vector<float>{106}));
  EXPECT_EQ(values<float>(results[1]), (std::vector<float>{105, 103, 100}));
}

TEST(Interpreter, KernelReadsThroughIndexMaps) {
  auto results = run(R"(
func.func @f(%x: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<3x2xf32> {
  %0 = needle.kernel "map" (%x, %b) maps [affine_map<(d0, d1) -> (d1, d0)>,
      affine_map<(d0, d1) -> (d0)>] : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3x2xf32> {
  ^bb0(%a: tensor<3x2xf32>, %c: tensor<3x2xf32>):
    %1 = needle.add %a, %c : tensor<3x2xf32>
    needle.yield %1 : tensor<3x2xf32>
  }
  return %0 : tensor<3x2xf32>
})",
                     {array<float>({2, 3}, {0, 1, 2, 3, 4, 5}),
                      array<float>({3}, {10, 20, 30})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0]),
            (std::vector<float>{10, 13, 21, 24, 32, 35}));
}

TEST(Interpreter, SameValueReturnedTwiceAndArgumentsReturned) {
  auto results = run(R"(
func.func @f(%x: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) {
  %0 = needle.neg %x : tensor<1xf32>
  return %0, %0, %x : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
})",
                     {array<float>({1}, {2})});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(values<float>(results[1])[0], -2);
  EXPECT_EQ(values<float>(results[2])[0], 2);
}

TEST(Interpreter, GradientMustBeExpandedFirst) {
  std::string error;
  auto results = run(R"(
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %p = needle.pin %x : tensor<f32>
  %0 = needle.square %p : tensor<f32>
  %1 = needle.gradient(%0, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %1 : tensor<f32>
})",
                     {array<float>({}, {2})}, &error);
  EXPECT_TRUE(results.empty());
  EXPECT_NE(error.find("not known to the interpreter"), error.npos) << error;
}

TEST(Interpreter, LongChainsNeedNoStack) {
  std::string text = "func.func @f(%v0: tensor<f32>) -> tensor<f32> {\n";
  constexpr int length = 100000;
  for (int i = 0; i < length; ++i)
    text += "  %v" + std::to_string(i + 1) + " = needle.neg %v" +
            std::to_string(i) + " : tensor<f32>\n";
  text += "  return %v" + std::to_string(length) + " : tensor<f32>\n}\n";
  auto results = run(text, {array<float>({}, {3})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(values<float>(results[0])[0], 3);
}

} // namespace
