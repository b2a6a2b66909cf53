// Gradient.cpp - every gradient rule against central differences in f64.
#include "Functions.h"
#include "GradientCases.h"

#include <random>

using namespace needle;

namespace {

bool isIndex(const GradientInput &input) {
  return input.type.find("i64") != std::string::npos;
}

HostArray draw(const GradientInput &input, std::mt19937 &random) {
  HostArray array = arrayOf(input.type);
  std::uniform_real_distribution<double> uniform(input.low, input.high);
  for (int64_t i = 0; i < array.elements(); ++i)
    if (isIndex(input))
      array.data<int64_t>()[i] = int64_t(std::floor(uniform(random)));
    else
      array.data<double>()[i] = uniform(random);
  return array;
}

// Puts the parts of a function together; %g is the cotangent of %y.
class Text {
public:
  explicit Text(const GradientCase &c) : c(c) {
    for (auto [i, input] : llvm::enumerate(c.inputs)) {
      std::string n = std::to_string(i);
      arguments +=
          (isIndex(input) ? "%p" : "%x") + n + ": " + input.type + ", ";
      if (isIndex(input))
        continue;
      pins += "%p" + n + " = needle.pin %x" + n + " : " + input.type + "\n";
      wrt += ", %p" + n;
      wrtTypes += ", " + input.type;
      results += (results.empty() ? "" : ", ") + input.type;
      gradients +=
          (gradients.empty() ? "%d#" : ", %d#") + std::to_string(count++);
    }
  }

  std::string forward() const {
    return function(c.type, c.body + returned(c.value, c.type));
  }
  std::string gradient() const {
    return function("(" + results + ")",
                    c.body + gradientOf("%d", c.value, "%g", c.type) +
                        returned(gradients, results));
  }
  // The gradient for a fixed cotangent is the function to differentiate.
  GradientCase second() const {
    return {c.name, c.inputs,
            c.body + "\n%fixed = needle.full 0.75 : f64 -> " + c.type +
                gradientOf("%first", c.value, "%fixed", c.type),
            c.inputs[0].type, "%first#0"};
  }

private:
  std::string function(const std::string &type, const std::string &rest) const {
    return "(" + arguments + "%g: " + c.type + ") -> " + type + " {\n" + pins +
           rest + "\n}";
  }
  std::string gradientOf(std::string name, std::string value, std::string g,
                         std::string type) const {
    return "\n" + name + ":" + std::to_string(count) + " = needle.gradient(" +
           value + ", " + g + wrt +
           ") {has_cotangent = true, allow_unused = true} : (" + type + ", " +
           type + wrtTypes + ") -> (" + results + ")";
  }
  static std::string returned(std::string values, std::string types) {
    return "\nreturn " + values + " : " + types;
  }

