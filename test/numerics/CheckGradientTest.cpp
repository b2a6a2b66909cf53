// CheckGradientTest.cpp - right rules agree with differences, a wrong one does
// not; what is constant to gradients stays so in differences.
#include "Modules.h"

#include "numerics/CheckGradient.h"

#include "needle/codegen/Pipeline.h"
#include "needle/passes/gradients/Rule.h"

using namespace needle;
using namespace needle::numerics;
using namespace needle::test;

namespace {

using Checked = std::vector<CheckedGradient>;

Checked check(Parsed &parsed) {
  auto checked = checkGradients(*parsed.module, {});
  EXPECT_TRUE(mlir::succeeded(checked)) << parsed.said.text;
  return mlir::succeeded(checked) ? *checked : Checked();
}

constexpr const char *ofTanh = R"(
func.func @f(%x: tensor<3x4xf32> {needle.name = "x"}) -> tensor<3x4xf32> {
  %p = needle.pin %x : tensor<3x4xf32>
  %0 = needle.tanh %p : tensor<3x4xf32>
  %1 = needle.gradient(%0, %p) : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %1 : tensor<3x4xf32>
})";

TEST(CheckGradient, RightOnesAgree) {
  Parsed parsed(ofTanh);
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_TRUE(checked[0].agrees);
  EXPECT_EQ(checked[0].checked, 9); // eight elements and a direction
  EXPECT_LT(checked[0].worst, 1e-8);
  EXPECT_NE(checked[0].name.find("wrt 0 (x, [3, 4])"), std::string::npos);
}

// Of a number made by tanh: the inverse wants one between -1 and 1.
TEST(CheckGradient, TheInverseOfErfAgrees) {
  Parsed parsed(R"(
func.func @f(%x: tensor<5xf32>) -> tensor<5xf32> {
  %p = needle.pin %x : tensor<5xf32>
  %0 = needle.tanh %p : tensor<5xf32>
  %1 = needle.erf_inv %0 : tensor<5xf32>
  %2 = needle.gradient(%1, %p) : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>
  %3 = needle.gradient(%2, %p) : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>
  return %3 : tensor<5xf32>
})");
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 2u);
  for (const CheckedGradient &gradient : checked)
    EXPECT_TRUE(gradient.agrees && gradient.checked == 6) << gradient.worst;
}

// Those of a run in low precision: read as what they are.
TEST(CheckGradient, GivenArgumentsAreWidened) {
  Parsed parsed(R"(
func.func @f(%x: tensor<64xbf16>) -> tensor<64xbf16> {
  %p = needle.pin %x : tensor<64xbf16>
  %0 = needle.log %p : tensor<64xbf16>
  %1 = needle.gradient(%0, %p) : (tensor<64xbf16>, tensor<64xbf16>) -> tensor<64xbf16>
  return %1 : tensor<64xbf16>
})");
  HostArray x{DType::bfloat16, {64}, {}};
  x.bytes.resize(64 * sizeof(BFloat16));
  std::fill_n(x.data<BFloat16>(), 64, BFloat16(2.0f));
  GradientCheckOptions options;
  options.arguments = {&x, 1};
  auto checked = checkGradients(*parsed.module, options);
  ASSERT_TRUE(mlir::succeeded(checked)) << parsed.said.text;
  ASSERT_EQ(checked->size(), 1u);
  EXPECT_TRUE(checked->front().agrees) << checked->front().worst;
  EXPECT_EQ(checked->front().checked, options.samples + 1);
}

// d tanh(x) = (1 - y) dx
mlir::Value wrongVjp(passes::TensorBuilder &t, ir::TanhOp op, mlir::Value g) {
  mlir::Value y = op.getResult();
  return t.mul(g, t.sub(t.full(y.getType(), 1), y));
}

TEST(CheckGradient, AWrongRuleDiffers) {
  mlir::DialectRegistry registry;
  // The first model of an interface stays.
  registry.addExtension(+[](mlir::MLIRContext *context, ir::NeedleDialect *) {
    passes::attach<ir::TanhOp, wrongVjp>(*context);
  });
  codegen::registerDialects(registry);
  auto context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  Parsed parsed(ofTanh, std::move(context));
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_FALSE(checked[0].agrees);
  EXPECT_GT(checked[0].worst, 0.01);
}

