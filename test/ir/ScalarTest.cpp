// ScalarTest.cpp - the scalar bodies of ops, by numbers from elsewhere.
// They run in the reference interpreter, which walks the bodies themselves.
#include "needle/codegen/Pipeline.h"
#include "needle/codegen/reference/Interpreter.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace needle;
using codegen::reference::HostArray;

namespace {

template <class T> HostArray array(DType dtype, std::vector<T> values) {
  HostArray result;
  result.dtype = dtype;
  result.shape = {int64_t(values.size())};
  result.bytes.resize(values.size() * sizeof(T));
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}

template <class T> std::vector<T> values(HostArray array) {
  return {array.data<T>(), array.data<T>() + array.elements()};
}

/// Runs `op` on arguments %0, %1, ... of the given types.
HostArray run(const std::string &op, const std::string &types,
              const std::string &result, std::vector<HostArray> arguments) {
  mlir::DialectRegistry registry;
  codegen::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  std::string text = "func.func @f(" + types + ") -> " + result +
                     " {\n%r = " + op + "\nreturn %r : " + result + "\n}";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  llvm::SmallVector<HostArray> results;
  if (!module ||
      mlir::failed(codegen::reference::interpret(
          *module->getOps<mlir::func::FuncOp>().begin(), arguments, results))) {
    ADD_FAILURE() << text;
    return {};
  }
  return results[0];
}

constexpr float infinity = HUGE_VALF;

} // namespace

// Known answers of Random123 (kat_vectors, threefry2x32 20).
TEST(Scalar, ThreefryGivesItsKnownAnswers) {
  auto word = [](uint64_t value) { return int64_t(value); };
  HostArray keys =
      array<int64_t>(DType::int64, {0, -1, word(0x13198a2e03707344)});
  HostArray counters =
      array<int64_t>(DType::int64, {0, -1, word(0x243f6a8885a308d3)});
  HostArray result = run("needle.threefry %0, %1 : tensor<3xi64>",
                         "%0: tensor<3xi64>, %1: tensor<3xi64>",
                         "tensor<3xi64>", {keys, counters});
  EXPECT_EQ(
      values<int64_t>(result),
      (std::vector<int64_t>{word(0x6b20015999ba4efe), word(0x1cb996fcbb002be7),
                            word(0xc4923a9c483df7a0)}));
}

TEST(Scalar, BitsBecomeNumbersBelowOne) {
  HostArray folded =
      run("needle.fold_bits %0 : tensor<2xi64>", "%0: tensor<2xi64>",
          "tensor<2xi32>", {array<int64_t>(DType::int64, {0x100000003, -1})});
  EXPECT_EQ(values<int32_t>(folded), (std::vector<int32_t>{2, 0}));
  HostArray f32 =
      run("needle.unit_from_bits %0 : tensor<3xi32>", "%0: tensor<3xi32>",
          "tensor<3xf32>", {array<int32_t>(DType::int32, {0, -1, INT32_MIN})});
  EXPECT_EQ(values<float>(f32), (std::vector<float>{0, 1 - 0x1p-23f, 0.5f}));
  HostArray f64 =
      run("needle.unit_from_bits %0 : tensor<3xi64>", "%0: tensor<3xi64>",
          "tensor<3xf64>", {array<int64_t>(DType::int64, {0, -1, INT64_MIN})});
  EXPECT_EQ(values<double>(f64), (std::vector<double>{0, 1 - 0x1p-52, 0.5}));
}

// Expected values by mpmath 1.3, 40 digits.
TEST(Scalar, ErfInvIsTheInverseOfErf) {
  std::vector<double> x = {1e-300, 1e-8,       0.1,         0.5,        -0.9,
                           0.999,  -0.9999999, 1 - 0x1p-30, 1 - 0x1p-53};
  std::vector<double> wanted = {
      8.8622692545275803586e-301, 8.8622692545275805539e-9,
      0.088855990494257691974,    0.47693627620446987338,
      -1.1630871536766741628,     2.3267537655135244939,
      -3.7665625816384708887,     4.3280282758009464554,
      5.8635847487551679272};
  std::string type = "tensor<" + std::to_string(x.size()) + "xf64>";
  std::vector<double> y =
      values<double>(run("needle.erf_inv %0 : " + type, "%0: " + type, type,
                         {array<double>(DType::float64, x)}));
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(y[i], wanted[i], std::abs(wanted[i]) * 4 * 0x1p-52) << x[i];
  type = "tensor<" + std::to_string(x.size()) + "xf32>";
  std::vector<float> narrow(x.begin(), x.end());
  std::vector<float> z =
      values<float>(run("needle.erf_inv %0 : " + type, "%0: " + type, type,
                        {array<float>(DType::float32, narrow)}));
  for (size_t i = 1; i < 6; ++i)
    EXPECT_NEAR(std::erf(double(z[i])), narrow[i],
                std::abs(narrow[i]) * 4 * 0x1p-23)
        << x[i];
}

