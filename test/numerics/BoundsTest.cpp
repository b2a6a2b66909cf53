// BoundsTest.cpp - bounds hold what is right, and not much more.
#include "Modules.h"

#include <cmath>

using namespace needle;
using namespace needle::numerics;
using namespace needle::test;

namespace {

/// Bounds of the results of a function for known arguments.
FunctionBounds boundsOf(const std::string &text,
                        const std::vector<HostArray> &arguments) {
  Parsed parsed(text);
  auto primitive = primitiveForm(*parsed.module);
  EXPECT_TRUE(mlir::succeeded(primitive)) << parsed.said.text;
  std::vector<TensorBound> exact;
  for (const HostArray &argument : arguments)
    exact.push_back(exactly(argument));
  auto bounds =
      boundResults(*(**primitive).getOps<mlir::func::FuncOp>().begin(), exact);
  EXPECT_TRUE(mlir::succeeded(bounds)) << parsed.said.text;
  return *bounds;
}

TEST(Bounds, WholeNumbersAreExact) {
  auto bounds = boundsOf(R"(
func.func @f(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>, tensor<4xi1>) {
  %0 = needle.mul %x, %x : tensor<4xf32>
  %1 = needle.sum %0 {axes = array<i64: 0>} : tensor<4xf32>
  %2 = needle.less %0, %x : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<f32>, tensor<4xi1>
})",
                         {array<float>({4}, {1, 2, 3, -4})});
  EXPECT_TRUE(bounds.results[1].elements[0].isPoint());
  EXPECT_EQ(bounds.results[1].elements[0].lo, 30);
  EXPECT_EQ(bounds.undecided, 0);
}

// 0.1 + 0.2 + ... in f32: K terms are off by 4 eps sqrt(K) sum |x|.
TEST(Bounds, SumsInAnyOrderAreInsideOthersAreNot) {
  std::vector<float> x;
  for (int i = 1; i <= 64; ++i)
    x.push_back(float(i % 7) * 0.1f - 0.2f);
  Bound sum = boundsOf(R"(
func.func @f(%x: tensor<64xf32>) -> tensor<f32> {
  %0 = needle.sum %x {axes = array<i64: 0>} : tensor<64xf32>
  return %0 : tensor<f32>
})",
                       {array<float>({64}, x)})
                  .results[0]
                  .elements[0];
  float forwards = 0, backwards = 0, magnitude = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    forwards += x[i];
    backwards += x[63 - i];
    magnitude += std::fabs(x[i]);
  }
  EXPECT_TRUE(sum.contains(forwards));
  EXPECT_TRUE(sum.contains(backwards));
  EXPECT_FALSE(sum.contains(forwards + 0.001f));
  double radius = 4 * 0x1p-23 * 8 * magnitude;
  EXPECT_NEAR(double(sum.hi - sum.lo), 2 * radius, radius * 0.01);
}

TEST(Bounds, FunctionsAreWithinTheirUlps) {
  Bound y = boundsOf(R"(
func.func @f(%x: tensor<1xf32>) -> tensor<1xf32> {
  %0 = needle.exp %x : tensor<1xf32>
  return %0 : tensor<1xf32>
})",
                     {array<float>({1}, {1.5f})})
                .results[0]
                .elements[0];
  float right = float(std::exp(1.5L)), ulp = 0x1p-21f; // of 4.48
  EXPECT_TRUE(y.contains(right + 3 * ulp));
  EXPECT_FALSE(y.contains(right + 9 * ulp));
}

TEST(Bounds, WhatIsTooCloseIsUndecided) {
  auto bounds = boundsOf(
      R"(
func.func @f(%x: tensor<1xf32>, %y: tensor<1xf32>) -> tensor<1xi1> {
  %0 = needle.exp %x : tensor<1xf32>
  %1 = needle.less %0, %y : tensor<1xf32>
  return %1 : tensor<1xi1>
})",
      {array<float>({1}, {0.3f}), array<float>({1}, {float(std::exp(0.3L))})});
  EXPECT_EQ(bounds.undecided, 1);
  EXPECT_TRUE(bounds.results[0].elements[0].contains(0));
  EXPECT_TRUE(bounds.results[0].elements[0].contains(1));
}

// Else the gradient of max would be anything.
TEST(Bounds, AnElementEqualsTheMaximumThatItIs) {
  auto bounds = boundsOf(R"(
func.func @f(%x: tensor<3xf32>) -> tensor<3xi1> {
  %0 = needle.exp %x : tensor<3xf32>
  %1 = needle.max %0 {axes = array<i64: 0>, keep_dims = true} : tensor<3xf32>
  %2 = needle.broadcast_to %1 : tensor<1xf32> -> tensor<3xf32>
  %3 = needle.equal %0, %2 : tensor<3xf32>
  return %3 : tensor<3xi1>
})",
                         {array<float>({3}, {0.1f, 0.7f, 0.3f})});
  EXPECT_EQ(bounds.undecided, 0);
  EXPECT_EQ(bounds.results[0].elements[0].hi, 0);
  EXPECT_EQ(bounds.results[0].elements[1].lo, 1);
  EXPECT_EQ(bounds.results[0].elements[2].hi, 0);
}

TEST(Bounds, NanAndInfinitiesAreKnown) {
  auto bounds = boundsOf(
      R"(
func.func @f(%x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = needle.sub %x, %y : tensor<2xf32>
  %1 = needle.log %x : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
})",
      {array<float>({2}, {INFINITY, -1}), array<float>({2}, {INFINITY, 1})});
  const Bound &nan = bounds.results[0].elements[0];
  EXPECT_TRUE(nan.isEmpty());
  EXPECT_TRUE(nan.contains(NAN));
  EXPECT_FALSE(nan.contains(0));
  EXPECT_FALSE(bounds.results[0].elements[1].contains(NAN));
  EXPECT_EQ(bounds.results[1].elements[0].lo, INFINITY);
  EXPECT_TRUE(bounds.results[1].elements[1].isEmpty());
}

TEST(Bounds, ViolationsNameTheWorstElement) {
  std::vector<TensorBound> bounds = {
      {float32,
       {2, 2},
       {between(0, 1), between(0, 1), between(0, 1), exactly(Real(3))}}};
  std::vector<HostArray> right = {array<float>({2, 2}, {0, 1, 0.5f, 3})};
  std::vector<HostArray> wrong = {array<float>({2, 2}, {0, 1.5f, 4, 3})};
  EXPECT_LT(findViolation(bounds, right).element, 0);
  Violation worst = findViolation(bounds, wrong);
  EXPECT_EQ(worst.element, 2);
  EXPECT_EQ(worst.distance, 3);
  EXPECT_EQ(describe(worst, bounds),
            "result 0, element [1, 0]: 4 where only [0, 1] is right");
}

} // namespace