// d (x detach(x)) = detach(x); also in the body of a loop.
TEST(CheckGradient, DetachedValuesAndCotangentsStay) {
  Parsed parsed(R"(
func.func @f(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %p = needle.pin %x : tensor<4xf32>
  %d = needle.detach %p : tensor<4xf32>
  %0 = needle.mul %p, %d : tensor<4xf32>
  %1 = needle.gradient(%0, %p, %p) {has_cotangent = true} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = needle.scan(%p, %0) {length = 3 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<4xf32>, %k: tensor<4xf32>):
    %4 = needle.detach %c : tensor<4xf32>
    %5 = needle.mul %4, %k : tensor<4xf32>
    %6 = needle.sub %5, %c : tensor<4xf32>
    needle.yield %6 : tensor<4xf32>
  }
  %3 = needle.gradient(%2, %p) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1, %3 : tensor<4xf32>, tensor<4xf32>
})");
  for (const CheckedGradient &gradient : check(parsed)) {
    EXPECT_TRUE(gradient.agrees) << gradient.name << " " << gradient.worst;
    EXPECT_GT(gradient.checked, 0);
  }
}

TEST(CheckGradient, SecondGradientsAndBodiesAreChecked) {
  Parsed parsed(R"(
func.func @f(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %p = needle.pin %x : tensor<4xf32>
  %0 = needle.exp %p : tensor<4xf32>
  %1 = needle.square %0 : tensor<4xf32>
  %2 = needle.gradient(%1, %p) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = needle.gradient(%2, %p) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = needle.scan(%3) {length = 2 : i64, carries = 1 : i64, slices = 0 : i64}
      : (tensor<4xf32>) -> tensor<4xf32> {
  ^bb0(%i: tensor<i64>, %c: tensor<4xf32>):
    %5 = needle.pin %c : tensor<4xf32>
    %6 = needle.tanh %5 : tensor<4xf32>
    %7 = needle.gradient(%6, %5) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    needle.yield %7 : tensor<4xf32>
  }
  return %3, %4 : tensor<4xf32>, tensor<4xf32>
})");
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 3u);
  for (const CheckedGradient &gradient : checked)
    EXPECT_TRUE(gradient.agrees && gradient.checked > 0) << gradient.name;
}

// |x| and relu at 0, where 0 is as right as any.
TEST(CheckGradient, KinksAreLeftOut) {
  Parsed parsed(R"(
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %p = needle.pin %x : tensor<4xf32>
  %d = needle.detach %p : tensor<4xf32>
  %0 = needle.sub %p, %d : tensor<4xf32>
  %1 = needle.relu %0 : tensor<4xf32>
  %2 = needle.gradient(%1, %p) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %2 : tensor<4xf32>
})");
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_EQ(checked[0].kinks, 5);
  EXPECT_TRUE(checked[0].agrees);
}

// sign at 0: the slopes on both sides are equal, and infinite.
TEST(CheckGradient, JumpsAreLeftOut) {
  Parsed parsed(R"(
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %p = needle.pin %x : tensor<3xf32>
  %d = needle.detach %p : tensor<3xf32>
  %0 = needle.sub %p, %d : tensor<3xf32>
  %1 = needle.sign %0 : tensor<3xf32>
  %2 = needle.gradient(%1, %p) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
})");
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_EQ(checked[0].kinks, 4); // each, and a direction: an odd sum
  EXPECT_TRUE(checked[0].agrees);
}

// x^y of a negative number exists for whole y only.
TEST(CheckGradient, EndsOfDomainsAreLeftOut) {
  Parsed parsed(R"(
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %m = needle.full -1.5 : f64 -> tensor<4xf32>
  %c = needle.full 2.0 : f64 -> tensor<4xf32>
  %p = needle.pin %c : tensor<4xf32>
  %0 = needle.pow %m, %p : tensor<4xf32>
  %1 = needle.gradient(%0, %p) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
})");
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_EQ(checked[0].checked, 0);
  EXPECT_EQ(checked[0].kinks, 5);
}

// Ops without any gradient: by all results and arguments. Random bits of 32
// keep making f32, and constants become f64.
TEST(CheckGradient, ModulesWithoutGradientsGetSome) {
  Parsed parsed(R"(
func.func @f(%x: tensor<4xf32>, %b: tensor<4xi32>) -> (tensor<4xf32>, tensor<4xi1>) {
  %0 = needle.unit_from_bits %b : tensor<4xi32>
  %1 = needle.constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf32>
  %2 = needle.mul %0, %1 : tensor<4xf32>
  %3 = needle.mul %x, %1 : tensor<4xf32>
  %4 = needle.add %2, %3 : tensor<4xf32>
  %5 = needle.less %4, %x : tensor<4xf32>
  return %4, %5 : tensor<4xf32>, tensor<4xi1>
})");
  Checked checked = check(parsed);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_TRUE(checked[0].agrees);
  EXPECT_EQ(checked[0].checked, 5);
}

} // namespace
