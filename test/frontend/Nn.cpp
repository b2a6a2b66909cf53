// Nn.cpp - modules and layers.
#include <needle/needle.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

using namespace needle;

namespace {

struct Block : nn::Module {
  nn::Linear &inner = child("inner", nn::Linear(3, 2));
  Variable scale = parameter("scale", ones({2}));
  Variable count = buffer("count", zeros({}));
  Tensor operator()(const Tensor &x) { return inner(x) * scale; }
};

struct Model : nn::Module {
  Block &first = child<Block>("first");
  nn::Linear &tied = child(
      "tied", nn::Linear(3, 2, {.bias = false, .weight = first.inner.weight}));
  Tensor operator()(const Tensor &x) { return first(x) + tied(x); }
};

std::vector<std::string> names(const std::vector<nn::NamedVariable> &list) {
  std::vector<std::string> all;
  for (const auto &[name, variable] : list)
    all.push_back(name);
  return all;
}

} // namespace

TEST(Module, NamesParametersByPathAndSharedOnesOnce) {
  Model model;
  EXPECT_EQ(names(model.namedParameters()),
            (std::vector<std::string>{"first.scale", "first.inner.weight",
                                      "first.inner.bias"}));
  EXPECT_EQ(names(model.namedBuffers()),
            (std::vector<std::string>{"first.count"}));
}

TEST(Module, NamesItsVariablesForErrorsAndDumps) {
  Model model;
  EXPECT_EQ(model.first.inner.weight.name(), "first.inner.weight");
  Variable mine(zeros({3, 2}));
  mine.name("mine");
  nn::Linear tied(3, 2, {.weight = mine});
  EXPECT_EQ(mine.name(), "mine");
}

TEST(Module, MovesAndKeepsReferencesToItsChildren) {
  Model model;
  const nn::Linear *linear = &model.first.inner;
  Model moved = std::move(model);
  EXPECT_EQ(&moved.first.inner, linear);
  EXPECT_EQ(moved.first.inner.path(), "first.inner");
  EXPECT_EQ(moved(ones({4, 3})).shape(), (Shape{4, 2}));
  static_assert(!std::is_copy_constructible_v<Model>);
}

TEST(Module, SetsTheModeOfAllChildren) {
  Model model;
  EXPECT_TRUE(model.first.inner.training());
  model.eval();
  EXPECT_FALSE(model.first.inner.training());
  model.train();
  EXPECT_TRUE(model.first.inner.training());
}

TEST(Module, RefusesBadNames) {
  struct Twice : nn::Module {
    Variable a = parameter("a", ones({}));
    Variable b = parameter("a", ones({}));
  };
  struct Dotted : nn::Module {
    Variable a = parameter("a.b", ones({}));
  };
  EXPECT_THROW(Twice(), Error);
  EXPECT_THROW(Dotted(), Error);
}

TEST(Linear, ComputesXTimesWPlusB) {
  nn::Linear linear(2, 2);
  linear.weight.assign(tensor({1, 2, 3, 4}, {2, 2}));
  linear.bias->assign(tensor({10, 20}));
  EXPECT_EQ(linear(tensor({1, 1, 2, 0}, {2, 2})).toVector<float>(),
            (std::vector<float>{14, 26, 12, 24}));
}

TEST(Linear, StartsWithinPyTorchsBounds) {
  RandomScope seed(3);
  nn::Linear linear(100, 50);
  std::vector<float> w = Tensor(linear.weight).toVector<float>();
  auto [low, high] = std::minmax_element(w.begin(), w.end());
  EXPECT_GE(*low, -0.1f); // 1 / sqrt(100)
  EXPECT_LE(*high, 0.1f);
  EXPECT_LT(*low, -0.09f);
  EXPECT_GT(*high, 0.09f);
}