TEST(Scalar, ErfInvIsInfiniteAtOneAndNaNOutside) {
  for (bool wide : {false, true}) {
    std::string type = wide ? "tensor<5xf64>" : "tensor<5xf32>";
    HostArray x = wide ? array<double>(DType::float64, {1, -1, 2, -0.0, NAN})
                       : array<float>(DType::float32, {1, -1, 2, -0.0f, NAN});
    HostArray result =
        run("needle.erf_inv %0 : " + type, "%0: " + type, type, {x});
    std::vector<double> y;
    if (wide)
      y = values<double>(result);
    else
      for (float value : values<float>(result))
        y.push_back(value);
    ASSERT_EQ(y.size(), 5u);
    EXPECT_EQ(y[0], HUGE_VAL);
    EXPECT_EQ(y[1], -HUGE_VAL);
    EXPECT_TRUE(std::isnan(y[2]));
    EXPECT_TRUE(y[3] == 0 && std::signbit(y[3]));
    EXPECT_TRUE(std::isnan(y[4]));
  }
}

TEST(Scalar, ConvertClampsAndMakesNaNZero) {
  HostArray x = array<float>(DType::float32, {NAN, 3e9f, -3e9f, infinity,
                                              -infinity, -1.9f, 0x1p31f, 0.5f});
  std::string from = "%0: tensor<8xf32>";
  EXPECT_EQ(
      values<int32_t>(run("needle.convert %0 : tensor<8xf32> -> tensor<8xi32>",
                          from, "tensor<8xi32>", {x})),
      (std::vector<int32_t>{0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, -1,
                            INT32_MAX, 0}));
  EXPECT_EQ(
      values<int64_t>(run("needle.convert %0 : tensor<8xf32> -> tensor<8xi64>",
                          from, "tensor<8xi64>", {x})),
      (std::vector<int64_t>{0, 3000000000, -3000000000, INT64_MAX, INT64_MIN,
                            -1, int64_t(1) << 31, 0}));
  EXPECT_EQ(
      values<uint8_t>(run("needle.convert %0 : tensor<8xf32> -> tensor<8xi1>",
                          from, "tensor<8xi1>", {x})),
      (std::vector<uint8_t>{1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(Scalar, FalseIsLessThanTrue) {
  HostArray x = array<uint8_t>(DType::boolean, {0, 1, 0, 1});
  HostArray y = array<uint8_t>(DType::boolean, {1, 0, 0, 1});
  std::string types = "%0: tensor<4xi1>, %1: tensor<4xi1>";
  EXPECT_EQ(values<uint8_t>(run("needle.less %0, %1 : tensor<4xi1>", types,
                                "tensor<4xi1>", {x, y})),
            (std::vector<uint8_t>{1, 0, 0, 0}));
  EXPECT_EQ(values<uint8_t>(run("needle.greater_equal %0, %1 : tensor<4xi1>",
                                types, "tensor<4xi1>", {x, y})),
            (std::vector<uint8_t>{0, 1, 1, 1}));
}

TEST(Scalar, SignKeepsMinusZeroAndNaN) {
  std::vector<float> y = values<float>(run(
      "needle.sign %0 : tensor<5xf32>", "%0: tensor<5xf32>", "tensor<5xf32>",
      {array<float>(DType::float32, {-3, -0.0f, 0, 1e-40f, NAN})}));
  ASSERT_EQ(y.size(), 5u);
  EXPECT_EQ(y[0], -1);
  EXPECT_TRUE(y[1] == 0 && std::signbit(y[1]));
  EXPECT_TRUE(y[2] == 0 && !std::signbit(y[2]));
  EXPECT_EQ(y[3], 1);
  EXPECT_TRUE(std::isnan(y[4]));
}
