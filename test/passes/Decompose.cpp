// Decompose.cpp - composites mean the same after they have become primitives.
#include "Functions.h"

#include <random>

using namespace needle;

namespace {

using Elements = std::vector<double>;

// needle.OP of x, as it is or decomposed.
Elements run(const std::string &op, const std::string &from,
             const std::string &to, const Elements &x, bool decompose) {
  Function f("(%x: " + from + ") -> " + to + " {\n%y = needle." + op + " : " +
                 from + "\nreturn %y : " + to + "\n}",
             decompose);
  std::vector<HostArray> results = f({arrayOf(from, x)});
  return results.empty() ? Elements() : elementsOf(results[0]);
}

TEST(Decompose, KeepsValues) {
  const std::string t = "tensor<3x4xf64>";
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0, 5);
  Elements x(12);
  for (double &element : x)
    element = normal(random);
  struct Case {
    std::string op, to;
  };
  for (const Case &c :
       {Case{"softmax %x {axis = 1 : i64}", t},
        Case{"log_softmax %x {axis = 0 : i64}", t},
        Case{"logsumexp %x {axes = array<i64: 0>}", "tensor<4xf64>"},
        Case{"logsumexp %x {axes = array<i64: 0, 1>, keep_dims = true}",
             "tensor<1x1xf64>"},
        Case{"mean %x {axes = array<i64: 1>}", "tensor<3xf64>"}}) {
    Elements whole = run(c.op, t, c.to, x, false);
    Elements parts = run(c.op, t, c.to, x, true);
    ASSERT_EQ(whole.size(), parts.size()) << c.op;
    for (auto [a, b] : llvm::zip(whole, parts)) // a few roundings apart
      EXPECT_NEAR(a, b, 1e-14 * std::max(1.0, std::abs(a))) << c.op;
  }
}

TEST(Decompose, LogsumexpOfInfinities) {
  const std::string op = "logsumexp %x {axes = array<i64: 0>}",
                    from = "tensor<2xf64>", to = "tensor<f64>";
  auto logsumexp = [&](Elements x) { return run(op, from, to, x, true)[0]; };
  EXPECT_EQ(logsumexp({-INFINITY, -INFINITY}), -INFINITY);
  EXPECT_EQ(logsumexp({INFINITY, 1}), INFINITY);
  EXPECT_EQ(logsumexp({-INFINITY, 3}), 3);
  EXPECT_EQ(logsumexp({1000, -1000}), 1000); // exp(1000) overflows
  EXPECT_TRUE(std::isnan(logsumexp({NAN, 1})));
  EXPECT_EQ(run(op, "tensor<0xf64>", to, {}, true)[0], -INFINITY);
}

TEST(Decompose, SoftmaxOfLargeNumbers) {
  Elements y = run("softmax %x {axis = 0 : i64}", "tensor<2xf64>",
                   "tensor<2xf64>", {1000, 1000}, true);
  EXPECT_EQ(y, (Elements{0.5, 0.5}));
}

TEST(Decompose, MeanOfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(run("mean %x {axes = array<i64: 0>}", "tensor<0xf64>",
                             "tensor<f64>", {}, true)[0]));
}

// The results of a function of a key, as it is and decomposed.
template <class T>
std::pair<std::vector<T>, std::vector<T>>
draw(const std::string &op, const std::string &type, int64_t key) {
  auto run = [&](bool decompose) {
    HostArray argument = arrayOf("tensor<i64>");
    *argument.data<int64_t>() = key;
    Function f("(%k: tensor<i64>) -> " + type + " {\n%y = needle." + op +
                   "\nreturn %y : " + type + "\n}",
               decompose);
    std::vector<HostArray> results = f({argument});
    if (results.empty())
      return std::vector<T>();
    const T *data = results[0].data<T>();
    return std::vector<T>(data, data + results[0].elements());
  };
  return {run(false), run(true)};
}

template <class T>
void expectSameDraws(const std::string &op, const std::string &type) {
  auto [whole, parts] =
      draw<T>(op + " %k : tensor<i64> -> " + type, type, 0x123456789);
  EXPECT_FALSE(whole.empty()) << op;
  EXPECT_EQ(whole, parts) << op;
}

TEST(Decompose, DrawsTheSameNumbers) {
  expectSameDraws<int32_t>("random_bits", "tensor<2x3xi32>");
  expectSameDraws<int64_t>("random_bits", "tensor<2x3xi64>");
  expectSameDraws<float>("uniform", "tensor<2x3xf32>");
  expectSameDraws<double>("uniform", "tensor<7xf64>");
}

} // namespace