TEST(Linear, ErrorNamesTheCallersLineAndThePath) {
  Model model;
  try {
    model.first.inner(ones({4, 5}));
    FAIL();
  } catch (const ShapeError &error) {
    std::string text = error.what();
    EXPECT_NE(text.find("Nn.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find("[4, 5]"), std::string::npos) << text;
    EXPECT_NE(text.find("first.inner"), std::string::npos) << text;
  }
}

TEST(Dropout, KeepsTheMeanAndDrawsAnewEachCall) {
  RandomScope seed(1);
  nn::Dropout dropout(0.25);
  Tensor x = ones({100, 100});
  std::vector<float> a = dropout(x).toVector<float>();
  std::vector<float> b = dropout(x).toVector<float>();
  EXPECT_NE(a, b);
  double kept = 0;
  for (float v : a) {
    EXPECT_TRUE(v == 0 || std::abs(v - 4.0f / 3) < 1e-6f);
    kept += v != 0;
  }
  // 10^4 draws: standard deviation 0.0043, five of them.
  EXPECT_NEAR(kept / 1e4, 0.75, 0.022);
  dropout.eval();
  EXPECT_EQ(dropout(x).toVector<float>(), x.toVector<float>());
  EXPECT_THROW(nn::Dropout(1.5), Error);
}

TEST(Dropout, MaskChangesAtEachCallOfAJittedStep) {
  RandomScope seed(1);
  nn::Dropout dropout(0.5);
  auto step = jit([&](const Tensor &x) { return dropout(x); });
  Tensor x = ones({64});
  EXPECT_NE(step(x).toVector<float>(), step(x).toVector<float>());
  EXPECT_EQ(step.compiles(), 1);
  dropout.eval(); // the mode belongs to the signature
  EXPECT_EQ(step(x).toVector<float>(), x.toVector<float>());
  EXPECT_EQ(step.compiles(), 2);
}

TEST(LayerNorm, NormalisesTheLastAxes) {
  nn::LayerNorm norm({4});
  // mean 2.5, biased variance 1.25
  std::vector<float> y = norm(tensor({1, 2, 3, 4}, {1, 4})).toVector<float>();
  for (int i = 0; i < 4; ++i)
    EXPECT_NEAR(y[size_t(i)], (i + 1 - 2.5) / std::sqrt(1.25 + 1e-5), 1e-6);
  EXPECT_THROW(norm(ones({4, 3})), ShapeError);
}

TEST(LayerNorm, TakesOneSizeOrSeveral) {
  EXPECT_EQ(nn::LayerNorm(4).weight->shape(), (Shape{4}));
  EXPECT_EQ(nn::LayerNorm({4}).weight->shape(), (Shape{4}));
  EXPECT_EQ(nn::LayerNorm({3, 4}).weight->shape(), (Shape{3, 4}));
  EXPECT_EQ(nn::LayerNorm(Shape{4}, {.affine = false}).weight, std::nullopt);
}

TEST(Sequential, CallsModulesAndFunctions) {
  nn::Sequential net(nn::Linear(3, 2), nn::ReLU(),
                     [](const Tensor &x) { return x * 2; });
  EXPECT_EQ(net(ones({5, 3})).shape(), (Shape{5, 2}));
  EXPECT_EQ(names(net.namedParameters()),
            (std::vector<std::string>{"0.weight", "0.bias"}));
  nn::Sequential moved = std::move(net);
  EXPECT_EQ(moved(ones({5, 3})).shape(), (Shape{5, 2}));
}

TEST(CrossEntropy, IsTheMeanOfMinusLogSoftmaxAtTheLabel) {
  std::vector<double> z{1, 2, 3, 1, 0, -1};
  double wanted = 0;
  for (int row = 0; row < 2; ++row) {
    double total = 0;
    for (int c = 0; c < 3; ++c)
      total += std::exp(z[size_t(row * 3 + c)]);
    int label = row ? 0 : 2;
    wanted -= std::log(std::exp(z[size_t(row * 3 + label)]) / total) / 2;
  }
  Tensor logits = tensor<double>({1, 2, 3, 1, 0, -1}, {2, 3});
  Tensor labels = tensor<int64_t>({2, 0});
  EXPECT_NEAR(nn::crossEntropy(logits, labels).item(), wanted, 1e-14);
  Tensor target = oneHot(labels, 3, float64);
  EXPECT_NEAR(nn::crossEntropy(logits, target).item(), wanted, 1e-14);
}

TEST(CrossEntropy, SurvivesLargeLogits) {
  Tensor logits = tensor({1000, 0, -1000, 1000}, {2, 2});
  Tensor labels = tensor<int64_t>({0, 1});
  EXPECT_EQ(nn::crossEntropy(logits, labels).item(), 0);
}

// Rule 13: what is computed is an error at the wait, and the next call works.
TEST(CrossEntropy, ComputedLabelsOutsideAreAnError) {
  auto loss = jit([](const Tensor &x, const Tensor &labels) {
    return nn::crossEntropy(x, labels + 1);
  });
  Tensor x = zeros({2, 3});
  for (int call = 0; call < 2; ++call) {
    for (int64_t outside : {2, -5}) {
      Tensor labels = tensor<int64_t>({0, outside});
      try {
        (void)loss(x, labels).item();
        ADD_FAILURE() << "label " << outside << " is read";
      } catch (const IndexError &error) {
        EXPECT_NE(std::string(error.what()).find("Nn.cpp"), std::string::npos);
      }
    }
    EXPECT_NEAR(loss(x, tensor<int64_t>({-4, 1})).item(), std::log(3.0), 1e-6);
  }
}

TEST(CrossEntropy, RefusesWhatDoesNotFit) {
  Tensor logits = ones({4, 3});
  EXPECT_THROW(nn::crossEntropy(logits, zeros({5}, int64)), ShapeError);
  EXPECT_THROW(nn::crossEntropy(ones({4}), zeros({4}, int64)), ShapeError);
  EXPECT_THROW(nn::crossEntropy(logits, zeros({4}, boolean)), DTypeError);
  EXPECT_THROW(nn::crossEntropy(logits, full({4}, 3, int64)).item(),
               IndexError); // class 3 of 3
}