  const GradientCase &c;
  std::string arguments, pins, wrt, wrtTypes, results, gradients;
  int count = 0;
};

// What sum(f(x) g) changes by, per element of each input.
std::vector<std::vector<double>> differences(Function &f, const GradientCase &c,
                                             std::vector<HostArray> arguments) {
  constexpr double step = 1e-5; // error of the quotient: step^2 and eps / step
  std::vector<double> g = elementsOf(arguments.back());
  auto loss = [&] {
    std::vector<HostArray> results = f(arguments);
    double sum = 0;
    if (!results.empty())
      for (auto [y, weight] : llvm::zip(elementsOf(results[0]), g))
        sum += y * weight;
    return sum;
  };
  std::vector<std::vector<double>> result;
  for (auto [i, input] : llvm::enumerate(c.inputs)) {
    if (isIndex(input))
      continue;
    result.emplace_back();
    for (int64_t k = 0; k < arguments[i].elements(); ++k) {
      double &x = arguments[i].data<double>()[k], at = x;
      x = at + step;
      double above = loss();
      x = at - step;
      double below = loss();
      x = at;
      result.back().push_back((above - below) / (2 * step));
    }
  }
  return result;
}

// The largest difference between the gradient that autodiff made for `c` and
// the central differences of `of`, relative to values above 1.
double worstError(const GradientCase &c, const GradientCase &of) {
  std::mt19937 random(7);
  std::vector<HostArray> arguments;
  for (const GradientInput &input : c.inputs)
    arguments.push_back(draw(input, random));
  arguments.push_back(draw({c.type}, random));
  Function forward(Text(of).forward()), gradient(Text(c).gradient());
  if (!forward.valid() || !gradient.valid())
    return INFINITY;
  std::vector<HostArray> got = gradient(arguments);
  auto wanted = differences(forward, of, arguments);
  double worst = 0;
  for (auto [a, b] : llvm::zip_equal(got, wanted))
    for (auto [x, y] : llvm::zip_equal(elementsOf(a), b)) {
      double error = std::abs(x - y) / std::max(1.0, std::abs(y));
      worst = error <= worst ? worst : error; // keeps NaN
    }
  return worst;
}

class GradientRule : public testing::TestWithParam<GradientCase> {};

// Steps of 1e-5 leave 1e-10 of truncation times the third derivative, and
// 1e-11 of rounding.
constexpr double tolerance = 1e-7;

TEST_P(GradientRule, AgreesWithCentralDifferences) {
  EXPECT_LT(worstError(GetParam(), GetParam()), tolerance);
}

TEST_P(GradientRule, AgreesInTheSecondOrder) {
  GradientCase second = Text(GetParam()).second();
  EXPECT_LT(worstError(second, second), tolerance);
}

auto named = [](const testing::TestParamInfo<GradientCase> &info) {
  return info.param.name;
};
INSTANTIATE_TEST_SUITE_P(Elementwise, GradientRule,
                         testing::ValuesIn(elementwiseCases()), named);
INSTANTIATE_TEST_SUITE_P(Reduce, GradientRule, testing::ValuesIn(reduceCases()),
                         named);
INSTANTIATE_TEST_SUITE_P(Shape, GradientRule, testing::ValuesIn(shapeCases()),
                         named);
INSTANTIATE_TEST_SUITE_P(Contract, GradientRule,
                         testing::ValuesIn(contractCases()), named);
INSTANTIATE_TEST_SUITE_P(Index, GradientRule, testing::ValuesIn(indexCases()),
                         named);
INSTANTIATE_TEST_SUITE_P(Region, GradientRule, testing::ValuesIn(regionCases()),
                         named);

// A wrong rule must not pass: the gradient of tanh is not that of exp.
TEST(Gradient, OfAnotherFunctionDisagrees) {
  GradientCase tanh, exp;
  for (const GradientCase &c : elementwiseCases()) {
    if (c.name == "tanh")
      tanh = c;
    if (c.name == "exp")
      exp = c;
  }
  EXPECT_GT(worstError(tanh, exp), 0.1);
}

// @f(%x) -> gradient of the sum of %y, which `body` makes from %p.
std::vector<double> gradientAt(const std::string &body,
                               const std::vector<double> &x) {
  std::string type = "tensor<" + std::to_string(x.size()) + "xf64>";
  Function f(
      "(%x: " + type + ") -> " + type + " {\n%p = needle.pin %x : " + type +
      "\n" + body +
      "\n%s = needle.sum %y {axes = array<i64: 0>, keep_dims = true} : " +
      type + "\n%d = needle.gradient(%s, %p) : (tensor<1xf64>, " + type +
      ") -> " + type + "\nreturn %d : " + type + "\n}");
  std::vector<HostArray> results = f({arrayOf(type, x)});
  return results.empty() ? std::vector<double>() : elementsOf(results[0]);
}

using Elements = std::vector<double>;

TEST(Gradient, IsZeroAtTheKinks) {
  for (std::string op : {"abs", "relu", "sign"})
    EXPECT_EQ(
        gradientAt("%y = needle." + op + " %p : tensor<2xf64>", {0, -0.0}),
        (Elements{0, 0}))
        << op;
}

TEST(Gradient, IsSharedByEqualOperands) {
  for (std::string op : {"maximum", "minimum"})
    EXPECT_EQ(gradientAt("%c = needle.full 1.0 : f64 -> tensor<1xf64>\n"
                         "%y = needle." +
                             op + " %p, %c : tensor<1xf64>",
                         {1}),
              Elements{0.5})
        << op;
}

TEST(Gradient, IsSharedByEqualExtrema) {
  const std::string rest =
      " %p {axes = array<i64: 0>, keep_dims = true} : tensor<4xf64>\n"
      "%y = needle.broadcast_to %m : tensor<1xf64> -> tensor<4xf64>";
  EXPECT_EQ(gradientAt("%m = needle.max" + rest, {3, 1, 3, 2}),
            (Elements{2, 0, 2, 0}));
  EXPECT_EQ(gradientAt("%m = needle.min" + rest, {1, 1, 3, 2}),
            (Elements{2, 2, 0, 0}));
}

TEST(Gradient, OfLogsumexpIgnoresInfinitelySmall) {
  EXPECT_EQ(gradientAt("%m = needle.logsumexp %p {axes = array<i64: 0>, "
                       "keep_dims = true} : tensor<2xf64>\n"
                       "%h = needle.full 0.5 : f64 -> tensor<1xf64>\n"
                       "%n = needle.mul %m, %h : tensor<1xf64>\n"
                       "%y = needle.broadcast_to %n : tensor<1xf64> -> "
                       "tensor<2xf64>",
                       {-INFINITY, 5}),
            (Elements{0, 1}));
}

} // namespace
